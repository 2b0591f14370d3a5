"""Smart Turn v3 on onnxruntime: does this sound like the end of a turn?

It hears intonation, not words; what comes next is endpointing.py, which weighs the words in.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray

from protocol.errors import EngineError
from protocol.timeline import INPUT_RATE_HZ
from speech.engines.onnx_session import open_session

_WINDOW_S: Final = 8
_WINDOW_SAMPLES: Final = _WINDOW_S * INPUT_RATE_HZ
_MEL_FRAMES: Final = 800


class SmartTurn:
    """Thread-safe: the session is only read. One thread: about 35 ms an utterance, two would fight the recogniser."""

    def __init__(self, model_path: Path) -> None:
        """`model_path` is model.onnx or its folder. Raises EngineError when it cannot be read."""
        self._session = open_session(model_path)
        self._mel = FeatureExtractor(chunk_length=_WINDOW_S)

    def run(self, jobs: Sequence[NDArray[np.float32]]) -> list[float | Exception]:
        """See TurnEngine. Only the last 8 s of an utterance are heard."""
        results: list[float | Exception] = [
            EngineError(f"an utterance is finite float32 [n], n > 0, not {pcm.dtype} {pcm.shape}") for pcm in jobs
        ]
        good = [i for i, pcm in enumerate(jobs) if pcm.ndim == 1 and len(pcm) and np.isfinite(pcm).all()]
        if good:
            features = np.stack([self._features(jobs[i]) for i in good])
            (probs,) = self._session.run(None, {"input_features": features})
            for i, prob in zip(good, probs.ravel(), strict=True):
                results[i] = float(prob)
        return results

    def _features(self, pcm: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log-mel [80, 800] of the last 8 s, silence before a shorter utterance, as the model was trained."""
        heard = pcm[-_WINDOW_SAMPLES:]
        window = np.pad(heard, (_WINDOW_SAMPLES - len(heard), 0))
        level = (window - window.mean()) / np.sqrt(window.var() + 1e-7)
        mel: NDArray[np.float32] = self._mel(level, padding=0)[:, :_MEL_FRAMES]
        return mel.astype(np.float32)
