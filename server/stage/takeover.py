"""A host speaks through the avatar: their voice, its face, the mouth read from the sound.

What the host says between two pauses is one reply, with a number like any other, so it plays, is watched and is
recorded like one. The fan cannot cut it off: their words are written down for the host meanwhile, and nobody else
answers them. Afterwards the recogniser writes down what the host said, and the conversation remembers it as said by the
avatar. What comes next: the session's outbox.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import numpy as np
import structlog
from numpy.typing import NDArray

from avatar.audio_visemes import DELAY_FRAMES, AudioMouth, viseme_spans
from avatar.blendshapes import Weights
from avatar.emotion import Emotion
from protocol.errors import StagedoorError
from protocol.messages import ReplyChunk
from protocol.timeline import OUTPUT_RATE_HZ, SAMPLES_PER_FACE_FRAME, AudioFormat, VisemeSpan
from server.ears import Ears
from server.lanes import Lanes
from server.session import Session
from server.taps import Tap
from server.tasks import Tasks
from speech.resampling import Resampler
from speech.turn_events import FanPaused, FanStarted, Recognise

log = structlog.get_logger()

Floats = NDArray[np.float32]

CHUNK_FRAMES: Final = 6  # 100 ms: what a live voice may wait for the rest of its slice
PRE_ROLL_SAMPLES: Final = int(0.3 * OUTPUT_RATE_HZ)  # a voice is noticed a little after it began
PAUSE_S: Final = 0.6  # of silence end what is said
GAP_S: Final = 0.5  # a microphone that sends nothing for this long (a key let go) is silent
LONGEST_S: Final = 30.0  # then it goes on as the next reply
SPEAKS_AS: Final = Emotion("neutral", 0.15, 0.4)  # what the face adds to a voice that carries its own feeling


class LiveMouth:
    """Sound in, slices of sound and mouth that belong together out. Pure but for its state."""

    def __init__(self) -> None:
        self._mouth = AudioMouth()
        self._rest: Floats = np.zeros(0, np.float32)  # less than a face frame
        self._sound: Floats = np.zeros(0, np.float32)  # whose mouth is not known, or not used yet
        self._shapes: list[Weights] = []

    def feed(self, pcm: Floats) -> list[tuple[Floats, Weights]]:
        """Slices of CHUNK_FRAMES: float32 [n * SAMPLES_PER_FACE_FRAME] at OUTPUT_RATE_HZ and mouths [n, N_MOUTH]."""
        joined = np.concatenate([self._rest, pcm])
        whole = len(joined) // SAMPLES_PER_FACE_FRAME * SAMPLES_PER_FACE_FRAME
        frames, self._rest = joined[:whole], joined[whole:]
        self._sound = np.concatenate([self._sound, frames])
        self._shapes.extend(self._mouth.feed(frames))
        slices = []
        while len(self._shapes) >= CHUNK_FRAMES:
            slices.append(self._take(CHUNK_FRAMES))
        return slices

    def finish(self) -> list[tuple[Floats, Weights]]:
        """What is left, with silence to the end of its last frame."""
        odd = -len(self._rest) % SAMPLES_PER_FACE_FRAME
        slices = self.feed(np.zeros(odd, np.float32))
        self._shapes.extend(self._mouth.feed(np.zeros(DELAY_FRAMES * SAMPLES_PER_FACE_FRAME, np.float32)))
        return [*slices, *([self._take(len(self._shapes))] if self._shapes else [])]

    def _take(self, n_frames: int) -> tuple[Floats, Weights]:
        n_samples = n_frames * SAMPLES_PER_FACE_FRAME
        sound, self._sound = self._sound[:n_samples], self._sound[n_samples:]
        shapes, self._shapes = np.stack(self._shapes[:n_frames]), self._shapes[n_frames:]
        return sound, shapes


class Utterance:
    """What the host says from one pause to the next, on its way to everybody: a reply that grows while it is heard."""

    def __init__(self, session: Session) -> None:
        self.reply_id = session.number_reply()
        self._session = session
        self._mouth = LiveMouth()
        self._seq = 0
        self._samples = 0
        session.live = True

    @property
    def seconds(self) -> float:
        """How long it is so far."""
        return self._samples / OUTPUT_RATE_HZ

    def say(self, pcm: Floats) -> None:
        """The next sound, at OUTPUT_RATE_HZ."""
        for sound, mouth in self._mouth.feed(pcm):
            self._send(sound, mouth)

    def end(self) -> None:
        """The avatar listens again."""
        for sound, mouth in self._mouth.finish():
            self._send(sound, mouth)
        self._put(ReplyChunk(self.reply_id, self._seq, self._samples, b"", b"", last=True))
        self._session.live = False

    def _send(self, sound: Floats, mouth: Weights) -> None:
        face = self._session.speaker.face.live(mouth, SPEAKS_AS)
        audio = (np.clip(sound, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()
        at = self._samples
        visemes = tuple(
            VisemeSpan(span.viseme, span.start_samples + at, span.end_samples + at) for span in viseme_spans(mouth)
        )
        cue = SPEAKS_AS.cue(0) if not self._seq else None
        self._put(ReplyChunk(self.reply_id, self._seq, at, audio, face.tobytes(), visemes=visemes, emotion=cue))
        self._seq, self._samples = self._seq + 1, at + len(sound)

    def _put(self, chunk: ReplyChunk) -> None:
        self._session.outbox.put(chunk)
        self._session.outbox.release(self.reply_id)


class Takeover:
    """One host in one visit, until `end`; then `finish`."""

    def __init__(self, session: Session, lanes: Lanes, audio_in: AudioFormat, language: str) -> None:
        """`audio_in`: PCM16. Raises UnsupportedError for a rate that is not spoken."""
        loop = asyncio.get_running_loop()
        self.session = session
        self._clock = loop.time
        self._resampler = Resampler(audio_in.sample_rate_hz, OUTPUT_RATE_HZ)
        self._ears = Ears(f"host-{session.id}", lanes, audio_in, language, loop.time)
        self._before: Floats = np.zeros(0, np.float32)  # the last of what was no voice
        self._utterance: Utterance | None = None
        self._silent_since: float | None = None
        self._gap: asyncio.TimerHandle | None = None
        self._in_order = asyncio.Lock()
        self._tasks = Tasks(f"host-{session.id}")
        session.lead("host")

    async def hear(self, data: bytes) -> None:
        """The host's microphone. Raises MalformedError, EngineError or OverloadedError."""
        if self.session.steering.voice != "host":  # the goodbye is being said
            return
        if self._gap:
            self._gap.cancel()
        self._gap = asyncio.get_running_loop().call_later(GAP_S, lambda: self._tasks.start(self._fall_silent(), "gap"))
        async with self._in_order:
            pcm = self._resampler.feed(data)
            await self._notice(self._ears.hear(data))
            self._speak(pcm)

    async def _fall_silent(self) -> None:
        async with self._in_order:
            await self._notice(self._ears.hear_silence(GAP_S))
            self._end()

    async def _notice(self, sounds: AsyncGenerator[FanStarted | FanPaused, None]) -> None:
        async with aclosing(sounds):
            async for event in sounds:
                if isinstance(event, FanPaused):
                    self._silent_since = self._clock()
                    continue
                self._silent_since = None
                if self._utterance is None:
                    self._begin()

    def _begin(self) -> None:
        self._ears.open_turn()
        self._utterance = Utterance(self.session)
        self._utterance.say(self._before)
        self._before = self._before[:0]

    def _speak(self, pcm: Floats) -> None:
        if self._utterance is None:
            self._before = np.concatenate([self._before, pcm])[-PRE_ROLL_SAMPLES:]
            return
        self._utterance.say(pcm)
        if self._silent_since is not None and self._clock() - self._silent_since >= PAUSE_S:
            self._end()
        elif self._utterance.seconds > LONGEST_S:
            self._utterance.end()
            self._utterance = Utterance(self.session)  # its words are written down with those before, at the pause

    def _end(self) -> None:
        utterance, self._utterance = self._utterance, None
        if utterance:
            utterance.end()
            self._tasks.start(self._write_down(utterance.reply_id), f"words-{utterance.reply_id}")

    async def _write_down(self, reply_id: int) -> None:
        """What was said, in words, for the history and the record."""
        try:
            heard = await self._ears.recognise(Recognise(reply_id, 0, final=True))
        except StagedoorError as error:
            log.warning("host_not_understood", session=self.session.id, code=error.code)
            return
        finally:
            if self._utterance is None:
                self._ears.close_turn()
        if heard.text.strip():
            self.session.speaker.remember(reply_id, heard.text)
            self.session.taps.tell(Tap.host_said, heard.text)

    async def end(self) -> None:
        """The avatar has its voice back."""
        if self._gap:
            self._gap.cancel()
        async with self._in_order:
            self._end()
        for session in (self.session, *self.session.chair.company):  # this one may have been taken leave of meanwhile
            if session.steering.voice == "host":
                session.lead("avatar")

    async def finish(self) -> None:
        """Returns when what was said last is written down. Never raises."""
        await self._tasks.finish()
