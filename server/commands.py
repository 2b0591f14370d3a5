"""The `stagedoor` command.

run     serve fans                    talk    try a persona in the terminal
models  pull, list, verify      conformance  prove a server or a client
creators  make accounts         store   bring its tables up to date
events  plan, open, close, report    voice   consents to cloned voices

What comes next: app.py loads the engines, listener.py lets the world in.
"""

import argparse
import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from avatar.persona import Persona, PersonaError, load_personas
from protocol.errors import StagedoorError
from server.after.keepsake import files_of
from server.after.opening import open_archive
from server.after.pages import KeepsakePages
from server.after.report_routes import report_router
from server.api.app import build_api
from server.api.cli import creators_command, store_command
from server.api.house import House
from server.api.opening import open_house
from server.app import Engines, load_engines, start_engines
from server.calibration import measured_capacity
from server.config import Config, ConfigError, load_config
from server.conformance.cli import conformance_command
from server.event_commands import events_command
from server.events.desks import Desks
from server.events.personas import find_persona
from server.lanes import Lanes
from server.listener import ListenError, bind, build_asgi, build_server
from server.logs import set_up_logs
from server.model_store.cli import models_command
from server.model_store.store import ModelError
from server.page_files import looks_of
from server.room import Room, RoomRules
from server.shared import SessionSettings
from server.stage.backstage import Backstage
from server.stage.record import StoredRecord
from server.store.engine import StoreError
from server.talk import talk_command
from server.tokens import LONGEST_VALID_S, JoinClaims
from server.voice_consent import voice_command

PERSONAS = Path(__file__).resolve().parents[1] / "personas"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

#: Commands with arguments of their own.
_OTHERS: Mapping[str, Callable[[Sequence[str]], int]] = {
    "models": models_command,
    "conformance": conformance_command,
    "creators": creators_command,
    "events": lambda argv: events_command(argv, build_personas),
    "store": store_command,
    "voice": voice_command,
}
_UsageError = (ConfigError, PersonaError, ModelError, ListenError, StagedoorError, StoreError)


def main(argv: Sequence[str]) -> int:
    """Runs the command; the exit code is 0, 1 for what went wrong, or 2 for what was asked wrongly."""
    if argv and argv[0] in _OTHERS:
        return _OTHERS[argv[0]](argv[1:])
    arguments = _parser().parse_args(argv)
    if arguments.command in _OTHERS:
        _parser().error(f"--config stands behind {arguments.command}, where it takes one")
    try:
        config = load_config(arguments.config, os.environ)
        set_up_logs(config.log)
        if arguments.command == "talk":
            return talk(config, arguments.persona, speak=arguments.speak)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _interrupt)
        asyncio.run(serve(config))
    except _UsageError as error:
        sys.stderr.write(f"stagedoor: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def _interrupt(*_: object) -> None:
    """Uvicorn raises a signal anew when it has stopped; as an exception it lets all that is open be closed."""
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stagedoor", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--config", type=Path, help="a TOML file; environment variables go over it")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="serve fans")
    talk_parser = commands.add_parser("talk", help="try a persona in the terminal")
    talk_parser.add_argument("persona", nargs="?", default="", help="a persona's id; default: the configured one")
    talk_parser.add_argument("--speak", action="store_true", help="use the microphone and loudspeaker")
    commands.add_parser("models", help="pull, list or verify the models")
    commands.add_parser("conformance", help="prove a server or a client by the protocol")
    commands.add_parser("creators", help="make and list creators' accounts")
    commands.add_parser("events", help="plan, open, watch and close events, invite fans, read reports")
    commands.add_parser("store", help="bring the store's tables up to date")
    commands.add_parser("voice", help="sign and check consents to cloned voices")
    return parser


def build_personas(config: Config) -> Mapping[str, Persona]:
    """The personas that come with the house, and those of the configured folder over them. Raises PersonaError."""
    personas = load_personas(PERSONAS)
    if config.server.personas:
        personas = {**personas, **load_personas(Path(config.server.personas))}
    check_looks(personas.values(), own_folder(config))
    if config.server.persona not in personas:
        raise PersonaError(f"no persona {config.server.persona!r}; there are: {', '.join(sorted(personas))}")
    return personas


def own_folder(config: Config) -> Path | None:
    """The operator's own personas, and the avatars that they bring."""
    return Path(config.server.personas) if config.server.personas else None


def check_looks(personas: Iterable[Persona], folder: Path | None) -> None:
    """Raises PersonaError for a look whose file is neither beside the operator's personas nor in the house."""
    known = sorted({path.stem for place in looks_of(folder) for path in place.glob("*.glb")})
    for persona in personas:
        if persona.look not in known:
            raise PersonaError(f"{persona.id}: look: no file {persona.look}.glb; there are: {', '.join(known)}")


def check_voices(personas: Iterable[Persona], voices: Collection[str]) -> None:
    """Raises PersonaError for a voice that the synthesiser does not have."""
    for persona in personas:
        if persona.speaker not in voices and persona.voice_consent:
            raise PersonaError(
                f"{persona.id}: voice_consent: nothing clones {persona.voice!r}: it needs tts.engine xtts, "
                "and the persona in the folder that server.personas names"
            )
        if persona.speaker not in voices:
            raise PersonaError(f"{persona.id}: voice: no voice {persona.voice!r}; there are: {', '.join(voices)}")


def build_room(config: Config, lanes: Lanes, house: House) -> Room:
    """The room that the configuration describes."""
    required = config.access.tokens == "required" or (
        config.access.tokens == "auto" and config.server.host not in LOOPBACK
    )
    rules = RoomRules(
        config.server.persona,
        config.server.max_sessions,
        required,
        config.wire_limits(),
        config.admission.max_waiting,
        config.admission.visit_s,
    )
    settings = SessionSettings(max_tokens=config.llm.max_tokens, greet=config.server.greet)
    return Room(lanes, house.personas, house.signer, rules, settings)


def with_measured_capacity(config: Config, fans: int) -> Config:
    """The same, for so many fans."""
    return msgspec.structs.replace(config, server=msgspec.structs.replace(config.server, max_sessions=fans))


async def serve(config: Config) -> None:
    """Serves until it is told to stop. Raises ListenError, StoreError, ModelError, EngineError or PersonaError."""
    personas = build_personas(config)
    listening = bind(config.server.host, config.server.port)
    try:
        async with open_house(config, personas) as house:
            engines = await start_engines(config)
            try:
                await _serve(config, listening, engines, house)
            finally:
                await engines.end()
    finally:
        listening.close()


async def _serve(config: Config, listening: socket.socket, engines: Engines, house: House) -> None:
    def check(*personas: Persona) -> None:
        check_looks(personas, own_folder(config))
        check_voices(personas, engines.voices)

    check(*house.personas.values())
    house.check_persona = check
    if not config.server.max_sessions:
        persona = house.personas[config.server.persona]
        config = with_measured_capacity(config, await measured_capacity(engines.lanes, persona.speaker, config))
    room = build_room(config, engines.lanes, house)
    room.desks = Desks(
        house.store,
        partial(find_persona, house.store, house.personas),
        room,
        away_s=config.limits.max_away_s,
        address=config.access.public_url,
    )
    house.changed = room.desks.changed
    room.backstage = backstage = Backstage(room.desks, StoredRecord(house.store), engines.lanes, room.vitals)
    room.desks.companions.append(backstage)
    async with open_archive(house.store, house.store.folder, engines.lanes.tts) as archive:
        house.forget = archive.forget
        house.files = partial(files_of, archive.shelf.folder)
        room.desks.companions.append(archive)
        server = build_server(
            build_asgi(
                room,
                (*config.access.origins, config.access.public_url),
                own_folder(config),
                build_api(house, [report_router(archive)]),
                config.server.max_connections_per_address,
                KeepsakePages(archive).routes(),
            )
        )
        _say_where(config, listening.getsockname()[1], room)
        rehearsal = asyncio.create_task(room.rehearse(), name="rehearsal")
        try:
            await server.serve(sockets=[listening])
        finally:
            rehearsal.cancel()
            await room.close()


def _say_where(config: Config, port: int, room: Room) -> None:
    host = f"[{config.server.host}]" if ":" in config.server.host else config.server.host
    address = f"http://{host}:{port}"
    token = room.signer.sign(JoinClaims(persona=config.server.persona), valid_s=LONGEST_VALID_S)
    sys.stdout.write(f"\nStagedoor listens on {address}\nJoin link: {address}/#join={token}\n\n")
    sys.stdout.flush()


def talk(config: Config, persona_id: str, *, speak: bool) -> int:
    """The terminal conversation."""
    personas = build_personas(config)
    persona = personas.get(persona_id or config.server.persona)
    if persona is None:
        raise PersonaError(f"no persona {persona_id!r}; there are: {', '.join(sorted(personas))}")
    engines = load_engines(config)
    try:
        check_voices([persona], engines.voices)
        return talk_command(engines.lanes, persona, config.llm.max_tokens, speak=speak)
    finally:
        engines.close()
