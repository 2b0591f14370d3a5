"""A GPU, or its libraries, that are configured and not there: one sentence that says what to do."""

import sys
from pathlib import Path

import ctranslate2
import pytest

from avatar.engines.transformers_llm import TransformersEngine
from protocol.errors import EngineError
from speech.engines.whisper import Whisper


def test_the_gpu_extra_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # as where the extra is not installed
    with pytest.raises(EngineError, match=r"needs the gpu extra: pip install 'stagedoor\[gpu\]'"):
        TransformersEngine("any/model")


def test_a_recogniser_without_its_gpu_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 0)
    with pytest.raises(EngineError, match="CTranslate2 sees no GPU"):
        Whisper(Path("/nowhere"), device="cuda")
