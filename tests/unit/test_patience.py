"""Who is given up, and when: a process that starves, one that stands still, one that spins, on any machine."""

from dataclasses import dataclass

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from server.app import GROUPS, computes_here
from server.config import AsrConfig, Config, LlmConfig, TtsConfig
from server.inference.patience import DOUBT_SILENT_S, MOST, Patience, Signs, Thread, Threads, Vigil

PID, WORKER, OTHER = 7, 8, 9
TICK_S = 0.25  # server/inference/life.py:WATCH_S
PATIENCE = Patience(silence_s=5.0, hang_s=30.0, load_s=120.0, stuck_s=3.0)


@dataclass
class Machine:
    """A process with a batch since 0, whose worker gets `share` of each second, if it wants any."""

    share: float = 1.0
    wants: bool = True
    beats: bool = True
    news_every_s: float = 0.0
    needs_s: float = float("inf")  # of computing, then the batch is done
    loaded: bool = True
    known: bool = True

    def lives_until(self, patience: Patience = PATIENCE, most_s: float = 2000.0) -> tuple[float, str]:
        """When it is given up and why; or when its batch is done, and nothing."""
        vigil, now = Vigil(PID, patience), 0.0
        while now < most_s:
            now += TICK_S
            if now * self.share >= self.needs_s:
                return now, ""
            news_at = now // self.news_every_s * self.news_every_s if self.news_every_s else 0.0
            signs = Signs(now if self.beats else 0.0, news_at, self.loaded)
            if why := vigil.why_lost(now, signs, lambda _, at=now: self.look(at)):
                return now, why
        return now, ""

    def look(self, now: float) -> Threads | None:
        worker = Thread(self.wants, now * self.share * self.wants)
        return {PID: Thread(False, now * 0.001), WORKER: worker, OTHER: Thread(False, 0.0)} if self.known else None


def test_who_stands_still_is_given_up_after_a_moment() -> None:
    at, why = Machine(wants=False).lives_until()
    assert why == "a batch took more than 3 s, and nothing was computed"
    assert at <= PATIENCE.stuck_s + 2 * TICK_S


def test_who_spins_is_given_up_after_so_much_computing() -> None:
    at, why = Machine().lives_until()
    assert why == "a batch took more than 30 s of computing"
    assert at <= PATIENCE.hang_s + 4 * TICK_S


@given(st.floats(0.0, 1.0))
def test_nobody_spins_for_ever_on_any_machine(share: float) -> None:
    at, why = Machine(share).lives_until()
    assert why
    assert at <= MOST * PATIENCE.hang_s + 2 * TICK_S


@given(st.floats(0.05, 1.0), st.floats(0.0, 0.9))
def test_the_starved_are_waited_for_as_if_the_machine_were_theirs(share: float, of_limit: float) -> None:
    """A batch that would be in time on a free machine is in time on one that gives it a tenth, or finds its bound."""
    needs_s = of_limit * PATIENCE.hang_s
    assume(abs(needs_s / share - MOST * PATIENCE.hang_s) > 2 * TICK_S)
    at, why = Machine(share, needs_s=needs_s).lives_until()
    assert (why == "") == (needs_s / share <= MOST * PATIENCE.hang_s)
    assert why in ("", f"a batch took more than {MOST * PATIENCE.hang_s:.0f} s")
    assert at >= needs_s


def test_text_that_comes_is_progress() -> None:
    assert Machine(news_every_s=2.0).lives_until(most_s=400.0) == (400.0, "")


@pytest.mark.parametrize(("wants", "until_s"), [(False, PATIENCE.silence_s), (True, MOST * PATIENCE.silence_s)])
def test_who_is_silent_is_given_up_at_once_unless_a_core_is_what_it_lacks(wants: bool, until_s: float) -> None:
    patience = Patience(silence_s=5.0, hang_s=600.0)
    at, why = Machine(share=0.0, wants=wants, beats=False).lives_until(patience)
    assert why == "it was silent"
    assert until_s < at <= until_s + DOUBT_SILENT_S + TICK_S


def test_engines_that_load_have_longer() -> None:
    at, why = Machine(wants=False, beats=False, loaded=False).lives_until(Patience(hang_s=600.0))
    assert (why, at > PATIENCE.load_s) == ("it was silent", True)


def test_an_engine_that_waits_for_others_has_all_of_its_time() -> None:
    at, why = Machine(wants=False).lives_until(Patience(hang_s=30.0))
    assert (why, at > 30.0) == ("a batch took more than 30 s, and nothing was computed", True)


def test_where_nothing_can_be_seen_time_decides() -> None:
    at, _ = Machine(known=False).lives_until(Patience(hang_s=30.0))
    assert 30.0 < at <= 31.0


def test_nothing_is_decided_at_the_first_look() -> None:
    """After a stall of the hall, what the process said lies unread."""
    vigil = Vigil(PID, PATIENCE)
    stuck = Machine(wants=False)
    assert vigil.why_lost(100.0, Signs(0.0, 0.0, loaded=True), lambda _: stuck.look(100.0)) is None
    assert vigil.why_lost(100.25, Signs(100.2, None, loaded=True), lambda _: stuck.look(100.2)) is None


@pytest.mark.parametrize(
    ("config", "elsewhere"),
    [
        (Config(), set()),
        (Config(asr=AsrConfig(device="cuda")), {"recogniser"}),
        (Config(llm=LlmConfig(engine="openai"), tts=TtsConfig(engine="xtts")), {"mind", "voice"}),
    ],
)
def test_engines_that_compute_elsewhere_may_stand_still(config: Config, elsewhere: set[str]) -> None:
    assert {group for group in GROUPS if not computes_here(group, config)} == elsewhere
