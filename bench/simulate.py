"""How many fans would one GPU serve? The real batch planner on a virtual clock, with published speeds of the models.

    python -m bench.simulate          prints fans per GPU at voice-to-voice p95 of 200 ms, with assumptions and sources

No GPU is touched and nothing here was measured on one: it says what the planner would make of the figures that others
have published. Written to out/bench/simulate.json.
"""

import argparse
import heapq
import json
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np

from bench.server_process import HOUSE
from server.batching import BatchQueue, BatchRules, Claim, LaneFullError, Priority

TARGET_MS = 200.0
SIMULATED_S = 120.0
MAX_FANS = 400

#: A fan's minute, as server/admission.py:Habits has it, drawn at random.
SPEAKS_S, LISTENS_S, THINKS_S = 4.0, 4.5, 1.2  # means; a turn is spoken, answered, thought about
PAUSES_INSIDE = 0.5  # per turn: each begins a guess that is thrown away
PARTIAL_EVERY_S = 0.3
NOTICED_S = (0.032, 0.064)  # after the voice ended: one or two frames of the voice detector
COMMIT_S = (0.10, 0.16)  # the silence that is asked for after a whole sentence
SEND_S = 0.004  # face, encoding, one hop in a data centre
CLAUSE_TOKENS, REPLY_TOKENS = 6, 30
CLAUSE_S = 1.4  # of speech in a clause


@dataclass(frozen=True, slots=True)
class Gpu:
    """Published speeds. A pair is (so many at once, milliseconds); between pairs it is a straight line."""

    name: str
    first_token_ms: tuple[tuple[int, float], ...]
    token_ms: tuple[tuple[int, float], ...]
    window_ms: float  # Whisper, one window of 30 s
    tts_rtf: float  # seconds of compute for a second of speech
    tts_first_ms: float  # to the first sound of a clause
    sources: tuple[str, ...]


GPUS = (
    Gpu(
        "H100: Llama 3.1 8B, Whisper large-v3-turbo, Kokoro",
        first_token_ms=((1, 10.26), (5, 16.8), (25, 36.34), (50, 67.41), (100, 119.97)),
        token_ms=((1, 4.63), (5, 4.58), (25, 5.19), (50, 5.91), (100, 7.57)),
        window_ms=50.3,
        tts_rtf=0.03,
        tts_first_ms=42.0,
        sources=(
            "LLM: NVIDIA NIM 1.8.0, Llama-3.1-8b-instruct, concurrency to TTFT and ITL, "
            "https://docs.nvidia.com/nim/benchmarking/llm/1.0.0/performance",
            "ASR: 120 s of speech in 0.201 s, so 50.3 ms for 30 s, on one H100, "
            "https://inferencebench.io/blog/whisper-large-v3-turbo-597x-realtime-asr-benchmark/",
            "TTS: Kokoro 82M, real-time factor 0.03 on a GPU (a smaller one), so 42 ms for the first clause, "
            "https://gigagpu.com/tts-latency-benchmarks",
        ),
    ),
    Gpu(
        "A100: Llama 3.1 8B (BF16), Whisper large-v3-turbo, VoXtream",
        first_token_ms=((1, 48.3), (8, 60.0), (64, 300.0)),
        token_ms=((1, 13.3), (8, 16.2), (64, 32.0)),
        window_ms=100.6,
        tts_rtf=0.17,
        tts_first_ms=102.0,
        sources=(
            "LLM: vLLM on A100 40GB, 75 tokens/s alone, 6.6 times that at 8; beyond 8 the line is ours, from its "
            "words 'tail latency goes vertical', https://johnmusgrave.com/p/vllm-throughput-latency-sweep-on; first "
            "token alone 48.3 ms on A100 80GB, "
            "https://docs.nvidia.com/nim/llama-3-1-nemotron-safety-guard-8b/1.10.1/performance.md",
            "ASR: twice the H100's time ('H100 offers ~2x'), "
            "https://github.com/LambdaLabsML/vllm-benchmark/blob/main/benchmark_v0.md",
            "TTS: VoXtream compiled on A100, first sound after 102 ms, real-time factor 0.17, "
            "https://deepwiki.com/herimor/voxtream/1.2-performance-characteristics",
        ),
    ),
)

ASSUMPTIONS = (
    "Whisper with our short context costs (speech + 2 s) / 30 s of the published window, at least 8 ms. Recogniser and "
    "synthesiser take one job at a time: no gain from batching is assumed for them.",
    "The three models share the GPU without slowing each other: published figures are of a GPU to itself. Divide by "
    "two for a cautious guess, or give each model its own GPU.",
    "The conversation's prefix is in the LLM's cache: the published first token stands for reading some 200 new ones.",
    "The first clause is 6 tokens and 1.4 s of speech; the reply is 30 tokens. Every reply is the language model's: "
    "none is prepared, none begins with an opening.",
    "A turn: 4 s spoken, 4.5 s heard, 1.2 s thought, exponentially spread; every other turn has a pause inside whose "
    "guess is thrown away; partials every 0.3 s.",
    "The voice detector notices after 32-64 ms, a whole sentence is committed after 100-160 ms of silence.",
)


_Job = tuple[float, Callable[[], None]]  # seconds on the GPU, and what happens then


@dataclass(slots=True)
class World:
    """The virtual clock, and a lane for each model."""

    gpu: Gpu
    rng: random.Random
    now: float = 0.0
    talking: int = 0  # replies that the LLM is making
    v2v_ms: list[float] = field(default_factory=list)
    refused: int = 0
    _events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)
    _lanes: dict[str, tuple[BatchQueue[_Job], list[int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("asr", "tts"):
            self._lanes[name] = (BatchQueue(name, BatchRules(1, max_waiting=512)), [1])
        slots = self.gpu.token_ms[-1][0]
        self._lanes["llm"] = (BatchQueue("llm", BatchRules(1, max_waiting=512), workers=slots), [slots])

    def at(self, when: float, what: Callable[[], None]) -> None:
        """Something that will happen."""
        heapq.heappush(self._events, (when, next(self._numbers), what))

    def run(self, until: float) -> None:
        """Lets time pass."""
        while self._events and self._events[0][0] <= until:
            self.now, _, what = heapq.heappop(self._events)
            what()

    def ask(self, lane: str, cost_s: float, claim: Claim, done: Callable[[], None]) -> None:
        """A job for a lane of the planner; `done` when its batch is."""
        queue, _ = self._lanes[lane]
        try:
            queue.put((cost_s, done), claim, self.now)
        except LaneFullError:
            self.refused += 1
            return
        self._start(lane)

    def _start(self, lane: str) -> None:
        queue, free = self._lanes[lane]
        while free[0] and (batch := queue.take(self.now)):
            free[0] -= 1
            took_s = sum(cost_s for (cost_s, _), _ in batch)
            self.at(self.now + took_s, lambda batch=batch, took_s=took_s: self._finish(lane, batch, took_s))  # type: ignore[misc]
        due_at = queue.due_at(self.now)
        if due_at is not None and free[0]:
            self.at(max(due_at, self.now), lambda: self._start(lane))

    def _finish(
        self, lane: str, batch: Sequence[tuple[tuple[float, Callable[[], None]], Claim]], took_s: float
    ) -> None:
        queue, free = self._lanes[lane]
        free[0] += 1
        queue.measured(len(batch), took_s)
        for (_, done), _ in batch:
            done()
        self._start(lane)

    def asr_s(self, speech_s: float) -> float:
        """One recognition with the short context."""
        return max(8.0, self.gpu.window_ms * (min(speech_s, 13.0) + 2.0) / 30.0) / 1000

    def first_token_s(self) -> float:
        """With as many replies being made as now."""
        return _between(self.gpu.first_token_ms, self.talking + 1) / 1000

    def token_s(self) -> float:
        """The same for a further token."""
        return _between(self.gpu.token_ms, self.talking + 1) / 1000


def _between(pairs: tuple[tuple[int, float], ...], at: float) -> float:
    return float(np.interp(at, [n for n, _ in pairs], [ms for _, ms in pairs]))


class SimulatedFan:
    """Speaks, is answered, thinks, and speaks again."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._name = name
        self._speech_s = 0.0
        world.at(world.rng.uniform(0, SPEAKS_S + LISTENS_S), self._begin_turn)

    def _begin_turn(self) -> None:
        world = self._world
        self._speech_s = 0.5 + world.rng.expovariate(1 / (SPEAKS_S - 0.5))
        for n in range(1, int(self._speech_s / PARTIAL_EVERY_S)):
            said_s = n * PARTIAL_EVERY_S
            world.at(world.now + said_s, lambda said_s=said_s: self._partial(said_s))  # type: ignore[misc]
        if world.rng.random() < PAUSES_INSIDE:
            world.at(world.now + world.rng.uniform(0.3, 0.9) * self._speech_s, lambda: self._answer(None))
        world.at(world.now + self._speech_s, self._end_turn)

    def _partial(self, said_s: float) -> None:
        world = self._world
        claim = Claim(Priority.PARTIAL, self._name, world.now + PARTIAL_EVERY_S)
        world.ask("asr", world.asr_s(said_s), claim, _nothing)

    def _end_turn(self) -> None:
        ended_at = self._world.now
        noticed_s = self._world.rng.uniform(*NOTICED_S)
        self._world.at(ended_at + noticed_s, lambda: self._answer(ended_at))

    def _answer(self, ended_at: float | None) -> None:
        """The final words, a reply to them, its first clause. `ended_at` None: the fan goes on, all is for nothing."""
        world = self._world
        claim = Claim(Priority.COMMITTED, self._name, world.now)
        world.ask("asr", world.asr_s(self._speech_s), claim, lambda: self._think(ended_at))

    def _think(self, ended_at: float | None) -> None:
        world = self._world
        first_s = world.first_token_s() + CLAUSE_TOKENS * world.token_s()
        whole_s = first_s + (REPLY_TOKENS - CLAUSE_TOKENS) * world.token_s() * (ended_at is not None)
        claim = Claim(Priority.SPECULATIVE, self._name, world.now)

        def ended() -> None:
            world.talking -= 1

        begun_at = world.now
        world.talking += 1
        world.ask("llm", whole_s, claim, ended)
        # The planner has begun it at once when a slot was free; the first clause is there after `first_s`.
        world.at(begun_at + first_s, lambda: self._speak(ended_at))

    def _speak(self, ended_at: float | None) -> None:
        world = self._world
        claim = Claim(Priority.SPECULATIVE, self._name, world.now)
        world.ask("tts", world.gpu.tts_first_ms / 1000, claim, lambda: self._be_heard(ended_at))

    def _be_heard(self, ended_at: float | None) -> None:
        world = self._world
        if ended_at is None:
            return
        commit_at = ended_at + world.rng.uniform(*COMMIT_S)
        heard_at = max(commit_at, world.now) + SEND_S
        world.v2v_ms.append(1000 * (heard_at - ended_at))
        listens_s = 0.5 + world.rng.expovariate(1 / (LISTENS_S - 0.5))
        for n in range(1, int(listens_s / CLAUSE_S) + 1):
            needed_at = heard_at + n * CLAUSE_S
            later = Claim(Priority.COMMITTED_LATER, self._name, needed_at)
            world.at(world.now + n * 0.05, lambda later=later: self._later(later))  # type: ignore[misc]
        world.at(heard_at + listens_s + world.rng.expovariate(1 / THINKS_S), self._begin_turn)

    def _later(self, claim: Claim) -> None:
        self._world.ask("tts", CLAUSE_S * self._world.gpu.tts_rtf, claim, _nothing)


def _nothing() -> None:
    """Nobody waits for a partial, nor, just now, for a later clause."""


def simulate(gpu: Gpu, fans: int, seed: int = 1, seconds: float = SIMULATED_S) -> dict[str, float]:
    """Percentiles of voice to voice for so many fans; fewer fans talk longer, for as many turns."""
    world = World(gpu, random.Random(seed))
    for n in range(fans):
        SimulatedFan(world, f"fan {n}")
    world.run(seconds * max(1.0, 30 / fans))
    v2v = world.v2v_ms[len(world.v2v_ms) // 10 :] or [0.0]
    p50, p95 = np.percentile(v2v, [50, 95])
    return {"p50_ms": round(float(p50), 1), "p95_ms": round(float(p95), 1), "turns": len(v2v), "refused": world.refused}


def fans_per_gpu(gpu: Gpu, target_ms: float = TARGET_MS, most: int = MAX_FANS, seconds: float = SIMULATED_S) -> int:
    """The most fans within the target; 0 when not even one is."""
    low, high = 0, 1
    while high <= most and simulate(gpu, high, seconds=seconds)["p95_ms"] <= target_ms:
        low, high = high, 2 * high
    high = min(high, most + 1)
    while high - low > 1:
        middle = (low + high) // 2
        if simulate(gpu, middle, seconds=seconds)["p95_ms"] <= target_ms:
            low = middle
        else:
            high = middle
    return low


def main(argv: Sequence[str]) -> int:
    """Prints and writes the answer for every GPU."""
    parser = argparse.ArgumentParser(prog="bench.simulate", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--out", type=Path, default=HOUSE / "out" / "bench")
    options = parser.parse_args(argv)
    found: dict[str, object] = {"target_ms": TARGET_MS, "assumptions": ASSUMPTIONS}
    for gpu in GPUS:
        fans = fans_per_gpu(gpu)
        there, alone = simulate(gpu, max(1, fans)), simulate(gpu, 1)
        print(f"{gpu.name}\n  {fans} fans at p95 <= {TARGET_MS:.0f} ms ({there}); one fan alone {alone}")
        print("  " + "\n  ".join(gpu.sources))
        found[gpu.name] = {"fans": fans, "at": there, "alone": alone, "sources": gpu.sources}
    print("Assumed:\n  " + "\n  ".join(ASSUMPTIONS))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "simulate.json").write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
