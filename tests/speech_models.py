"""Where contract tests find the real models and the clips."""

import os
import wave
from pathlib import Path

import numpy as np
import platformdirs

CLIPS = Path(__file__).parent / "clips"


def model(name: str) -> Path:
    """The folder of a model of models.toml; fails, and says what to do, when it is not there."""
    home = Path(os.environ.get("STAGEDOOR_HOME") or platformdirs.user_cache_path("stagedoor"))
    path = home / "models" / name
    assert path.is_dir(), f"{path} is missing: run `stagedoor models pull --for tests`, or set STAGEDOOR_HOME"
    return path


def clip(name: str) -> np.ndarray:
    """A clip of tests/clips as float32 [n] at 16 kHz."""
    with wave.open(str(CLIPS / f"{name}.wav"), "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / np.float32(32768)
