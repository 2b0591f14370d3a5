"""What batching gains: each engine at 1, 2, 4 and 8 jobs in a call, beside itself one by one, in the same run.

Also what it costs to have an engine in a process of its own. What comes next: lanes.py puts it beside load.py.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from avatar.engines.llamacpp import LlamaCppEngine
from avatar.engines.minilm import MiniLm
from avatar.llm import Prompt, PromptMessage
from bench.clips import Clip, load_clips
from server.app import load_reader, load_voice
from server.config import Config
from server.inference.crew import EngineProcess
from server.inference.planned import PlannedLane, ThreadCrew
from server.inference.worker import Group
from server.model_store.store import ModelStore
from speech.asr import AsrJob
from speech.engines.hibari import Hibari
from speech.engines.silero import SileroVad
from speech.engines.smart_turn import SmartTurn
from speech.engines.whisper import Whisper
from speech.tts import SpeechJob
from speech.vad import FRAME_SAMPLES, VadJob

SIZES = (1, 2, 4, 8)
N_JOBS = 8  # in one round of one size
ROUNDS = 5  # the sizes take turns, so that other work on the machine meets all of them
REPLY_TOKENS = 16
OVERHEAD_JOBS = 200

Figure = float | int | str | None
#: Runs N_JOBS jobs, so many in a call; returns how long each call took.
Round = Callable[[int], list[float]]


def measure_batches(config: Config, store: ModelStore, clips: Path, rounds: int = ROUNDS) -> dict[str, Figure]:
    """Throughput, the 95th percentile of a call, and the gain over one by one, for every engine."""
    figures: dict[str, Figure] = {}
    for name, load in _loaders(config, store, load_clips(clips)).items():
        run, close = load()
        run(1)  # warm
        took: dict[int, list[list[float]]] = {size: [] for size in SIZES}
        for _ in range(rounds):
            for size in SIZES:
                took[size].append(run(size))
        close()
        figures |= _gains(name, took)
        print(
            "  " + "  ".join(f"{key} {figures[key]}" for key in figures if key.startswith(f"{name}_batch8")), flush=True
        )
    return figures


def _gains(name: str, took: dict[int, list[list[float]]]) -> dict[str, Figure]:
    """The gain is the median over rounds of the time one by one, by that of the same round in batches."""
    figures: dict[str, Figure] = {}
    for size, rounds in took.items():
        calls = sorted(1000 * call for calls in rounds for call in calls)
        total_s = statistics.median(sum(calls) for calls in rounds)
        gain = statistics.median(sum(one) / sum(many) for one, many in zip(took[1], rounds, strict=True))
        figures[f"{name}_batch{size}_jobs_per_s"] = round(N_JOBS / total_s, 2)
        figures[f"{name}_batch{size}_p95_ms"] = round(float(np.percentile(calls, 95)), 1)
        figures[f"{name}_batch{size}_speedup"] = round(gain, 2)
    return figures


def _loaders(config: Config, store: ModelStore, clips: Sequence[Clip]) -> dict[str, Callable[[], tuple[Round, Any]]]:
    speech = sorted((clip for clip in clips if clip.text and 1.5 < clip.seconds < 8), key=lambda clip: clip.seconds)
    heard = [clip.pcm for clip in speech[:: max(1, len(speech) // N_JOBS)]][:N_JOBS]
    texts = [f"I wrote song number {n} on a night train to Lisbon." for n in range(N_JOBS)]

    def asr() -> tuple[Round, Any]:
        engine = Whisper(store.path(config.asr.model), threads=config.asr.threads)
        return partial(_in_calls, engine.run, [AsrJob(pcm, "en", quick=True) for pcm in heard]), _nothing

    def vad() -> tuple[Round, Any]:
        engine = SileroVad(store.path("silero-vad") / "model.onnx")
        jobs = [VadJob(pcm[: 16 * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES), engine.new_state()) for pcm in heard]
        return partial(_in_calls, engine.run, jobs), _nothing

    def turn() -> tuple[Round, Any]:
        return partial(_in_calls, SmartTurn(store.path("smart-turn") / "model.onnx").run, heard), _nothing

    def meaning() -> tuple[Round, Any]:
        return partial(_in_calls, MiniLm(store.path("minilm")).run, texts), _nothing

    def tts() -> tuple[Round, Any]:
        engine = Hibari(threads=config.tts.threads)
        return partial(_in_calls, engine.run, [SpeechJob(text, "heart", 1.0, 1) for text in texts]), _nothing

    def llm() -> tuple[Round, Any]:
        path = store.path(config.llm_model()) / "model.gguf"
        engine = LlamaCppEngine(path, threads=config.llm.threads, slots=max(SIZES), context_tokens=512)
        pool = ThreadPoolExecutor(max(SIZES))
        return partial(_streams, engine, pool, texts), engine.close

    return {"asr": asr, "vad": vad, "turn": turn, "meaning": meaning, "tts": tts, "llm": llm}


def _in_calls(run: Callable[[Sequence[Any]], Sequence[Any]], jobs: Sequence[Any], size: int) -> list[float]:
    took = []
    for begin in range(0, len(jobs), size):
        began_at = time.perf_counter()
        results = run(jobs[begin : begin + size])
        took.append(time.perf_counter() - began_at)
        for result in results:
            if isinstance(result, Exception):
                raise result
    return took


def _streams(engine: LlamaCppEngine, pool: ThreadPoolExecutor, texts: Sequence[str], size: int) -> list[float]:
    """Replies of the same length, so many at the same time; each conversation has its slot, read before."""
    prompts = [
        Prompt((PromptMessage("user", f"{text} Tell me about it."),), f"fan {n}", REPLY_TOKENS)
        for n, text in enumerate(texts)
    ]
    for prompt in prompts:
        engine.prefill(prompt)
    took = []
    for begin in range(0, len(prompts), size):
        began_at = time.perf_counter()
        list(pool.map(lambda prompt: engine.stream(prompt, lambda _: True), prompts[begin : begin + size]))
        took.append(time.perf_counter() - began_at)
    return took


def _nothing() -> None:
    """These engines are freed with their last use."""


# --- threads or processes ---


async def measure_overhead(config: Config) -> dict[str, Figure]:
    """What a job takes in a lane of threads and in one of a process, and what the process adds; medians of the same
    jobs, asked by turns.
    """
    with tempfile.TemporaryDirectory() as folder:
        process = {
            name: EngineProcess(name, partial(load, config), folder)
            for name, load in {"reader": load_reader, "voice": load_voice}.items()
        }
        await asyncio.gather(*(each.start() for each in process.values()))
        try:
            meaning = await _both(load_reader(config), process["reader"], "meaning", _meaning_job, OVERHEAD_JOBS)
            tts = await _both(load_voice(config), process["voice"], "tts", _tts_job, OVERHEAD_JOBS // 8)
        finally:
            await asyncio.gather(*(each.close() for each in process.values()))
    return meaning | tts


async def _both(
    group: Group, process: EngineProcess, lane: str, job: Callable[[int], Any], n: int
) -> dict[str, Figure]:
    work = group.lanes[lane]
    threads: PlannedLane[Any, Any] = PlannedLane(lane, ThreadCrew(lane, work.run, 1))
    remote: PlannedLane[Any, Any] = PlannedLane(lane, process.crew(lane))
    threads_ms, process_ms = [], []
    for i in range(n):
        asked = job(i)
        threads_ms.append(await _ms(threads.ask(asked)))
        process_ms.append(await _ms(remote.ask(asked)))
    threads.close()
    medians = [statistics.median(each[n // 10 :]) for each in (threads_ms, process_ms)]
    return {
        f"{lane}_thread_lane_ms": round(medians[0], 3),
        f"{lane}_process_lane_ms": round(medians[1], 3),
        f"{lane}_process_adds_ms": round(medians[1] - medians[0], 3),
    }


async def _ms(asked: Awaitable[Any]) -> float:
    began_at = time.perf_counter()
    await asked
    return 1000 * (time.perf_counter() - began_at)


def _meaning_job(n: int) -> str:
    return f"What is the name of cat number {n}?"


def _tts_job(n: int) -> SpeechJob:
    return SpeechJob("My cat is called Miso.", "heart", 1.0, seed=n)
