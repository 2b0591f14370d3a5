"""Value types on the media clock.

Everything that belongs to a reply is stamped in output samples since that reply began, so audio, words,
mouth and feeling can never drift apart. `messages.py` comes next: it puts these on the wire.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

INPUT_RATE_HZ = 16_000  # what every recogniser in the house hears
OUTPUT_RATE_HZ = 24_000  # what every reply is spoken at
FACE_FPS = 60
SAMPLES_PER_FACE_FRAME = OUTPUT_RATE_HZ // FACE_FPS  # 400, exactly: chunks are cut on this grid

#: The 15 visemes of Oculus/Meta, in their order.
Viseme = Literal[
    "sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "ih", "oh", "ou"
]  # fmt: skip

EmotionCategory = Literal["neutral", "joy", "sadness", "anger", "fear", "surprise", "affection"]

Gesture = Literal["wave", "nod", "shake", "laugh", "heart", "shrug", "point"]

Posture = Literal["upright", "lean_in", "lean_back", "shoulders_up", "shoulders_down"]


class AudioFormat(Struct, frozen=True):
    """How audio bytes are to be read: mono, little-endian, `encoding` (pcm16 or opus) at `sample_rate_hz`.

    pre_skip_samples: so many samples at the beginning of a decoded Opus stream are to be dropped.
    """

    encoding: Annotated[str, Meta(max_length=16)] = "pcm16"
    sample_rate_hz: Annotated[int, Meta(ge=1, le=192_000)] = INPUT_RATE_HZ
    pre_skip_samples: Annotated[int, Meta(ge=0, le=192_000)] = 0


class WordSpan(Struct, frozen=True):
    """One written word and the samples in which it is heard."""

    text: str
    start_samples: int
    end_samples: int


class PhonemeSpan(Struct, frozen=True):
    """One phoneme (IPA, as the synthesiser writes it) and the samples in which it sounds."""

    symbol: str
    start_samples: int
    end_samples: int


class VisemeSpan(Struct, frozen=True):
    """One mouth shape and the samples in which it is the target of the mouth."""

    viseme: Viseme
    start_samples: int
    end_samples: int


class EmotionCue(Struct, frozen=True):
    """What the avatar feels from `start_samples` on. valence -1..1 (bad..good), arousal 0..1 (calm..excited)."""

    start_samples: int
    category: EmotionCategory
    valence: float
    arousal: float


class GestureCue(Struct, frozen=True):
    """A named gesture that begins at `start_samples`; rigs without it ignore it."""

    start_samples: int
    name: Gesture


class PostureCue(Struct, frozen=True):
    """How the body is held from `start_samples` on, until the next: a name, and how much of it, 0..1. Rigs without it
    ignore it.
    """

    start_samples: int
    name: Posture
    amount: float = 1.0


def whole_face_frames(n_samples: int) -> int:
    """The number of samples, rounded up to whole face frames."""
    return -(-n_samples // SAMPLES_PER_FACE_FRAME) * SAMPLES_PER_FACE_FRAME
