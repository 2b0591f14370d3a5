"""How the body holds itself with a feeling, or while it listens: one named posture at a time, and how much of it.

For rigs with a trunk and shoulders; the head's share is in the face frames already. What comes next: face.py stamps it
on the reply's clock; a rig without the posture ignores it.
"""

from collections.abc import Mapping
from typing import Final

from avatar.emotion import CATEGORIES, Emotion
from avatar.life import Attention
from protocol.timeline import EmotionCategory, Posture, PostureCue

#: A feeling at its usual strength. Liking leans towards people and startling away from them; sadness lets the
#: shoulders fall, fear pulls them up.
_OF_FEELING: Final[Mapping[EmotionCategory, tuple[Posture, float]]] = {
    "neutral": ("upright", 0.0), "joy": ("lean_in", 0.4), "affection": ("lean_in", 0.55),
    "sadness": ("shoulders_down", 0.7), "anger": ("lean_in", 0.6), "fear": ("shoulders_up", 0.7),
    "surprise": ("lean_back", 0.6),
}  # fmt: skip
_OF_ATTENTION: Final[Mapping[Attention, tuple[Posture, float]]] = {
    "listening": ("lean_in", 0.5), "thinking": ("lean_back", 0.3), "idle": ("upright", 0.0),
    "speaking": ("upright", 0.0),
}  # fmt: skip


def of_feeling(emotion: Emotion, start_samples: int, energy: float = 1.0) -> PostureCue:
    """The posture of what is being said. `energy` is the persona's: how much it shows of all it feels."""
    name, usual = _OF_FEELING[emotion.category]
    return _cue(start_samples, name, usual * (1.0 + 0.5 * (emotion.arousal - CATEGORIES[emotion.category][1])), energy)


def of_attention(attention: Attention, energy: float = 1.0) -> PostureCue:
    """The posture between replies, from now on."""
    return _cue(0, *_OF_ATTENTION[attention], energy)


def _cue(start_samples: int, name: Posture, amount: float, energy: float) -> PostureCue:
    shown = min(1.0, max(0.0, amount * (0.5 + 0.5 * energy)))
    return PostureCue(start_samples, name, round(shown, 3))
