"""Silero VAD on onnxruntime: one model call scores one frame of every session.

The graph is the batchable one that faster-whisper ships; what comes next is the Segmenter (../vad.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from protocol.errors import EngineError
from protocol.timeline import INPUT_RATE_HZ
from speech.engines.onnx_session import open_session
from speech.vad import FRAME_SAMPLES, VadJob, VadResult

_CONTEXT_SAMPLES: Final = 64  # the model sees the end of the frame before


@dataclass(frozen=True, slots=True)
class SileroState:
    """The last samples heard, float32 [64], and the recurrent state, float32 [2, 128]."""

    context: NDArray[np.float32]
    hidden: NDArray[np.float32]


class SileroVad:
    """Thread-safe: the session is only read. One thread, because a frame is 0.2 ms of work."""

    def __init__(self, model_path: Path) -> None:
        """`model_path` is model.onnx or its folder. Raises EngineError when it cannot be read."""
        self._session = open_session(model_path)
        self._rate = np.array(INPUT_RATE_HZ, np.int64)

    def new_state(self) -> SileroState:
        return SileroState(np.zeros(_CONTEXT_SAMPLES, np.float32), np.zeros((2, 128), np.float32))

    def run(self, jobs: Sequence[VadJob]) -> list[VadResult | Exception]:
        """See VadEngine. A job of k frames takes part in the first k model calls."""
        faults = [_fault(job) for job in jobs]
        states = [job.state for job in jobs]
        probs = [np.zeros(0 if fault else len(job.frames), np.float32) for job, fault in zip(jobs, faults, strict=True)]
        for step in range(max(map(len, probs), default=0)):
            active = [i for i in range(len(jobs)) if step < len(probs[i])]
            frames = np.stack([jobs[i].frames[step] for i in active])
            scores, after = self._step(frames, [states[i] for i in active])
            for row, i in enumerate(active):
                probs[i][step], states[i] = scores[row], after[row]
        return [fault or VadResult(probs[i], states[i]) for i, fault in enumerate(faults)]

    def _step(
        self, frames: NDArray[np.float32], states: list[SileroState]
    ) -> tuple[NDArray[np.float32], list[SileroState]]:
        """One frame of b sessions, float32 [b, FRAME_SAMPLES]: their probabilities [b] and states after it."""
        heard = np.concatenate([np.stack([s.context for s in states]), frames], axis=1)
        hidden = np.stack([s.hidden for s in states], axis=1)
        scores, hidden = self._session.run(None, {"input": heard, "state": hidden, "sr": self._rate})
        tails = frames[:, -_CONTEXT_SAMPLES:].copy()
        return scores[:, 0], [SileroState(tails[i], hidden[:, i].copy()) for i in range(len(states))]


def _fault(job: VadJob) -> EngineError | None:
    """Why this job cannot be scored. A NaN would poison the session's state for good."""
    if job.frames.ndim != 2 or job.frames.shape[1] != FRAME_SAMPLES or job.frames.dtype != np.float32:
        return EngineError(f"frames are {job.frames.dtype} {job.frames.shape}, not float32 [k, {FRAME_SAMPLES}]")
    if not np.isfinite(job.frames).all():
        return EngineError("frames hold NaN or infinity")
    if not isinstance(job.state, SileroState):
        return EngineError(f"the state is a {type(job.state).__name__}, not one made by new_state()")
    return None
