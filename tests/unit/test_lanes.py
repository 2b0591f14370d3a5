"""Thread lanes: batches, priorities, bounds, failures. Threads are held by events, never by sleeps."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from avatar.engines.scripted import ScriptedLlm
from avatar.llm import Prompt, PromptMessage
from protocol.errors import EngineError, OverloadedError
from server.batching import Priority
from server.inference.planned import LaneStatus, PlannedLane, WorkerLostError
from server.lanes import InlineLane, LlmLane, ThreadLane, run_llm


class Engine:
    """Doubles numbers, once it is let go; remembers its batches."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.batches: list[list[int]] = []

    def run(self, jobs: Sequence[int]) -> list[int | Exception]:
        self.go.wait(10)
        self.batches.append(list(jobs))
        return [ValueError("odd") if job == 13 else 2 * job for job in jobs]


@asynccontextmanager
async def lane_of(engine: Engine, max_batch: int = 8) -> AsyncIterator[ThreadLane[int, int]]:
    lane: ThreadLane[int, int] = ThreadLane("test", engine.run, max_batch=max_batch)
    try:
        yield lane
    finally:
        engine.go.set()
        lane.close()


async def asked(lane: ThreadLane[int, int], job: int, priority: Priority = Priority.COMMITTED) -> asyncio.Task[int]:
    task = asyncio.create_task(lane.ask(job, priority))
    await asyncio.sleep(0)
    return task


async def test_jobs_that_wait_run_together() -> None:
    engine = Engine()
    async with lane_of(engine) as lane:
        tasks = [await asked(lane, n) for n in range(5)]
        engine.go.set()
        assert await asyncio.gather(*tasks) == [0, 2, 4, 6, 8]
        assert engine.batches == [[0], [1, 2, 3, 4]]


async def test_what_a_fan_waits_for_goes_first() -> None:
    engine = Engine()
    async with lane_of(engine, max_batch=1) as lane:
        tasks = [
            await asked(lane, 0),
            await asked(lane, 1, Priority.PARTIAL),
            await asked(lane, 2, Priority.SPECULATIVE),
            await asked(lane, 3, Priority.COMMITTED),
        ]
        engine.go.set()
        await asyncio.gather(*tasks)
        assert engine.batches == [[0], [3], [2], [1]]


async def test_a_bad_job_does_not_disturb_its_batch() -> None:
    engine = Engine()
    async with lane_of(engine) as lane:
        tasks = [await asked(lane, n) for n in (0, 13, 2)]
        engine.go.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(results[1], EngineError)
        assert (results[0], results[2]) == (0, 4)


async def test_an_engine_that_raises_fails_its_batch_and_lives_on() -> None:
    calls = []

    def run(jobs: Sequence[int]) -> list[int | Exception]:
        calls.append(jobs)
        if len(calls) == 1:
            raise MemoryError("too big")
        return list(jobs)

    lane: ThreadLane[int, int] = ThreadLane("test", run)
    try:
        with pytest.raises(EngineError, match="too big"):
            await lane.ask(1)
        assert await lane.ask(2) == 2
    finally:
        lane.close()


async def test_a_full_lane_refuses_the_newcomer() -> None:
    engine = Engine()
    async with lane_of(engine) as lane:
        tasks = [await asked(lane, n) for n in range(65)]
        with pytest.raises(OverloadedError):
            await lane.ask(99)
        engine.go.set()
        assert len(await asyncio.gather(*tasks, return_exceptions=True)) == 65


async def test_a_cancelled_job_that_waits_is_never_run() -> None:
    engine = Engine()
    async with lane_of(engine, max_batch=1) as lane:
        first, second = await asked(lane, 1), await asked(lane, 2)
        second.cancel()
        engine.go.set()
        assert await first == 2
        assert await lane.ask(3) == 6
        assert engine.batches == [[1], [3]]


async def test_closing_cancels_what_waits_and_ends_the_threads() -> None:
    engine = Engine()
    before = threading.active_count()
    async with lane_of(engine, max_batch=1) as lane:
        running, waiting = await asked(lane, 1), await asked(lane, 2)
        threading.Timer(0.01, engine.go.set).start()
        lane.close()
        assert waiting.cancelled() or (await asyncio.gather(waiting, return_exceptions=True))[0] is not None
        await asyncio.gather(running, return_exceptions=True)
    assert threading.active_count() <= before + 1


PROMPT = Prompt((PromptMessage("user", "hello"),))


@pytest.mark.parametrize("threaded", [True, False])
async def test_text_comes_as_it_is_made(threaded: bool) -> None:
    run = run_llm(ScriptedLlm({"hello": "Hi there, fan."}))
    lane = LlmLane(ThreadLane("llm", run, max_batch=1) if threaded else InlineLane("llm", run))
    assert [piece async for piece in lane.stream(PROMPT, Priority.COMMITTED)] == ["Hi", " there,", " fan."]
    lane.close()


async def test_closing_the_stream_stops_the_model() -> None:
    made: list[str] = []
    first = threading.Event()

    class Talkative(ScriptedLlm):
        def stream(self, prompt, emit):  # type: ignore[no-untyped-def]
            for n in range(10**9):
                made.append("x")
                if not emit("x"):
                    return
                first.set()
                if n > 10:
                    threading.Event().wait(0.001)

    lane = LlmLane(ThreadLane("llm", run_llm(Talkative({})), max_batch=1))
    stream = lane.stream(PROMPT, Priority.COMMITTED)
    assert await anext(stream) == "x"
    await stream.aclose()
    lane.close()  # would wait for ever if the model went on
    assert made


async def test_a_failing_model_is_an_engine_error() -> None:
    lane = LlmLane(InlineLane("llm", run_llm(ScriptedLlm({}, default=None))))
    with pytest.raises(EngineError):
        async for _ in lane.stream(PROMPT, Priority.COMMITTED):
            pass


# --- crews that can be lost ---


class MortalCrew:
    """A crew of one that does what the test says: finish, lose what it has, be ready again."""

    workers = 1

    def __init__(self) -> None:
        self.ready, self.spare_ready, self.losses = True, False, 0
        self.on_ready = lambda: None
        self.batches: list[list[int]] = []
        self._running: list[asyncio.Future[Sequence[int | Exception]]] = []

    def run(self, jobs: Sequence[int]) -> asyncio.Future[Sequence[int | Exception]]:
        self.batches.append(list(jobs))
        self._running.append(asyncio.get_running_loop().create_future())
        return self._running[-1]

    def finish(self) -> None:
        self._running.pop(0).set_result([2 * job for job in self.batches[-1]])

    def die(self) -> None:
        self.ready = False
        self._running.pop(0).set_result([WorkerLostError("killed")] * len(self.batches[-1]))

    def rise(self) -> None:
        self.ready = True
        self.on_ready()

    def close(self) -> None:
        pass


async def test_the_jobs_of_a_lost_worker_are_tried_once_more() -> None:
    crew = MortalCrew()
    lane: PlannedLane[int, int] = PlannedLane("asr", crew)
    first = asyncio.create_task(lane.ask(1))
    await asyncio.sleep(0)
    second = asyncio.create_task(lane.ask(2))
    await asyncio.sleep(0)
    crew.die()
    await asyncio.sleep(0)
    status = lane.status()
    assert status == LaneStatus(False, waiting=2, running=0, wait_s=0.0, jobs=1, waited_s=status.waited_s)
    crew.rise()
    await asyncio.sleep(0)
    crew.finish()
    assert await asyncio.gather(first, second) == [2, 4]
    assert crew.batches == [[1], [1, 2]]


async def test_a_job_that_kills_its_worker_twice_is_answered_with_an_error() -> None:
    crew = MortalCrew()
    lane: PlannedLane[int, int] = PlannedLane("asr", crew)
    poison = asyncio.create_task(lane.ask(1))
    await asyncio.sleep(0)
    for _ in range(2):
        crew.die()
        await asyncio.sleep(0)
        crew.rise()
        await asyncio.sleep(0)
    with pytest.raises(EngineError, match="killed"):
        await poison
    assert crew.batches == [[1], [1]]


async def test_a_lane_waits_for_company_as_long_as_its_rules_say() -> None:
    engine = Engine()
    engine.go.set()
    lane: ThreadLane[int, int] = ThreadLane("test", engine.run, max_batch=3, max_wait_s=30)
    try:
        tasks = [await asked(lane, n) for n in range(3)]  # the third makes the batch full
        assert await asyncio.gather(*tasks) == [0, 2, 4]
        assert engine.batches == [[0, 1, 2]]
        waiting = await asked(lane, 7)
        assert lane.status().waiting == 1
        waiting.cancel()
    finally:
        lane.close()
