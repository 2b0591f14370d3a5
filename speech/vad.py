"""Is there a voice? The seam to the model, and the Segmenter that turns probabilities into speech and pauses.

The VAD is a model (a probability for 32 ms); the Segmenter is hysteresis over it, pure, on the fan's media clock.
What comes next: the turn machine (turns.py) hears SpeechStarted and SpeechStopped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

FRAME_SAMPLES = 512  # 32 ms at 16 kHz: the only frame Silero VAD takes


@dataclass(frozen=True, slots=True)
class VadJob:
    """Successive frames of one session, float32 [k, FRAME_SAMPLES] at 16 kHz, and the state they continue."""

    frames: NDArray[np.float32]
    state: Any


@dataclass(frozen=True, slots=True)
class VadResult:
    """Voice probability of each frame, float32 [k], and the state for the next job."""

    probs: NDArray[np.float32]
    state: Any


class VadEngine(Protocol):
    """A voice activity model. Stateless: sessions hold the state."""

    def new_state(self) -> Any:
        """The state of a session that has not heard anything."""

    def run(self, jobs: Sequence[VadJob]) -> list[VadResult | Exception]:
        """Scores every job; one model call serves one frame of each of them."""
