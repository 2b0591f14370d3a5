"""Is the turn over? Fuses silence, the audio turn model and the words. Pure.

What comes next: turns.py asks `required_silence_ms` when the fan falls silent.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class TurnEngine(Protocol):
    """An audio model of turn ends. One that fails for a job puts the exception in its place."""

    def run(self, jobs: Sequence[NDArray[np.float32]]) -> list[float | Exception]:
        """The probability that each utterance (float32 [n] at 16 kHz, ending in a pause) is a complete turn."""


# Milliseconds of silence that a pause must reach before the turn is over. A later bench fits these to clips
# (cut-offs against delay); until then they follow the turn model's own figures in docs/decisions.
SURE_MS = 200.0  # complete by its sound: the gap that people leave (Stivers et al. 2009)
UNSURE_MS = 700.0  # the model is undecided, or has not answered yet
UNFINISHED_MS = 2000.0  # sounds unfinished: long enough to think of a word
DANGLING_MS = 1600.0  # the words ask for more ("my sister and"), however final they sound

#: Last words that English seldom ends a turn with. Short on purpose: a wrong entry costs many fans a second.
_DANGLING = frozenset(
    "a an the and or but because if when while which whose with of to for from at by into than as my your our their "
    "its um uh er hmm i'm i".split()
)
#: ... but questions end with some of them ("where are you from?").
_STRANDED = frozenset("for with from to of at by".split())


def required_silence_ms(complete_prob: float | None, text: str) -> float:
    """How long the fan must have been silent for this to be the end of the turn.

    complete_prob: the audio turn model's 0..1, or None while it has not answered. text: the turn's words so far.
    """
    by_sound = _by_sound(complete_prob)
    return max(by_sound, DANGLING_MS) if _dangles(text) else by_sound


def _by_sound(prob: float | None) -> float:
    if prob is None:
        return UNSURE_MS
    if prob >= 0.5:
        return float(np.interp(prob, (0.5, 0.9), (UNSURE_MS, SURE_MS)))
    return float(np.interp(prob, (0.0, 0.5), (UNFINISHED_MS, UNSURE_MS)))


def _dangles(text: str) -> bool:
    words = text.casefold().rstrip(" .…-—,").split()
    if not words or text.rstrip().endswith(("...", "…", "-", "—", ",")):
        return bool(words)
    last = words[-1].strip("\"'“”")
    question = last.endswith("?")
    last = last.rstrip("?!")
    return last in _DANGLING and not (question and last in _STRANDED)
