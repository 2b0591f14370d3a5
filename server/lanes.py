"""Lanes: one engine, its bounded queue, its worker threads. The way from the event loop to the models.

Jobs that arrive while an engine is busy are run together in its next batch. A lane belongs to one event loop.
What comes next: ears.py and reply.py ask; engines (speech/engines, avatar/engines) answer.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from avatar.llm import Emit, LlmEngine, Prompt
from protocol.errors import EngineError
from server.batching import BatchQueue, Priority
from speech.asr import AsrJob, Hypothesis
from speech.tts import SpeechJob, SpokenChunk
from speech.vad import VadJob, VadResult

Job = TypeVar("Job")
Result = TypeVar("Result")
Job_contra = TypeVar("Job_contra", contravariant=True)
Result_co = TypeVar("Result_co", covariant=True)


class Lane(Protocol[Job_contra, Result_co]):
    """Anything that answers a job."""

    async def ask(self, job: Job_contra, priority: Priority = Priority.COMMITTED) -> Result_co:
        """Raises OverloadedError when too many jobs wait, EngineError when the engine failed."""

    def close(self) -> None:
        """Ends the workers; jobs that still wait are cancelled."""


Run = Callable[[Sequence[Job]], Sequence[Result | Exception]]


class ThreadLane(Generic[Job, Result]):
    """A lane of threads in this process. `run` may be called from `workers` threads at once."""

    def __init__(self, name: str, run: Run[Job, Result], *, workers: int = 1, max_batch: int = 8) -> None:
        self.name = name
        self._run = run
        self._max_batch = max_batch
        self._free_workers = workers
        # When full, the asker gets OverloadedError: a coded answer now is better than a late one.
        self._queue: BatchQueue[tuple[Job, asyncio.Future[Result]]] = BatchQueue(name, max_waiting=64)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=f"lane-{name}")
        self._running: set[asyncio.Future[Sequence[Result | Exception]]] = set()

    async def ask(self, job: Job, priority: Priority = Priority.COMMITTED) -> Result:
        """See Lane. Cancelling the asker takes a waiting job back; a running one is finished and forgotten."""
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._queue.put((job, answer), priority)
        self._start_batches()
        return await answer

    def _start_batches(self) -> None:
        while self._free_workers and len(self._queue):
            batch = [(job, answer) for job, answer in self._queue.take(self._max_batch) if not answer.done()]
            if not batch:
                continue
            self._free_workers -= 1
            jobs = [job for job, _ in batch]
            running = asyncio.get_running_loop().run_in_executor(self._pool, self._run, jobs)
            self._running.add(running)
            running.add_done_callback(partial(self._finish, [answer for _, answer in batch]))

    def _finish(
        self, answers: list[asyncio.Future[Result]], done: asyncio.Future[Sequence[Result | Exception]]
    ) -> None:
        self._running.discard(done)
        self._free_workers += 1
        error = asyncio.CancelledError() if done.cancelled() else done.exception()
        results: Sequence[Result | Exception | BaseException] = [error] * len(answers) if error else done.result()
        for answer, result in zip(answers, results, strict=True):
            if answer.done():
                continue
            if isinstance(result, asyncio.CancelledError):
                answer.cancel()
            elif isinstance(result, BaseException):
                answer.set_exception(_as_engine_error(self.name, result))
            else:
                answer.set_result(result)
        self._start_batches()

    def close(self) -> None:
        """See Lane."""
        while batch := self._queue.take(self._max_batch):
            for _, answer in batch:
                answer.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)


class InlineLane(Generic[Job, Result]):
    """A lane without threads, for scripted engines: answering takes `cost_s` on the event loop's clock."""

    def __init__(self, name: str, run: Run[Job, Result], *, cost_s: float = 0.0) -> None:
        self.name = name
        self.cost_s = cost_s
        self._run = run

    async def ask(self, job: Job, priority: Priority = Priority.COMMITTED) -> Result:
        """See Lane."""
        await asyncio.sleep(self.cost_s)
        try:
            (result,) = self._run([job])
        except Exception as error:
            raise _as_engine_error(self.name, error) from error
        if isinstance(result, Exception):
            raise _as_engine_error(self.name, result)
        return result

    def close(self) -> None:
        """See Lane: there is nothing to end."""


def _as_engine_error(lane: str, error: BaseException) -> EngineError:
    if isinstance(error, EngineError):
        return error
    return EngineError(f"the {lane} engine failed: {type(error).__name__}: {error}")


@dataclass(frozen=True, slots=True)
class LlmJob:
    """A prompt, and where its pieces go. Without `emit` it is only read into the cache."""

    prompt: Prompt
    emit: Emit | None


def run_llm(engine: LlmEngine) -> Run[LlmJob, None]:
    """The engine's two calls as one batch function; llama.cpp itself batches over the slots."""

    def run(jobs: Sequence[LlmJob]) -> list[Exception | None]:
        for job in jobs:
            if job.emit is None:
                engine.prefill(job.prompt)
            else:
                engine.stream(job.prompt, job.emit)
        return [None] * len(jobs)

    return run


class LlmLane:
    """Text as it is made, from a lane of LlmJobs."""

    def __init__(self, lane: Lane[LlmJob, None]) -> None:
        self._lane = lane

    async def stream(self, prompt: Prompt, priority: Priority) -> AsyncGenerator[str, None]:
        """Yields pieces of the reply. Closing the generator stops the model at its next token."""
        loop = asyncio.get_running_loop()
        stop = threading.Event()
        # Never full in practice: it holds at most prompt.max_tokens short strings.
        pieces: asyncio.Queue[str | None] = asyncio.Queue()

        def emit(piece: str) -> bool:
            if not stop.is_set():
                loop.call_soon_threadsafe(pieces.put_nowait, piece)
            return not stop.is_set()

        asking = asyncio.create_task(self._lane.ask(LlmJob(prompt, emit), priority), name="llm-stream")
        asking.add_done_callback(lambda _: loop.call_soon(pieces.put_nowait, None))
        try:
            while (piece := await pieces.get()) is not None:
                yield piece
            await asking
        finally:
            stop.set()
            asking.cancel()

    async def prefill(self, prompt: Prompt) -> None:
        """Reads the prompt into the cache of its conversation."""
        await self._lane.ask(LlmJob(prompt, None), Priority.PARTIAL)

    def close(self) -> None:
        """Ends the workers."""
        self._lane.close()


@dataclass(frozen=True, slots=True)
class Lanes:
    """Every model that a session may ask, and how to make the state of a new voice detector."""

    vad: Lane[VadJob, VadResult]
    new_vad_state: Callable[[], Any]
    languages: frozenset[str]  # that the recogniser can be told; others it must detect
    turn: Lane[NDArray[np.float32], float]
    asr: Lane[AsrJob, Hypothesis]
    tts: Lane[SpeechJob, SpokenChunk]
    llm: LlmLane
    meaning: Lane[str, NDArray[np.float32]]

    def close(self) -> None:
        """Ends all workers."""
        for lane in (self.vad, self.turn, self.asr, self.tts, self.llm, self.meaning):
            lane.close()
