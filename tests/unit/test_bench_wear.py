"""The soak's verdict: what grew, what was lost, and who sat on another's seat."""

from typing import Any

import pytest

from bench.wear import MAX_MB_PER_H, Sample, Seats, slope_mb_per_h, ticket_figures, verdict, wear_figures


def run_of(minutes: float, *, mb_per_h: float = 0.0, **grows: float) -> list[Sample]:
    """A sample every five seconds; memory rises by a cache at first, and `grows`: how many more at the end."""
    samples = []
    for k in range(int(minutes * 12)):
        minute, share = k / 12, k / (minutes * 12)
        more = {name: int(share * n) + k % 3 for name, n in grows.items()}
        counts = {"handles": 200, "threads": 40, "tasks": 30}
        cache_mb = 300 * min(1.0, share / 0.2)
        mb = 2000 + cache_mb + mb_per_h * minute / 60
        samples.append(Sample(minute, mb, **{name: n + more.get(name, 0) for name, n in counts.items()}))
    return samples


def figures(minutes: float, **grows: float) -> dict[str, Any]:
    seats = Seats(2)
    seats.look([{"id": "t1", "state": "done", "seat": None}])
    tickets = ticket_figures(1, {"done": 1}, seats)
    return {"problems": 0, "visits": 1, **tickets, **wear_figures(run_of(minutes, **grows), minutes)}


def test_a_run_in_which_nothing_grows_is_well() -> None:
    assert verdict(figures(30), 30) == []


def test_memory_is_judged_after_the_caches_filled_and_in_long_runs_only() -> None:
    grown = figures(30, mb_per_h=2 * MAX_MB_PER_H)
    assert grown["rss_growth_mb_per_h"] == pytest.approx(2 * MAX_MB_PER_H, rel=0.05)
    assert [line.split(":")[0] for line in verdict(grown, 30)] == ["rss_growth_mb_per_h"]
    assert verdict(figures(3, mb_per_h=2 * MAX_MB_PER_H), 3) == []
    assert slope_mb_per_h(run_of(0.1)) is None


@pytest.mark.parametrize("name", ["handles", "threads", "tasks"])
def test_what_is_not_given_back_is_told(name: str) -> None:
    assert [line.split(":")[0] for line in verdict(figures(30, **{name: 40}), 30)] == [name]


def test_a_run_that_saw_nothing_is_not_well() -> None:
    nothing = {**figures(30), "visits": 0, "seats_looked_at": 0, "rss_growth_mb_per_h": None}
    assert len(verdict(nothing, 30)) == 3


def test_tickets_that_vanish_or_never_end_are_told() -> None:
    found = ticket_figures(5, {"done": 2, "seated": 1, "away": 1}, Seats(2))
    assert (found["tickets_lost"], found["tickets_not_ended"]) == (1, 2)
    wrong = verdict({**figures(30), **found, "seats_looked_at": 1}, 30)
    assert [line.split(":")[0] for line in wrong] == ["tickets_lost", "tickets_not_ended"]


@pytest.mark.parametrize(
    ("tickets", "wrong"),
    [
        ([("a", "seated", 0), ("b", "called", 1), ("c", "waiting", None), ("d", "done", None)], []),
        ([("a", "seated", 0), ("b", "called", 0)], ["seat 0 has 2 fans"]),
        ([("a", "seated", None)], ["ticket a is seated on seat None"]),
        ([("a", "done", 1)], ["ticket a is done on seat 1"]),
        ([("a", "seated", 2)], ["ticket a is on seat 2 of 2"]),
    ],
)
def test_seats_are_given_once_and_to_those_who_are_in(tickets: Any, wrong: list[str]) -> None:
    seats = Seats(2)
    seats.look([{"id": name, "state": state, "seat": seat} for name, state, seat in tickets])
    assert seats.wrong == wrong
