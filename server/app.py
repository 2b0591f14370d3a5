"""The `stagedoor` command, and the only file that names concrete engines.

run     serve fans                    talk    try a persona in the terminal
models  pull, list, verify
"""

import argparse
import asyncio
import os
import secrets
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from avatar.engines.llamacpp import LlamaCppEngine
from avatar.engines.minilm import MiniLm
from avatar.engines.openai_http import OpenAiHttpEngine
from avatar.llm import LlmEngine
from avatar.persona import Persona, PersonaError, load_personas
from protocol.errors import StagedoorError
from server.config import Config, ConfigError, load_config
from server.lanes import Lanes, LlmLane, ThreadLane, run_llm
from server.listener import ListenError, bind, build_asgi, build_server
from server.logs import set_up_logs
from server.model_store.cli import models_command
from server.model_store.store import ModelError, ModelStore, open_store
from server.prepared import PreparedSpeech
from server.room import Room, RoomRules
from server.session import SessionSettings
from server.talk import talk_command
from server.tokens import JoinClaims, TokenSigner
from speech.engines.hibari import Hibari
from speech.engines.silero import SileroVad
from speech.engines.smart_turn import SmartTurn
from speech.engines.whisper import Whisper

PERSONAS = Path(__file__).resolve().parents[1] / "personas"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
LINK_VALID_S = 12 * 3600

_UsageError = (ConfigError, PersonaError, ModelError, ListenError, StagedoorError)


@dataclass(frozen=True, slots=True)
class Engines:
    """The models, loaded. `close` frees them."""

    lanes: Lanes
    llm: LlmEngine
    voices: tuple[str, ...]

    def close(self) -> None:
        """Ends the workers, then frees the language model."""
        self.lanes.close()
        self.llm.close()


def main(argv: Sequence[str]) -> int:
    """Runs the command; the exit code is 0, 1 for what went wrong, or 2 for what was asked wrongly."""
    if argv and argv[0] == "models":
        return models_command(argv[1:])
    arguments = _parser().parse_args(argv)
    try:
        config = load_config(arguments.config, os.environ)
        set_up_logs(config.log)
        if arguments.command == "talk":
            return talk(config, arguments.persona, speak=arguments.speak)
        asyncio.run(serve(config))
    except _UsageError as error:
        sys.stderr.write(f"stagedoor: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stagedoor", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--config", type=Path, help="a TOML file; environment variables go over it")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="serve fans")
    talk_parser = commands.add_parser("talk", help="try a persona in the terminal")
    talk_parser.add_argument("persona", nargs="?", default="", help="a persona's id; default: the configured one")
    talk_parser.add_argument("--speak", action="store_true", help="use the microphone and loudspeaker")
    commands.add_parser("models", help="pull, list or verify the models")
    return parser


def build_engines(config: Config, store: ModelStore) -> Engines:
    """Loads every model that the configuration names. Raises ModelError or EngineError."""
    vad = SileroVad(store.path("silero-vad") / "model.onnx")
    turn = SmartTurn(store.path("smart-turn") / "model.onnx")
    asr = Whisper(
        store.path(config.asr.model),
        threads=config.asr.threads,
        workers=config.asr.workers,
        compute_type=config.asr.compute_type,
    )
    tts = Hibari(threads=config.tts.threads)
    meaning = MiniLm(store.path("minilm"))
    llm = build_llm(config, store)
    lanes = Lanes(
        vad=ThreadLane("vad", vad.run),
        new_vad_state=vad.new_state,
        languages=asr.languages,
        turn=ThreadLane("turn", turn.run),
        asr=ThreadLane("asr", asr.run, workers=config.asr.workers, max_batch=4),
        tts=PreparedSpeech(ThreadLane("tts", tts.run, max_batch=1)),
        meaning=ThreadLane("meaning", meaning.run),
        llm=LlmLane(ThreadLane("llm", run_llm(llm), workers=llm.slots, max_batch=1)),
    )
    return Engines(lanes, llm, tts.voices())


def build_llm(config: Config, store: ModelStore) -> LlmEngine:
    """The configured language model. Raises ModelError or EngineError."""
    if config.llm.engine == "openai":
        return OpenAiHttpEngine(
            config.llm.base_url, config.llm.model, api_key=config.llm.api_key, slots=config.llm.slots
        )
    path = store.path(config.llm_model())
    return LlamaCppEngine(
        path / "model.gguf" if path.is_dir() else path,
        threads=config.llm.threads,
        slots=config.llm.slots,
        context_tokens=config.llm.context_tokens,
    )


def build_personas(config: Config) -> Mapping[str, Persona]:
    """The personas that come with the house, and those of the configured folder over them. Raises PersonaError."""
    personas = load_personas(PERSONAS)
    if config.server.personas:
        personas = {**personas, **load_personas(Path(config.server.personas))}
    if config.server.persona not in personas:
        raise PersonaError(f"no persona {config.server.persona!r}; there are: {', '.join(sorted(personas))}")
    return personas


def check_voices(personas: Iterable[Persona], voices: Collection[str]) -> None:
    """Raises PersonaError for a voice that the synthesiser does not have."""
    for persona in personas:
        if persona.voice not in voices:
            raise PersonaError(f"{persona.id}: voice: no voice {persona.voice!r}; there are: {', '.join(voices)}")


def build_room(config: Config, lanes: Lanes, personas: Mapping[str, Persona]) -> Room:
    """The room that the configuration describes."""
    required = config.access.tokens == "required" or (
        config.access.tokens == "auto" and config.server.host not in LOOPBACK
    )
    rules = RoomRules(config.server.persona, config.server.max_sessions, required, config.wire_limits())
    signer = TokenSigner(config.access.secret or secrets.token_hex(32))
    settings = SessionSettings(max_tokens=config.llm.max_tokens, greet=config.server.greet)
    return Room(lanes, personas, signer, rules, settings)


async def serve(config: Config) -> None:
    """Serves until it is told to stop. Raises ListenError, ModelError, EngineError or PersonaError."""
    personas = build_personas(config)
    listening = bind(config.server.host, config.server.port)
    try:
        engines = build_engines(config, open_store())
        try:
            check_voices(personas.values(), engines.voices)
            room = build_room(config, engines.lanes, personas)
            server = build_server(build_asgi(room, config.access.origins))
            _say_where(config, listening.getsockname()[1], room)
            rehearsal = asyncio.create_task(room.rehearse(), name="rehearsal")
            await server.serve(sockets=[listening])
            rehearsal.cancel()
        finally:
            engines.close()
    finally:
        listening.close()


def _say_where(config: Config, port: int, room: Room) -> None:
    host = f"[{config.server.host}]" if ":" in config.server.host else config.server.host
    address = f"http://{host}:{port}"
    token = room.signer.sign(JoinClaims(persona=config.server.persona), valid_s=LINK_VALID_S)
    sys.stdout.write(f"\nStagedoor listens on {address}\nJoin link: {address}/#join={token}\n\n")
    sys.stdout.flush()


def talk(config: Config, persona_id: str, *, speak: bool) -> int:
    """The terminal conversation."""
    personas = build_personas(config)
    persona = personas.get(persona_id or config.server.persona)
    if persona is None:
        raise PersonaError(f"no persona {persona_id!r}; there are: {', '.join(sorted(personas))}")
    engines = build_engines(config, open_store())
    try:
        check_voices([persona], engines.voices)
        return talk_command(engines.lanes, persona, config.llm.max_tokens, speak=speak)
    finally:
        engines.close()
