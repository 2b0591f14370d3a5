"""How the fan may feel: what they say, how they say it, and what their device sees, weighed into one guess. Pure.

Each source gives a Cue with a weight and its reason in plain words; `fuse` makes an Affect of them. It is a guess about
a person, so it is never sure, says why, grows old within seconds, and is made only of what the fan allowed. What comes
next: the reply begins in its tone (server/reply.py), the listening face answers it.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from avatar.blendshapes import INDEX
from avatar.emotion import CATEGORIES, Emotion, felt
from protocol.timeline import EmotionCategory

NEVER_SURER: Final = 0.9
HEART_MEMORY: Final = 300  # rates: half a minute of them at ten a second
HALF_LIFE_S: Final = 12.0  # of the confidence in what was felt
CALM: Final = 0.3  # the arousal of somebody who feels nothing in particular
MOOD_CONFIDENCE: Final = 0.5
MOOD_VALENCE: Final = 0.3
MOOD_AROUSAL: Final = 0.55

_SENTENCE: Final = re.compile(r"[^.!?…]+[.!?…]*")
_LEANING: Final = 0.5  # how strongly a neutral clause shows what the fan may feel
_WORTH_SAYING: Final = 0.1  # a voice that counts less than this is not named as a reason
_OPPOSED: Final = 0.6  # how much of the confidence goes when two sources say the opposite


@dataclass(frozen=True, slots=True)
class Affect:
    """A guess: valence -1..1 (bad..good), arousal 0..1 (calm..excited), confidence 0..NEVER_SURER, and why.

    The reason may quote the fan, so it belongs to the session: never into a log, never to another fan.
    """

    valence: float = 0.0
    arousal: float = CALM
    confidence: float = 0.0
    reason: str = ""

    def aged(self, seconds: float) -> "Affect":
        """The same guess so much later: it is believed less and less."""
        return replace(self, confidence=self.confidence * math.pow(0.5, max(0.0, seconds) / HALF_LIFE_S))


@dataclass(frozen=True, slots=True)
class Cue:
    """What one source says: a valence or an arousal (None: it cannot tell), and how far to believe it, 0..1."""

    weight: float
    reason: str
    valence: float | None = None
    arousal: float | None = None


def fuse(cues: Sequence[Cue]) -> Affect:
    """The cues' weighted mean. What agrees is believed more, what disagrees less; their order does not matter."""
    cues = sorted((cue for cue in cues if cue.weight > 0.0), key=lambda cue: (-cue.weight, cue.reason))
    if not cues:
        return Affect()
    valence, valence_spread = _mean([(cue.valence, cue.weight) for cue in cues])
    arousal, arousal_spread = _mean([(cue.arousal, cue.weight) for cue in cues])
    doubt = math.prod(1.0 - min(cue.weight, 1.0) for cue in cues)
    opposed = min(1.0, max(valence_spread, 2.0 * arousal_spread))  # arousal has half the range of valence
    confidence = min(NEVER_SURER, 1.0 - doubt) * (1.0 - _OPPOSED * opposed)
    return Affect(
        valence=0.0 if valence is None else min(1.0, max(-1.0, valence)),
        arousal=CALM if arousal is None else min(1.0, max(0.0, arousal)),
        confidence=confidence,
        reason="; ".join(cue.reason for cue in cues if cue.reason),
    )


def _mean(said: Sequence[tuple[float | None, float]]) -> tuple[float | None, float]:
    """The weighted mean of those that say something, and their weighted standard deviation; None when nobody does."""
    known = [(value, weight) for value, weight in said if value is not None]
    total = math.fsum(weight for _, weight in known)
    if not known:
        return None, 0.0
    mean = math.fsum(value * weight for value, weight in known) / total
    return mean, math.sqrt(math.fsum(weight * (value - mean) ** 2 for value, weight in known) / total)


# --- the sources ----------------------------------------------------------------------------------------------


def words_cue(text: str) -> Cue | None:
    """What the fan's words say. None: nothing plain. What they ask is rather about the other one: it counts half, and
    not at all beside what they tell.
    """
    told = " ".join(sentence for sentence in _SENTENCE.findall(text) if not sentence.endswith("?"))
    said = felt(told or text)
    if said.emotion.category == "neutral":
        return None
    return Cue(
        weight=(0.7 if told else 0.35) * said.strength,
        reason=f"words: '{said.because}'" if said.because else "",
        valence=said.emotion.valence,
        arousal=said.emotion.arousal,
    )


def voice_cue(
    *, pitch_semitones: float, liveliness_semitones: float, loudness_db: float, pace: float, known: float
) -> Cue:
    """How the voice differs from the fan's own usual one. `known` 0..1: how much the comparison rests on.

    A voice tells how stirred somebody is far better than whether it is for good or ill (so does the literature:
    pitch, its range, loudness and pace rise with joy, anger and fear alike), so only a low, flat, slow, quiet voice
    says anything of valence, and little. Loudness counts least: microphones level it.
    """
    signs = {
        ("higher", "lower"): pitch_semitones / 3.0,
        ("livelier", "flatter"): liveliness_semitones / 5.0,
        ("louder", "quieter"): loudness_db / 8.0,
        ("faster", "slower"): math.log2(max(pace, 0.1)) / 0.4,
    }
    weights = (0.4, 0.2, 0.2, 0.2)
    clipped = {names: min(1.5, max(-1.5, sign)) for names, sign in signs.items()}
    stirred = sum(weight * sign for weight, sign in zip(weights, clipped.values(), strict=True))
    weight = 0.6 * min(1.0, max(0.0, known)) * min(1.0, abs(stirred))
    heard = [
        up if sign > 0 else down for (up, down), sign in clipped.items() if abs(sign) >= 0.5 and sign * stirred > 0
    ]
    arousal = CALM + (0.45 if stirred > 0 else 0.25) * stirred
    return Cue(
        weight=weight,
        reason=f"voice {_listed(heard)} than before" if heard and weight >= _WORTH_SAYING else "",
        valence=-0.3 if stirred < -0.5 else None,
        arousal=min(1.0, max(0.0, arousal)),
    )


def face_cue(face: bytes) -> Cue | None:
    """What the fan's own blendshapes show: 52 bytes in ARKit's order, weight = byte / 255. None: nothing plain."""

    def shown(*names: str) -> float:
        return sum(face[INDEX[name]] for name in names) / (255.0 * len(names))

    smile = shown("mouthSmileLeft", "mouthSmileRight")
    frown = shown("mouthFrownLeft", "mouthFrownRight")
    scowl = shown("browDownLeft", "browDownRight")
    worry = shown("browInnerUp")
    wide = shown("eyeWideLeft", "eyeWideRight")
    signs = {"smiling": smile, "mouth turned down": frown, "brows drawn down": scowl, "eyes wide": wide}
    seen = [name for name, sign in signs.items() if sign >= 0.35]
    if not seen:
        return None
    valence = smile - 0.8 * frown - 0.6 * scowl - (0.3 * worry if smile < 0.2 else 0.0)
    arousal = CALM + 0.5 * wide + 0.3 * smile + 0.3 * scowl
    return Cue(
        weight=0.6 * max(signs.values()),
        reason=f"face: {_listed(seen)}",
        valence=min(1.0, max(-1.0, valence)),
        arousal=min(1.0, arousal),
    )


class HeartRate:
    """A heart beside its own usual rate."""

    def __init__(self) -> None:
        self._usual_bpm = 0.0
        self._n = 0

    def feed(self, bpm: float) -> Cue | None:
        """The newest rate. None: as usual (a few beats mean nothing), or nothing to compare with yet."""
        faster = bpm - self._usual_bpm
        known = self._n / HEART_MEMORY
        self._n = min(self._n + 1, HEART_MEMORY)
        self._usual_bpm += faster / self._n
        if known < 0.1 or abs(faster) < 6.0:
            return None
        stirred = min(1.0, max(-1.0, faster / 30.0))
        return Cue(
            weight=0.4 * min(1.0, 2.0 * known) * abs(stirred),
            reason=f"heart {'faster' if faster > 0 else 'slower'} than before",
            arousal=CALM + (0.5 if stirred > 0 else 0.2) * stirred,
        )


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


# --- what follows ---------------------------------------------------------------------------------------------

#: A feeling in one word, for a metric and a host: "unclear" when the guess is too faint to act on.
Mood = Literal["sad", "upset", "touched", "thrilled", "unclear"]

#: How a reply begins that has no other beginning: a small model goes on from a word in its tone better, and much
#: sooner, than it follows an instruction (docs/decisions/0018-tone-of-a-reply.md). None says what the fan feels.
_BEGINNINGS: Final[Mapping[Mood, str]] = {"sad": "Oh,", "upset": "Hey,", "thrilled": "Oh wow,"}
#: What a large model is told: to be kind, not to talk about it. "May": nobody likes to be told how they feel.
_HINTS: Final[Mapping[Mood, str]] = {
    "sad": "They may be sad. Be gentle.",
    "upset": "They may be upset or nervous. Be calm and kind.",
    "touched": "They may be touched. Be warm.",
    "thrilled": "They may be thrilled. Share it.",
    "unclear": "",
}
#: What a listening face answers with. Anger and fear are met with concern, never with the same.
_ANSWERS: Final[Mapping[Mood, EmotionCategory]] = {
    "sad": "sadness", "upset": "sadness", "touched": "affection", "thrilled": "joy",
}  # fmt: skip


def mood_of(affect: Affect) -> Mood:
    """The feeling in one word."""
    if affect.confidence < MOOD_CONFIDENCE or abs(affect.valence) < MOOD_VALENCE:
        return "unclear"
    stirred = affect.arousal >= MOOD_AROUSAL
    if affect.valence < 0:
        return "upset" if stirred else "sad"
    return "thrilled" if stirred else "touched"


def tone_hint(mood: Mood) -> str:
    """A short line for a language model that cannot go on from a beginning; may be empty."""
    return _HINTS[mood]


def beginning(mood: Mood) -> str:
    """The first word of a reply in this tone; may be empty."""
    return _BEGINNINGS.get(mood, "")


def beginnings() -> tuple[str, ...]:
    """All of them, for a voice to rehearse."""
    return tuple(_BEGINNINGS.values())


def in_tone(emotion: Emotion, mood: Mood) -> Emotion:
    """The feeling of the avatar's own clause, beside what the fan may feel: a neutral one leans towards them."""
    category = _ANSWERS.get(mood)
    if emotion.category != "neutral" or category is None:
        return emotion
    valence, arousal = CATEGORIES[category]
    return Emotion(category, _LEANING * valence, max(emotion.arousal, _LEANING * arousal))


def mirrored(affect: Affect) -> Emotion | None:
    """What the listening face may softly show in answer; None when the guess is too faint."""
    category = _ANSWERS.get(mood_of(affect))
    if category is None:
        return None
    return Emotion(category, affect.confidence * affect.valence, CALM + affect.confidence * (affect.arousal - CALM))
