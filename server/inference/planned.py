"""A lane with a plan: jobs wait in a BatchQueue until its crew, threads here or a process elsewhere, has a hand free.

A crew that is lost with its jobs gives them back: each is tried once more, then answered with an EngineError. A lane
belongs to one event loop. What comes next: lanes.py has the lanes that sessions ask; crew.py the processes.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Generic, Protocol, TypeVar

from protocol.errors import EngineError
from server.batching import BatchQueue, BatchRules, Claim, Priority

Job = TypeVar("Job")
Result = TypeVar("Result")
Job_contra = TypeVar("Job_contra", contravariant=True)

Run = Callable[[Sequence[Job]], Sequence[Result | Exception]]


class WorkerLostError(EngineError):
    """The process that had the job is gone, and the job left no trace: it may be tried again."""


class Crew(Protocol[Job_contra, Result]):
    """Who does the work of a lane."""

    workers: int  # batches that can be run at the same time
    on_ready: Callable[[], None]  # set by the lane; called whenever `ready` has become true

    @property
    def ready(self) -> bool:
        """Whether work can be taken just now."""

    @property
    def spare_ready(self) -> bool:
        """Whether the workers could be lost and others go on at once."""

    @property
    def losses(self) -> int:
        """How often the workers were lost so far."""

    def run(self, jobs: Sequence[Job_contra]) -> "asyncio.Future[Sequence[Result | Exception]]":
        """Begins a batch; the results are in the order of the jobs."""

    def close(self) -> None:
        """Ends the workers. Batches that run are finished or given back."""


class ThreadCrew(Generic[Job, Result]):
    """Threads of this process. `run` may be called from `workers` threads at once."""

    def __init__(self, name: str, run: Run[Job, Result], workers: int) -> None:
        self.workers = workers
        self.ready, self.spare_ready, self.losses = True, False, 0
        self.on_ready: Callable[[], None] = _nothing
        self._run = run
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=f"lane-{name}")

    def run(self, jobs: Sequence[Job]) -> "asyncio.Future[Sequence[Result | Exception]]":
        """See Crew."""
        return asyncio.get_running_loop().run_in_executor(self._pool, self._run, jobs)

    def close(self) -> None:
        """See Crew."""
        self._pool.shutdown(wait=True, cancel_futures=True)


@dataclass(slots=True)
class _Asked(Generic[Job, Result]):
    job: Job
    answer: "asyncio.Future[Result]"
    since: float
    number: int = 0
    tried: bool = False


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """What an operator may know of a lane. `wait_s` is what a committed job would wait now; `jobs` were begun so far,
    and waited `waited_s` together; its process was lost `losses` times, and `spare_ready` says whether another loss
    would be noticed by nobody.
    """

    ready: bool
    waiting: int
    running: int
    wait_s: float
    jobs: int = 0
    waited_s: float = 0.0
    spare_ready: bool = False
    losses: int = 0


class PlannedLane(Generic[Job, Result]):
    """A queue with rules, and the crew that works it off."""

    def __init__(self, name: str, crew: Crew[Job, Result], rules: BatchRules | None = None) -> None:
        self.name = name
        self._crew = crew
        self._free = crew.workers
        self._queue: BatchQueue[_Asked[Job, Result]] = BatchQueue(name, rules, workers=crew.workers)
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._jobs = 0
        self._waited_s = 0.0
        # The event loop keeps no strong reference to futures, so the lane does. At most one for each worker.
        self._running: set[asyncio.Future[Sequence[Result | Exception]]] = set()
        crew.on_ready = self._start_batches

    async def ask(
        self, job: Job, priority: Priority = Priority.COMMITTED, session: str = "", wanted_at: float = inf
    ) -> Result:
        """See Lane. Cancelling the asker takes a waiting job back; a running one is finished and forgotten."""
        loop = asyncio.get_running_loop()
        if self._closed:
            raise EngineError(f"the {self.name} lane is closed")
        asked: _Asked[Job, Result] = _Asked(job, loop.create_future(), loop.time())
        asked.number = self._queue.put(asked, Claim(priority, session, wanted_at), loop.time())
        self._start_batches()
        try:
            return await asked.answer
        finally:
            self._queue.cancel(asked.number)

    def status(self) -> LaneStatus:
        """For /health."""
        crew = self._crew
        return LaneStatus(
            ready=crew.ready,
            waiting=len(self._queue),
            running=len(self._running),
            wait_s=self._queue.expected_wait_s(),
            jobs=self._jobs,
            waited_s=round(self._waited_s, 6),
            spare_ready=crew.spare_ready,
            losses=crew.losses,
        )

    def _start_batches(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._closed:
            return
        loop = asyncio.get_running_loop()
        while self._free and self._crew.ready and (batch := self._queue.take(loop.time())):
            self._free -= 1
            self._jobs += len(batch)
            self._waited_s += sum(loop.time() - asked.since for asked, _ in batch)
            running = self._crew.run([asked.job for asked, _ in batch])
            self._running.add(running)
            running.add_done_callback(partial(self._finish, batch, loop.time()))
        due_at = self._queue.due_at(loop.time())
        if due_at is not None and self._free and self._crew.ready:
            self._timer = loop.call_at(due_at, self._start_batches)

    def _finish(
        self,
        batch: Sequence[tuple[_Asked[Job, Result], Claim]],
        began_at: float,
        done: "asyncio.Future[Sequence[Result | Exception]]",
    ) -> None:
        self._running.discard(done)
        self._free += 1
        now = asyncio.get_running_loop().time()
        error = asyncio.CancelledError() if done.cancelled() else done.exception()
        results: Sequence[Result | Exception | BaseException] = [error] * len(batch) if error else done.result()
        if not any(isinstance(result, BaseException) for result in results):
            self._queue.measured(len(batch), now - began_at)
        for (asked, claim), result in zip(batch, results, strict=True):
            if isinstance(result, WorkerLostError) and not asked.tried and not asked.answer.done() and not self._closed:
                asked.tried = True
                asked.number = self._queue.put_back(asked, claim, now)
            else:
                self._settle(asked.answer, result)
        self._start_batches()

    def _settle(self, answer: "asyncio.Future[Result]", result: Result | BaseException) -> None:
        if answer.done():
            return
        if isinstance(result, asyncio.CancelledError):
            answer.cancel()
        elif isinstance(result, BaseException):
            answer.set_exception(as_engine_error(self.name, result))
        else:
            answer.set_result(result)

    def close(self) -> None:
        """See Lane."""
        self._closed = True
        if self._timer:
            self._timer.cancel()
        for asked, _ in self._queue.drain():
            asked.answer.cancel()
        self._crew.close()


def as_engine_error(lane: str, error: BaseException) -> EngineError:
    """Whatever an engine raised, as what its asker may be told."""
    if isinstance(error, EngineError):
        return error
    return EngineError(f"the {lane} engine failed: {type(error).__name__}: {error}")


def _nothing() -> None:
    """Nobody waits yet."""
