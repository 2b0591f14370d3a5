"""Which engines there are: the only file that names concrete ones, and builds the lanes from them.

Engines that share a process are a group. `load_engines` loads every group into this process; `start_engines` does
too, or gives each group a process of its own, as `workers.mode` says. What only some processes need is imported where
it is needed, because a process that starts anew while fans wait should import no more than it runs.
What comes next: room.py hands the lanes to the sessions.
"""

import tempfile
from asyncio import gather
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from avatar.llm import LlmEngine
from protocol.errors import EngineError
from server.batching import BatchRules
from server.config import Config
from server.inference.niceness import made_yielding
from server.inference.planned import Crew, PlannedLane, ThreadCrew
from server.inference.worker import Group, Work
from server.lanes import Lanes, LlmLane, run_llm
from server.model_store.store import open_store
from server.voice_clones import consents_to_clone
from speech.consent import VoiceConsents
from speech.tts import TtsEngine

if TYPE_CHECKING:
    from server.inference.crew import EngineProcess


def load_ears(_: Config) -> Group:
    """Is there a voice?"""
    from speech.engines.silero import SileroVad

    vad = SileroVad(open_store().path("silero-vad") / "model.onnx")
    return Group({"vad": Work(vad.run)}, {"vad_state": vad.new_state()})


def load_intonation(_: Config) -> Group:
    """Does the turn sound over?"""
    from speech.engines.smart_turn import SmartTurn

    return Group({"turn": Work(SmartTurn(open_store().path("smart-turn") / "model.onnx").run)})


def load_recogniser(config: Config) -> Group:
    """What was said?"""
    from speech.engines.whisper import Whisper

    asr = Whisper(
        open_store().path(config.asr.model),
        threads=config.asr.threads,
        workers=config.asr.workers,
        compute_type=config.asr.compute_type,
        device=config.asr.device,
    )
    return Group({"asr": Work(asr.run, config.asr.workers)}, {"languages": asr.languages})


def load_reader(_: Config) -> Group:
    """What do the words mean, and are they a whole sentence?"""
    from avatar.engines.llamacpp import load_gguf
    from avatar.engines.minilm import MiniLm
    from speech.engines.next_word import CONTEXT_TOKENS, SLOTS, NextWord

    store = open_store()
    meaning = MiniLm(store.path("minilm"))
    small = load_gguf(store.path("smollm2-135m") / "model.gguf", threads=1, slots=SLOTS, context_tokens=CONTEXT_TOKENS)
    ending = NextWord(small)
    return Group({"meaning": Work(meaning.run), "ending": Work(ending.run)}, close=ending.close)


def load_mind(config: Config) -> Group:
    """What to answer?"""
    llm = made_yielding(partial(load_llm, config))
    return Group({"llm": Work(run_llm(llm), config.llm.slots)}, {"goes_on": llm.goes_on}, close=llm.close)


def load_llm(config: Config) -> LlmEngine:
    """The configured language model. Raises ModelError or EngineError."""
    if config.llm.engine == "openai":
        from avatar.engines.openai_http import OpenAiHttpEngine

        return OpenAiHttpEngine(
            config.llm.base_url, config.llm.model, api_key=config.llm.api_key, slots=config.llm.slots
        )
    if config.llm.engine == "transformers":
        from avatar.engines.transformers_llm import TransformersEngine

        return TransformersEngine(
            config.llm_model(),
            device=config.gpu.device,
            dtype=config.gpu.dtype,
            slots=config.llm.slots,
            context_tokens=config.llm.context_tokens,
            cuda_graphs=config.gpu.cuda_graphs,
            max_batch_tokens=config.gpu.max_batch_tokens,
        )
    from avatar.engines.llamacpp import LlamaCppEngine

    path = open_store().path(config.llm_model())
    return LlamaCppEngine(
        path / "model.gguf" if path.is_dir() else path,
        threads=config.llm.threads,
        slots=config.llm.slots,
        context_tokens=config.llm.context_tokens,
    )


def load_voice(config: Config) -> Group:
    """How does it sound?"""
    tts = load_tts(config)
    workers = config.tts.streams if config.tts.engine == "xtts" else 1
    return Group({"tts": Work(tts.run, workers)}, {"voices": tts.voices(), "timing": tts.timing})


def load_tts(config: Config) -> TtsEngine:
    """The configured synthesiser. Raises EngineError, VoiceConsentError among them."""
    if config.tts.engine == "hibari":
        from speech.engines.hibari import Hibari

        return Hibari(threads=config.tts.threads)
    if not config.tts.model:
        raise EngineError(f"tts.model is empty: name the folder of the model for tts.engine = {config.tts.engine!r}")
    if config.tts.engine == "piper":
        from speech.engines.piper import Piper

        voices = Path(config.tts.model)
        return Piper(voices if voices.exists() else open_store().path(config.tts.model), threads=config.tts.threads)
    if config.tts.engine == "vits":
        from speech.engines.vits import VitsVoices

        return VitsVoices(Path(config.tts.model), device=config.gpu.device, dtype=config.gpu.dtype)
    from speech.engines.xtts import XttsVoices

    return XttsVoices(
        Path(config.tts.model), device=config.gpu.device, dtype=config.gpu.dtype, consents=consents_to_clone(config)
    )


#: The voice detector stays in the server's process: 31 times a second and fan it is asked for 0.2 ms of work, and while
#: it was away nobody could be heard.
EARS: Final = load_ears
GROUPS: Final[Mapping[str, Callable[[Config], Group]]] = {
    "intonation": load_intonation,
    "recogniser": load_recogniser,
    "reader": load_reader,
    "mind": load_mind,
    "voice": load_voice,
}


def batch_rules(config: Config) -> dict[str, BatchRules]:
    """Batches where they cost less than their jobs one by one; llama.cpp batches its slots itself."""
    return {
        "vad": BatchRules(max_batch=8),
        "turn": BatchRules(max_batch=8),
        "asr": BatchRules(max_batch=config.asr.max_batch),
        "meaning": BatchRules(max_batch=8),
        "ending": BatchRules(max_batch=1),
        "llm": BatchRules(max_batch=1),
        "tts": BatchRules(max_batch=config.tts.max_batch if config.tts.engine == "vits" else 1),
    }


def computes_here(group: str, config: Config) -> bool:
    """Whether the group's engines want a core whenever they have work. One on a GPU, or behind HTTP, only waits."""
    match group:
        case "recogniser":
            return config.asr.device == "cpu"
        case "mind":
            return config.llm.engine == "llamacpp"
        case "voice":
            return config.tts.engine in ("hibari", "piper")
    return True


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines, loaded, here or in processes of their own."""

    lanes: Lanes
    voices: tuple[str, ...]
    groups: tuple[Group, ...] = ()
    processes: "tuple[EngineProcess, ...]" = ()
    folder: "tempfile.TemporaryDirectory[str] | None" = None

    def close(self) -> None:
        """Ends the lanes and frees the engines of this process."""
        self.lanes.close()
        for group in self.groups:
            group.close()

    async def end(self) -> None:
        """The same, and ends the other processes."""
        self.close()
        await gather(*(process.close() for process in self.processes))
        if self.folder:
            self.folder.cleanup()


def load_engines(config: Config) -> Engines:
    """Every engine in this process, each lane with threads of its own. Raises ModelError or EngineError."""
    consents = consents_to_clone(config)
    groups = tuple(load(config) for load in (EARS, *GROUPS.values()))
    return _build(config, consents, groups, ())


async def start_engines(config: Config) -> Engines:
    """Every engine, where `workers.mode` says. Raises ModelError or EngineError."""
    if config.workers.mode == "threads":
        return load_engines(config)
    from server.inference.crew import EngineProcess
    from server.inference.patience import Patience

    consents = consents_to_clone(config)  # refused before anything is begun
    folder = tempfile.TemporaryDirectory(prefix="stagedoor-")  # only this user may enter it
    told = config.workers
    patience = Patience(told.silence_s, told.hang_s, max_rss_mb=told.max_rss_mb)
    processes = tuple(
        EngineProcess(
            name,
            partial(load, config),
            folder.name,
            replace(patience, stuck_s=told.stuck_s) if computes_here(name, config) else patience,
            spare=told.spares,
        )
        for name, load in GROUPS.items()
    )
    started = await gather(*(process.start() for process in processes), return_exceptions=True)
    failed = next((result for result in started if isinstance(result, BaseException)), None)
    if failed:
        await gather(*(process.close() for process in processes))
        folder.cleanup()
        raise failed
    return _build(config, consents, (EARS(config),), processes, folder)


def _build(
    config: Config,
    consents: VoiceConsents,
    groups: tuple[Group, ...],
    processes: "tuple[EngineProcess, ...]",
    folder: "tempfile.TemporaryDirectory[str] | None" = None,
) -> Engines:
    crews: dict[str, Crew[Any, Any]] = {
        lane: ThreadCrew(lane, work.run, work.workers) for group in groups for lane, work in group.lanes.items()
    }
    for process in processes:
        crews |= {lane: process.crew(lane, workers) for lane, workers in process.facts["workers"].items()}
    known = (*(group.facts for group in groups), *(process.facts for process in processes))
    facts = {key: fact for each in known for key, fact in each.items()}
    return Engines(_lanes(config, consents, crews, facts), facts["voices"], groups, processes, folder)


def _lanes(
    config: Config, consents: VoiceConsents, crews: Mapping[str, Crew[Any, Any]], facts: Mapping[str, Any]
) -> Lanes:
    from server.prepared import PreparedSpeech

    rules = batch_rules(config)
    lanes: dict[str, PlannedLane[Any, Any]] = {
        name: PlannedLane(name, crew, rules[name]) for name, crew in crews.items()
    }
    speech = PreparedSpeech(lanes["tts"], consents)
    return Lanes(
        vad=lanes["vad"],
        new_vad_state=lambda: facts["vad_state"],  # frozen: every session may begin with the same
        languages=facts["languages"],
        turn=lanes["turn"],
        asr=lanes["asr"],
        tts=speech,
        forget_speech=speech.forget,
        meaning=lanes["meaning"],
        ending=lanes["ending"],
        llm=LlmLane(lanes["llm"], goes_on=facts["goes_on"]),
        timing=facts["timing"],
        status=lambda: {name: lane.status() for name, lane in lanes.items()},
    )
