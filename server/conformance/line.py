"""One WebSocket to the server under test: sends anything, waits for what must come, plays replies in real time.

What comes next: the checks (hands.py, talks.py, bounds.py, returns.py) open lines and demand things of them.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State
from websockets.typing import Subprotocol

from protocol.codec import Codec
from protocol.messages import (
    SUBPROTOCOL_MSGPACK,
    ClientMessage,
    DisclosureAcknowledged,
    ErrorMessage,
    Hello,
    Interrupt,
    Ping,
    PlaybackMark,
    Pong,
    ReplyCancelled,
    ReplyChunk,
    ServerMessage,
    TextInput,
    Welcome,
)
from server.conformance.pace import Pace
from server.conformance.report import NotApplicableError, ViolationError
from server.conformance.witness import Witness, demand

WAIT_S = 10.0  # this and all waits below are those for an idle server: pace.py
REPLY_WAIT_S = 60.0  # before an answer has come nobody knows how busy it is
GREETING_WAIT_S = 15.0  # for the first reply of a server that speaks first; asked once, then it is known
TRIES = 3  # where a stalled machine, or a short answer, can spoil one
SAY_AGAIN = ("engine_failed", "overloaded")  # what a busy server answers in place of an answer
MARK_EVERY_S = 0.1
PING_EVERY_S = 4.0
ENTER_WAIT_S = 30.0  # there may be a line at the door

M = TypeVar("M", bound=ServerMessage)


@dataclass(slots=True)
class Target:
    """The server under test, and what is known of it.

    voice: what the fan says aloud, PCM16 at 16 kHz; empty: a reply of the server's own is recorded. greets: whether it
    speaks first; None: the first visit finds out. The other tokens are for the checks of an event.
    """

    url: str
    token: str = ""
    voice: bytes = b""
    greets: bool | None = None
    host_token: str = ""
    spectator_token: str = ""
    ticket_token: str = ""
    pace: Pace = field(default_factory=Pace)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def line(self, subprotocol: str = SUBPROTOCOL_MSGPACK, **options: Any) -> AsyncIterator["Line"]:
        """A fresh connection, without a word said; `options` are websockets.connect's."""
        async with connect(
            self.url, subprotocols=[Subprotocol(subprotocol)], **{"compression": None, "close_timeout": 2, **options}
        ) as socket:
            line = Line(socket, Codec(subprotocol), self.pace)
            try:
                yield line
            finally:
                await line.hang_up()

    @asynccontextmanager
    async def fan(self, subprotocol: str = SUBPROTOCOL_MSGPACK, **hello: Any) -> AsyncIterator["Line"]:
        """A fan who said hello and acknowledged; a greeting is waited for and skipped."""
        async with self.line(subprotocol) as line:
            await line.enter(Hello(client="stagedoor conformance", **{"token": self.token, **hello}))
            await self._skip_greeting(line)
            yield line

    async def _skip_greeting(self, line: "Line") -> None:
        """A greeting that came later would be taken for an answer, so it is waited for, however busy the server is, and
        then stopped: it may be long.
        """
        if self.greets is None:
            async with self._asking:  # one finds out, the others wait for that
                if self.greets is None:
                    self.greets = await line.is_spoken_to(GREETING_WAIT_S)
                    return
        if self.greets and not await line.is_spoken_to(REPLY_WAIT_S):
            raise ViolationError("it greeted before, and did not greet now")


class Line:
    """One connection to the server under test."""

    def __init__(self, socket: ClientConnection, codec: Codec, pace: Pace) -> None:
        self.socket = socket
        self.codec = codec
        self.pace = pace
        self.witness = Witness()
        self.chunks: list[ReplyChunk] = []
        self.last_error = ""
        self._received: list[ServerMessage] = []
        self.keeps_alive = True  # pings now and then, as a client that says nothing should
        self._first_chunk_at = 0.0
        self._player = asyncio.create_task(self._play(), name="conformance-player")

    @property
    def welcome(self) -> Welcome:
        """The server's hello."""
        if self.witness.welcome is None:
            raise ViolationError("no hello of the server")
        return self.witness.welcome

    async def enter(self, hello: Hello) -> Welcome:
        """Says hello, and acknowledges the disclosure."""
        await self.send(hello)
        welcome = await self.until(Welcome, ENTER_WAIT_S)
        await self.send(DisclosureAcknowledged())
        return welcome

    async def is_spoken_to(self, within_s: float) -> bool:
        """Waits for a reply to begin, and stops it; False when none begins."""
        try:
            await self.until(ReplyChunk, within_s)
        except ViolationError:
            if self.socket.state is not State.OPEN:
                raise
            return False
        await self.send(Interrupt())
        await self.rest()
        return True

    async def send(self, message: ClientMessage) -> None:
        """One message."""
        data = self.codec.encode(message)
        await self.socket.send(data if self.codec.binary else data.decode())

    async def send_raw(self, data: bytes | str) -> None:
        """Anything, in a frame of its kind."""
        await self.socket.send(data)

    async def receive(self, within_s: float = WAIT_S) -> ServerMessage:
        """The next message. Raises TimeoutError, ViolationError when the server hung up or broke a rule."""
        try:
            async with asyncio.timeout(within_s):
                message = self.codec.decode_server(await self.socket.recv())
        except ConnectionClosed as closed:
            raise ViolationError(f"the server hung up: {closed}") from None
        self.witness.watch(message)
        if isinstance(message, ErrorMessage):
            self.last_error = message.code
        self._received.append(message)
        if isinstance(message, ReplyChunk):
            if not self.chunks or self.chunks[-1].reply_id != message.reply_id:
                self._first_chunk_at = time.monotonic()
            self.chunks.append(message)
        return message

    async def until(self, kind: type[M], within_s: float = WAIT_S) -> M:
        """The next message of this kind; others pass. Raises ViolationError when it does not come."""
        within_s = self.pace.patient(within_s)
        try:
            async with asyncio.timeout(within_s):
                while True:
                    message = await self.receive(within_s)
                    if isinstance(message, kind):
                        return message
        except TimeoutError:
            told = f"; the server's last error: {self.last_error}" if self.last_error else ""
            raise ViolationError(f"no {kind.__struct_config__.tag} within {within_s:.0f} s{told}") from None

    async def attend(self) -> ServerMessage:
        """The next message while a reply is made or sent."""
        return await self.receive(self.pace.patient(REPLY_WAIT_S))

    def all(self, kind: type[M]) -> list[M]:
        """Every message of this kind so far."""
        return [message for message in self._received if isinstance(message, kind)]

    async def error(self, *codes: str) -> ErrorMessage:
        """The next error, which must have one of these codes."""
        error = await self.until(ErrorMessage)
        demand(error.code in codes, f"error {error.code} ({error.message}), expected {' or '.join(codes)}")
        return error

    async def closed(self, *codes: int, within_s: float = WAIT_S) -> None:
        """The server must hang up, with one of these codes."""
        within_s = self.pace.patient(within_s)
        try:
            async with asyncio.timeout(within_s):
                while True:
                    await self.socket.recv()
        except ConnectionClosed:
            pass
        except TimeoutError:
            raise ViolationError(f"still open after {within_s:.0f} s, expected a close") from None
        code = self.socket.close_code
        demand(code in codes, f"closed with {code}, expected {' or '.join(map(str, codes))}")

    async def alive(self) -> None:
        """The server must still answer."""
        nonce = time.monotonic_ns() % 2**40
        await self.send(Ping(nonce))
        while (pong := await self.until(Pong)).nonce != nonce:
            demand(pong.nonce == 0, "a pong with another nonce")

    async def ask(self, text: str) -> ReplyChunk:
        """Types it; the first chunk of the answer. Where the server asks for it to be said again, it is."""
        told: list[str] = []
        for _ in range(TRIES):
            asked_at = time.monotonic()
            await self.send(TextInput(text))
            while not isinstance(message := await self.attend(), ReplyChunk | ErrorMessage):
                pass
            if isinstance(message, ReplyChunk):
                self.pace.saw(time.monotonic() - asked_at)
                return message
            told.append(message.code)
            demand(message.code in SAY_AGAIN, f"error {message.code} ({message.message}) in place of an answer")
        raise ViolationError(f"no answer, said {TRIES} times: {told}")

    async def answer(self, text: str) -> list[ReplyChunk]:
        """Types it; all chunks of the answer, once it has ended. Asks again where a model failed in the middle."""
        for _ in range(TRIES):
            reply_id = (await self.ask(text)).reply_id
            while not self.witness.finished:
                await self.attend()
            chunks = [chunk for chunk in self.chunks if chunk.reply_id == reply_id]
            if chunks[-1].last:
                return chunks
            over = [gone for gone in self.all(ReplyCancelled) if gone.reply_id == reply_id]
            demand([gone.reason for gone in over] == ["engine_failed"], f"no end of reply {reply_id}, but {over}")
        raise NotApplicableError(f"{TRIES} times the server could not make a whole reply")

    async def rest(self) -> None:
        """Until the newest reply was sent to its end, or cancelled, and played."""
        while not self.witness.finished:
            await self.attend()
        await asyncio.sleep(max(0.0, self.left_s()))

    async def hang_up(self) -> None:
        """Ends the player."""
        self._player.cancel()
        await asyncio.gather(self._player, return_exceptions=True)

    def abort(self) -> None:
        """The network is gone: no goodbye."""
        self._player.cancel()
        self.socket.transport.abort()

    def heard_samples(self) -> int:
        """How much of the newest reply was played by now."""
        rate = self.welcome.audio_out.sample_rate_hz
        first = next(c.start_samples for c in self.chunks if c.reply_id == self.witness.newest_reply_id)
        return min(self.witness.end_samples, first + int((time.monotonic() - self._first_chunk_at) * rate))

    def left_s(self) -> float:
        """How much of the newest reply, as sent so far, is still to be played."""
        if not self.chunks:
            return 0.0
        return (self.witness.end_samples - self.heard_samples()) / self.welcome.audio_out.sample_rate_hz

    def _ping_every_s(self) -> float:
        return min(PING_EVERY_S, self.welcome.limits.max_idle_s / 3)

    async def _play(self) -> None:
        marked, pinged_at = (0, -1), time.monotonic()
        with suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(MARK_EVERY_S)
                if self.keeps_alive and self.witness.welcome and time.monotonic() - pinged_at > self._ping_every_s():
                    pinged_at = time.monotonic()
                    await self.send(Ping(0))
                if self.chunks and marked != (mark := (self.witness.newest_reply_id, self.heard_samples())):
                    marked = mark
                    await self.send(PlaybackMark(*mark))


async def cancelled(line: Line, within_s: float = WAIT_S) -> ReplyCancelled:
    """The reply that sounds must be cancelled."""
    return await line.until(ReplyCancelled, within_s)
