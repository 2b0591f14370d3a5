"""What the fan may feel, sensed only while they allow it.

The consent makes an Empathy and its end drops it, with all that it knew: there is no flag to forget. Frames come from
ears.py, words from session.py, `fan.face` from connection.py; each new word makes a new guess. Nothing of it is logged
or stored. What comes next: the guess steers the reply's prompt and the listening face, and a host may read it.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar.affect import (
    Affect,
    Cue,
    HeartRate,
    Mood,
    face_cue,
    fuse,
    mirrored,
    mood_of,
    voice_cue,
    words_cue,
)
from avatar.blendshapes import N_WEIGHTS
from protocol.errors import ConsentRequiredError, MalformedError, RateError
from protocol.messages import FanFace
from server.allowance import LeakyBucket
from server.ears import Ears
from server.metrics import Metrics
from server.presence import Presence
from speech.prosody import Prosody

FACES_PER_S: Final = 10.0
FACE_COUNTS_S: Final = 2.0  # an older face or heart rate says nothing of now
WELL_KNOWN_S: Final = 6.0  # of a voice: after this much a difference is about half believed


class Empathy:
    """The guess about one fan, on the session's clock (seconds)."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._prosody = Prosody()
        self._heart = HeartRate()
        self._faces = LeakyBucket(FACES_PER_S, FACES_PER_S, clock)
        self._seen: list[Cue] = []
        self._seen_at = 0.0
        self._words = ""  # of the open turn
        self._guess = Affect()
        self._guessed_at = 0.0

    @property
    def affect(self) -> Affect:
        """The newest guess, believed less the older it is."""
        return self._guess.aged(self._clock() - self._guessed_at)

    def hear(self, frames: NDArray[np.float32], probs: NDArray[np.float32]) -> None:
        """Successive frames of the fan's voice, as Prosody.feed takes them."""
        self._prosody.feed(frames, probs)

    def see(self, message: FanFace) -> None:
        """The fan's own face or heart. Raises MalformedError for half a face, RateError for too many."""
        if len(message.face) not in (0, N_WEIGHTS):
            raise MalformedError(f"a face has {N_WEIGHTS} weights, not {len(message.face)}")
        if not self._faces.pour(1):
            raise RateError(f"more than {FACES_PER_S:.0f} faces a second; this one was dropped")
        face = face_cue(message.face) if message.face else None
        heart = self._heart.feed(message.heart_bpm) if message.heart_bpm is not None else None
        self._seen = [cue for cue in (face, heart) if cue]
        self._seen_at = self._clock()

    def read(self, words: str) -> Affect:
        """A new guess, now that the words of the open turn are these."""
        self._words = words
        self._guess = fuse([*self._heard(words), *self._fresh()])
        self._guessed_at = self._clock()
        return self._guess

    def _heard(self, words: str) -> list[Cue]:
        tone = self._prosody.tone(words)
        voice = tone and voice_cue(
            pitch_semitones=tone.pitch_semitones,
            liveliness_semitones=tone.liveliness_semitones,
            loudness_db=tone.loudness_db,
            pace=tone.pace,
            known=tone.usual_s / (tone.usual_s + WELL_KNOWN_S),
        )
        return [cue for cue in (words_cue(words), voice) if cue]

    def _fresh(self) -> list[Cue]:
        return self._seen if self._clock() - self._seen_at <= FACE_COUNTS_S else []

    def end_turn(self) -> None:
        """The fan's turn is over: how it sounded now belongs to how they usually sound."""
        self._prosody.end_turn(self._words)
        self._words = ""


class Sensing:
    """The consent of one fan, kept: there is an Empathy while they allow it, and none otherwise."""

    def __init__(self, clock: Callable[[], float], ears: Ears, presence: Presence, metrics: Metrics) -> None:
        self._clock = clock
        self._ears = ears
        self._presence = presence
        self._metrics = metrics
        self._empathy: Empathy | None = None

    @property
    def affect(self) -> Affect | None:
        """What the fan may feel; None: they did not allow us to ask."""
        return self._empathy.affect if self._empathy else None

    def allow(self, *, allowed: bool) -> None:
        """From now on. What was sensed before is forgotten when it is not allowed any more."""
        if not allowed:
            self._empathy = self._ears.overheard = None
            self._presence.mirror(None)
        elif self._empathy is None:
            self._empathy = Empathy(self._clock)
            self._ears.overheard = self._empathy.hear

    def see(self, message: FanFace) -> None:
        """The fan's own face or heart. Raises ConsentRequiredError, MalformedError or RateError."""
        if self._empathy is None:
            raise ConsentRequiredError("fan.face needs the consent emotion_sensing; it was dropped")
        self._empathy.see(message)

    def hear_words(self, text: str) -> None:
        """The fan's words so far: the listening face takes them up."""
        if self._empathy:
            self._presence.mirror(mirrored(self._empathy.read(text)))

    def mood(self, words: str) -> Mood:
        """What the fan may feel, now that their words are these."""
        if self._empathy is None or not words:
            return "unclear"
        mood = mood_of(self._empathy.read(words))
        self._metrics.moods.labels(mood).inc()
        return mood

    def end_turn(self) -> None:
        """The fan's turn is over."""
        if self._empathy:
            self._empathy.end_turn()
