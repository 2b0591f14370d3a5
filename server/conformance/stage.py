"""The scripted server: plays scenes to the client under test, one for each connection, and watches what it does.

The client needs no test mode: it connects, talks, and connects again after every close with 1000 (or is started
again by whoever tests). What comes next: scenes.py holds the scenes, files.py what a browser asks for besides.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from protocol.codec import SUBPROTOCOLS, Codec
from protocol.errors import MalformedError, StagedoorError
from protocol.handshake import Handshake
from protocol.messages import (
    AudioChunk,
    ClientMessage,
    DisclosureAcknowledged,
    FaceFormat,
    Hello,
    Limits,
    PersonaCard,
    Ping,
    PlaybackMark,
    Pong,
    ReplyChunk,
    ServerMessage,
    Welcome,
)
from protocol.packets import packet_ms, split_packets
from protocol.timeline import FACE_FPS, OUTPUT_RATE_HZ, SAMPLES_PER_FACE_FRAME, AudioFormat
from server.allowance import LeakyBucket
from server.conformance.files import file_for
from server.conformance.report import ViolationError
from server.conformance.witness import demand
from server.wire_audio import Speaker

WAIT_S = 10.0
CHUNK_SAMPLES = 12 * SAMPLES_PER_FACE_FRAME
PCM16 = AudioFormat("pcm16", OUTPUT_RATE_HZ)
FACE_NAMES = ("jawOpen", "mouthSmileLeft", "mouthSmileRight")
SLACK_S = 0.25  # between what a client hears and when its mark arrives here

M = TypeVar("M", bound=ClientMessage)


class Guest:
    """One connection of the client under test. Everything it sends passes the protocol's own table."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket
        self._codec = Codec(str(socket.subprotocol))
        self._handshake = Handshake()
        self._limits = Limits()
        rate = self._limits.max_messages_per_s
        self._messages = LeakyBucket(2.0 * rate, rate, time.monotonic)
        self._first_sent_at: dict[int, float] = {}
        self._sent_samples: dict[int, int] = {}
        self.marks: dict[int, list[int]] = {}
        self.hello = Hello()
        self._visit = self.hello
        self._speaker = Speaker(PCM16)

    async def welcome(self, *, resumed: Hello | None = None, token: str = "stage-1") -> Hello:  # noqa: S107
        """Waits for the client's hello and answers it, and then for the acknowledgement of the disclosure. `resumed` is
        the hello of a visit that goes on: its formats stay, and nothing is acknowledged again.
        """
        self.hello = await self.until(Hello)
        demand(self.hello.version.startswith("1."), f"version {self.hello.version}")
        self._audio_s = LeakyBucket(self._limits.max_audio_ahead_ms / 1000, 1.0, time.monotonic)
        self._visit = resumed or self.hello
        if (self._visit.audio_out.encoding, self._visit.audio_out.sample_rate_hz) == ("opus", OUTPUT_RATE_HZ):
            self._speaker = Speaker(self._visit.audio_out)
        await self.send(
            Welcome(
                session_id="stage",
                persona=PersonaCard("stage", "Stage", "they/them", "a scripted server"),
                disclosure="You are talking with an AI character, not with a person.",
                audio_in=self._visit.audio_in,
                audio_out=self._speaker.audio_format,
                face=FaceFormat(() if self._visit.face == "none" else FACE_NAMES, FACE_FPS),
                limits=self._limits,
                resume_token=token,
                resumed=resumed is not None,
            )
        )
        if resumed is None:
            await self.until(DisclosureAcknowledged, 30)
        return self.hello

    async def send(self, message: ServerMessage) -> None:
        """One message."""
        if isinstance(message, ReplyChunk):
            self._first_sent_at.setdefault(message.reply_id, time.monotonic())
            self._sent_samples[message.reply_id] = message.start_samples + len(message.audio) // 2
            message = self._speaker.chunk(message)
        await self.send_raw(self._codec.encode(message))

    async def send_raw(self, data: bytes) -> None:
        """Anything, in the frame that the client's subprotocol wants."""
        await self._socket.send(data if self._codec.binary else data.decode())

    @property
    def binary(self) -> bool:
        """Whether the client chose msgpack."""
        return self._codec.binary

    async def receive(self, within_s: float = WAIT_S) -> ClientMessage:
        """The next message of the client, once it has passed what always holds."""
        try:
            async with asyncio.timeout(within_s):
                data = await self._socket.recv()
        except ConnectionClosed as closed:
            raise ViolationError(f"the client hung up: {closed}") from None
        try:
            message = self._codec.decode_client(data)
            self._handshake.receive(message)
        except StagedoorError as error:
            raise ViolationError(f"the client sent what gets {error.code}: {error}") from None
        demand(self._messages.pour(1), "more messages a second than the limits in hello")
        match message:
            case Ping(nonce):
                await self.send(Pong(nonce, 0.0))
            case AudioChunk(audio):
                self._listen(audio)
            case PlaybackMark():
                self._mark(message)
        return message

    async def until(self, kind: type[M], within_s: float = WAIT_S) -> M:
        """The next message of this kind."""
        try:
            async with asyncio.timeout(within_s):
                while not isinstance(message := await self.receive(within_s), kind):
                    pass
        except TimeoutError:
            raise ViolationError(f"no {kind.__struct_config__.tag} within {within_s:.0f} s") from None
        return message

    async def watch(self, seconds: float) -> None:
        """Receives whatever comes for so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    await self.receive(seconds + 1)

    async def marked(self, reply_id: int, samples: int, within_s: float = WAIT_S) -> None:
        """The client must have heard exactly so much of the reply in the end."""
        try:
            async with asyncio.timeout(within_s):
                while self.heard(reply_id) < samples:
                    await self.receive(within_s)
        except TimeoutError:
            raise ViolationError(f"reply {reply_id}: {self.heard(reply_id)} of {samples} samples were marked") from None

    def heard(self, reply_id: int) -> int:
        """What the client has marked of a reply."""
        return max(self.marks.get(reply_id, [0]))

    def can_have_heard(self, reply_id: int) -> int:
        """What of a reply could have been played by now."""
        elapsed_s = time.monotonic() - self._first_sent_at[reply_id] + SLACK_S
        return int(elapsed_s * OUTPUT_RATE_HZ)

    async def close(self, code: int = 1000) -> None:
        """Hangs up."""
        await self._socket.close(code)

    def abort(self) -> None:
        """The network is gone: no goodbye."""
        self._socket.transport.abort()

    def _listen(self, audio: bytes) -> None:
        if self._visit.audio_in.encoding == "opus":
            try:
                seconds = sum(map(packet_ms, split_packets(audio))) / 1000
            except MalformedError as error:
                raise ViolationError(f"audio that is no Opus: {error}") from None
        else:
            demand(len(audio) % 2 == 0, "a chunk of audio with half a sample")
            seconds = len(audio) / 2 / self._visit.audio_in.sample_rate_hz
        demand(self._audio_s.pour(seconds), "audio further ahead of real time than the limits in hello")

    def _mark(self, mark: PlaybackMark) -> None:
        sent = self._sent_samples.get(mark.reply_id)
        if sent is None:
            raise ViolationError(f"a mark of reply {mark.reply_id}, which was never sent")
        demand(mark.heard_samples <= sent, f"{mark.heard_samples} samples heard of {sent} that were sent")
        earlier = self.marks.setdefault(mark.reply_id, [])
        demand(not earlier or mark.heard_samples >= earlier[-1], f"a mark went back from {earlier[-1:]}")
        elapsed_s = time.monotonic() - self._first_sent_at[mark.reply_id] + SLACK_S
        played_s = (mark.heard_samples - min(earlier[:1] or [mark.heard_samples])) / OUTPUT_RATE_HZ
        demand(played_s <= elapsed_s, f"{played_s:.2f} s were heard in {elapsed_s:.2f} s")
        earlier.append(mark.heard_samples)


async def host(port: int, play: Callable[[Guest], object], done: asyncio.Event, page: Path | None = None) -> None:
    """Listens on this machine and hands each connection to `play`, a coroutine function, until `done`."""

    async def welcome(socket: ServerConnection) -> None:
        await play(Guest(socket))  # type: ignore[misc]

    def answer(_: ServerConnection, request: Request) -> Response | None:
        return file_for(request, page) if page and "Upgrade" not in request.headers else None

    subprotocols = [Subprotocol(name) for name in SUBPROTOCOLS]
    async with serve(welcome, "127.0.0.1", port, subprotocols=subprotocols, close_timeout=1, process_request=answer):
        await done.wait()
