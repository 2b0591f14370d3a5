"""One WebSocket: decodes, checks what is legal and how much, hands it to the session, and encodes what that says.

Two tasks: the reader and the writer; when one ends, so does the connection. A client's mistake gets a coded error
and is otherwise forgotten; a fatal one, or too many, closes. What comes next: session.py.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
import structlog

from avatar.blendshapes import ARKIT_52
from protocol.codec import Codec
from protocol.errors import (
    ClientError,
    IdleError,
    InternalError,
    RateError,
    SessionOverError,
    SlowReaderError,
    StagedoorError,
    TooManyMistakesError,
)
from protocol.handshake import Handshake, Phase
from protocol.messages import (
    AudioChunk,
    ClientMessage,
    ConsentChange,
    DisclosureAcknowledged,
    ErrorMessage,
    FaceFormat,
    Hello,
    Interrupt,
    Listening,
    Notice,
    PersonaCard,
    Ping,
    PlaybackMark,
    Pong,
    ReplyChunk,
    ServerMessage,
    TextInput,
    Welcome,
)
from protocol.timeline import FACE_FPS, INPUT_RATE_HZ, OUTPUT_RATE_HZ, AudioFormat
from server.room import Room
from server.session import Session, public_text

log = structlog.get_logger()

HELLO_WAIT_S = 10.0
SEND_WAIT_S = 3.0  # a socket that takes nothing for this long is not read; a second of audio is waiting by then
MAX_MISTAKES = 20
CLOSE_NORMAL = 1000


class SocketClosedError(Exception):
    """The other side is gone."""


class Socket(Protocol):
    """What a connection needs of a WebSocket."""

    async def receive(self) -> bytes | str:
        """The next frame. Raises SocketClosedError."""

    async def send(self, data: bytes, *, binary: bool) -> None:
        """Sends one frame; returns when there is room for more. Raises SocketClosedError."""

    async def close(self, code: int, reason: str) -> None:
        """Closes. Never raises."""


class LeakyBucket:
    """A level that drains one unit a second and may rise to `size`."""

    def __init__(self, size: float, drain_per_s: float, clock: Callable[[], float]) -> None:
        self._size = size
        self._drain_per_s = drain_per_s
        self._clock = clock
        self._level = 0.0
        self._at = clock()

    def pour(self, amount: float) -> bool:
        """Whether `amount` still fits; if not, nothing is poured."""
        now = self._clock()
        self._level = max(0.0, self._level - (now - self._at) * self._drain_per_s)
        self._at = now
        if self._level + amount > self._size:
            return False
        self._level += amount
        return True


class Connection:
    """One client's connection, from its first frame to close."""

    def __init__(self, socket: Socket, codec: Codec, room: Room) -> None:
        clock = asyncio.get_running_loop().time
        self._socket = socket
        self._codec = codec
        self._room = room
        self._handshake = Handshake()
        self._limits = room.rules.limits
        self._mistakes = 0
        self._messages = LeakyBucket(2.0 * self._limits.max_messages_per_s, self._limits.max_messages_per_s, clock)
        self._audio_s = LeakyBucket(self._limits.max_audio_ahead_ms / 1000, 1.0, clock)
        self._bytes_per_s = 2.0 * INPUT_RATE_HZ
        self._wants_face = True

    async def run(self) -> None:
        """Serves the client until it leaves, fails or is closed."""
        session: Session | None = None
        code, reason = CLOSE_NORMAL, ""
        try:
            session = await self._open()
            if session:
                async with asyncio.timeout(self._limits.max_session_s):
                    await self._converse(session)
        except SocketClosedError:
            pass
        except StagedoorError as error:
            code, reason = await self._give_up(error)
        except TimeoutError:
            code, reason = await self._give_up(SessionOverError("the time of this visit is over"))
        except Exception:
            log.exception("connection_broke")
            code, reason = await self._give_up(InternalError("something broke on our side; it was noted"))
        finally:
            if session:
                await self._room.close_session(session)
            await self._socket.close(code, reason)

    async def _give_up(self, error: StagedoorError) -> tuple[int, str]:
        self._room.metrics.errors.labels(error.code).inc()
        log.info("closing", code=error.code, error=str(error))
        try:
            if not isinstance(error, SlowReaderError):
                await self._send(ErrorMessage(error.code, public_text(error), fatal=True))
        except (SocketClosedError, SlowReaderError):
            pass
        return error.close_code, error.code

    async def _open(self) -> Session | None:
        """Waits for `hello` and answers it. None: the client left before."""
        while True:
            try:
                message = await self._receive(HELLO_WAIT_S)
            except StagedoorError as error:
                await self._forgive(error, self._send)
                continue
            if isinstance(message, Ping):
                await self._send(Pong(message.nonce, 0.0))
            elif isinstance(message, Hello):
                session = self._room.open_session(message)
                self._bytes_per_s = 2.0 * message.audio_in.sample_rate_hz
                self._wants_face = message.face == "arkit52"
                session.outbox.post(self._welcome(session, message))
                return session
            else:
                return None

    def _welcome(self, session: Session, hello: Hello) -> Welcome:
        persona = session.persona
        return Welcome(
            session_id=session.id,
            persona=PersonaCard(persona.id, persona.name, persona.pronouns, persona.about),
            disclosure=persona.disclosure,
            audio_in=hello.audio_in,
            audio_out=AudioFormat("pcm16", OUTPUT_RATE_HZ),
            face=FaceFormat(ARKIT_52 if self._wants_face else (), FACE_FPS),
            limits=self._limits,
        )

    async def _converse(self, session: Session) -> None:
        reader = asyncio.create_task(self._read(session), name=f"read-{session.id}")
        writer = asyncio.create_task(self._write(session), name=f"write-{session.id}")
        try:
            done, _ = await asyncio.wait((reader, writer), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (reader, writer):
                task.cancel()
            await asyncio.gather(reader, writer, return_exceptions=True)

    async def _read(self, session: Session) -> None:
        async def post(message: ServerMessage) -> None:
            session.outbox.post(message)

        while self._handshake.phase is not Phase.CLOSED:
            try:
                await self._dispatch(await self._receive(self._limits.max_idle_s), session)
            except StagedoorError as error:
                await self._forgive(error, post)

    async def _write(self, session: Session) -> None:
        while True:
            message = await session.outbox.next()
            if isinstance(message, ReplyChunk | Listening) and not self._wants_face:
                message = msgspec.structs.replace(message, face=b"")
            await self._send(message)

    async def _receive(self, patience_s: float) -> ClientMessage:
        try:
            data = await asyncio.wait_for(self._socket.receive(), patience_s)
        except TimeoutError:
            raise IdleError(f"nothing was heard for {patience_s:.0f} s") from None
        if not self._messages.pour(1):
            raise RateError(f"more than {self._limits.max_messages_per_s} messages a second; this one was dropped")
        message = self._codec.decode_client(data)
        self._handshake.receive(message)
        return message

    async def _send(self, message: ServerMessage) -> None:
        try:
            async with asyncio.timeout(SEND_WAIT_S):
                await self._socket.send(self._codec.encode(message), binary=self._codec.binary)
        except TimeoutError:
            raise SlowReaderError(f"nothing was read for {SEND_WAIT_S:.0f} s") from None

    async def _forgive(self, error: StagedoorError, say: Callable[[ServerMessage], Awaitable[None]]) -> None:
        """Says what was wrong and goes on, unless it is fatal or the last straw."""
        self._mistakes += isinstance(error, ClientError)
        if error.fatal:
            raise error
        if self._mistakes > MAX_MISTAKES:
            raise TooManyMistakesError(f"{self._mistakes} mistakes; the last: {error}") from error
        self._room.metrics.errors.labels(error.code).inc()
        await say(ErrorMessage(error.code, public_text(error)))

    async def _dispatch(self, message: ClientMessage, session: Session) -> None:
        match message:
            case AudioChunk(audio):
                if not self._audio_s.pour(len(audio) / self._bytes_per_s):
                    ahead_ms = self._limits.max_audio_ahead_ms
                    raise RateError(f"audio is more than {ahead_ms} ms ahead of real time; this chunk was dropped")
                await session.hear(audio)
            case DisclosureAcknowledged():
                session.start()
            case TextInput(text):
                session.type(text)
            case PlaybackMark(reply_id, heard_samples):
                session.mark(reply_id, heard_samples)
            case Interrupt():
                session.interrupt()
            case Ping(nonce):
                session.outbox.post(Pong(nonce, session.now_ms()))
            case ConsentChange(consents):
                session.consents = consents
                session.outbox.post(Notice("consent", "Your choices were changed and hold from now on."))
