"""The door: who may come in, who waits and what they are told; and how many a machine can serve."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import BusyError
from server.admission import USABLE, Costs, Door, fans_served, load_of_a_fan
from server.calibration import computed_elsewhere
from server.config import AsrConfig, Config, GpuConfig, LlmConfig, TtsConfig


def full_door(capacity: int = 2, max_waiting: int = 5, visit_s: float = 300.0) -> Door:
    door = Door(capacity, max_waiting, visit_s)
    for n in range(capacity):
        door.enter(f"fan {n}", now=60.0 * n)
    return door


def test_those_in_line_are_told_their_place_and_about_how_long() -> None:
    door = full_door()  # the first has been here for 2 minutes, the second for 1
    tickets = [door.stand_in_line() for _ in range(4)]
    assert [door.announcement(ticket, 120.0) for ticket in tickets] == [
        "The room is full. You are number 1 in line; about 3 minutes.",
        "The room is full. You are number 2 in line; about 4 minutes.",
        "The room is full. You are number 3 in line; about 8 minutes.",
        "The room is full. You are number 4 in line; about 9 minutes.",
    ]


def test_a_visit_that_lasts_longer_than_most_may_end_any_moment() -> None:
    door = full_door(capacity=1)
    ticket = door.stand_in_line()
    assert door.announcement(ticket, 250.0) == "The room is full. You are number 1 in line; about a minute."
    assert door.announcement(ticket, 5000.0) == "The room is full. You are number 1 in line; about half a minute."


def test_first_come_first_served_and_nobody_passes_the_line() -> None:
    door = full_door()
    first, second = door.stand_in_line(), door.stand_in_line()
    door.leave("fan 0", 100.0)
    assert door.places == 0
    assert door.may_enter(first)
    assert not door.may_enter(second)
    door.step_out(first)
    door.enter("first", 100.0)
    assert not door.may_enter(second)
    door.leave("fan 1", 110.0)
    assert door.may_enter(second)


def test_the_line_has_an_end() -> None:
    door = full_door(max_waiting=1)
    door.stand_in_line()
    with pytest.raises(BusyError, match="all 2 places are taken, and 1 wait; try again in a minute"):
        door.stand_in_line()
    with pytest.raises(BusyError, match="all 2 places are taken; try again in a minute"):
        full_door(max_waiting=0).stand_in_line()


def test_the_length_of_visits_is_learned() -> None:
    door = Door(1, 5, visit_s=300.0)
    for n in range(30):
        door.enter(n, now=100.0 * n)
        door.leave(n, now=100.0 * n + 60.0)
    door.leave("nobody", 9999.0)
    assert door.visit_s == pytest.approx(60.0, abs=1.0)


@given(st.lists(st.sampled_from(["arrive", "leave", "give up"]), max_size=60), st.integers(1, 4), st.integers(0, 4))
def test_never_more_than_fit_and_nobody_is_forgotten(steps: list[str], capacity: int, max_waiting: int) -> None:
    door = Door(capacity, max_waiting, 100.0)
    inside: list[int] = []
    line: list[tuple[int, int]] = []  # ticket and number of each who waits
    for number, step in enumerate(steps):
        if step == "arrive" and door.places:
            door.enter(number, number)
            inside.append(number)
        elif step == "arrive" and len(line) < max_waiting:
            line.append((door.stand_in_line(), number))
        elif step == "leave" and inside:
            door.leave(inside.pop(0), number)
        elif step == "give up" and line:
            door.step_out(line.pop(len(line) // 2)[0])
        while line and door.may_enter(line[0][0]):
            ticket, who = line.pop(0)
            door.step_out(ticket)
            door.enter(who, number)
            inside.append(who)
        assert len(inside) <= capacity
        assert door.waiting == len(line)
        assert door.places == (0 if line else capacity - len(inside))
        waits = [door.expected_wait_s(door.place(ticket), number) for ticket, _ in line]
        assert waits == sorted(waits)


# --- capacity ---

TWO_CORES = Costs(
    vad_s=0.0003, partial_s=0.08, final_s=0.11, turn_s=0.04, meaning_s=0.004, reply_s=1.2, clause_s=0.03
)  # fmt: skip


def test_a_small_machine_serves_a_few_and_a_bigger_one_more() -> None:
    assert fans_served(TWO_CORES, cores=2) == 3
    assert fans_served(TWO_CORES, cores=16) == 29
    assert fans_served(replace(TWO_CORES, reply_s=60.0), cores=1) == 1  # at least one may come in


@given(st.integers(1, 256), st.floats(1e-3, 10))
def test_what_is_promised_fits(cores: int, reply_s: float) -> None:
    costs = replace(TWO_CORES, reply_s=reply_s)
    fans = fans_served(costs, cores)
    assert fans == 1 or fans * load_of_a_fan(costs) <= USABLE * cores


def test_what_computes_elsewhere_uses_no_core_but_has_a_bound_of_its_own() -> None:
    slow_voice = replace(TWO_CORES, clause_s=0.5)
    assert fans_served(slow_voice, cores=64, elsewhere={"tts": 1}) == 3  # 11 s of voice in a fan's minute
    assert fans_served(slow_voice, cores=64, elsewhere={"tts": 8}) == 25
    silent = replace(TWO_CORES, clause_s=0.0)
    assert fans_served(slow_voice, cores=2, elsewhere={"tts": 8}) == fans_served(silent, cores=2)


@pytest.mark.parametrize(
    ("config", "found"),
    [
        (Config(), {}),
        (Config(asr=AsrConfig(device="cuda"), llm=LlmConfig(engine="transformers", slots=16)), {"asr": 8, "llm": 16}),
        (Config(llm=LlmConfig(engine="openai")), {"llm": 4}),
        (Config(tts=TtsConfig(engine="xtts")), {"tts": 1}),
        (Config(tts=TtsConfig(engine="vits"), gpu=GpuConfig(device="cpu")), {}),
    ],
)
def test_the_configuration_says_what_computes_elsewhere(config: Config, found: dict[str, int]) -> None:
    assert computed_elsewhere(config) == found
