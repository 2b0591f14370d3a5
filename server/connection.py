"""One WebSocket: decodes, checks what is legal and how much, hands it to the session, and encodes what that says.

Three tasks: the reader, the writer, and one that waits for a newer connection of the same visit; when one ends, so
does the connection. A client's mistake gets a coded error
and is otherwise forgotten; a fatal one, or too many, closes. What comes next: session.py.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
import structlog

from protocol.codec import Codec
from protocol.errors import (
    ClientError,
    IdleError,
    IllegalStateError,
    InternalError,
    RateError,
    SessionOverError,
    SlowReaderError,
    StagedoorError,
    TakenOverError,
    TooManyMistakesError,
)
from protocol.handshake import Handshake, Phase
from protocol.messages import (
    AudioChunk,
    ClientMessage,
    ConsentChange,
    DisclosureAcknowledged,
    ErrorMessage,
    FanFace,
    FanPose,
    ForgetMemory,
    Hello,
    Interrupt,
    Leave,
    Notice,
    PersonaCard,
    Ping,
    PlaybackMark,
    Pong,
    ReplyChunk,
    Satisfaction,
    ServerMessage,
    TextInput,
    Welcome,
)
from protocol.timeline import AudioFormat
from server.allowance import LeakyBucket
from server.room import Room
from server.session import Session, public_text
from server.taps import Tap
from server.visits import Visit
from server.wire_audio import Microphone, Speaker, heard_format

log = structlog.get_logger()

HELLO_WAIT_S = 10.0
SEND_WAIT_S = 3.0  # a socket that takes nothing for this long is not read; a second of audio is waiting by then
HELD_UP_S = 10.0  # of messages that a network, or we, held up may come at once
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
        self._early: deque[ClientMessage] = deque(maxlen=8)  # said while standing in line
        rate = self._limits.max_messages_per_s
        self._messages = LeakyBucket(2.0 * rate, rate, clock, credit=rate * HELD_UP_S)

    async def run(self) -> None:
        """Serves the client until it leaves, fails or is closed."""
        visit: Visit | None = None
        lost, code, reason = False, CLOSE_NORMAL, ""
        try:
            visit = await self._open()
            if visit:
                async with asyncio.timeout_at(visit.ends_at):
                    await self._converse(visit)
        except SocketClosedError:
            lost = True
        except StagedoorError as error:
            lost = isinstance(error, SlowReaderError)  # a network that is gone looks like this too
            code, reason = await self._give_up(error)
        except TimeoutError:
            code, reason = await self._give_up(SessionOverError("the time of this visit is over"))
        except Exception:
            log.exception("connection_broke")
            code, reason = await self._give_up(InternalError("something broke on our side; it was noted"))
        finally:
            await self._socket.close(code, reason)
            if visit:
                await self._room.visits.part(visit, self, lost=lost and self._handshake.phase is Phase.OPEN)

    async def _give_up(self, error: StagedoorError) -> tuple[int, str]:
        self._room.metrics.errors.labels(error.code).inc()
        log.info("closing", code=error.code, error=str(error))
        try:
            if not isinstance(error, SlowReaderError):
                await self._send(ErrorMessage(error.code, public_text(error), fatal=True))
        except (SocketClosedError, SlowReaderError):
            pass
        return error.close_code, error.code

    async def _open(self) -> Visit | None:
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
                return await self._enter(message)
            else:
                return None

    async def _enter(self, hello: Hello) -> Visit | None:
        if hello.resume:
            return await self._room.visits.come_back(hello.resume, self)
        session = await self._wait_for_place(msgspec.structs.replace(hello, audio_in=heard_format(hello)))
        if session is None:
            return None
        return Visit(session, hello, asyncio.get_running_loop().time() + self._limits.max_session_s, self)

    async def _wait_for_place(self, hello: Hello) -> Session | None:
        """The fan's session; while the room is full they are told their place in line. None: they left."""

        async def tell(text: str) -> None:
            await self._send(Notice("server", text))

        admitting = asyncio.create_task(self._room.admit(hello, tell), name="admit")
        await asyncio.sleep(0)  # with a place it is done already, and nothing need be read meanwhile
        if admitting.done():
            return admitting.result()
        reading = asyncio.create_task(self._read_in_line(admitting), name="read-in-line")
        try:
            await asyncio.wait((admitting, reading), return_when=asyncio.FIRST_COMPLETED)
            return admitting.result() if admitting.done() else reading.result()
        finally:
            for task in (admitting, reading):
                task.cancel()
            await asyncio.gather(admitting, reading, return_exceptions=True)

    async def _read_in_line(self, admitting: "asyncio.Task[Session]") -> None:
        """Returns when the client has left. What it says before it was welcomed is kept for later, if it may be."""
        while self._handshake.phase is not Phase.CLOSED and not admitting.done():
            try:
                message = await self._receive(self._limits.max_session_s)
                if isinstance(message, Ping):
                    await self._send(Pong(message.nonce, 0.0))
                elif isinstance(message, DisclosureAcknowledged | ConsentChange):
                    self._early.append(message)
                elif not isinstance(message, Leave):
                    raise IllegalStateError("you are still waiting for a place")
            except StagedoorError as error:
                await self._forgive(error, self._send)

    def _welcome(self, visit: Visit, audio_out: AudioFormat) -> Welcome:
        session, hello = visit.session, visit.hello
        persona = session.persona
        return Welcome(
            session_id=session.id,
            persona=PersonaCard(persona.id, persona.name, persona.pronouns, persona.about, persona.look),
            disclosure=persona.disclosure,
            audio_in=hello.audio_in,
            audio_out=audio_out,
            face=session.presence.format(),
            limits=self._limits,
            resume_token=self._room.visits.issue_token(visit),
            resumed=visit.resumed,
        )

    async def _converse(self, visit: Visit) -> None:
        name = visit.session.id
        tasks = (
            asyncio.create_task(self._read(visit), name=f"read-{name}"),
            asyncio.create_task(self._write(visit), name=f"write-{name}"),
            asyncio.create_task(_until_taken_over(visit), name=f"taken-{name}"),
        )
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            visit.let_go()

    async def _read(self, visit: Visit) -> None:
        session = visit.session
        microphone = Microphone(visit.hello.audio_in, self._limits.max_audio_ahead_ms, asyncio.get_running_loop().time)

        async def post(message: ServerMessage) -> None:
            session.outbox.post(message)

        while self._early:
            await self._dispatch(self._early.popleft(), session, microphone)
        while self._handshake.phase is not Phase.CLOSED:
            try:
                await self._dispatch(await self._receive(self._limits.max_idle_s), session, microphone)
            except StagedoorError as error:
                await self._forgive(error, post)

    async def _write(self, visit: Visit) -> None:
        speaker = Speaker(visit.hello.audio_out)
        await self._send(self._welcome(visit, speaker.audio_format))
        while True:
            message = await visit.session.outbox.next()
            if isinstance(message, ReplyChunk):
                message = speaker.chunk(visit.session.presence.dress(message))
            await self._send(message)

    async def _receive(self, patience_s: float) -> ClientMessage:
        try:
            async with asyncio.timeout(patience_s):  # wait_for of Python 3.11 may swallow a cancellation
                data = await self._socket.receive()
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

    async def _dispatch(self, message: ClientMessage, session: Session, microphone: Microphone) -> None:
        match message:
            case AudioChunk(audio):
                await session.hear(microphone.take(audio))
            case DisclosureAcknowledged():
                session.start()
            case TextInput(text):
                session.type(text)
            case PlaybackMark(reply_id, heard_samples):
                session.mark(reply_id, heard_samples)
            case FanPose(head):
                session.presence.see(head)
            case FanFace():
                session.see(message)
            case Interrupt():
                session.interrupt()
            case Ping(nonce):
                session.outbox.post(Pong(nonce, session.now_ms()))
            case ConsentChange(consents):
                session.consent(consents)
                session.outbox.post(Notice("consent", "Your choices were changed and hold from now on."))
            case Satisfaction() | ForgetMemory():
                session.taps.tell(Tap.asked, message)


async def _until_taken_over(visit: Visit) -> None:
    await visit.called.wait()
    raise TakenOverError("this visit goes on in another connection")
