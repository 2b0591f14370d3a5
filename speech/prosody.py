"""How it was said: pitch, loudness and pace of a turn beside how this speaker usually sounds. Pure, and bounded.

A voice says little by itself: a high one may be a child's, a quick one a habit. So nothing is said before there is
something to compare with, and all of it is a difference. What a fan's voice is measured for is theirs to allow: the
hallway makes a Prosody only after that. What comes next: avatar/affect.py reads a VoiceTone beside the words.
"""

import re
from collections import deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from protocol.timeline import INPUT_RATE_HZ
from speech.pitch import WINDOW_SAMPLES, pitch
from speech.vad import FRAME_SAMPLES

FRAME_S: Final = FRAME_SAMPLES / INPUT_RATE_HZ
MIN_SPEECH_S: Final = 0.5  # less is a cough or a "yes": too short to have a tone
LONGEST_TURN_S: Final = 60.0  # of a monologue the end is compared
MEMORY_S: Final = 90.0  # of speech: what is usual follows the speaker over about this much of it

_SPEECH_PROB: Final = 0.5
_CLEAR: Final = 0.7  # of pitch(): clearer than this is a voiced sound
_PACED_S: Final = 1.0  # shorter turns have no pace: their words are too few
_MAX_FRAMES: Final = int(LONGEST_TURN_S / FRAME_S)
_SYLLABLE = re.compile(r"[aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýÿœ]+|\d")
_SILENT_E = re.compile(r"(?<=[aeiouy][b-df-hj-np-tv-xz])e\b")

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class VoiceTone:
    """How the turn so far differs from how its speaker usually sounds; 0 is as usual (pace: 1)."""

    pitch_semitones: float
    liveliness_semitones: float  # of the range in which the pitch moves
    loudness_db: float
    pace: float  # syllables a second over the usual ones; 1.0 too when nothing is known of one of them
    speech_s: float  # of this turn
    usual_s: float  # of earlier speech, at most MEMORY_S: how much the comparison rests on


@dataclass(frozen=True, slots=True)
class _Sound:
    """How a stretch of speech sounds."""

    semitones: float  # above 100 Hz
    range_semitones: float
    loudness_db: float


@dataclass(slots=True)
class _Mean:
    """A running mean that forgets: what lies more than MEMORY_S of speech back counts little."""

    value: float = 0.0
    over_s: float = 0.0

    def add(self, value: float, seconds: float) -> None:
        self.over_s = min(self.over_s + seconds, MEMORY_S)
        self.value += (value - self.value) * seconds / self.over_s


@dataclass(slots=True)
class _Usual:
    """How the speaker usually sounds."""

    semitones: _Mean = field(default_factory=_Mean)
    range_semitones: _Mean = field(default_factory=_Mean)
    loudness_db: _Mean = field(default_factory=_Mean)
    syllables_per_s: _Mean = field(default_factory=_Mean)


class Prosody:
    """The voice of one speaker, turn after turn."""

    def __init__(self) -> None:
        self._before: Floats = np.zeros(WINDOW_SAMPLES - FRAME_SAMPLES, np.float32)
        self._pitches: deque[float] = deque(maxlen=_MAX_FRAMES)  # of this turn's voiced frames, in semitones
        self._levels: deque[float] = deque(maxlen=_MAX_FRAMES)  # of its speech frames, in dB
        self._speech_frames = 0
        self._usual = _Usual()

    def feed(self, frames: Floats, probs: Floats) -> None:
        """Successive frames, float32 [k, FRAME_SAMPLES] at 16 kHz, and their voice probabilities [k]."""
        joined = np.concatenate([self._before, frames.reshape(-1)])
        self._before = joined[len(joined) - len(self._before) :].copy()
        (spoken,) = np.nonzero(probs >= _SPEECH_PROB)
        if not len(spoken):
            return
        windows = np.lib.stride_tricks.sliding_window_view(joined, WINDOW_SAMPLES)[::FRAME_SAMPLES][spoken]
        hz, clarity = pitch(windows)
        self._pitches.extend((12.0 * np.log2(hz[clarity >= _CLEAR] / 100.0)).tolist())
        power = np.square(frames[spoken]).mean(axis=1)
        self._levels.extend((10.0 * np.log10(power + 1e-10)).tolist())
        self._speech_frames += len(spoken)

    @property
    def _speech_s(self) -> float:
        return self._speech_frames * FRAME_S

    def tone(self, text: str) -> VoiceTone | None:
        """How the turn so far, whose words are `text`, differs from the usual. None: too little was heard of one."""
        sound, usual = self._sound(), self._usual
        if sound is None or usual.semitones.over_s < MIN_SPEECH_S:
            return None
        pace, usual_pace = self._pace(text), usual.syllables_per_s.value
        return VoiceTone(
            pitch_semitones=sound.semitones - usual.semitones.value,
            liveliness_semitones=sound.range_semitones - usual.range_semitones.value,
            loudness_db=sound.loudness_db - usual.loudness_db.value,
            pace=pace / usual_pace if pace and usual_pace else 1.0,
            speech_s=self._speech_s,
            usual_s=usual.semitones.over_s,
        )

    def end_turn(self, text: str) -> None:
        """The turn is over, and now belongs to what is usual. Without words it was noise, and is forgotten."""
        sound = self._sound()
        if sound is not None and text.strip():
            seconds = min(self._speech_s, LONGEST_TURN_S)
            self._usual.semitones.add(sound.semitones, seconds)
            self._usual.range_semitones.add(sound.range_semitones, seconds)
            self._usual.loudness_db.add(sound.loudness_db, seconds)
            if pace := self._pace(text):
                self._usual.syllables_per_s.add(pace, seconds)
        self._pitches.clear()
        self._levels.clear()
        self._speech_frames = 0

    def _sound(self) -> _Sound | None:
        """How the turn sounds so far; None when it is too short, or has no voice in it (a whisper)."""
        if self._speech_s < MIN_SPEECH_S or len(self._pitches) * FRAME_S < MIN_SPEECH_S / 2:
            return None
        low, middle, high = np.percentile(self._pitches, (10, 50, 90))
        loud = np.percentile(self._levels, 75)  # of the vowels, not of the gaps between words
        return _Sound(float(middle), float(high - low), float(loud))

    def _pace(self, text: str) -> float:
        """Syllables a second; 0 when the turn is too short for one."""
        return syllables(text) / self._speech_s if self._speech_s >= _PACED_S else 0.0


def syllables(text: str) -> int:
    """About how many syllables a text has: its groups of vowels without a silent e, and its digits."""
    return len(_SYLLABLE.findall(_SILENT_E.sub("", text.lower())))
