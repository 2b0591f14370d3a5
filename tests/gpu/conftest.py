"""The engines on PyTorch: only with `make test-gpu`, because their libraries are gigabytes where CUDA comes along.

The models are small and of random weights, written as their authors ship them: config.json, weights, vocabulary. On two
shared cores the tests take three to five minutes, and the libraries' first installation six.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

collect_ignore_glob = [] if os.environ.get("STAGEDOOR_TEST_GPU") else ["test_*.py"]

SMALL_VITS: dict[str, Any] = {
    "hidden_channels": 16, "hidden_channels_ffn_text_encoder": 16, "num_layers_text_encoder": 1,
    "num_layers_posterior_encoder": 1, "num_layers_flow": 1, "upsample_initial_channel_decoder": 16,
    "init_discriminator": False, "speaker_embedding_channels": 8,
}  # fmt: skip
SMALL_XTTS: dict[str, Any] = {
    "gpt_layers": 2, "gpt_n_model_channels": 64, "gpt_n_heads": 2, "gpt_max_audio_tokens": 60,
    "gpt_max_text_tokens": 120, "gpt_num_audio_tokens": 68, "gpt_start_audio_token": 66, "gpt_stop_audio_token": 67,
    "gpt_use_perceiver_resampler": True, "decoder_input_dim": 64,
}  # fmt: skip


@pytest.fixture(scope="session")
def make_vits() -> Callable[..., Path]:
    """A VITS that reads IPA (spelled by gruut, in Python) or letters, with so many speakers."""
    import torch
    from TTS.tts.configs.vits_config import VitsArgs, VitsConfig
    from TTS.tts.models.vits import Vits

    def make(folder: Path, *, speakers: tuple[str, ...] = (), phonemes: bool = True) -> Path:
        torch.manual_seed(0)
        config = VitsConfig(
            model_args=VitsArgs(**SMALL_VITS), use_phonemes=phonemes, phonemizer="gruut" if phonemes else "",
            phoneme_language="en-us", text_cleaner="english_cleaners", add_blank=True,
        )  # fmt: skip
        if speakers:
            torch.save({name: n for n, name in enumerate(speakers)}, folder / "speakers.pth")
            for told in (config, config.model_args):
                told.use_speaker_embedding, told.num_speakers = True, len(speakers)
                told.speakers_file = str(folder / "speakers.pth")
        model = Vits(config)
        config.save_json(str(folder / "config.json"))
        torch.save({"model": model.state_dict()}, folder / "model_file.pth")
        return folder

    return make


@pytest.fixture(scope="session")
def xtts_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An XTTS v2 of two layers with one speaker of its own, "Studio", that speaks English and Spanish."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from TTS.tts.configs.xtts_config import XttsArgs, XttsConfig
    from TTS.tts.models.xtts import Xtts

    folder = tmp_path_factory.mktemp("xtts")
    letters = {c: n for n, c in enumerate("abcdefghijklmnopqrstuvwxyz.,!?'")}
    tokenizer = Tokenizer(models.BPE(vocab=letters, merges=[]))
    tokenizer.add_special_tokens(["[STOP]", "[START]", "[UNK]", "[SPACE]", "[en]", "[es]"])
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "vocab.json"))
    torch.manual_seed(0)
    config = XttsConfig(model_args=XttsArgs(**SMALL_XTTS), languages=["en", "es"])
    model = Xtts(config)
    model.tokenizer.tokenizer = tokenizer
    model.init_models()
    config.save_json(str(folder / "config.json"))
    torch.save({"model": model.state_dict()}, folder / "model.pth")
    studio = {"gpt_cond_latent": torch.randn(1, 32, 64), "speaker_embedding": torch.randn(1, 512, 1)}
    torch.save({"Studio": studio}, folder / "speakers_xtts.pth")
    return folder
