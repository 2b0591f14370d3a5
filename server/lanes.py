"""Lanes: one engine, its bounded queue, its workers. The way from the event loop to the models.

Jobs that arrive while an engine is busy are run together in its next batch. A lane belongs to one event loop; how it
plans is in inference/planned.py. What comes next: ears.py and reply.py ask, speech/engines and avatar/engines answer.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from math import inf
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from avatar.llm import Emit, LlmEngine, Prompt
from server.batching import BatchRules, Priority
from server.inference.planned import Job, LaneStatus, PlannedLane, Result, Run, ThreadCrew, as_engine_error
from speech.asr import AsrJob, Hypothesis
from speech.ending import EndingJob
from speech.tts import SpeechJob, SpokenChunk, Timing
from speech.vad import VadJob, VadResult

Job_contra = TypeVar("Job_contra", contravariant=True)
Result_co = TypeVar("Result_co", covariant=True)
Piece = TypeVar("Piece")


class Lane(Protocol[Job_contra, Result_co]):
    """Anything that answers a job."""

    async def ask(
        self, job: Job_contra, priority: Priority = Priority.COMMITTED, session: str = "", wanted_at: float = inf
    ) -> Result_co:
        """`session` is for fairness: sessions take turns. `wanted_at`: when the answer will be needed, on the event
        loop's clock. Raises OverloadedError when too many jobs wait, EngineError when the engine failed.
        """

    def close(self) -> None:
        """Ends the workers; jobs that still wait are cancelled."""


class ThreadLane(PlannedLane[Job, Result]):
    """A lane of threads in this process. `run` may be called from `workers` threads at once."""

    def __init__(
        self, name: str, run: Run[Job, Result], *, workers: int = 1, max_batch: int = 8, max_wait_s: float = 0.0
    ) -> None:
        super().__init__(name, ThreadCrew(name, run, workers), BatchRules(max_batch, max_wait_s))


class InlineLane(Generic[Job, Result]):
    """A lane without threads, for scripted engines: answering takes `cost_s` on the event loop's clock."""

    def __init__(self, name: str, run: Run[Job, Result], *, cost_s: float = 0.0) -> None:
        self.name = name
        self.cost_s = cost_s
        self._run = run

    async def ask(
        self, job: Job, priority: Priority = Priority.COMMITTED, session: str = "", wanted_at: float = inf
    ) -> Result:
        """See Lane."""
        await asyncio.sleep(self.cost_s)
        try:
            (result,) = self._run([job])
        except Exception as error:
            raise as_engine_error(self.name, error) from error
        if isinstance(result, Exception):
            raise as_engine_error(self.name, result)
        return result

    def close(self) -> None:
        """See Lane: there is nothing to end."""


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


async def pieces_of(
    ask: Callable[[Callable[[Piece], bool]], Coroutine[Any, Any, Result]],
) -> AsyncGenerator[Piece | Result, None]:
    """What a job emits while it is worked on, then its result. Closing the generator tells the engine at its next piece
    that nobody listens any more.
    """
    loop = asyncio.get_running_loop()
    stop = threading.Event()
    pieces: asyncio.Queue[Piece | None] = asyncio.Queue()  # bounded by the job: a reply's tokens, a clause's sound

    def emit(piece: Piece) -> bool:
        if not stop.is_set():
            loop.call_soon_threadsafe(pieces.put_nowait, piece)
        return not stop.is_set()

    asking = asyncio.create_task(ask(emit), name="pieces")
    asking.add_done_callback(lambda _: loop.call_soon(pieces.put_nowait, None))
    try:
        while (piece := await pieces.get()) is not None:
            yield piece
        yield await asking
    finally:
        stop.set()
        asking.cancel()


class LlmLane:
    """Text as it is made, from a lane of LlmJobs. `goes_on`: see LlmEngine."""

    def __init__(self, lane: Lane[LlmJob, None], *, goes_on: bool = True) -> None:
        self.goes_on = goes_on
        self._lane = lane

    async def stream(self, prompt: Prompt, priority: Priority) -> AsyncGenerator[str, None]:
        """Yields pieces of the reply. Closing the generator stops the model at its next token."""

        async def ask(emit: Emit) -> None:
            await self._lane.ask(LlmJob(prompt, emit), priority, prompt.cache_key)

        async with aclosing(pieces_of(ask)) as pieces:
            async for piece in pieces:
                if piece is not None:
                    yield piece

    async def prefill(self, prompt: Prompt) -> None:
        """Reads the prompt into the cache of its conversation."""
        await self._lane.ask(LlmJob(prompt, None), Priority.PARTIAL, prompt.cache_key)

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
    ending: Lane[EndingJob, float]
    forget_speech: Callable[[Iterable[SpeechJob]], None] = lambda _: None  # these lines will not be said again
    timing: Timing = "exact"  # what the synthesiser knows of its phonemes
    status: Callable[[], Mapping[str, LaneStatus]] = dict  # how each is doing, by name

    def close(self) -> None:
        """Ends all workers."""
        for lane in (self.vad, self.turn, self.asr, self.tts, self.llm, self.meaning, self.ending):
            lane.close()
