"""Whose voice is that? The fan's, or the avatar's own coming back from the loudspeakers. Pure.

Browsers and headsets cancel echo, not all of it. What is left is much softer than the fan, and the fan's own loudness
is known from their turns. What comes next: ears.py reports a voice over the avatar's only when it passes the gate.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

FIRST_LEVEL_DB: Final = -30.0  # of full scale: a fan at a laptop's microphone
ECHO_MARGIN_DB: Final = (
    6.0  # a voice so much softer than the fan's usual one is not theirs: the loudest 96 ms of an echo
)
#: at -20 dB are at -39 dB, the gate before the fan has spoken is at -36
LEARNED_SHARE: Final = 0.4  # of the newest utterance in the usual level
SILENCE_DB: Final = -90.0


def level_db(pcm: NDArray[np.float32]) -> float:
    """The RMS of float32 [n] in dB of full scale; SILENCE_DB for nothing."""
    power = float(np.mean(np.square(pcm))) if len(pcm) else 0.0
    return max(SILENCE_DB, 10 * float(np.log10(power))) if power > 0 else SILENCE_DB


class LoudnessGate:
    """What this fan sounds like at their microphone."""

    def __init__(self) -> None:
        self.usual_db = FIRST_LEVEL_DB

    def learn(self, utterance: NDArray[np.float32]) -> None:
        """An utterance that was surely the fan's, float32 [n]."""
        heard_db = level_db(utterance)
        if heard_db > SILENCE_DB:
            self.usual_db += LEARNED_SHARE * (heard_db - self.usual_db)

    def passes(self, pcm: NDArray[np.float32]) -> bool:
        """Whether this is loud enough to be the fan."""
        return level_db(pcm) >= self.usual_db - ECHO_MARGIN_DB
