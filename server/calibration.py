"""How fast are the engines on this machine? A few seconds of work before the doors open.

The synthesiser says a sentence, the ears hear it, the mind answers it. What comes next: admission.py makes a number
of places of it.
"""

import os
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import numpy as np
import structlog

from avatar.llm import Prompt, PromptMessage
from protocol.timeline import INPUT_RATE_HZ, OUTPUT_RATE_HZ
from server.admission import Costs, fans_served
from server.batching import Priority
from server.config import Config
from server.lanes import Lanes
from speech.asr import AsrJob
from speech.resampling import Resampler
from speech.tts import SpeechJob
from speech.vad import FRAME_SAMPLES, VadJob

log = structlog.get_logger()

T = TypeVar("T")

_TIMES: Final = 3  # each piece of work; the quickest counts, the others met something else on the machine
_SENTENCE: Final = "What was the first song that you ever wrote, and do you still play it?"
_ANSWER_TOKENS: Final = 24  # a short reply


async def measure_costs(lanes: Lanes, voice: str, llm_threads: int) -> Costs:
    """Raises EngineError when an engine fails."""
    spoken, clause_s = await _timed(lambda n: lanes.tts.ask(SpeechJob(_SENTENCE, voice, 1.0, seed=-1 - n)))
    pcm16 = (np.clip(spoken.pcm, -1, 1) * 32767).astype("<i2").tobytes()
    heard = Resampler(OUTPUT_RATE_HZ).feed(pcm16)
    frames = heard[: len(heard) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    state = lanes.new_vad_state()
    _, vad_s = await _timed(lambda _: lanes.vad.ask(VadJob(frames, state)))
    _, partial_s = await _timed(lambda _: lanes.asr.ask(AsrJob(heard[: 2 * INPUT_RATE_HZ], quick=True)))
    _, final_s = await _timed(lambda _: lanes.asr.ask(AsrJob(heard)))
    _, turn_s = await _timed(lambda _: lanes.turn.ask(heard))
    _, meaning_s = await _timed(lambda _: lanes.meaning.ask(_SENTENCE))
    prompt = Prompt((PromptMessage("user", _SENTENCE),), cache_key="calibration", max_tokens=_ANSWER_TOKENS)
    _, reply_s = await _timed(lambda _: _read(lanes, prompt))
    return Costs(vad_s / len(frames), partial_s, final_s, turn_s, meaning_s, reply_s * llm_threads, clause_s)


async def _read(lanes: Lanes, prompt: Prompt) -> None:
    async for _ in lanes.llm.stream(prompt, Priority.COMMITTED):
        pass


async def _timed(ask: Callable[[int], Awaitable[T]]) -> tuple[T, float]:
    """The answer, and the seconds that the quickest took."""
    took: list[float] = []
    for n in range(_TIMES):
        began_at = time.perf_counter()
        answer = await ask(n)
        took.append(time.perf_counter() - began_at)
    return answer, min(took)


async def measured_capacity(lanes: Lanes, voice: str, config: Config) -> int:
    """How many fans this machine can serve. Raises EngineError."""
    costs = await measure_costs(lanes, voice, config.llm.threads if config.llm.engine == "llamacpp" else 1)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    capacity = fans_served(costs, cores, elsewhere=computed_elsewhere(config))
    shown: dict[str, Any] = {name: round(1000 * getattr(costs, name), 2) for name in Costs.__slots__}
    log.info("capacity_measured", fans=capacity, cores=cores, core_ms=shown)
    return capacity


def computed_elsewhere(config: Config) -> dict[str, int]:
    """Lanes that use a GPU or another machine and not these cores, and how many jobs each takes at once."""
    on_gpu = config.gpu.device.startswith("cuda")
    found: dict[str, int] = {}
    if config.asr.device == "cuda":
        found["asr"] = config.asr.workers * config.asr.max_batch
    if config.llm.engine == "openai" or (config.llm.engine == "transformers" and on_gpu):
        found["llm"] = config.llm.slots
    if config.tts.engine in ("vits", "xtts") and on_gpu:
        found["tts"] = config.tts.max_batch if config.tts.engine == "vits" else 1
    return found
