"""Engines in processes of their own: work goes there and comes back, and whatever happens to them, the hall goes on.

Real processes and real sockets; scripted engines (tests/worker_engines.py). Nothing waits for a clock.
"""

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.llm import Prompt, PromptMessage
from protocol.errors import EngineError
from server.batching import Priority
from server.inference.crew import EngineProcess
from server.inference.patience import Patience, threads_of
from server.inference.planned import PlannedLane
from server.inference.wire import Assignment, Done, Piece, pack, unpack
from server.inference.worker import work
from server.lanes import LlmLane
from speech.engines.silero import SileroState
from speech.vad import VadJob
from tests.worker_engines import load_nothing, load_plain

ROOT = Path(__file__).resolve().parents[2]


@asynccontextmanager
async def engines(patience: Patience | None = None, *, spare: bool = False) -> AsyncIterator[EngineProcess]:
    with TemporaryDirectory() as folder:
        process = EngineProcess("test", load_plain, folder, patience, spare=spare)
        try:
            await process.start()
            yield process
        finally:
            await process.close()


def prompt(words: str) -> Prompt:
    return Prompt((PromptMessage("user", words),))


async def said(lane: LlmLane, words: str) -> str:
    return "".join([piece async for piece in lane.stream(prompt(words), Priority.COMMITTED)])


# --- the wire ---


@given(st.integers(0, 2**40), st.lists(st.integers(0, 50), max_size=4))
def test_arrays_travel_beside_the_message(number: int, sizes: list[int]) -> None:
    frames = [np.full((size, 512), size, np.float32) for size in sizes]
    state = SileroState(np.arange(64, dtype=np.float32), np.ones((2, 128), np.float32))
    message = Assignment(number, "vad", tuple(VadJob(array, state) for array in frames))
    parts = pack(message)
    assert len(parts) == 1 + len(frames) + 2 * bool(frames)  # the two arrays of the state are shared
    assert len(parts[0]) < 1500
    back = unpack([bytes(part) for part in parts])
    assert (back.number, back.lane) == (number, "vad")
    for job, array in zip(back.jobs, frames, strict=True):
        assert np.array_equal(job.frames, array)
        assert not job.frames.flags.writeable
        assert np.array_equal(job.state.context, state.context)


def test_errors_and_text_travel_too() -> None:
    piece = unpack(pack(Piece(1, 2, "hi ")))
    assert piece == Piece(1, 2, "hi ")
    done = unpack(pack(Done(7, (EngineError("no"), None))))
    assert (type(done.results[0]), str(done.results[0])) == (EngineError, "no")


# --- work ---


async def test_work_is_done_in_the_other_process() -> None:
    async with engines() as process:
        assert process.facts == {"size": 3, "workers": {"double": 1, "sum": 2, "talk": 2}}
        assert process.pid not in (None, os.getpid())
        double: PlannedLane[object, int] = PlannedLane("double", process.crew("double"))
        assert await asyncio.gather(*(double.ask(n) for n in range(12))) == [2 * n for n in range(12)]
        add_up: PlannedLane[np.ndarray, np.ndarray] = PlannedLane("sum", process.crew("sum", workers=2))
        total, writeable = await add_up.ask(np.ones(200_000, np.float32))
        assert (total, writeable) == (200_000, 0)
        with pytest.raises(EngineError, match="ValueError: odd"):
            await double.ask(13)
        with pytest.raises(EngineError, match="no such word"):
            await double.ask("break")
        assert await double.ask(4) == 8


async def test_text_comes_piece_by_piece_and_stops_when_nobody_listens() -> None:
    async with engines() as process:
        llm = LlmLane(PlannedLane("talk", process.crew("talk", workers=2)))
        assert await said(llm, "hello dear fan") == "hello dear fan "
        stream = llm.stream(prompt("on and on"), Priority.COMMITTED)
        assert [await anext(stream) for _ in range(4)] == ["on ", "and ", "on ", "on "]
        await stream.aclose()
        both = await asyncio.gather(said(llm, "one two"), said(llm, "three four"))  # needs both threads
        assert both == ["one two ", "three four "]
        await llm.prefill(prompt("on"))


# --- accidents ---


async def test_a_killed_process_is_replaced_and_its_job_is_tried_once_more() -> None:
    async with engines() as process:
        double: PlannedLane[object, int] = PlannedLane("double", process.crew("double"))
        before = process.pid
        assert before
        asking = asyncio.create_task(double.ask(21))
        await asyncio.sleep(0)
        os.kill(before, signal.SIGKILL)
        assert await asking == 42
        assert await double.ask(1) == 2
        assert process.pid != before
        assert process.restarts == len(process.recovered_s) == 1


async def test_a_job_that_kills_its_process_is_given_up_after_the_second_and_others_live_on() -> None:
    async with engines() as process:
        double: PlannedLane[object, int] = PlannedLane("double", process.crew("double"))
        with pytest.raises(EngineError, match="the test engines were lost: it ended"):
            await double.ask("die")
        assert process.restarts >= 1
        assert await double.ask(3) == 6


async def test_a_job_without_end_is_ended() -> None:
    async with engines(Patience(hang_s=0.5)) as process:
        double: PlannedLane[object, int] = PlannedLane("double", process.crew("double"))
        with pytest.raises(EngineError, match="a batch took more than 0 s, and nothing was computed"):
            await double.ask("hang")
        assert await double.ask(3) == 6


async def test_a_job_that_computes_without_end_is_ended() -> None:
    async with engines(Patience(hang_s=0.5)) as process:
        double: PlannedLane[object, int] = PlannedLane("double", process.crew("double"))
        with pytest.raises(EngineError, match=r"a batch took more than 0 s of computing"):
            await double.ask("spin")
        assert await double.ask(3) == 6


async def test_a_job_that_stands_still_is_given_up_long_before_one_that_computes() -> None:
    async with engines(Patience(hang_s=600.0, stuck_s=0.5)) as process:
        double: PlannedLane[object, int] = PlannedLane("double", process.crew("double"))
        with pytest.raises(EngineError, match=r"a batch took more than 0 s, and nothing was computed"):
            await double.ask("hang")


def test_what_a_thread_does_can_be_seen_from_outside() -> None:
    waits = threading.Event()
    thread = threading.Thread(target=waits.wait)
    thread.start()
    try:
        before = threads_of(os.getpid()) or {}
        while (
            sum(range(10_000))
            and (threads_of(os.getpid()) or {})[os.getpid()].computed_s <= before[os.getpid()].computed_s
        ):
            pass
        after = threads_of(os.getpid()) or {}
    finally:
        waits.set()
        thread.join()
    assert (after[thread.native_id or 0].wants, after[os.getpid()].wants) == (False, True)
    assert threads_of(2**22 + 1) is None


async def test_a_process_that_runs_out_of_memory_is_replaced() -> None:
    async with engines() as process:
        double: PlannedLane[object, int] = PlannedLane("double", process.crew("double"))
        with pytest.raises(EngineError, match="lost"):
            await double.ask("overflow")
        assert await double.ask(3) == 6


async def test_a_process_that_holds_too_much_memory_is_replaced() -> None:
    async with engines(Patience(max_rss_mb=1)) as process:
        first = process.pid
        async with asyncio.timeout(60):
            while process.restarts == 0:
                await asyncio.sleep(0.05)
        assert process.pid != first


def test_memory_of_whoever_started_a_process_is_not_held_against_it() -> None:
    held = np.ones(2**25)  # 256 MB
    asked = "from server.inference.worker import peak_rss_mb; print(peak_rss_mb())"
    told = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 1 < float(told.stdout) < held.nbytes / 2**20


async def test_a_stopped_process_is_noticed_by_its_silence() -> None:
    async with engines(Patience(silence_s=1.0)) as process:
        double: PlannedLane[object, int] = PlannedLane("double", process.crew("double"))
        assert process.pid
        os.kill(process.pid, signal.SIGSTOP)
        assert await double.ask(5) == 10
        assert process.restarts == 1


async def test_a_spare_goes_on_at_once_and_another_is_loaded() -> None:
    async with engines(spare=True) as process:
        double: PlannedLane[object, int] = PlannedLane("double", process.crew("double"))
        assert process.spare_ready, "the doors open when the spare is loaded too"
        for life in range(1, 4):
            before = process.pid
            asking = asyncio.create_task(double.ask(21))
            await asyncio.sleep(0)
            os.kill(before or 0, signal.SIGKILL)
            assert await asking == 42  # by the one that was killed, if it was quick
            await lost(process, life)
            assert process.ready
            assert process.pid != before
            assert process.restarts == len(process.recovered_s) == life
            await spare_of(process)


async def test_a_spare_that_is_killed_is_replaced_and_nobody_notices() -> None:
    async with engines(spare=True) as process:
        double: PlannedLane[object, int] = PlannedLane("double", process.crew("double"))
        working, spare = process.pid, process._spare
        assert spare
        os.kill(spare.pid or 0, signal.SIGKILL)
        while process._spare is spare:
            assert await double.ask(2) == 4
        await spare_of(process)
        assert (process.pid, process.restarts) == (working, 0)


async def test_both_may_be_lost_at_once() -> None:
    async with engines(spare=True) as process:
        double: PlannedLane[object, int] = PlannedLane("double", process.crew("double"))
        assert process._spare
        for pid in (process._spare.pid, process.pid):
            os.kill(pid or 0, signal.SIGKILL)
        await lost(process, 1)
        assert await double.ask(5) == 10


async def lost(process: EngineProcess, restarts: int) -> None:
    async with asyncio.timeout(60):
        while process.restarts < restarts:
            await asyncio.sleep(0.02)


async def spare_of(process: EngineProcess) -> None:
    async with asyncio.timeout(60):
        while not process.spare_ready:
            await asyncio.sleep(0.02)


async def test_a_reply_that_was_begun_is_not_said_twice() -> None:
    async with engines() as process:
        llm = LlmLane(PlannedLane("talk", process.crew("talk", workers=2)))
        stream = llm.stream(prompt("on and on"), Priority.COMMITTED)
        assert await anext(stream) == "on "
        os.kill(process.pid or 0, signal.SIGKILL)
        with pytest.raises(EngineError, match="lost"):
            [piece async for piece in stream]
        assert process.restarts == 1
        assert await said(llm, "again") == "again "


async def test_engines_that_cannot_be_loaded_say_why() -> None:
    with TemporaryDirectory() as folder:
        process = EngineProcess("test", load_nothing, folder)
        with pytest.raises(EngineError, match="the test engines cannot be loaded: no model at /nowhere"):
            await process.start()
        await process.close()


@pytest.mark.parametrize("spare", [False, True])
async def test_nothing_is_left_behind(spare: bool) -> None:
    async with engines(spare=spare) as process:
        pids = [process.pid, process._spare.pid if process._spare else process.pid]
        folder = process._folder
    assert not Path(folder).exists()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid or 0, 0)
    assert {task.get_name() for task in asyncio.all_tasks()} == {asyncio.current_task().get_name()}  # type: ignore[union-attr]


def test_a_process_ends_when_the_hall_is_gone(tmp_path: Path) -> None:
    """Its hall ended while it was still loading: nobody is left to say goodbye."""
    gone = 2**22 + 1  # beyond Linux's highest process number
    process = multiprocessing.get_context("spawn").Process(target=work, args=(f"ipc://{tmp_path}/s", load_plain, gone))
    process.start()
    process.join(60)
    assert process.exitcode == 0
