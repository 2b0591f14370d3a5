"""Which conversation may use which place of a model's cache.

Each conversation keeps its slot as long as slots last, because its prefix is warm there; then the one that was idle
longest gives its own up. A slot that is generating is never taken.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class SlotTable:
    """Leases slot numbers 0 .. slots-1 to conversations. Safe to use from several threads."""

    def __init__(self, slots: int) -> None:
        self._owners = [""] * slots  # whose prefix is warm in each slot
        self._idle = list(range(slots))  # least recently used first
        self._changed = threading.Condition()

    @contextmanager
    def lease(self, cache_key: str) -> Iterator[int]:
        """A slot for this conversation, its own if it has one; blocks until that one (or else any) is idle."""
        with self._changed:
            while (slot := self._choose(cache_key)) is None:
                self._changed.wait()
            self._idle.remove(slot)
            self._owners[slot] = cache_key
        try:
            yield slot
        finally:
            with self._changed:
                self._idle.append(slot)
                self._changed.notify_all()

    def _choose(self, cache_key: str) -> int | None:
        if cache_key and cache_key in self._owners:
            own = self._owners.index(cache_key)
            return own if own in self._idle else None
        unowned = [slot for slot in self._idle if not self._owners[slot]]
        return next(iter(unowned or self._idle), None)
