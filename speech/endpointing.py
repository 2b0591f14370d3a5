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
