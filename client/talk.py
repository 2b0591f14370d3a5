"""A conversation with a Stagedoor server: one `Talk`, over as many connections as the network needs.

Plays in real time without a sound device unless told that one pulls, sends the marks, and comes back with the resume
token after a lost connection. Sound travels as Opus where the server takes it, and is PCM16 here. What comes next:
protocol/PROTOCOL.md, which it follows.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from msgspec.structs import replace
from stagedoor.protocol.codec import Codec
from stagedoor.protocol.errors import ClientError
from stagedoor.protocol.messages import (
    SUBPROTOCOL_MSGPACK,
    AudioChunk,
    ClientMessage,
    DisclosureAcknowledged,
    ErrorMessage,
    Hello,
    Interrupt,
    Leave,
    PlaybackMark,
    ReplyCancelled,
    ReplyChunk,
    Resume,
    ServerMessage,
    TextInput,
    Welcome,
)
from stagedoor.protocol.timeline import AudioFormat
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from .opus import LIBOPUS_RATE_HZ, PACKED_RATES_HZ, Packer
from .playback import Playback

MARK_EVERY_S = 0.1
PULL_S = 0.02
RETRY_S = (0.1, 0.3, 1.0, 2.0, 4.0)  # the last one again and again
HELLO_WAIT_S = 15.0
_LOST = frozenset({1001, 1006, 1011, 1012, 1013})


class RefusedError(Exception):
    """The server ended the visit; `code` is one of the protocol's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class ConnectionLostError(Exception):
    """The network is gone, and the visit could not be resumed."""


class Talk:
    """One visit. Iterate over it for the server's messages; the ones it needs itself it has acted on already."""

    def __init__(self, url: str, hello: Hello, *, plays: bool, opus: bool) -> None:
        """See `connect`."""
        self._url = url
        self._plain = hello
        self._hello = _with_opus(hello) if opus else hello
        self._packer: Packer | None = None
        self._codec = Codec(SUBPROTOCOL_MSGPACK)
        self._plays = plays
        self._socket: ClientConnection | None = None
        self._welcome: Welcome | None = None
        self._playback: Playback | None = None
        self._marked = (0, 0)
        self._fatal: RefusedError | None = None
        self._answered = asyncio.Event()  # nothing typed waits for its reply
        self._answered.set()
        self._silent = asyncio.Event()  # nothing is heard, and nothing waits to be
        self._silent.set()

    @property
    def welcome(self) -> Welcome:
        """The server's newest hello."""
        if self._welcome is None:
            raise ConnectionLostError("not connected")
        return self._welcome

    @property
    def playback(self) -> Playback:
        """What is heard now, and the face that belongs to it."""
        if self._playback is None:
            raise ConnectionLostError("not connected")
        return self._playback

    async def acknowledge(self) -> None:
        """The person was shown `welcome.disclosure` and said yes. Nothing is heard or said before."""
        await self._send(DisclosureAcknowledged())

    async def type(self, text: str) -> None:
        """A typed turn."""
        self._answered.clear()
        await self._send(TextInput(text))

    async def speak(self, audio: bytes) -> None:
        """20 to 100 ms of microphone, PCM16 at the rate of `audio_in` (16 kHz). Send silence too: it ends turns."""
        if self._packer:
            audio = self._packer.pack(audio)
        if audio:
            await self._send(AudioChunk(audio))

    async def interrupt(self) -> None:
        """Stops the reply that sounds."""
        await self._send(Interrupt())

    async def rest(self) -> None:
        """Returns when what was typed last was answered, and heard to its end. Somebody must iterate meanwhile."""
        await self._answered.wait()
        await self._silent.wait()

    async def leave(self) -> None:
        """Says goodbye; the iteration ends."""
        await self._send(Leave())

    def __aiter__(self) -> AsyncIterator[ServerMessage]:
        return self._messages()

    # --- the connection ---

    async def open(self) -> None:
        """Connects and says hello; without Opus when the server has none. Raises RefusedError, or what websockets
        raises when nobody listens.
        """
        try:
            welcome = await self._enter()
        except RefusedError as refused:
            if refused.code != "unsupported" or self._hello == self._plain:
                raise
            self._hello, self._fatal = self._plain, None
            await self.close()
            welcome = await self._enter()
        self._welcome = welcome
        packs = welcome.audio_in.encoding == "opus"
        self._packer = Packer(self._plain.audio_in.sample_rate_hz) if packs else None
        if self._playback is None or not welcome.resumed:
            self._playback = Playback(welcome)
        else:
            self._playback.forget_unheard()

    async def _enter(self) -> Welcome:
        self._socket = await open_socket(
            self._url, subprotocols=[Subprotocol(SUBPROTOCOL_MSGPACK)], compression=None, close_timeout=2
        )
        await self._send(self._hello)
        try:
            async with asyncio.timeout(HELLO_WAIT_S):
                message = await self._receive()
        except ConnectionClosed as closed:
            raise self._fatal or ConnectionLostError(str(closed)) from closed
        if not isinstance(message, Welcome):
            raise self._fatal or RefusedError("illegal_state", "the server did not say hello")
        return message

    async def close(self) -> None:
        """Ends the visit."""
        if self._socket:
            with suppress(ConnectionClosed):
                await self._send(Leave())
            await self._socket.close()

    async def play(self) -> None:
        """Pulls in real time where no sound device does, and sends marks, until it is cancelled."""
        began, pulled_s, marked_at = time.monotonic(), 0.0, 0.0
        while True:
            await asyncio.sleep(PULL_S)
            now = time.monotonic()
            if self._plays:
                self.playback.pull(round((now - began - pulled_s) * self.playback.rate_hz))
                pulled_s = now - began
            ended = not self.playback.sounding
            if ended:
                self._silent.set()
            if now - marked_at >= MARK_EVERY_S or ended:
                marked_at = now
                await self._mark()

    async def _mark(self) -> None:
        for mark in self.playback.marks():
            if mark > self._marked:  # by reply, then by samples
                self._marked = mark
                with suppress(ConnectionClosed):
                    await self._send(PlaybackMark(*mark))

    async def _messages(self) -> AsyncGenerator[ServerMessage, None]:
        while True:
            try:
                message = await self._receive()
            except ConnectionClosed as closed:
                if self._fatal:
                    raise self._fatal from None
                if self._code(closed) == 1000:
                    return
                await self._come_back(closed)
                continue
            if message:
                yield message

    async def _receive(self) -> ServerMessage | None:
        """The next message, acted on. None: one that this version does not know."""
        if self._socket is None:
            raise ConnectionLostError("not connected")
        try:
            message = self._codec.decode_server(await self._socket.recv())
        except ClientError:  # a type or a value of a newer version
            return None
        match message:
            case ReplyChunk():
                self.playback.add(message)
                self._silent.clear()
                if message.last:
                    self._answered.set()
            case ReplyCancelled(reply_id):
                self.playback.cancel(reply_id)
            case ErrorMessage(code, text, fatal):
                self._fatal = RefusedError(code, text) if fatal else None
                self._answered.set()
        return message

    async def _come_back(self, closed: ConnectionClosed) -> None:
        welcome = self.welcome
        if not welcome.resume_token or not (self._code(closed) in _LOST or "slow_reader" in str(closed)):
            raise ConnectionLostError(str(closed)) from closed
        reply_id, heard = (self.playback.marks() or [(0, 0)])[-1]
        self._hello = Hello(client=self._plain.client, resume=Resume(welcome.resume_token, reply_id, heard))
        until, tries = time.monotonic() + welcome.limits.max_away_s, 0
        while time.monotonic() < until:
            await asyncio.sleep(RETRY_S[min(tries, len(RETRY_S) - 1)])
            tries += 1
            with suppress(OSError, TimeoutError, InvalidHandshake):
                await self.open()
                return
        raise ConnectionLostError(f"could not come back within {welcome.limits.max_away_s} s") from closed

    async def _send(self, message: ClientMessage) -> None:
        if self._socket is None:
            raise ConnectionLostError("not connected")
        await self._socket.send(self._codec.encode(message))

    @staticmethod
    def _code(closed: ConnectionClosed) -> int:
        return closed.rcvd.code if closed.rcvd else 1006


def _with_opus(hello: Hello) -> Hello:
    """The same hello, its sound as Opus in each direction where that can be."""
    packs = hello.audio_in.sample_rate_hz in PACKED_RATES_HZ
    audio_in = AudioFormat("opus", LIBOPUS_RATE_HZ) if packs else hello.audio_in
    return replace(hello, audio_in=audio_in, audio_out=replace(hello.audio_out, encoding="opus"))


@asynccontextmanager
async def connect(url: str, *, plays: bool = True, opus: bool = True, **hello: Any) -> AsyncIterator[Talk]:
    """Connects, and says goodbye at the end.

    hello: fields of the protocol's Hello, such as name, token, language, audio_in, face, consents. plays: replies are
    played in real time without being heard; False where a sound device calls `talk.playback.pull`. opus: a tenth of
    the line in place of PCM16, both ways, if the server takes it; what `speak` and `pull` give and take is PCM16.
    Raises RefusedError when the server does not let this client in, OSError when nobody listens.
    """
    talk = Talk(url, Hello(**{"client": "stagedoor.client", **hello}), plays=plays, opus=opus)
    await talk.open()
    player = asyncio.create_task(talk.play(), name="stagedoor-client-player")
    try:
        yield talk
    finally:
        player.cancel()
        await asyncio.gather(player, return_exceptions=True)
        await talk.close()
