"""How high a voice is, frame by frame, by the normalised square difference of McLeod and Wyvill.

P. McLeod, G. Wyvill, "A smarter way to find pitch", ICMC 2005: of the peaks of the autocorrelation, normalised by the
energy under it, the first that is nearly as high as the highest is the period; its height says how clear the tone is.
What comes next: prosody.py compares the pitch with the speaker's own.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from protocol.timeline import INPUT_RATE_HZ

LOWEST_HZ: Final = 60
HIGHEST_HZ: Final = 500
WINDOW_SAMPLES: Final = 1024  # 64 ms: more than three periods of the lowest voice

_SHORTEST: Final = INPUT_RATE_HZ // HIGHEST_HZ  # lags, in samples
_LONGEST: Final = INPUT_RATE_HZ // LOWEST_HZ
_NEARLY: Final = 0.9  # of the highest peak: lower, and it finds octaves above; higher, and octaves below
_SILENCE: Final = 1e-6  # of the mean square: below it there is nothing to measure

Floats = NDArray[np.float32]


def pitch(windows: Floats) -> tuple[Floats, Floats]:
    """The pitch in Hz and its clarity 0..1 of float32 [k, WINDOW_SAMPLES] at 16 kHz; both [k].

    Where no period is found both are 0. Above a clarity of 0.7 it is a voice (or another tone).
    """
    height = _normalised(windows)
    middle = height[:, 1:-1]
    peaks = (middle > height[:, :-2]) & (middle >= height[:, 2:]) & (middle > 0.0)
    highest = np.where(peaks, middle, 0.0).max(axis=1, keepdims=True)
    chosen = (peaks & (middle >= _NEARLY * highest)).argmax(axis=1)
    rows = np.arange(len(windows))
    left, top, right = (height[rows, chosen + step] for step in range(3))
    bend = left - 2.0 * top + right
    shift = np.where(bend < 0.0, 0.5 * (left - right) / np.where(bend < 0.0, bend, 1.0), 0.0)
    clarity = np.where(peaks.any(axis=1), np.clip(top, 0.0, 1.0), 0.0)
    hz = np.where(clarity > 0.0, INPUT_RATE_HZ / (chosen + _SHORTEST + shift), 0.0)
    return hz.astype(np.float32), clarity.astype(np.float32)


def _normalised(windows: Floats) -> NDArray[np.float64]:
    """How alike a window is to itself, -1..1, at the lags _SHORTEST - 1 .. _LONGEST + 1: [k, lags]."""
    centred = windows.astype(np.float64)
    centred -= centred.mean(axis=1, keepdims=True)
    size = windows.shape[1]
    spectrum = np.fft.rfft(centred, 2 * size)
    same = np.fft.irfft(np.abs(spectrum) ** 2, 2 * size)[:, _SHORTEST - 1 : _LONGEST + 2]
    summed = np.cumsum(np.square(centred), axis=1)
    lags = np.arange(_SHORTEST - 1, _LONGEST + 2)
    energy = summed[:, size - lags - 1] + summed[:, -1:] - summed[:, lags - 1]
    audible = summed[:, -1:] > _SILENCE * size
    return np.asarray(np.where(audible & (energy > 0.0), 2.0 * same / np.maximum(energy, 1e-12), 0.0))
