"""Both sides of a visit as one track, placed by when they were really heard. Pure.

A piece of sound comes with the moment when its end was there: for the fan when their audio arrived, for the avatar when
a mark said that it had been played. Networks hold pieces up and then bring several at once, so `placed` looks at all of
them: each ends no later than it came, none overlaps another. What comes next: sound.py writes the track to a file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from protocol.timeline import OUTPUT_RATE_HZ

JOINED_MS: Final = 200.0  # a smaller gap between two pieces is jitter of the network, and is closed
FULL_SCALE: Final = 32767.0


@dataclass(frozen=True, slots=True)
class Piece:
    """Mono PCM16 of one side. `ended_ms`: when its last sample was heard, on the recording's clock."""

    ended_ms: float
    pcm16: bytes


def placed(pieces: Sequence[Piece], rate_hz: int) -> list[int]:
    """Where each piece begins, in samples since the recording began."""
    latest: list[int] = []
    limit = float("inf")
    for piece in reversed(pieces):
        limit = min(piece.ended_ms * rate_hz / 1000, limit) - len(piece.pcm16) // 2
        latest.append(round(limit))
    starts: list[int] = []
    end, joined = 0, JOINED_MS * rate_hz / 1000
    for piece, start in zip(pieces, reversed(latest), strict=True):
        starts.append(end if starts and start < end + joined else max(start, end))
        end = starts[-1] + len(piece.pcm16) // 2
    return starts


def track(pieces: Sequence[Piece], rate_hz: int) -> NDArray[np.float32]:
    """One side, with silence where it said nothing: float32 [n] in -1..1 at OUTPUT_RATE_HZ."""
    starts = placed(pieces, rate_hz)
    length = starts[-1] + len(pieces[-1].pcm16) // 2 if pieces else 0
    samples = np.zeros(length, np.float32)
    for start, piece in zip(starts, pieces, strict=True):
        part = np.frombuffer(piece.pcm16, "<i2")
        samples[start : start + len(part)] = part / FULL_SCALE
    if rate_hz == OUTPUT_RATE_HZ or not length:
        return samples
    shared = gcd(rate_hz, OUTPUT_RATE_HZ)
    resampled: NDArray[np.float32] = resample_poly(samples, OUTPUT_RATE_HZ // shared, rate_hz // shared)
    return resampled.astype(np.float32)


def mixed(*tracks: NDArray[np.float32]) -> NDArray[np.int16]:
    """The sum, made softer as a whole where it would be too loud: int16 [n], as long as the longest."""
    total = np.zeros(max((len(one) for one in tracks), default=0), np.float32)
    for one in tracks:
        total[: len(one)] += one
    peak = float(np.abs(total).max(initial=0.0))
    scaled: NDArray[np.int16] = np.round(total * (FULL_SCALE / max(1.0, peak))).astype(np.int16)
    return scaled
