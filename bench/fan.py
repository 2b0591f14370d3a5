"""A recorded fan: streams clips into a real server over a real WebSocket, in real time, and plays what comes back.

Between clips it sends low room noise, as an open microphone does (microphone.py). Three tasks: the microphone (20 ms
frames on an absolute schedule, a playback mark every 100 ms), the reader, and whoever drives the visit. What comes
next: measures.py scores the turns.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from bench.clips import Clip
from bench.measures import Arrival, FanTurn, reply_to
from bench.microphone import FRAME_SAMPLES, Echo, Microphone
from bench.player import Player
from protocol.codec import Codec
from protocol.errors import StagedoorError
from protocol.messages import (
    SUBPROTOCOL_MSGPACK,
    AudioChunk,
    ClientMessage,
    DisclosureAcknowledged,
    ErrorMessage,
    Hello,
    Interrupt,
    Leave,
    Notice,
    Ping,
    PlaybackMark,
    Pong,
    ReplyCancelled,
    ReplyChunk,
    ReplyDuck,
    TextInput,
    Welcome,
)
from protocol.timeline import INPUT_RATE_HZ
from protocol.visit_messages import QueuePlace

FRAME_S = FRAME_SAMPLES / INPUT_RATE_HZ
FRAMES_PER_MARK = 5
CONNECT_WAIT_S = 10.0
REPLY_WAIT_S = 20.0  # no reply after this: the turn was missed
LISTEN_S = 8.0  # of one reply; then the fan has heard enough and presses stop
STOP_WAIT_S = 2.0


class FanError(Exception):
    """The visit cannot go on: no connection, a refusal, a server that fell silent."""


class Fan:
    """One visit. `async with Fan(url, token) as fan: turn = await fan.say(clip)`.

    All instants are seconds of the event loop's clock.
    """

    def __init__(
        self, url: str, token: str = "", *, name: str = "", seed: int = 0, patience_s: float = CONNECT_WAIT_S
    ) -> None:
        """`patience_s`: how long the fan waits to be let in; in the line of an event that may be long."""
        self.entered_at = 0.0  # when the disclosure was acknowledged
        self.arrivals: list[Arrival] = []
        self.sent_at: list[float] = []  # when each 20 ms frame was sent
        self.late_s: list[float] = []  # how much after its time each was
        self.errors: list[ErrorMessage] = []
        self._url = url
        self._patience_s = patience_s
        self._hello = Hello(client="stagedoor-bench", name=name, token=token)
        self._codec = Codec(SUBPROTOCOL_MSGPACK)
        self._microphone = Microphone(seed)
        self._changed = asyncio.Event()
        self._lost: str | None = None
        self._marked = (0, 0)  # the last mark: reply, samples
        self._tasks: list[asyncio.Task[None]] = []
        self._socket: ClientConnection
        self.welcome: Welcome
        self.player: Player

    # --- coming and going ---

    async def __aenter__(self) -> Self:
        """Connects, says hello, acknowledges the disclosure and opens the microphone. Raises FanError."""
        protocols = [Subprotocol(SUBPROTOCOL_MSGPACK)]
        try:
            async with asyncio.timeout(self._patience_s):
                self._socket = await connect(self._url, subprotocols=protocols, compression=None, max_size=None)
                await self._send(self._hello)
                self.welcome = await self._first_message()
        except (OSError, TimeoutError, WebSocketException, StagedoorError) as error:
            raise FanError(f"no conversation with {self._url}: {type(error).__name__}: {error}") from error
        self.player = Player(self.welcome.audio_out.sample_rate_hz)
        self._tasks = [asyncio.create_task(self._read(), name="fan-reader")]
        self.entered_at = self.now()
        await self._send(DisclosureAcknowledged())
        await self._send(Ping())
        self._tasks.append(asyncio.create_task(self._speak(), name="fan-microphone"))
        return self

    async def _first_message(self) -> Welcome:
        message = self._codec.decode_server(await self._socket.recv())
        while isinstance(message, QueuePlace | Notice):
            message = self._codec.decode_server(await self._socket.recv())
        if isinstance(message, Welcome):
            return message
        said = f"{message.code}: {message.message}" if isinstance(message, ErrorMessage) else type(message).__name__
        await self._socket.close()
        raise FanError(f"{self._url} did not welcome the fan: {said}")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Says goodbye and ends both tasks."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(FanError, ConnectionClosed, TimeoutError):
            async with asyncio.timeout(STOP_WAIT_S):
                await self._send(Leave())
        await self._socket.close()

    # --- what a fan does ---

    async def hear_greeting(self, patience_s: float = 30.0) -> None:
        """Returns when the greeting was played to its end. Raises FanError."""
        if not await self.until(self.reply_is_over, patience_s):
            raise FanError(f"no greeting was played within {patience_s:.0f} s")

    async def wait(self, seconds: float) -> None:
        """Room noise. Raises FanError."""
        await self.until(lambda: False, seconds)

    async def say(self, clip: Clip, *, reply_wait_s: float = REPLY_WAIT_S, listen_s: float = LISTEN_S) -> FanTurn:
        """Says the clip, then listens until the reply is over, `listen_s` of it were heard, or none came for
        `reply_wait_s`. Raises FanError.
        """
        first_frame, first_arrival, before = len(self.sent_at), len(self.arrivals), self.player.reply_id
        _, voice_end_at = await self.utter(clip)
        stopped_at = await self._listen(before, voice_end_at, reply_wait_s, listen_s)
        return FanTurn(
            clip=clip,
            began_at=self.sent_at[first_frame],
            voice_end_at=voice_end_at,
            arrivals=tuple(self.arrivals[first_arrival:]),
            rate_hz=self.player.rate_hz,
            after_reply_id=before,
            stopped_at=stopped_at,
        )

    async def utter(self, clip: Clip) -> tuple[float, float]:
        """Says the clip. Returns when its first and its last voiced sample were sent. Raises FanError."""
        first_frame = len(self.sent_at)
        n_frames = self._microphone.say(clip.pcm)
        if not await self.until(lambda: len(self.sent_at) >= first_frame + n_frames, 2 * clip.seconds + 5.0):
            raise FanError(f"the clip {clip.name} could not be sent in time")
        begin_at, end_at = (
            self.sent_at[first_frame + sample // FRAME_SAMPLES]
            for sample in (clip.voice_begin_samples, clip.voice_end_samples)
        )
        return begin_at, end_at

    async def ask(self, text: str, patience_s: float = REPLY_WAIT_S) -> int | None:
        """Types a turn. Returns the number of its reply once it plays, or None. Raises FanError."""
        first = len(self.arrivals)
        await self._send(TextInput(text))

        def playing() -> bool:
            reply_id = reply_to(text, self.arrivals[first:])
            return reply_id is not None and self.player.reply_id == reply_id and self.player.playing

        return self.player.reply_id if await self.until(playing, patience_s) else None

    def leak(self, delay_s: float, gain: float) -> None:
        """From now on the avatar's voice gets back into the microphone, so much later and at `gain` of its level."""
        self._microphone.echo = Echo(self.player.rate_hz, delay_s, gain)

    async def _listen(self, before: int, voice_end_at: float, reply_wait_s: float, listen_s: float) -> float | None:
        """Waits for the answer and hears it. Returns when the fan pressed stop, if it did."""
        player = self.player

        def answered() -> bool:
            return player.reply_id > before and player.playing and player.began_at >= voice_end_at

        while await self.until(answered, voice_end_at + reply_wait_s - self.now()):
            reply_id = player.reply_id
            enough_s = player.began_at + listen_s - self.now()
            done = await self.until(lambda: self.reply_is_over() or not player.playing, enough_s)
            if not done:
                return await self._stop()
            if player.playing and player.reply_id == reply_id:
                return None
            voice_end_at = self.now()  # it was taken back: another one may come
        return await self._stop() if player.playing and not self.reply_is_over() else None

    async def _stop(self) -> float:
        pressed_at = self.now()
        await self._send(Interrupt())
        await self.until(lambda: self.reply_is_over() or not self.player.playing, STOP_WAIT_S)
        return pressed_at

    def reply_is_over(self) -> bool:
        """Whether the newest reply was played to its end and the server was told so."""
        player, now = self.player, self.now()
        return player.is_over(now) and self._marked == (player.reply_id, player.heard_samples(now))

    def server_zero_at(self) -> float:
        """When the server's session clock stood at 0, from its answer to our ping. Raises FanError."""
        for arrival in self.arrivals:
            if isinstance(arrival.message, Pong):
                return arrival.at - arrival.message.server_at_ms / 1000
        raise FanError("the server did not answer our ping")

    # --- the tasks ---

    async def _speak(self) -> None:
        """The open microphone: a frame every 20 ms on an absolute schedule, so that lateness never adds up."""
        due_at = self.now()
        try:
            while True:
                due_at += FRAME_S
                await asyncio.sleep(max(0.0, due_at - self.now()))
                now = self.now()
                frame = self._microphone.frame(now)
                self.sent_at.append(now)
                self.late_s.append(now - due_at)
                await self._send(AudioChunk(frame, seq=len(self.sent_at) - 1))
                await self._mark(now)
                self._changed.set()
        except ConnectionClosed as error:
            self._lose(error)

    async def _mark(self, now: float) -> None:
        """A playback mark every 100 ms, and one at the very end of a reply."""
        player = self.player
        heard = (player.reply_id, player.heard_samples(now))
        due = len(self.sent_at) % FRAMES_PER_MARK == 0 or player.is_over(now)
        if player.playing and due and heard != self._marked:
            self._marked = heard
            await self._send(PlaybackMark(*heard))

    async def _read(self) -> None:
        try:
            while True:
                data = await self._socket.recv()
                self._receive(self.now(), data)
                self._changed.set()
        except (ConnectionClosed, StagedoorError) as error:
            self._lose(error)

    def _receive(self, now: float, data: bytes | str) -> None:
        message = self._codec.decode_server(data)
        self.arrivals.append(Arrival(now, message))
        echo = self._microphone.echo
        match message:
            case ReplyChunk():
                plays_at = self.player.receive(message, now)
                if echo:
                    echo.play(message.audio, plays_at)
            case ReplyCancelled(reply_id):
                self.player.cancel(reply_id, now)
                if echo:
                    echo.stop(now)
            case ReplyDuck() if echo:
                echo.turn_to(message.gain)
            case ErrorMessage():
                self.errors.append(message)

    def _lose(self, error: Exception) -> None:
        said = f"; the server said {self.errors[-1].code}: {self.errors[-1].message}" if self.errors else ""
        self._lost = f"the connection ended: {error}{said}"
        self._changed.set()

    # --- small things ---

    async def _send(self, message: ClientMessage) -> None:
        try:
            await self._socket.send(self._codec.encode(message))
        except ConnectionClosed as error:
            self._lose(error)
            raise FanError(self._lost) from error

    async def until(self, condition: Callable[[], bool], patience_s: float) -> bool:
        """Whether it came true in time; looked at after every frame sent and every message that came in."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, patience_s)):
                while not condition():
                    if self._lost:
                        raise FanError(self._lost)
                    self._changed.clear()
                    await self._changed.wait()
        return condition()

    @staticmethod
    def now() -> float:
        """The clock of every instant here, in seconds."""
        return asyncio.get_running_loop().time()
