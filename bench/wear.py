"""What wears out in a long run: memory, handles, threads and tasks, looked at every few seconds; tickets and seats.

Pure: samples in, figures and complaints out. What comes next: soak.py takes the samples and ends with the verdict.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

WARM_SHARE: Final = 0.3  # of the time, in which caches fill: what is used is compared from there on
LONG_MINUTES: Final = 10.0  # in a shorter run memory says nothing about an hour
MAX_MB_PER_H: Final = 100.0  # of some 2 GB; an hour is longer than most events
MAX_MORE: Final = {"handles": 10, "threads": 8, "tasks": 10}  # than at first: a few fans more or fewer are in
IN_SEAT: Final = frozenset({"called", "seated"})
NOT_ENDED: Final = ("waiting", "away", *sorted(IN_SEAT))

Figure = float | int | str | None


@dataclass(frozen=True, slots=True)
class Sample:
    """What the server and its processes use. `tasks`: of the server's event loop."""

    minute: float  # since the beginning
    rss_mb: float
    handles: int
    threads: int
    tasks: int


@dataclass(slots=True)
class Seats:
    """Looks at the tickets of an event: who has which seat."""

    n_seats: int
    looks: int = 0
    wrong: list[str] = field(default_factory=list)

    def look(self, tickets: Iterable[Mapping[str, object]]) -> None:
        """One answer of the REST API; each has `id`, `state` and `seat`."""
        self.looks += 1
        taken: Counter[object] = Counter()
        for ticket in tickets:
            seat, inside = ticket["seat"], ticket["state"] in IN_SEAT
            taken[seat] += inside
            if inside is (seat is None):
                self.wrong.append(f"ticket {ticket['id']} is {ticket['state']} on seat {seat}")
            elif isinstance(seat, int) and not 0 <= seat < self.n_seats:
                self.wrong.append(f"ticket {ticket['id']} is on seat {seat} of {self.n_seats}")
        self.wrong += [f"seat {seat} has {n} fans" for seat, n in taken.items() if seat is not None and n > 1]


def wear_figures(samples: Sequence[Sample], minutes: float) -> dict[str, Figure]:
    """How much was used at first and in the end, after the caches filled; medians, as fans come and go meanwhile."""
    warm = [sample for sample in samples if sample.minute >= WARM_SHARE * minutes]
    third = max(1, len(warm) // 3)
    figures: dict[str, Figure] = {"samples": len(warm), "rss_growth_mb_per_h": slope_mb_per_h(warm)}
    for name in ("rss_mb", "handles", "threads", "tasks"):
        values = [getattr(sample, name) for sample in warm]
        figures[f"{name}_begin"] = round(median(values[:third]), 1) if values else None
        figures[f"{name}_end"] = round(median(values[-third:]), 1) if values else None
    return figures


def slope_mb_per_h(samples: Sequence[Sample]) -> float | None:
    """Least squares through the memory. None: too few samples."""
    points = [(sample.minute / 60, sample.rss_mb) for sample in samples]
    if len(points) < 3:
        return None
    mean_h, mean_mb = (sum(values) / len(points) for values in zip(*points, strict=True))
    spread = sum((hour - mean_h) ** 2 for hour, _ in points)
    return round(float(sum((hour - mean_h) * (mb - mean_mb) for hour, mb in points) / spread), 1)


def ticket_figures(issued: int, states: Mapping[str, int], seats: Seats) -> dict[str, Figure]:
    """What became of the tickets: each one issued is still known, and in the end has ended."""
    return {
        "tickets_issued": issued,
        "tickets_done": states.get("done", 0),
        "tickets_lost": issued - sum(states.values()),
        "tickets_not_ended": sum(states.get(state, 0) for state in NOT_ENDED),
        "seats_looked_at": seats.looks,
        "seats_wrong": len(seats.wrong),
    }


def verdict(figures: Mapping[str, Figure], minutes: float) -> list[str]:
    """What must not be, in words; empty: all is well."""
    wrong = [
        f"{name}: {figures[name]}, not 0"
        for name in ("problems", "tickets_lost", "tickets_not_ended", "seats_wrong")
        if figures[name] != 0
    ]
    wrong += [f"{name}: none" for name in ("visits", "seats_looked_at") if not figures[name]]
    for name, most in MAX_MORE.items():
        begin, end = figures[f"{name}_begin"], figures[f"{name}_end"]
        if isinstance(begin, int | float) and isinstance(end, int | float) and end - begin > most:
            wrong.append(f"{name}: {begin} at first, {end} in the end")
    slope = figures["rss_growth_mb_per_h"]
    if minutes >= LONG_MINUTES and not (isinstance(slope, int | float) and slope <= MAX_MB_PER_H):
        wrong.append(f"rss_growth_mb_per_h: {slope}, more than {MAX_MB_PER_H:.0f}")
    return wrong
