"""Ways to move a mouth that the bench compares: ours, and two public rules that run on the same audio.

Each is a function from one clause of speech to ARKit weights [frames, 52]. What comes next: face_measures.py says
how well each of them does.
"""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from openfacefx.alignment import PhonemeSegment
from openfacefx.coarticulation import build_viseme_curves
from openfacefx.ipa import IPA_MAPPING
from openfacefx.retarget import PRESETS

from avatar.audio_visemes import mouth_from_audio
from avatar.blendshapes import INDEX, N_WEIGHTS, Weights, loudness_opening, mouth
from avatar.visemes import mouth_targets
from protocol.timeline import FACE_FPS, OUTPUT_RATE_HZ, SAMPLES_PER_FACE_FRAME, PhonemeSpan
from speech.tts import SpokenChunk

Rule = Callable[[SpokenChunk], Weights]

#: hibari writes diphthongs as capitals; openfacefx reads IPA.
_IPA: Final = {"A": "eɪ", "I": "aɪ", "O": "oʊ", "W": "aʊ", "Y": "ɔɪ", "Q": "oʊ", "T": "ɾ", "ᵊ": "ə", "ᵻ": "ɪ",
               "ʤ": "dʒ", "ʧ": "tʃ"}  # fmt: skip


def exact(spoken: SpokenChunk) -> Weights:
    """Ours: the synthesiser's phonemes, avatar/blendshapes.py."""
    n_frames = len(spoken.pcm) // SAMPLES_PER_FACE_FRAME
    targets = mouth_targets(spoken.phonemes, len(spoken.pcm))
    return mouth(targets, n_frames, loudness_opening(spoken.pcm))[:, :N_WEIGHTS]


def audio(spoken: SpokenChunk) -> Weights:
    """Ours for a voice without times: avatar/audio_visemes.py. Shown in step; live it is BEHIND_MS later."""
    return mouth_from_audio(spoken.pcm)[:, :N_WEIGHTS]


def loudness(spoken: SpokenChunk) -> Weights:
    """The jaw follows the loudness, the rule of many simple avatars: root mean square of a frame, smoothed, scaled."""
    frames = spoken.pcm.reshape(-1, SAMPLES_PER_FACE_FRAME)
    level = np.sqrt(np.square(frames).mean(axis=1))
    smooth = np.convolve(level, [0.25, 0.5, 0.25], mode="same")
    weights = np.zeros((len(frames), N_WEIGHTS), np.float32)
    weights[:, INDEX["jawOpen"]] = np.clip(smooth / max(float(np.percentile(smooth, 95)), 1e-6), 0, 1) * 0.6
    return weights


def openfacefx(spoken: SpokenChunk) -> Weights:
    """OpenFaceFX 0.24.0 (MIT) as it comes: its IPA to viseme table, its dominance curves, its table for ARKit."""
    n_frames = len(spoken.pcm) // SAMPLES_PER_FACE_FRAME
    segments = [s for phoneme in spoken.phonemes for s in _segments(phoneme)]
    times, matrix = build_viseme_curves(segments, fps=float(FACE_FPS), mapping=IPA_MAPPING)
    at = np.arange(n_frames) / FACE_FPS
    weights = np.zeros((n_frames, N_WEIGHTS), np.float32)
    preset: Mapping[str, object] = PRESETS["arkit"]
    for column, target in enumerate(IPA_MAPPING.targets):
        curve = np.interp(at, times, matrix[:, column])
        for name, scale in preset.get(target.name, ()):  # type: ignore[attr-defined]
            if name in INDEX:
                weights[:, INDEX[name]] += np.float32(scale) * curve.astype(np.float32)
    return np.asarray(np.clip(weights, 0.0, 1.0), np.float32)


def _segments(phoneme: PhonemeSpan) -> list[PhonemeSegment]:
    """The phoneme in IPA that openfacefx knows; punctuation and gaps are silence."""
    plain = "".join(_IPA.get(c, c) for c in phoneme.symbol if c not in "ˈˌ")
    start, end = phoneme.start_samples / OUTPUT_RATE_HZ, phoneme.end_samples / OUTPUT_RATE_HZ
    if not any(unicodedata.category(c).startswith("L") for c in plain):
        plain = "sil"
    return [PhonemeSegment(plain, start, end)]


RULES: Final[Mapping[str, Rule]] = {"exact": exact, "audio": audio, "loudness": loudness, "openfacefx": openfacefx}
