"""The time of one fan in a seat: it runs, nears its end, and ends when it may without cutting anybody off. Pure.

Time is an argument: `phase` says what holds at `now`, `deadline` when to ask again. While the connection is lost the
slot stands still, but not longer than its fan may be away in all, because others wait. What comes next: seat.py lets
the avatar say so.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LAST_MINUTE_S: Final = 60.0
SHORT_SLOT_S: Final = 120.0  # below this the last half is the last minute, and nobody speaks of a minute


class SlotPhase(StrEnum):
    RUNNING = "running"
    LAST_MINUTE = "last_minute"
    OVERTIME = "overtime"  # the time is used up, and somebody is speaking
    OVER = "over"


@dataclass(frozen=True, slots=True)
class SlotRules:
    """All in seconds. `away_s`: how much lost connections may prolong one visit."""

    slot_s: float
    overtime_s: float
    away_s: float = 30.0


class Slot:
    """One fan's time. `used_s`: in an earlier visit that was lost; `extra_s`: given by the host."""

    def __init__(self, rules: SlotRules, began_at: float, *, used_s: float = 0.0, extra_s: float = 0.0) -> None:
        self._rules = rules
        self._began_at = began_at
        self._used_before_s = used_s
        self.extra_s = extra_s
        self._away_since: float | None = None
        self._given_back_s = 0.0
        self._ended = False

    @property
    def last_s(self) -> float:
        """How long before its end the end is near."""
        return LAST_MINUTE_S if self._rules.slot_s >= SHORT_SLOT_S else self._rules.slot_s / 2

    @property
    def whole_minute(self) -> bool:
        """Whether "one more minute" would be true."""
        return self.last_s == LAST_MINUTE_S

    def stand(self, now: float) -> None:
        """The connection was lost."""
        if self._away_since is None:
            self._away_since = now

    def go_on(self, now: float) -> None:
        """The fan is back."""
        self._given_back_s = self._back_s(now)
        self._away_since = None

    def end(self) -> None:
        """It is over from now on, whatever time is left."""
        self._ended = True

    def used_s(self, now: float) -> float:
        """Of the slot, in this visit and before."""
        return self._used_before_s + max(0.0, now - self._began_at - self._back_s(now))

    def left_s(self, now: float) -> float:
        """Negative in overtime."""
        return self._rules.slot_s + self.extra_s - self.used_s(now)

    def phase(self, now: float, *, speaking: bool) -> SlotPhase:
        """What holds now. `speaking`: the fan or the avatar says something just now."""
        left = self.left_s(now)
        if self._ended or left <= -self._rules.overtime_s or (left <= 0 and not speaking):
            return SlotPhase.OVER
        if left <= 0:
            return SlotPhase.OVERTIME
        return SlotPhase.LAST_MINUTE if left <= self.last_s else SlotPhase.RUNNING

    def deadline(self, now: float) -> float:
        """When the phase may be another one although nothing happened; never in the past."""
        left = self.left_s(now)
        marks = (left - self.last_s, left, left + self._rules.overtime_s)
        return now + min((mark for mark in marks if mark > 0), default=0.0)

    def _back_s(self, now: float) -> float:
        """What lost connections have given back so far."""
        away = 0.0 if self._away_since is None else now - self._away_since
        return min(self._rules.away_s, self._given_back_s + away)
