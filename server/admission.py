"""The door: how many fans may be in, who waits, and what those who wait are told. Pure.

A room that lets everybody in makes everybody slow. So it knows how many it can serve, by the configuration or by
`fans_served` from what a short calibration measured, and the next fan waits in a line and is told its place.
What comes next: room.py asks it; connection.py passes on what is said.
"""

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Final

from protocol.errors import BusyError

SOON_S: Final = 20.0  # a visit that lasts longer than expected may end any moment; this is what is said then
_KEPT: Final = 0.8  # of the mean length of visits, when another has ended


class Door:
    """Who is in and who waits. Instants are seconds on one clock; `visit_s` is how long a visit is thought to last
    until some have ended.
    """

    def __init__(self, capacity: int, max_waiting: int, visit_s: float) -> None:
        self.capacity = capacity
        self.max_waiting = max_waiting
        self.visit_s = visit_s
        self._since: dict[Hashable, float] = {}  # bounded by the capacity
        self._line: list[int] = []  # bounded by max_waiting, first come first served
        self._tickets = count(1)

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return len(self._line)

    @property
    def places(self) -> int:
        """How many could come in now without passing anybody in the line."""
        return max(0, self.capacity - len(self._since) - len(self._line))

    def enter(self, who: Hashable, now: float) -> None:
        """Somebody came in."""
        self._since[who] = now

    def leave(self, who: Hashable, now: float) -> None:
        """Somebody left; nothing happens when they were not in."""
        since = self._since.pop(who, None)
        if since is not None:
            self.visit_s = _KEPT * self.visit_s + (1 - _KEPT) * (now - since)

    def stand_in_line(self) -> int:
        """A ticket. Raises BusyError when the line is as long as it may be."""
        if len(self._line) >= self.max_waiting:
            waiting = f", and {len(self._line)} wait" if self._line else ""
            raise BusyError(f"all {self.capacity} places are taken{waiting}; try again in a minute")
        self._line.append(next(self._tickets))
        return self._line[-1]

    def step_out(self, ticket: int) -> None:
        """Leaves the line, to go in or away."""
        self._line.remove(ticket)

    def may_enter(self, ticket: int) -> bool:
        """Whether there is a place for this one."""
        return self.place(ticket) <= self.capacity - len(self._since)

    def place(self, ticket: int) -> int:
        """1 is the next to come in."""
        return self._line.index(ticket) + 1

    def expected_wait_s(self, place: int, now: float) -> float:
        """How long the one in this place will wait, if visits last as long as they did so far."""
        if not self._since:
            return 0.0
        left = sorted(max(SOON_S, self.visit_s - (now - since)) for since in self._since.values())
        rounds, nth = divmod(place - 1, len(left))
        return left[nth] + rounds * self.visit_s

    def announcement(self, ticket: int, now: float) -> str:
        """What the one with this ticket is told."""
        place = self.place(ticket)
        return f"The room is full. You are number {place} in line; about {roughly(self.expected_wait_s(place, now))}."


def roughly(seconds: float) -> str:
    """A wait in words, as nobody can know it better."""
    if seconds < 45:
        return "half a minute"
    minutes = round(seconds / 60)
    return "a minute" if minutes == 1 else f"{minutes} minutes"


# --- how many fans a machine can serve ---


@dataclass(frozen=True, slots=True)
class Costs:
    """Core-seconds of each piece of work, measured alone: one frame of 32 ms, one partial, one reply, ..."""

    vad_s: float
    partial_s: float
    final_s: float
    turn_s: float
    meaning_s: float
    reply_s: float  # by the language model
    clause_s: float


@dataclass(frozen=True, slots=True)
class Habits:
    """What a fan does in a minute of conversation."""

    turns: float = 6.0
    spoken_s: float = 24.0
    partial_every_s: float = 0.3
    pauses_a_turn: float = 1.5  # each is recognised and scored, and a reply to it is begun
    clauses_a_reply: float = 2.5


#: More than this share of the cores cannot be used without jobs waiting for each other: at twice the mean load of
#: random arrivals the queue is longer than the work (M/M/1: 1 / (1 - 0.6) = 2.5 times the service time).
USABLE: Final = 0.6


def busy_s(costs: Costs, habits: Habits | None = None) -> dict[str, float]:
    """Seconds of work that a minute with one fan makes, by lane."""
    h = habits or Habits()
    pauses = h.turns * h.pauses_a_turn
    return {
        "vad": 60 / 0.032 * costs.vad_s,
        "asr": h.spoken_s / h.partial_every_s * costs.partial_s + pauses * costs.final_s,
        "turn": pauses * costs.turn_s,
        "meaning": pauses * costs.meaning_s,
        "llm": pauses * costs.reply_s,
        "tts": pauses * h.clauses_a_reply * costs.clause_s,
    }


def load_of_a_fan(costs: Costs, habits: Habits | None = None, elsewhere: Collection[str] = ()) -> float:
    """Cores that one fan keeps busy. Lanes `elsewhere` compute on a GPU or another machine."""
    return sum(seconds for lane, seconds in busy_s(costs, habits).items() if lane not in elsewhere) / 60


def fans_served(
    costs: Costs, cores: int, habits: Habits | None = None, elsewhere: Mapping[str, int] | None = None
) -> int:
    """How many fans can be served without making them slow; at least one. `elsewhere`: lanes that use none of these
    cores, and how many jobs each takes at once.
    """
    at_once = elsewhere or {}
    busy = busy_s(costs, habits)
    bounds = [USABLE * cores / load_of_a_fan(costs, habits, at_once)]
    bounds += [USABLE * jobs / (busy[lane] / 60) for lane, jobs in at_once.items() if busy[lane]]
    return max(1, int(min(bounds)))
