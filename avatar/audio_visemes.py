"""A mouth from sound alone, for voices that come without phoneme times: a host's live voice, or an engine without them.

A small network (one hidden layer) reads the loudness of 24 bands of a few frames and says how much of each viseme is
there. It hears DELAY_FRAMES beyond the frame it judges, so a mouth is 50 ms behind the sound it describes; whoever has
the whole clip pays no delay. Fitted by bench/audio_mouth_fit.py; how it does beside exact times: `make bench-face`.
What comes next: face.py lays the feeling around it.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar.blendshapes import INDEX, N_MOUTH, N_WEIGHTS, SIL, VISEME_POSES, Weights
from avatar.visemes import VISEMES, MouthTarget, merged
from protocol.timeline import FACE_FPS, OUTPUT_RATE_HZ, SAMPLES_PER_FACE_FRAME, VisemeSpan

DELAY_FRAMES: Final = 2
BEHIND_MS: Final = 1000 * (DELAY_FRAMES + 1) / FACE_FPS  # from the first sample of a frame to its mouth
N_BANDS: Final = 24
PAST_FRAMES: Final = 4
N_FEATURES: Final = N_BANDS * (PAST_FRAMES + 1 + DELAY_FRAMES) + 2
WEIGHTS_FILE: Final = Path(__file__).with_name("audio_visemes.npz")

_WINDOW: Final = 2 * SAMPLES_PER_FACE_FRAME  # a frame and the one before it
_FLOOR: Final = 1e-6  # of a band
_QUIET: Final = 1e-3  # a level below which nobody speaks
_LOUDEST_S: Final = 6.0  # how long a loud moment is remembered
_MEAN_S: Final = 8.0  # how fast a voice's own spectrum is learned
_SURE: Final = 1.6  # shares are sharpened by this power: what is likely is shown as if it were sure
_CONTACT_SHARE: Final = 0.45  # of PP or FF: from here on it is made in full
_POSES: Final = np.stack([VISEME_POSES[v] for v in VISEMES])
_PP, _FF = VISEMES.index("PP"), VISEMES.index("FF")

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Network:
    """hidden = relu(features @ first + first_bias); shares = softmax(hidden @ second + second_bias)."""

    first: Floats  # [N_FEATURES, n]
    first_bias: Floats  # [n]
    second: Floats  # [n, 15]
    second_bias: Floats  # [15]
    usual: Floats  # [N_BANDS]: the mean of the bands over all voices, where a voice begins

    def shares(self, features: Floats) -> Floats:
        """How much of each viseme, float32 [frames, 15], from features [frames, N_FEATURES]."""
        hidden = np.maximum(features @ self.first + self.first_bias, 0.0)
        scores = hidden @ self.second + self.second_bias
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float32)


@cache
def load_network() -> Network:
    """The fitted network; read once."""
    with np.load(WEIGHTS_FILE) as file:
        return Network(**{name: file[name].astype(np.float32) for name in Network.__slots__})


@cache
def _bands() -> Floats:
    """Triangular bands, evenly spaced in mel from 80 Hz to 8 kHz, [bins, N_BANDS]."""

    def mel(hz: float) -> float:
        return float(2595 * np.log10(1 + hz / 700))

    edges_hz = 700 * (10 ** (np.linspace(mel(80), mel(8000), N_BANDS + 2) / 2595) - 1)
    bins_hz = np.fft.rfftfreq(_WINDOW, 1 / OUTPUT_RATE_HZ)[:, None]
    rising = (bins_hz - edges_hz[:-2]) / (edges_hz[1:-1] - edges_hz[:-2])
    falling = (edges_hz[2:] - bins_hz) / (edges_hz[2:] - edges_hz[1:-1])
    return np.asarray(np.maximum(np.minimum(rising, falling), 0.0), np.float32)


class BandReader:
    """Sound in, features out, in a stream: bands relative to the voice's own mean, its level to its own loudest."""

    def __init__(self, usual: Floats) -> None:
        self._tail = np.zeros(SAMPLES_PER_FACE_FRAME, np.float32)
        self._mean = usual.astype(np.float64)
        self._loudest = 0.05
        silence = self._row(np.full(N_BANDS, np.log(_FLOOR), np.float32), 0.0)
        self._rows = [silence] * PAST_FRAMES  # the last few, oldest first

    def read(self, pcm: Floats) -> Floats:
        """Whole face frames at OUTPUT_RATE_HZ; features [frames, N_FEATURES] of frames DELAY_FRAMES back.

        The first DELAY_FRAMES frames of a stream bring nothing.
        """
        if not len(pcm):
            return np.zeros((0, N_FEATURES), np.float32)
        joined = np.concatenate([self._tail, pcm])
        self._tail = joined[-SAMPLES_PER_FACE_FRAME:]
        windows = np.lib.stride_tricks.sliding_window_view(joined, _WINDOW)[::SAMPLES_PER_FACE_FRAME]
        spectra = np.abs(np.fft.rfft(windows * np.hanning(_WINDOW), axis=1)) / _WINDOW
        bands = np.log(spectra @ _bands() + _FLOOR)
        levels = np.sqrt(np.square(windows[:, -SAMPLES_PER_FACE_FRAME:]).mean(axis=1))
        self._rows += [self._row(row, float(level)) for row, level in zip(bands, levels, strict=True)]
        span = PAST_FRAMES + 1 + DELAY_FRAMES
        features = [_features(self._rows[k : k + span]) for k in range(len(self._rows) - span + 1)]
        self._rows = self._rows[len(features) :]
        return np.asarray(features, np.float32).reshape(-1, N_FEATURES)

    @property
    def mean(self) -> Floats:
        """The voice's mean spectrum so far, float32 [N_BANDS]."""
        return self._mean.astype(np.float32)

    def _row(self, bands: Floats, level: float) -> Floats:
        self._loudest = max(level, self._loudest * (1 - 1 / (_LOUDEST_S * FACE_FPS)), _QUIET * 10)
        if level > 0.1 * self._loudest:
            self._mean += (bands - self._mean) / (_MEAN_S * FACE_FPS)
        loud = np.log10(max(level, _QUIET / 10) / self._loudest)
        return np.concatenate([(bands - self._mean) / 2, [loud, level > _QUIET]]).astype(np.float32)


def _features(rows: list[Floats]) -> Floats:
    now = rows[PAST_FRAMES]
    return np.concatenate([*(row[:N_BANDS] for row in rows), now[N_BANDS:]])


class AudioMouth:
    """The mouth of one voice, streaming."""

    def __init__(self) -> None:
        self._network = load_network()
        self._reader = BandReader(self._network.usual)
        self._held: Floats = np.zeros(len(VISEMES), np.float32)
        self._held[0] = 1.0

    def feed(self, pcm: Floats) -> Weights:
        """Whole face frames of sound in, the mouths of frames up to DELAY_FRAMES before its end out: [k, N_MOUTH]."""
        features = self._reader.read(pcm)
        if not len(features):
            return np.zeros((0, N_MOUTH), np.float32)
        return self._shapes(self._network.shares(features), features[:, -2])

    def _shapes(self, shares: Floats, loud: Floats) -> Weights:
        """Shares to weights: sharpened, carried over a little, lips closed in full where they probably are."""
        sharp = shares**_SURE
        sharp /= sharp.sum(axis=1, keepdims=True)
        for k in range(len(sharp)):
            self._held = 0.35 * self._held + 0.65 * sharp[k]
            sharp[k] = self._held
        mouth = np.zeros((len(sharp), N_MOUTH), np.float32)
        mouth[:, :N_WEIGHTS] = sharp @ _POSES
        mouth[:, INDEX["jawOpen"]] *= np.clip(1.2 + 0.35 * loud, 0.5, 1.15)
        for viseme in (_PP, _FF):
            sure = np.clip(sharp[:, [viseme]] / _CONTACT_SHARE, 0.0, 1.0) ** 3
            mouth[:, :N_WEIGHTS] = mouth[:, :N_WEIGHTS] * (1 - sure) + _POSES[viseme] * sure
        mouth[:, N_WEIGHTS:] = sharp
        mouth[:, SIL] = np.maximum(1.0 - sharp[:, 1:].sum(axis=1), 0.0)
        return mouth


def viseme_spans(mouth: Weights) -> tuple[VisemeSpan, ...]:
    """The viseme that is shown most in each frame of [k, N_MOUTH], as spans from sample 0 on."""
    names = [VISEMES[i] for i in mouth[:, N_WEIGHTS:].argmax(axis=1).tolist()]
    at = range(0, len(names) * SAMPLES_PER_FACE_FRAME, SAMPLES_PER_FACE_FRAME)
    return merged([MouthTarget(name, 1.0, k, k + SAMPLES_PER_FACE_FRAME) for name, k in zip(names, at, strict=True)])


def mouth_from_audio(pcm: Floats) -> Weights:
    """The mouth of a whole clip, [n / SAMPLES_PER_FACE_FRAME, N_MOUTH], in step with it."""
    quiet = np.zeros(DELAY_FRAMES * SAMPLES_PER_FACE_FRAME, np.float32)
    return AudioMouth().feed(np.concatenate([pcm, quiet]))
