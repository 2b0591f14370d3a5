"""Which jobs run next: a bounded queue that knows priorities. Pure.

What comes next: lanes.py takes a batch from it whenever a worker is free.
"""

import heapq
from enum import IntEnum
from itertools import count
from typing import Generic, TypeVar

from protocol.errors import OverloadedError

Item = TypeVar("Item")


class Priority(IntEnum):
    """Lower goes first: what a fan already waits for, then guesses, then captions and warming up."""

    COMMITTED = 0
    SPECULATIVE = 1
    PARTIAL = 2


class BatchQueue(Generic[Item]):
    """Waiting jobs, first by priority, then by age. Full: OverloadedError, and the newcomer is the one refused."""

    def __init__(self, name: str, max_waiting: int) -> None:
        self.name = name
        self.max_waiting = max_waiting
        self._heap: list[tuple[Priority, int, Item]] = []
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, item: Item, priority: Priority) -> None:
        """Raises OverloadedError when `max_waiting` jobs already wait."""
        if len(self._heap) >= self.max_waiting:
            raise OverloadedError(f"the {self.name} lane is full: {self.max_waiting} jobs wait")
        heapq.heappush(self._heap, (priority, next(self._numbers), item))

    def take(self, max_batch: int) -> list[Item]:
        """Up to `max_batch` jobs. A batch never mixes committed work with guesses, which would slow it down."""
        batch: list[Item] = []
        first = self._heap[0][0] if self._heap else None
        while self._heap and len(batch) < max_batch and self._heap[0][0] == first:
            batch.append(heapq.heappop(self._heap)[2])
        return batch
