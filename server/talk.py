"""`stagedoor talk`: a persona in the terminal. Type or speak; see what it says, feels, and how its mouth moves.

The same session as a fan's, without a socket: lines of stdin are typed turns, the microphone (if asked for) is
heard, and what the session says is printed at speaking pace and, with a sound device, played.
"""

import asyncio
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack

import numpy as np

from avatar.blendshapes import ARKIT_52
from avatar.persona import Persona
from protocol.errors import StagedoorError
from protocol.messages import ErrorMessage, Hello, ReplyCancelled, ReplyChunk, ServerMessage, Transcript, TurnReport
from protocol.timeline import INPUT_RATE_HZ, OUTPUT_RATE_HZ
from server.lanes import Lanes
from server.metrics import Metrics
from server.prepared import PreparedReplies
from server.session import Session
from server.shared import SessionSettings, Shared

JAW = ARKIT_52.index("jawOpen")
_BARS = " ▁▂▃▄▅▆▇█"
FRAMES_PER_BAR = 3  # one bar stands for 50 ms of face

Write = Callable[[str], object]


class NoSoundError(StagedoorError):
    """There is no way to play or record here."""


def talk_command(lanes: Lanes, persona: Persona, max_tokens: int, *, speak: bool) -> int:
    """Talks until the input ends. Raises NoSoundError when `speak` is asked for and there is no device."""
    asyncio.run(_talk(lanes, persona, max_tokens, sys.stdout.write, speak=speak))
    return 0


async def _talk(lanes: Lanes, persona: Persona, max_tokens: int, write: Write, *, speak: bool) -> None:
    settings = SessionSettings(max_tokens=max_tokens)
    prepared = PreparedReplies(lanes.meaning)
    await prepared.learn(persona)
    session = Session("talk", Hello(client="stagedoor talk"), persona, Shared(lanes, prepared, Metrics(), settings))
    heard: asyncio.Queue[bytes] = asyncio.Queue(maxsize=100)  # 2 s of microphone; when full, new audio is dropped
    with ExitStack() as stack:
        sound = stack.enter_context(DeviceSound(heard)) if speak else None
        write(f"{persona.name} ({persona.pronouns}): {persona.about}. Type and press enter; Ctrl-D ends.\n")
        printer = asyncio.create_task(_print(session, write, sound), name="talk-print")
        ears = asyncio.create_task(_listen(session, heard), name="talk-listen")
        try:
            session.start()
            await _read_lines(session, printer)
        finally:
            for task in (printer, ears):
                task.cancel()
            await asyncio.gather(printer, ears, return_exceptions=True)
            await session.close()


async def _read_lines(session: Session, printer: asyncio.Task[None]) -> None:
    """Types every line of stdin; at its end lets the last reply finish."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str] = asyncio.Queue()  # as many as a person, or a pipe, types ahead

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, "")

    threading.Thread(target=read, name="talk-stdin", daemon=True).start()
    while (line := await lines.get()) and not printer.done():
        await session.quiet()
        session.type(line)
    await session.quiet()


async def _listen(session: Session, heard: "asyncio.Queue[bytes]") -> None:
    while True:
        try:
            await session.hear(await heard.get())
        except StagedoorError as error:
            session.report_error(error)


async def _print(session: Session, write: Write, sound: "DeviceSound | None") -> None:
    while True:
        message = await session.outbox.next()
        if isinstance(message, ReplyChunk):
            message = session.presence.dress(message)
        write(_shown(message))
        sys.stdout.flush()
        if isinstance(message, ReplyChunk):
            if sound:
                sound.play(message.audio)
            session.mark(message.reply_id, message.start_samples + len(message.audio) // 2)
        elif isinstance(message, ReplyCancelled) and sound:
            sound.stop()


def _shown(message: ServerMessage) -> str:
    text = ""
    match message:
        case ReplyChunk(last=False):
            text = _shown_chunk(message)
        case ReplyChunk():
            text = "\n"
        case ReplyCancelled():
            text = f"\n  (stopped: {message.reason})\n"
        case Transcript(final=True):
            text = f"\nyou: {message.text}\n"
        case TurnReport():
            text = f"  {message.kind}, {message.voice_to_voice_ms:.0f} ms"
        case ErrorMessage():
            text = f"\nerror {message.code}: {message.message}\n"
    return text


def _shown_chunk(chunk: ReplyChunk) -> str:
    """One line for every 200 ms: what is said, how far the jaw opens, which visemes begin."""
    feeling = f"\n  [{chunk.emotion.category}]" if chunk.emotion else ""
    words = " ".join(word.text for word in chunk.words)
    return f"{feeling}\n    {words:<32}{_bars(chunk.face):<6}{' '.join(v.viseme for v in chunk.visemes)}"


def _bars(face: bytes) -> str:
    """How far the jaw is open, one bar for every 50 ms."""
    jaw = np.frombuffer(face, np.uint8).reshape(-1, len(ARKIT_52))[::FRAMES_PER_BAR, JAW]
    return "".join(_BARS[min(len(_BARS) - 1, int(value) * len(_BARS) * 2 // 256)] for value in jaw)


class DeviceSound:
    """The default sound device, through PortAudio."""

    def __init__(self, heard: "asyncio.Queue[bytes]") -> None:
        try:
            import sounddevice  # noqa: PLC0415  (optional: pip install stagedoor[microphone])
        except (ImportError, OSError) as error:
            raise NoSoundError(f"no sound here ({error}); install the extra `microphone` and PortAudio") from None
        self._loop = asyncio.get_running_loop()
        self._heard = heard
        try:
            self._speaker = sounddevice.RawOutputStream(OUTPUT_RATE_HZ, dtype="int16", channels=1)
            self._microphone = sounddevice.RawInputStream(
                INPUT_RATE_HZ, blocksize=INPUT_RATE_HZ // 50, dtype="int16", channels=1, callback=self._recorded
            )
        except sounddevice.PortAudioError as error:
            raise NoSoundError(f"no sound device can be opened: {error}") from None

    def __enter__(self) -> "DeviceSound":
        self._speaker.start()
        self._microphone.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._microphone.close()
        self._speaker.close()

    def _recorded(self, data: object, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._put, bytes(data))  # type: ignore[call-overload]

    def _put(self, data: bytes) -> None:
        if not self._heard.full():
            self._heard.put_nowait(data)

    def play(self, pcm16: bytes) -> None:
        """Queues audio at OUTPUT_RATE_HZ; the executor keeps PortAudio's blocking write off the event loop."""
        self._loop.run_in_executor(None, self._speaker.write, pcm16)

    def stop(self) -> None:
        """Drops what is queued."""
        self._speaker.abort()
        self._speaker.start()
