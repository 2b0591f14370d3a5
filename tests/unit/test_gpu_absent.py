"""A GPU, or its libraries, that are configured and not there: one sentence that says what to do."""

import sys
from collections.abc import Callable
from pathlib import Path

import ctranslate2
import pytest

from avatar.engines.transformers_llm import TransformersEngine
from protocol.errors import EngineError
from server.app import load_tts
from server.config import Config, TtsConfig
from speech.engines.vits import VitsVoices
from speech.engines.whisper import Whisper
from speech.engines.xtts import XttsVoices


def test_the_gpu_extra_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # as where the extra is not installed
    with pytest.raises(EngineError, match=r"needs the gpu extra: pip install 'stagedoor\[gpu\]'"):
        TransformersEngine("any/model")


def test_a_recogniser_without_its_gpu_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 0)
    with pytest.raises(EngineError, match="CTranslate2 sees no GPU"):
        Whisper(Path("/nowhere"), device="cuda")


@pytest.mark.parametrize("voices", [VitsVoices, XttsVoices])
def test_a_voice_that_needs_the_gpu_extra_asks_for_it(
    voices: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(EngineError, match=r"need the gpu extra: pip install 'stagedoor\[gpu\]'"):
        voices(Path("/nowhere"))


def test_a_voice_without_the_folder_of_its_model_names_the_key() -> None:
    with pytest.raises(EngineError, match=r"tts\.model is empty"):
        load_tts(Config(tts=TtsConfig(engine="xtts")))
