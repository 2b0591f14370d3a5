"""What words say of a feeling: a linear classifier over words, pairs of words and parts of words. English.

Its weights were fitted by bench/emotion_fit.py on GoEmotions (D. Demszky et al., "GoEmotions: A Dataset of Fine-Grained
Emotions", ACL 2020; CC BY 4.0): short comments that people labelled. A text answers in well under a millisecond, so no
lane is needed, and a linear sum can name the words that it rests on. What comes next: emotion.py makes a face of it,
affect.py weighs it beside the voice.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Feeling = Literal["anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"]

#: Ekman's groups, as GoEmotions counts its 28 labels into them ...
FEELINGS: Final[tuple[Feeling, ...]] = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
#: ... and parts of them that a face shows in their own way: of joy, love and thanks; of surprise, mere interest; of
#: anger, saying no.
SHADES: Final = ("affection", "interest", "disapproval")
N_BUCKETS: Final = 2**16
WEIGHTS_FILE: Final = Path(__file__).with_name("text_emotion.npz")
LONGEST_CHARS: Final = 800  # of a longer text the end is read

_IDF_STEP: Final = 1 / 16
_TOKEN = re.compile(r"\[[a-z]+\]|[a-z]+(?:'[a-z]+)*|[0-9]+|[!?]+|[.…]{2,}|[^\w\s.,;:\"'()\[\]/*-]")
_PHRASE_WORDS: Final = 3  # the longest quotation in a reason


@dataclass(frozen=True, slots=True)
class Weights:
    """The classifier: for each bucket and each of FEELINGS + SHADES a weight (times `scale`), a bias for each output,
    how rare a bucket is (times _IDF_STEP), and the probability from which each of FEELINGS counts as there.
    """

    table: NDArray[np.int8]  # [N_BUCKETS, 10]
    scale: NDArray[np.float32]  # [10]
    bias: NDArray[np.float32]  # [10]
    rarity: NDArray[np.uint8]  # [N_BUCKETS]
    thresholds: NDArray[np.float32]  # [7]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says: the probability of each feeling (several may be there), of the shades, and the words why."""

    probs: dict[Feeling, float]
    affection: float
    interest: float
    disapproval: float
    feeling: Feeling  # the one that stands out most against its threshold
    because: str  # up to three words of the text that speak for it; may be empty

    @property
    def strength(self) -> float:
        """How sure the feeling is, 0..1."""
        return self.probs[self.feeling]


def tokens(text: str) -> list[str]:
    """The words and telling marks of a text, folded: "SO good!!!" is so, good, !!."""
    folded = text[-LONGEST_CHARS:].lower().replace("’", "'")
    return [t[0] * min(len(t), 2) if t[0] in "!?" else t for t in _TOKEN.findall(folded)]


def clues(words: Sequence[str]) -> dict[str, int]:
    """Every feature of a text, and the word that it begins with: words, pairs (also with both ends), parts of words."""
    found: dict[str, int] = {}
    for i, word in enumerate(words):
        found.setdefault(word, i)
        found.setdefault(f"{words[i - 1] if i else '<s>'} {word}", max(i - 1, 0))
        if word[0].isalpha():
            whole = f"<{word}>"
            for size in (3, 4, 5):
                for begin in range(len(whole) - size + 1 if len(whole) > size else 0):
                    found.setdefault(f"#{whole[begin : begin + size]}", i)
    if words:
        found.setdefault(f"{words[-1]} </s>", len(words) - 1)
    return found


def is_shouted(text: str) -> bool:
    """Whether a word of it is written in capitals throughout."""
    return any(len(word) > 3 and word.isupper() for word in text.split())


def bucket(clue: str) -> int:
    """Where a feature stands in the table."""
    return zlib.crc32(clue.encode()) & (N_BUCKETS - 1)


def read(text: str, weights: Weights | None = None) -> Reading:
    """What the text says of a feeling. Neutral for a text without words."""
    weights = weights or load_weights()
    words = tokens(text)
    found = clues(words)
    if is_shouted(text):
        found["<shout>"] = 0
    buckets = np.fromiter(map(bucket, found), np.intp, len(found))
    buckets, first = np.unique(buckets, return_index=True)
    rare = weights.rarity[buckets].astype(np.float32) * np.float32(_IDF_STEP)
    rare /= np.linalg.norm(rare) or 1.0
    parts = weights.table[buckets] * weights.scale * rare[:, None]  # [clues, 10]
    log_odds = parts.sum(axis=0) + weights.bias
    needed = np.log(weights.thresholds / (1.0 - weights.thresholds))
    best = int((log_odds[: len(FEELINGS)] - needed).argmax()) if words else FEELINGS.index("neutral")
    probs = 1.0 / (1.0 + np.exp(-log_odds))
    return Reading(
        probs=dict(zip(FEELINGS, probs.tolist(), strict=False)),
        affection=float(probs[7]),
        interest=float(probs[8]),
        disapproval=float(probs[9]),
        feeling=FEELINGS[best],
        because=_phrase(words, np.fromiter(found.values(), np.intp, len(found))[first], parts[:, best]),
    )


def _phrase(words: Sequence[str], places: NDArray[np.intp], parts: NDArray[np.float32]) -> str:
    """The words next to each other that speak most for a feeling."""
    if not words:
        return ""
    gains = np.bincount(places, parts, minlength=len(words))
    top = int(gains.argmax())
    if gains[top] <= 0.0:
        return ""
    begin = end = top
    while end - begin + 1 < _PHRASE_WORDS:
        before = gains[begin - 1] if begin else 0.0
        after = gains[end + 1] if end + 1 < len(words) else 0.0
        if max(before, after) < 0.25 * gains[top]:
            break
        begin, end = (begin - 1, end) if before >= after else (begin, end + 1)
    return " ".join(word for word in words[begin : end + 1] if word[0].isalnum())


@cache
def load_weights() -> Weights:
    """The weights that come with the house."""
    with np.load(WEIGHTS_FILE) as file:
        return Weights(**{name: file[name] for name in ("table", "scale", "bias", "rarity", "thresholds")})
