"""One WebSocket: decodes, checks what is legal and how much, hands it to the session, and encodes what that says.

Three tasks: the reader, the writer, and one that waits for a newer connection of the same visit; when one ends, so
does the connection. A client's mistake gets a coded error
and is otherwise forgotten; a fatal one, or too many, closes. What comes next: session.py.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar

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
    Hello,
    Interrupt,
    Leave,
    Notice,
    Ping,
    PlaybackMark,
    Pong,
    ReplyChunk,
    ServerMessage,
    TextInput,
    Welcome,
)
from protocol.timeline import AudioFormat
from protocol.visit_messages import ForgetMemory, Satisfaction
from server.allowance import LeakyBucket
from server.presence import Lips
from server.room import Room
from server.taps import Tap
from server.tokens import JoinClaims
from server.turn_log import public_text
from server.visits import Visit
from server.wire_audio import Microphone, Speaker, heard_format

A = TypeVar("A")

log = structlog.get_logger()

HELLO_WAIT_S = 10.0
SEND_WAIT_S = 3.0  # a socket that takes nothing for this long is not read; a second of audio is waiting by then
HELD_UP_S = 10.0  # of messages that a network, or we, held up may come at once
LONGEST_WAIT_S = 86_400.0  # for an event: a line may be long, and a slot ends a visit
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

    async def send_all(self, batch: Sequence[bytes]) -> None:
        """Sends several binary frames in one write, otherwise as `send`."""

    def write_now(self, framed: bytes) -> bool:
        """Writes a frame that was made for many. False: not now, and nothing was written."""

    async def close(self, code: int, reason: str) -> None:
        """Closes. Never raises."""


class Connection:
    """One client's connection, from its first frame to close."""

    def __init__(self, socket: Socket, codec: Codec, room: Room) -> None:
        clock = asyncio.get_running_loop().time
        self._socket = socket
        self.codec = codec
        self._room = room
        self.handshake = Handshake()
        self.limits = room.rules.limits
        self._mistakes = 0
        self._early: deque[ClientMessage] = deque(maxlen=8)  # said while standing in line
        rate = self.limits.max_messages_per_s
        self._messages = LeakyBucket(2.0 * rate, rate, clock, credit=rate * HELD_UP_S)

    @property
    def lips(self) -> Lips:
        """What moves the avatar's lips."""
        return self._room.lips

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
                visit.left = self.handshake.phase is Phase.CLOSED
                await self._room.visits.part(visit, self, lost=lost and self.handshake.phase is Phase.OPEN)

    async def _give_up(self, error: StagedoorError) -> tuple[int, str]:
        self._room.metrics.errors.labels(error.code).inc()
        log.info("closing", code=error.code, error=str(error))
        try:
            if not isinstance(error, SlowReaderError):
                await self.send(ErrorMessage(error.code, public_text(error), fatal=True))
        except (SocketClosedError, SlowReaderError):
            pass
        return error.close_code, error.code

    async def _open(self) -> Visit | None:
        """Waits for `hello` and answers it. None: the client left before."""
        while True:
            try:
                message = await self.receive(HELLO_WAIT_S)
            except StagedoorError as error:
                await self.forgive(error, self.send)
                continue
            if isinstance(message, Ping):
                await self.send(Pong(message.nonce, 0.0))
            elif isinstance(message, Hello):
                return await self._enter(message)
            else:
                return None

    async def _enter(self, hello: Hello) -> Visit | None:
        if hello.resume:
            return await self._room.visits.come_back(hello.resume, self)
        claims = self._room.check(hello)
        self.handshake.take_role(claims.role)
        if claims.role != "fan":
            await self._room.backstage(self, claims, hello)
            return None
        if claims.event:
            return await self._enter_event(hello, claims)

        async def tell(text: str) -> None:
            await self.send(Notice("server", text))

        session = await self._stand_in_line(self._room.admit(_as_heard(hello), tell), self.limits.max_session_s)
        if session is None:
            return None
        return Visit(session, hello, asyncio.get_running_loop().time() + self.limits.max_session_s, self)

    async def _enter_event(self, hello: Hello, claims: JoinClaims) -> Visit | None:
        """The fan's visit once their ticket was called; its slot says when it ends. None: they left."""
        desk = await self._room.desk(claims.event)
        stay = await self._stand_in_line(desk.arrive(claims.ticket, self.send), LONGEST_WAIT_S)
        if stay is None:
            await desk.leave(claims.ticket)
            return None
        named = msgspec.structs.replace(_as_heard(hello), name=stay.seat.name)
        try:
            session = self._room.open_session(named, stay.seat.persona, stay.seat)
        except StagedoorError:
            await desk.vacate(stay, left=False)
            raise
        visit = Visit(session, hello, asyncio.get_running_loop().time() + LONGEST_WAIT_S, self)
        stay.take(visit)
        return visit

    async def _stand_in_line(self, admission: Coroutine[Any, Any, A], patience_s: float) -> A | None:
        """What comes of waiting, while the client is listened to. None: they left."""
        admitting = asyncio.create_task(admission, name="admit")
        await asyncio.sleep(0)  # with a place it is done already, and nothing need be read meanwhile
        if admitting.done():
            return admitting.result()
        reading = asyncio.create_task(self._read_in_line(admitting, patience_s), name="read-in-line")
        try:
            await asyncio.wait((admitting, reading), return_when=asyncio.FIRST_COMPLETED)
            return admitting.result() if admitting.done() else reading.result()
        finally:
            for task in (admitting, reading):
                task.cancel()
            await asyncio.gather(admitting, reading, return_exceptions=True)

    async def _read_in_line(self, admitting: "asyncio.Task[A]", patience_s: float) -> None:
        """Returns when the client has left. What it says before it was welcomed is kept for later, if it may be."""
        while self.handshake.phase is not Phase.CLOSED and not admitting.done():
            try:
                message = await self.receive(patience_s)
                if isinstance(message, Ping):
                    await self.send(Pong(message.nonce, 0.0))
                elif isinstance(message, DisclosureAcknowledged | ConsentChange):
                    self._early.append(message)
                elif not isinstance(message, Leave):
                    raise IllegalStateError("you are still waiting for a place")
            except StagedoorError as error:
                await self.forgive(error, self.send)

    def _welcome(self, visit: Visit, audio_out: AudioFormat) -> Welcome:
        session, hello = visit.session, visit.hello
        persona = session.persona
        return Welcome(
            session_id=session.id,
            persona=persona.card,
            disclosure=session.chair.disclosure(persona),
            audio_in=hello.audio_in,
            audio_out=audio_out,
            face=session.presence.format(),
            limits=self.limits,
            resume_token=self._room.visits.issue_token(visit),
            resumed=visit.resumed,
            event=visit.seat.card if visit.seat else None,
        )

    async def _converse(self, visit: Visit) -> None:
        name = visit.session.id
        tasks = (
            asyncio.create_task(self._read(visit), name=f"read-{name}"),
            asyncio.create_task(self._write(visit), name=f"write-{name}"),
            asyncio.create_task(visit.until_called(), name=f"taken-{name}"),
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
        microphone = Microphone(visit.hello.audio_in, self.limits.max_audio_ahead_ms, asyncio.get_running_loop().time)

        async def post(message: ServerMessage) -> None:
            session.outbox.post(message)

        while self._early:
            await self._dispatch(self._early.popleft(), visit, microphone)
        while self.handshake.phase is not Phase.CLOSED:
            try:
                await self._dispatch(await self.receive(self.limits.max_idle_s), visit, microphone)
            except StagedoorError as error:
                await self.forgive(error, post)

    async def _write(self, visit: Visit) -> None:
        speaker = Speaker(visit.hello.audio_out)
        await self.send(self._welcome(visit, speaker.audio_format))
        while True:
            message = await visit.session.outbox.next()
            if isinstance(message, ReplyChunk):
                message = speaker.chunk(visit.session.presence.dress(message))
            await self.send(message)

    async def receive(self, patience_s: float) -> ClientMessage:
        """The next message that is legal now. Raises SocketClosedError, or a coded error for one that is not."""
        try:
            async with asyncio.timeout(patience_s):  # wait_for of Python 3.11 may swallow a cancellation
                data = await self._socket.receive()
        except TimeoutError:
            raise IdleError(f"nothing was heard for {patience_s:.0f} s") from None
        if not self._messages.pour(1):
            raise RateError(f"more than {self.limits.max_messages_per_s} messages a second; this one was dropped")
        message = self.codec.decode_client(data)
        self.handshake.receive(message)
        return message

    async def send(self, message: ServerMessage) -> None:
        """Raises SlowReaderError or SocketClosedError."""
        await self.send_encoded(self.codec.encode(message))

    def write_now(self, framed: bytes) -> bool:
        """A WebSocket frame that was made for many clients. False: something waits here, nothing was written."""
        return self._socket.write_now(framed)

    async def send_encoded(self, *batch: bytes) -> None:
        """Messages that were encoded for many clients at once. Raises SlowReaderError or SocketClosedError."""
        try:
            async with asyncio.timeout(SEND_WAIT_S):
                if self.codec.binary and len(batch) > 1:
                    await self._socket.send_all(batch)
                    return
                for data in batch:
                    await self._socket.send(data, binary=self.codec.binary)
        except TimeoutError:
            raise SlowReaderError(f"nothing was read for {SEND_WAIT_S:.0f} s") from None

    async def forgive(self, error: StagedoorError, say: Callable[[ServerMessage], Awaitable[None]]) -> None:
        """Says what was wrong and goes on, unless it is fatal or the last straw."""
        self._mistakes += isinstance(error, ClientError)
        if error.fatal:
            raise error
        if self._mistakes > MAX_MISTAKES:
            raise TooManyMistakesError(f"{self._mistakes} mistakes; the last: {error}") from error
        self._room.metrics.errors.labels(error.code).inc()
        await say(ErrorMessage(error.code, public_text(error)))

    async def _dispatch(self, message: ClientMessage, visit: Visit, microphone: Microphone) -> None:
        session = visit.session
        match message:
            case AudioChunk(audio):
                await session.hear(microphone.take(audio))
            case DisclosureAcknowledged():
                await visit.begin()
            case TextInput(text):
                session.type(text)
            case PlaybackMark(reply_id, heard_samples):
                session.mark(reply_id, heard_samples)
            case FanPose(head):
                session.presence.see(head)
            case FanFace():
                session.sensing.see(message)
            case Interrupt():
                session.interrupt()
            case Ping(nonce):
                session.outbox.post(Pong(nonce, session.now_ms()))
            case ConsentChange(consents):
                session.consent(consents)
                session.outbox.post(Notice("consent", "Your choices were changed and hold from now on."))
            case Satisfaction() | ForgetMemory():
                session.taps.tell(Tap.asked, message)


def _as_heard(hello: Hello) -> Hello:
    """What a session is told: the microphone's format once the wire's encoding is undone."""
    return msgspec.structs.replace(hello, audio_in=heard_format(hello))
