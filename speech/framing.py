"""Any chunk size in, fixed frames out.

What comes next: the VAD (vad.py) scores the frames.
"""

import numpy as np
from numpy.typing import NDArray


class Framer:
    """Cuts one session's audio into frames of `frame_samples`; what does not fill a frame waits for the next chunk."""

    def __init__(self, frame_samples: int) -> None:
        if frame_samples < 1:
            raise ValueError(f"a frame has at least one sample, not {frame_samples}")
        self.frame_samples = frame_samples
        self.fed_samples = 0
        self._rest: NDArray[np.float32] = np.zeros(0, np.float32)

    @property
    def framed_samples(self) -> int:
        """How much of what was fed has left in frames: the media time up to which frames exist."""
        return self.fed_samples - len(self._rest)

    def feed(self, pcm: NDArray[np.float32]) -> NDArray[np.float32]:
        """Takes float32 [n], any n; returns the frames that are now full, float32 [k, frame_samples], k >= 0."""
        self.fed_samples += len(pcm)
        joined = np.concatenate([self._rest, pcm.astype(np.float32, copy=False)])
        n_frames = len(joined) // self.frame_samples
        cut = n_frames * self.frame_samples
        self._rest = joined[cut:].copy()  # a copy, or a long chunk would stay alive for its last few samples
        return joined[:cut].reshape(n_frames, self.frame_samples)
