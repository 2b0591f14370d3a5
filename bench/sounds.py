"""Sounds that a fan makes while the avatar speaks: "uh-huh", "wow", a laugh, a cough. Made here, so that all are free.

The voices come from the synthesiser, played slower for a deeper one; a cough is three bursts of filtered noise. They
are synthetic, and the figures say so. What comes next: bargein.py says them over a reply.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.clips import Clip, clip_of
from protocol.timeline import INPUT_RATE_HZ, OUTPUT_RATE_HZ
from speech.engines.hibari import Hibari
from speech.tts import SpeechJob

BACKCHANNELS: Final = (
    "Uh-huh.", "Wow!", "Mm-hm.", "Yeah.", "Oh nice.", "Right.", "Mmm.", "Really?", "Okay.", "Aww.", "No way!", "Cool.",
)  # fmt: skip
LAUGHS: Final = ("Ha ha ha!", "Haha!", "Hee hee.")
VOICE: Final = "heart"
PACES: Final = (1.0, 0.84)  # of the tape: the second one is another, deeper fan
PEAK: Final = 0.25  # of full scale, as loud as the recorded clips
COUGH_S: Final = ((0.00, 0.11, 1.0), (0.19, 0.08, 0.7), (0.33, 0.12, 0.5))  # begin, length, level of each burst
COUGH_HZ: Final = (450.0, 2600.0)  # where the noise of a cough lies


def backchannels(n: int) -> list[Clip]:
    """`n` short sounds of somebody who listens, no two neighbours alike."""
    return _said("backchannel", BACKCHANNELS, n)


def laughs(n: int) -> list[Clip]:
    """`n` laughs."""
    return _said("laugh", LAUGHS, n)


def coughs(n: int) -> list[Clip]:
    """`n` coughs, each with noise of its own."""
    return [
        clip_of(f"cough_{i + 1:02d}", _cough(np.random.default_rng(i)), kind="cough", synthetic=True) for i in range(n)
    ]


def _said(kind: str, texts: tuple[str, ...], n: int) -> list[Clip]:
    engine = Hibari(threads=1)
    clips = []
    for i in range(n):
        text, pace = texts[i % len(texts)], PACES[i % len(PACES)]
        (spoken,) = engine.run([SpeechJob(text, VOICE, seed=i)])
        if isinstance(spoken, Exception):
            raise spoken
        pcm = _at_16_khz(spoken.pcm, pace)
        clips.append(
            clip_of(f"{kind}_{i + 1:02d}", pcm * (PEAK / np.abs(pcm).max()), text=text, kind=kind, synthetic=True)
        )
    return clips


def _at_16_khz(pcm: NDArray[np.float32], pace: float) -> NDArray[np.float32]:
    """The synthesiser's float32 [n] at another pace, by its spectrum, so that nothing folds back."""
    n_samples = int(len(pcm) * INPUT_RATE_HZ / OUTPUT_RATE_HZ / pace)
    spectrum = np.fft.rfft(pcm)
    kept = np.zeros(n_samples // 2 + 1, complex)
    n_kept = min(len(kept), len(spectrum))
    kept[:n_kept] = spectrum[:n_kept]
    return (np.fft.irfft(kept, n_samples) * n_samples / len(pcm)).astype(np.float32)


def _cough(rng: np.random.Generator) -> NDArray[np.float32]:
    pcm = np.zeros(int(0.6 * INPUT_RATE_HZ))
    for begin_s, length_s, level in COUGH_S:
        n_samples = int(length_s * INPUT_RATE_HZ)
        begin = int(begin_s * INPUT_RATE_HZ)
        pcm[begin : begin + n_samples] += level * _burst(rng, n_samples)
    peak = float(np.abs(pcm).max())
    return (PEAK * pcm / peak).astype(np.float32)


def _burst(rng: np.random.Generator, n_samples: int) -> NDArray[np.float64]:
    """Noise in the band of a cough that starts at once and dies away."""
    spectrum = np.fft.rfft(rng.standard_normal(n_samples))
    hz = np.fft.rfftfreq(n_samples, 1 / INPUT_RATE_HZ)
    spectrum[(hz < COUGH_HZ[0]) | (hz > COUGH_HZ[1])] *= 0.1
    noise = np.fft.irfft(spectrum, n_samples)
    decay: NDArray[np.float64] = noise * np.exp(-4 * np.arange(n_samples) / n_samples)
    return decay
