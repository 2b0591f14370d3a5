"""A fan's time in a seat: it nears its end, waits for a sentence, gives back what a lost connection took, and ends."""

from hypothesis import given
from hypothesis import strategies as st

from server.events.slot import Slot, SlotPhase, SlotRules

RULES = SlotRules(slot_s=180.0, overtime_s=20.0, away_s=30.0)
SECONDS = st.floats(0.0, 400.0)


def phases(slot: Slot, *, speaking: bool) -> list[tuple[float, str]]:
    """Every phase and when it begins, when asked only at its deadlines."""
    now, seen = 100.0, list[tuple[float, str]]()
    while not seen or seen[-1][1] != SlotPhase.OVER:
        phase = slot.phase(now, speaking=speaking)
        if not seen or seen[-1][1] != phase:
            seen.append((now - 100.0, phase.value))
        now = slot.deadline(now)
    return seen


def test_in_silence_a_slot_ends_on_time() -> None:
    assert phases(Slot(RULES, 100.0), speaking=False) == [(0, "running"), (120, "last_minute"), (180, "over")]


def test_whoever_speaks_is_not_cut_off_but_not_for_ever() -> None:
    expected = [(0, "running"), (120, "last_minute"), (180, "overtime"), (200, "over")]
    assert phases(Slot(RULES, 100.0), speaking=True) == expected


def test_what_was_used_before_is_not_given_again_and_the_host_may_give_more() -> None:
    assert phases(Slot(RULES, 100.0, used_s=150.0), speaking=False) == [(0, "last_minute"), (30, "over")]
    slot = Slot(RULES, 100.0, extra_s=60.0)
    assert slot.left_s(100.0) == 240
    slot.extra_s += 60
    assert slot.left_s(100.0) == 300


def test_a_short_slot_is_half_over_before_its_end_is_near() -> None:
    slot = Slot(SlotRules(60.0, 10.0), 100.0)
    assert phases(slot, speaking=False) == [(0, "running"), (30, "last_minute"), (60, "over")]
    assert not slot.whole_minute
    assert Slot(RULES, 100.0).whole_minute


def test_the_host_ends_it_at_once() -> None:
    slot = Slot(RULES, 100.0)
    slot.end()
    assert slot.phase(101.0, speaking=True) is SlotPhase.OVER


def test_time_stands_still_while_the_fan_is_away_but_not_for_longer_than_they_may_be() -> None:
    slot = Slot(RULES, 0.0)
    slot.stand(50.0)
    slot.stand(55.0)
    assert slot.left_s(60.0) == 130
    slot.go_on(70.0)
    assert slot.left_s(80.0) == 180 - 60
    slot.stand(80.0)
    slot.go_on(110.0)  # 10 of these 30 s are given back, the other 20 were used
    assert slot.left_s(110.0) == 180 - 60 - 20


@given(steps=st.lists(st.tuples(st.sampled_from(["lost", "back", "more"]), st.floats(0.0, 50.0)), max_size=12))
def test_used_time_only_grows_and_never_passes_the_clock(steps: list[tuple[str, float]]) -> None:
    now, slot = 0.0, Slot(RULES, 0.0)
    for step, seconds in steps:
        before = slot.used_s(now)
        match step:
            case "lost":
                slot.stand(now)
            case "back":
                slot.go_on(now)
            case "more":
                slot.extra_s += seconds
        assert abs(slot.used_s(now) - before) < 1e-6
        now += seconds
        assert before - 1e-6 <= slot.used_s(now) <= now + 1e-6
        assert slot.used_s(now) >= now - RULES.away_s - 1e-6


@given(now=SECONDS, speaking=st.booleans())
def test_asked_at_its_deadline_a_slot_never_comes_too_late(now: float, speaking: bool) -> None:
    slot = Slot(RULES, 0.0)
    deadline = slot.deadline(now)
    assert deadline >= now
    between = (now + deadline) / 2
    if between < deadline:
        assert slot.phase(between, speaking=speaking) is slot.phase(now, speaking=speaking)
