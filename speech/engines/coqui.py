"""What the voices of coqui-tts share: its libraries, a folder to load from, samples at our rate. Needs the `gpu` extra.

What comes next: vits.py, a voice that times its phonemes, and xtts.py, one that streams and clones.
"""

import logging
from contextlib import AbstractContextManager, nullcontext
from math import gcd
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from protocol.device import Dtype, check_device
from protocol.errors import EngineError
from protocol.timeline import OUTPUT_RATE_HZ
from speech.tts import SpeechJob

MIN_SPEED: Final = 0.5
MAX_SPEED: Final = 2.0

_INSTALL: Final = "the voices of coqui-tts need the gpu extra: pip install 'stagedoor[gpu]'"


class CoquiModel:
    """A model of coqui-tts and where it computes."""

    def __init__(self, folder: Path, kind: str, *, device: str, dtype: Dtype) -> None:
        """`folder` holds `config.json` and what the model of this `kind` needs beside it, as its authors ship it.

        Raises EngineError when the extra is not installed, the device is not there or the model cannot be read.
        """
        self.torch, load_config, setup_model = _libraries()
        check_device(self.torch, device)
        self.device = device
        self._dtype = None if dtype in ("auto", "float32") else getattr(self.torch, dtype)
        try:
            self.config = load_config(str(folder / "config.json"))
            if self.config.model != kind:
                raise EngineError(f"{folder} holds a {self.config.model!r} model, and tts.engine is {kind!r}")
            self.net = setup_model(self.config)
            where = {"checkpoint_dir": folder} if kind == "xtts" else {"checkpoint_path": _weights(folder)}
            self.net.load_checkpoint(self.config, eval=True, **where)
        except (OSError, ValueError, RuntimeError, KeyError, TypeError, AssertionError) as error:
            raise EngineError(f"not a readable {kind} model: {folder}: {error}") from error
        self.net.to(device)

    def computing(self) -> AbstractContextManager[Any]:
        """Around calls of the network: its arithmetic is of the configured type."""
        if self._dtype is None:
            return nullcontext()
        found: AbstractContextManager[Any] = self.torch.autocast(self.device.partition(":")[0], self._dtype)
        return found


def _weights(folder: Path) -> Path:
    """The weights, under any of the names that their authors give them."""
    for name in ("model.pth", "model_file.pth", "best_model.pth"):
        if (folder / name).is_file():
            return folder / name
    raise EngineError(f"{folder} holds no model.pth, model_file.pth or best_model.pth")


def _libraries() -> tuple[Any, Any, Any]:
    try:
        import torch  # noqa: PLC0415  (an extra, and seconds to import)
    except ImportError as error:
        raise EngineError(f"{_INSTALL} ({error})") from error
    try:
        import torchaudio  # noqa: F401, PLC0415
    except (OSError, RuntimeError) as error:
        raise EngineError(
            f"torchaudio and torch {torch.__version__} are not built for the same device or CUDA: install both from "
            f"one index, CUDA or CPU ({error})"
        ) from error
    except ImportError as error:
        raise EngineError(f"{_INSTALL} ({error})") from error
    try:
        from TTS.config import load_config  # noqa: PLC0415
        from TTS.tts.models import setup_model  # noqa: PLC0415
    except ImportError as error:
        raise EngineError(f"{_INSTALL} ({error})") from error
    logging.getLogger("TTS").setLevel(logging.ERROR)  # its warnings quote what is said
    return torch, load_config, setup_model


def at_output_rate(pcm: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    """Samples [n] of `rate_hz` at OUTPUT_RATE_HZ, within -1..1."""
    if rate_hz != OUTPUT_RATE_HZ:
        common = gcd(rate_hz, OUTPUT_RATE_HZ)
        pcm = resample_poly(pcm, OUTPUT_RATE_HZ // common, rate_hz // common)
    return np.clip(pcm, -1.0, 1.0).astype(np.float32)


def refusal(job: SpeechJob, voices: tuple[str, ...], languages: tuple[str, ...] = ()) -> EngineError | None:
    """Why this job cannot be said, if that is clear without saying it. No languages: it speaks the one it speaks."""
    if job.voice not in voices:
        return EngineError(f"no voice {job.voice!r}; there is {', '.join(voices)}")
    if languages and job.language not in languages:
        return EngineError(f"it does not speak {job.language!r}; it speaks {', '.join(languages)}")
    if not MIN_SPEED <= job.speed <= MAX_SPEED:
        return EngineError(f"speed {job.speed} is not between {MIN_SPEED} and {MAX_SPEED}")
    return None
