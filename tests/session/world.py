"""A whole server around scripted engines on a virtual clock, and a fan who talks with it through a fake socket."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from avatar.engines.scripted import ScriptedLlm, ScriptedMeaning
from avatar.persona import Persona, load_personas
from protocol.codec import Codec
from protocol.messages import (
    SUBPROTOCOL_MSGPACK,
    AudioChunk,
    ClientMessage,
    DisclosureAcknowledged,
    ErrorMessage,
    Hello,
    Leave,
    Limits,
    PlaybackMark,
    ReplyCancelled,
    ReplyChunk,
    ServerMessage,
    Transcript,
)
from protocol.timeline import INPUT_RATE_HZ, OUTPUT_RATE_HZ
from server.connection import Connection, SocketClosedError
from server.lanes import InlineLane, Lanes, LlmLane, run_llm
from server.prepared import PreparedSpeech
from server.room import Room, RoomRules
from server.shared import SessionSettings
from server.tokens import TokenSigner
from speech.engines.scripted import ScriptedAsr, ScriptedEnding, ScriptedTts, ScriptedTurn, ScriptedVad, spoken_line

M = TypeVar("M", bound=ServerMessage)

PERSONAS: Mapping[str, Persona] = load_personas(Path(__file__).parents[2] / "personas")
CHUNK_S = 0.02


@dataclass
class World:
    """What a test may set: what the fan's lines say, what the model answers, how long engines take."""

    lines: Sequence[str | Exception] = ("What is your cat called?", "And how old is she?", "So my sister and")
    answers: Any = field(default_factory=lambda: {"What is your cat called?": "Miso. She runs the house."})
    turn_probs: Any = 0.95
    asr_s: float = 0.1
    llm_s: float = 0.2
    tts_s: float = 0.03
    greet: bool = False
    rehearse: bool = False
    limits: Limits = field(default_factory=Limits)
    max_sessions: int = 4
    max_waiting: int = 0
    tokens_required: bool = False
    openings: bool = False
    tts: Any = None
    llm: Any = None

    def room(self) -> Room:
        """Must be called on the loop that will use it."""
        vad, asr, turn = ScriptedVad(), ScriptedAsr(self.lines), ScriptedTurn(self.turn_probs)
        self.llm = self.llm or ScriptedLlm(self.answers)
        tts = self.tts or ScriptedTts()
        lanes = Lanes(
            vad=self.lane("vad", vad.run),
            new_vad_state=vad.new_state,
            languages=frozenset({"en", "de"}),
            turn=self.lane("turn", turn.run, cost_s=0.04),
            asr=self.lane("asr", asr.run, cost_s=self.asr_s),
            tts=PreparedSpeech(self.lane("tts", tts.run, cost_s=self.tts_s)),
            meaning=self.lane("meaning", ScriptedMeaning().run, cost_s=0.01),
            ending=self.lane("ending", ScriptedEnding().run, cost_s=0.02),
            llm=LlmLane(self.lane("llm", run_llm(self.llm), cost_s=self.llm_s), goes_on=self.llm.goes_on),
        )
        rules = RoomRules("nova", self.max_sessions, self.tokens_required, self.limits, self.max_waiting, visit_s=120.0)
        personas = {key: self._dressed(persona) for key, persona in PERSONAS.items()}
        return Room(lanes, personas, TokenSigner("s" * 32), rules, SessionSettings(greet=self.greet))

    def lane(self, name: str, run: Any, *, cost_s: float = 0.0) -> Any:
        """A lane of the room; tests may give it another kind."""
        return InlineLane(name, run, cost_s=cost_s)

    def _dressed(self, persona: Persona) -> Persona:
        return persona if self.openings else msgspec.structs.replace(persona, openings={})

    async def rehearsed(self) -> Room:
        """A room that knows its personas' prepared answers."""
        room = self.room()
        await room.rehearse()
        return room


class FakeSocket:
    """Two queues in place of a network. `reads` False: a client that takes nothing."""

    def __init__(self) -> None:
        self.up: asyncio.Queue[bytes | str | None] = asyncio.Queue()
        self.down: list[tuple[float, bytes]] = []
        self.log: list[tuple[float, str, bytes]] = []  # up as the server takes it, down as it comes
        self.arrived = asyncio.Event()
        self.closed: tuple[int, str] | None = None
        self.reads = True

    async def receive(self) -> bytes | str:
        data = await self.up.get()
        if data is None:
            self._note("lost", b"")
            raise SocketClosedError
        self._note("up", data if isinstance(data, bytes) else data.encode())
        return data

    def _note(self, direction: str, data: bytes) -> None:
        self.log.append((asyncio.get_running_loop().time(), direction, data))

    async def send(self, data: bytes, *, binary: bool) -> None:
        assert binary
        if not self.reads:
            await asyncio.get_running_loop().create_future()
        self.down.append((asyncio.get_running_loop().time(), data))
        self._note("down", data)
        self.arrived.set()

    async def send_all(self, batch: Sequence[bytes]) -> None:
        for data in batch:
            await self.send(data, binary=True)

    def write_now(self, framed: bytes) -> bool:
        return False

    async def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)


class Fan:
    """Someone in the world: speaks, types, plays what arrives."""

    def __init__(self, room: Room, hello: Hello) -> None:
        self.room = room
        self.socket = FakeSocket()
        self.codec = Codec(SUBPROTOCOL_MSGPACK)
        self.hello = hello
        connection = Connection(self.socket, self.codec, room)
        self.served = asyncio.create_task(connection.run(), name="connection")
        self.plays = True
        self._decoded: list[tuple[float, ServerMessage]] = []
        self._player = asyncio.create_task(self._play(), name="player")

    def send(self, message: ClientMessage) -> None:
        self.socket.up.put_nowait(self.codec.encode(message))

    async def enter(self) -> None:
        """Says hello and acknowledges that this is an AI."""
        self.send(self.hello)
        self.send(DisclosureAcknowledged())
        await asyncio.sleep(0)

    async def speak(self, line: int, words: int) -> float:
        """Says a scripted line in real time; returns when its last sample was sent."""
        return await self.stream(spoken_line(line, words))

    async def silence(self, seconds: float) -> None:
        await self.stream(np.zeros(int(seconds * INPUT_RATE_HZ), np.float32))

    async def stream(self, pcm: np.ndarray) -> float:
        data = (pcm * 32767).astype("<i2").tobytes()
        step = int(CHUNK_S * INPUT_RATE_HZ) * 2
        for begin in range(0, len(data), step):
            await asyncio.sleep(CHUNK_S)
            self.send(AudioChunk(data[begin : begin + step]))
        return asyncio.get_running_loop().time()

    def stop_playing(self) -> None:
        """Nothing is played, and no mark is sent any more."""
        self._player.cancel()

    async def leave(self) -> None:
        """Says goodbye, hangs up and waits for the server to notice."""
        self.send(Leave())
        self.socket.up.put_nowait(None)
        self._player.cancel()
        await asyncio.wait_for(self.served, 30)
        await asyncio.gather(self._player, return_exceptions=True)

    # --- what was heard ---

    def heard(self) -> list[tuple[float, ServerMessage]]:
        new = self.socket.down[len(self._decoded) :]
        self._decoded += [(at, self.codec.decode_server(data)) for at, data in new]
        return list(self._decoded)

    def all(self, kind: type[M]) -> list[M]:
        return [message for _, message in self.heard() if isinstance(message, kind)]

    def chunks(self, reply_id: int | None = None) -> list[ReplyChunk]:
        return [c for c in self.all(ReplyChunk) if reply_id in (None, c.reply_id)]

    def words(self, reply_id: int | None = None) -> str:
        return " ".join(word.text for chunk in self.chunks(reply_id) for word in chunk.words)

    def finals(self) -> list[str]:
        return [t.text for t in self.all(Transcript) if t.final]

    def errors(self) -> list[str]:
        return [e.code for e in self.all(ErrorMessage)]

    async def until(self, kind: type[M], within_s: float = 30.0) -> M:
        """Waits for the next message of this kind."""
        seen = len(self.all(kind))
        async with asyncio.timeout(within_s):
            while len(self.all(kind)) <= seen:
                self.socket.arrived.clear()
                await self.socket.arrived.wait()
        return self.all(kind)[seen]

    async def _play(self) -> None:
        """Plays the newest reply in real time and marks what was heard every 100 ms."""
        while True:
            await asyncio.sleep(0.1)
            if not self.plays or not self.chunks():
                continue
            newest = self.chunks()[-1].reply_id
            times = [at for at, m in self.heard() if isinstance(m, ReplyChunk) and m.reply_id == newest]
            if any(c.reply_id == newest for c in self.all(ReplyCancelled)):
                continue
            got = max(c.start_samples + len(c.audio) // 2 for c in self.chunks(newest))
            played = int((asyncio.get_running_loop().time() - times[0]) * OUTPUT_RATE_HZ)
            self.send(PlaybackMark(newest, min(got, played)))


@asynccontextmanager
async def fan_in(world: World, **hello: Any) -> AsyncIterator[Fan]:
    """A fan who has entered, and who leaves at the end; nothing may be left behind."""
    async with fans_in(world, 1, **hello) as fans:
        yield fans[0]


@asynccontextmanager
async def fans_in(world: World, n_fans: int, **hello: Any) -> AsyncIterator[list[Fan]]:
    """Several fans in one room."""
    room = await world.rehearsed() if world.rehearse else world.room()
    fans = [Fan(room, Hello(**hello)) for _ in range(n_fans)]
    for fan in fans:
        await fan.enter()
    await asyncio.sleep(0.01)
    try:
        yield fans
    finally:
        for fan in fans:
            await fan.leave()
        await room.close()  # waits for nobody whose connection was lost
        assert room.n_sessions == 0
        await asyncio.sleep(0)
