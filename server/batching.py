"""Which jobs run next, and together: a bounded queue that knows priorities, sessions, deadlines and batches. Pure.

A batch is formed when it is full, or when one of its jobs may wait no longer. Among equals sessions take turns, by
self-clocked fair queueing (Golestani, INFOCOM 1994): a job's place is its session's last place plus one, so whoever
asks for ten things at once is not served before the one who asked for one. What comes next: lanes.py takes a batch
whenever a worker is free.
"""

from dataclasses import dataclass
from enum import IntEnum
from itertools import count
from math import inf
from typing import Generic, TypeVar

from protocol.errors import OverloadedError

Item = TypeVar("Item")

URGENT_S = 0.3  # a later clause that is needed so soon goes with what fans wait for
_FORGET = 0.8  # how much of the measured time of a batch is kept when a new one was measured


class Priority(IntEnum):
    """Lower goes first: what a fan already waits for, then guesses, then captions and warming up.

    LATER ones are clauses behind the first of a reply. There is sound to listen to until they are needed, so they let
    even guesses pass until URGENT_S before (bench/simulate.py: that serves more fans than committed work always first).
    """

    COMMITTED = 0
    SPECULATIVE = 1
    COMMITTED_LATER = 2
    SPECULATIVE_LATER = 3
    PARTIAL = 4

    @property
    def later(self) -> "Priority":
        """The same for a clause behind the first."""
        return Priority(self + 2) if self < Priority.COMMITTED_LATER else self


@dataclass(frozen=True, slots=True)
class Claim:
    """What a job is to its session. `wanted_at` is when its answer will be needed, on the lane's clock."""

    priority: Priority = Priority.COMMITTED
    session: str = ""
    wanted_at: float = inf


@dataclass(frozen=True, slots=True)
class BatchRules:
    """`fills_up`: a batch takes less urgent jobs too when there is room, as engines like whose batches cost the same
    full or empty (GPUs). `max_wait_s`: how long a job waits for company.
    """

    max_batch: int = 8
    max_wait_s: float = 0.0
    max_waiting: int = 64
    fills_up: bool = False


class LaneFullError(OverloadedError):
    """Too many jobs wait. `wait_s` is what the newcomer would have waited, as far as is known."""

    def __init__(self, lane: str, waiting: int, wait_s: float) -> None:
        super().__init__(f"the {lane} lane is full: {waiting} jobs wait, about {wait_s:.1f} s")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Item]):
    item: Item
    claim: Claim
    number: int
    turn: float  # the place among the jobs of its priority
    since: float

    def urgency(self, now: float) -> Priority:
        claim = self.claim
        needed_soon = claim.priority is Priority.COMMITTED_LATER and claim.wanted_at <= now + URGENT_S
        return Priority.COMMITTED if needed_soon else claim.priority

    def order(self, now: float) -> tuple[Priority, float, float, int]:
        return self.urgency(now), self.turn, self.claim.wanted_at, self.number


class BatchQueue(Generic[Item]):
    """Waiting jobs. Instants are seconds on any clock that does not run backwards."""

    def __init__(self, name: str, rules: BatchRules | None = None, *, workers: int = 1) -> None:
        self.name = name
        self.rules = rules or BatchRules()
        self._workers = workers
        self._waiting: dict[int, _Waiting[Item]] = {}
        self._numbers = count()
        self._turns = dict.fromkeys(Priority, 0.0)  # of the job that was taken last
        self._last_turns: dict[tuple[Priority, str], float] = {}
        self._batch_s = 0.0  # how long a batch takes, smoothed
        self._batch_jobs = 1.0  # and how many jobs are in it

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, item: Item, claim: Claim, now: float) -> int:
        """Returns the job's number. Raises LaneFullError when `max_waiting` jobs already wait: a coded answer now is
        better than a late one.
        """
        if len(self._waiting) >= self.rules.max_waiting:
            raise LaneFullError(self.name, len(self._waiting), self.expected_wait_s(claim.priority))
        last = self._last_turns.get((claim.priority, claim.session), 0.0)
        turn = max(last, self._turns[claim.priority]) + 1.0
        self._last_turns[claim.priority, claim.session] = turn
        return self._insert(item, claim, turn, now)

    def put_back(self, item: Item, claim: Claim, now: float) -> int:
        """A job that was taken and could not be run: it goes first of its priority, also when the queue is full."""
        return self._insert(item, claim, 0.0, now)

    def _insert(self, item: Item, claim: Claim, turn: float, now: float) -> int:
        number = next(self._numbers)
        self._waiting[number] = _Waiting(item, claim, number, turn, now)
        return number

    def cancel(self, number: int) -> bool:
        """Whether the job still waited; it will not be run."""
        return self._waiting.pop(number, None) is not None

    def due_at(self, now: float) -> float | None:
        """When a batch should be taken if a worker is free. None: nothing waits."""
        if not self._waiting:
            return None
        if len(self._next(now)) >= self.rules.max_batch:
            return now
        return min(
            min(job.since + self.rules.max_wait_s, job.claim.wanted_at - self._batch_s)
            for job in self._waiting.values()
        )

    def take(self, now: float) -> list[tuple[Item, Claim]]:
        """The next batch; empty when it is better to wait for more, until `due_at`."""
        due_at = self.due_at(now)
        return [] if due_at is None or due_at > now else self._pop(self._next(now))

    def drain(self) -> list[tuple[Item, Claim]]:
        """Everything that waits, most urgent first."""
        return self._pop(sorted(self._waiting.values(), key=lambda job: job.order(-inf)))

    def _next(self, now: float) -> list[_Waiting[Item]]:
        ordered = sorted(self._waiting.values(), key=lambda job: job.order(now))
        if ordered and not self.rules.fills_up:  # what is less urgent would slow it down
            ordered = [job for job in ordered if job.urgency(now) == ordered[0].urgency(now)]
        return ordered[: self.rules.max_batch]

    def _pop(self, batch: list[_Waiting[Item]]) -> list[tuple[Item, Claim]]:
        for job in batch:
            del self._waiting[job.number]
            priority = job.claim.priority
            self._turns[priority] = max(self._turns[priority], job.turn)
        # Only sessions that are ahead of their turn need be remembered: there are no more of them than waiting jobs.
        self._last_turns = {key: turn for key, turn in self._last_turns.items() if turn > self._turns[key[0]]}
        return [(job.item, job.claim) for job in batch]

    # --- how long things take ---

    def measured(self, jobs: int, took_s: float) -> None:
        """A batch was run."""
        kept = _FORGET if self._batch_s else 0.0
        self._batch_s = kept * self._batch_s + (1 - kept) * took_s
        self._batch_jobs = kept * self._batch_jobs + (1 - kept) * jobs

    def expected_wait_s(self, priority: Priority = Priority.COMMITTED) -> float:
        """How long a new job would wait to be begun; 0 while nothing was measured."""
        ahead = sum(job.claim.priority <= priority for job in self._waiting.values())
        return ahead / self._batch_jobs * self._batch_s / self._workers
