"""The seam to a synthesiser: text in, audio with exact phoneme and word times out.

Engines are batch-first and stateless. What comes next: the avatar turns phonemes into a mouth (avatar/visemes.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from protocol.timeline import PhonemeSpan, WordSpan

#: "exact": phoneme times come from the synthesiser's own durations. "none": it gives no times.
Timing = Literal["exact", "none"]


@dataclass(frozen=True, slots=True)
class SpeechJob:
    """A clause to be spoken. `speed` 1.0 is the voice's own pace; `seed` makes the audio repeatable; `language` is for
    voices that speak more than one.

    `emit` is for engines that make sound piece by piece: each piece goes there at once, and the result is what is left.
    It answers whether somebody still listens. Other engines leave it alone: their result is the whole.
    """

    text: str
    voice: str
    speed: float = 1.0
    seed: int = 0
    language: str = "en"
    emit: "Callable[[SpokenChunk], bool] | None" = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SpokenChunk:
    """Audio at OUTPUT_RATE_HZ, float32 in -1..1, shape [n]; spans count samples from its beginning.

    Silence before and after the words is trimmed to what natural speech keeps; the spans are moved along.
    """

    pcm: NDArray[np.float32]
    phonemes: tuple[PhonemeSpan, ...]
    words: tuple[WordSpan, ...]


class TtsEngine(Protocol):
    """A synthesiser. One that fails for a job puts the exception in its place, so neighbours are not disturbed."""

    timing: Timing

    def voices(self) -> tuple[str, ...]:
        """The names that SpeechJob.voice may have."""

    def run(self, jobs: Sequence[SpeechJob]) -> list[SpokenChunk | Exception]:
        """Speaks every job; the results are in the order of the jobs."""
