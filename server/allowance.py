"""How much a client may send: a leaky bucket. connection.py has one for messages and one for seconds of audio."""

from collections.abc import Callable


class LeakyBucket:
    """A level that drains `drain_per_s` and may rise to `size`. `clock` gives seconds. It drains to `-credit`, so that
    whoever was held up may catch up.
    """

    def __init__(self, size: float, drain_per_s: float, clock: Callable[[], float], credit: float = 0.0) -> None:
        self._size = size
        self._drain_per_s = drain_per_s
        self._credit = credit
        self._clock = clock
        self._level = 0.0
        self._at = clock()

    def pour(self, amount: float) -> bool:
        """Whether `amount` still fits; if not, nothing is poured."""
        now = self._clock()
        self._level = max(-self._credit, self._level - (now - self._at) * self._drain_per_s)
        self._at = now
        if self._level + amount > self._size:
            return False
        self._level += amount
        return True
