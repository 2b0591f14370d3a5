"""The seam to a recogniser, and what may be believed of it.

What comes next: turns.py decides with the words, avatar/dialogue.py answers them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class AsrJob:
    """Speech to be written down: float32 [n] at 16 kHz, at most 30 s. `language` None asks for detection.

    `quick` jobs (partials) skip the safeguards that may cost a second pass.
    """

    pcm: NDArray[np.float32]
    language: str | None = "en"
    quick: bool = False


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What was heard. Empty text means: no words. `mean_logprob` is per token; `full_context` says that the
    short context was distrusted and the 30 s one was used.
    """

    text: str
    language: str
    mean_logprob: float
    no_speech_prob: float
    full_context: bool = False


class AsrEngine(Protocol):
    """A recogniser. One that fails for a job puts the exception in its place."""

    def run(self, jobs: Sequence[AsrJob]) -> list[Hypothesis | Exception]:
        """Recognises every job; the results are in the order of the jobs."""
