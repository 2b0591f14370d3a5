"""The clock of a session: it stands still while its fan's connection is lost.

Everything in a session is timed by it, so a lost connection needs no special case anywhere: no pause grows too
long, no reply is overdue, and what is due later is due later by as long as the fan was away.
"""

import asyncio
from collections.abc import Callable


class SessionClock:
    """Seconds that only pass while somebody is connected. `source` is the event loop's clock."""

    def __init__(self, source: Callable[[], float]) -> None:
        self._source = source
        self._behind_s = 0.0
        self._stopped_at: float | None = None

    def __call__(self) -> float:
        """Now, in seconds; only differences mean anything."""
        now = self._source() if self._stopped_at is None else self._stopped_at
        return now - self._behind_s

    @property
    def stands(self) -> bool:
        """Whether it was stopped."""
        return self._stopped_at is not None

    def stop(self) -> None:
        """Time stands still from here on."""
        if self._stopped_at is None:
            self._stopped_at = self._source()

    def go_on(self) -> None:
        """Time passes again, as if it had not stood still."""
        if self._stopped_at is not None:
            self._behind_s += self._source() - self._stopped_at
            self._stopped_at = None

    def on_source(self, at: float) -> float:
        """When the source will show what this clock calls `at`, if it does not stop before."""
        return at + self._behind_s


class Alarm:
    """One timer on a session's clock, set anew each time. `ring` gets the moment that it was set to."""

    def __init__(self, clock: SessionClock, ring: Callable[[float], None]) -> None:
        self._clock = clock
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None

    def set(self, at: float | None) -> None:
        """Rings at this moment, or at once when it is past; not at all for None, or while the clock stands."""
        self.stop()
        if at is not None and not self._clock.stands:
            # Timers may fire a hair early; whoever is rung is told the time they asked for.
            at = max(at, self._clock())
            self._timer = asyncio.get_running_loop().call_at(self._clock.on_source(at), self._ring, at)

    def stop(self) -> None:
        """Does not ring until it is set again."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
