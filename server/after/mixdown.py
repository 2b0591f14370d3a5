"""Both sides of a visit as one track, placed by when they were really heard. Pure.

A piece of sound comes with the moment when its end was there: for the fan when their audio arrived, for the avatar when
a mark said that it had been played. Networks hold pieces up and then bring several at once, so `placed` looks at all of
them: each ends no later than it came, none overlaps another. What comes next: sound.py writes the track to a file.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import gcd
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from protocol.timeline import OUTPUT_RATE_HZ

JOINED_MS: Final = 200.0  # a smaller gap between two pieces is jitter of the network, and is closed
FULL_SCALE: Final = 32767.0
WINDOW_S: Final = 8  # so much of a track is in memory at once: 0.8 MB


@dataclass(frozen=True, slots=True)
class Piece:
    """Sound of one side. `ended_ms`: when its last sample was heard, on the recording's clock."""

    ended_ms: float
    samples: int


def placed(pieces: Sequence[Piece], rate_hz: int) -> list[int]:
    """Where each piece begins, in samples since the recording began."""
    latest: list[int] = []
    limit = float("inf")
    for piece in reversed(pieces):
        limit = min(piece.ended_ms * rate_hz / 1000, limit) - piece.samples
        latest.append(round(limit))
    starts: list[int] = []
    end, joined = 0, JOINED_MS * rate_hz / 1000
    for piece, start in zip(pieces, reversed(latest), strict=True):
        starts.append(end if starts and start < end + joined else max(start, end))
        end = starts[-1] + piece.samples
    return starts


class Track:
    """One side, with silence where it said nothing, at OUTPUT_RATE_HZ; never as a whole in memory."""

    def __init__(self, pieces: Sequence[Piece], samples: NDArray[np.int16], rate_hz: int) -> None:
        """`samples`: of all pieces one after the other, int16 [n] at `rate_hz`; it may lie on a disk."""
        self._samples = samples
        self._rate_hz = rate_hz
        self._starts = placed(pieces, rate_hz)
        self._firsts = list(accumulate((piece.samples for piece in pieces), initial=0))
        end = self._starts[-1] + pieces[-1].samples if pieces else 0
        self.length_samples = -(-end * OUTPUT_RATE_HZ // rate_hz)

    def window(self, second: int) -> NDArray[np.float32]:
        """WINDOW_S seconds from this one on: float32 [WINDOW_S * OUTPUT_RATE_HZ] in -1..1."""
        begin, end = second * self._rate_hz, (second + WINDOW_S) * self._rate_hz
        if self._rate_hz == OUTPUT_RATE_HZ:
            return self._between(begin, end)
        shared, around = gcd(self._rate_hz, OUTPUT_RATE_HZ), self._rate_hz // 10  # what a filter at the edges looks at
        around_out = OUTPUT_RATE_HZ // 10
        own = self._between(begin - around, end + around)
        resampled: NDArray[np.float32] = resample_poly(own, OUTPUT_RATE_HZ // shared, self._rate_hz // shared)
        return resampled[around_out:-around_out].astype(np.float32)

    def _between(self, begin: int, end: int) -> NDArray[np.float32]:
        found = np.zeros(end - begin, np.float32)
        for k in range(max(0, bisect_right(self._starts, begin) - 1), bisect_left(self._starts, end)):
            start, first = self._starts[k], self._firsts[k]
            low, high = max(start, begin), min(start + self._firsts[k + 1] - first, end)
            if low < high:
                found[low - begin : high - begin] = self._samples[first + low - start : first + high - start]
        found /= FULL_SCALE
        return found


def blocks(*tracks: Track) -> Iterator[NDArray[np.int16]]:
    """The sum, piece by piece: made softer as a whole where it would be too loud, so everything is looked at twice."""
    length = max((track.length_samples for track in tracks), default=0)
    seconds = range(0, -(-length // OUTPUT_RATE_HZ), WINDOW_S)
    peak = max((float(np.abs(_sum(tracks, second)).max()) for second in seconds), default=1.0)
    for second in seconds:
        block = _sum(tracks, second)[: length - second * OUTPUT_RATE_HZ]
        yield np.round(block * (FULL_SCALE / max(1.0, peak))).astype(np.int16)


def _sum(tracks: Sequence[Track], second: int) -> NDArray[np.float32]:
    total = np.zeros(WINDOW_S * OUTPUT_RATE_HZ, np.float32)
    for track in tracks:
        total += track.window(second)
    return total


def mixed(*tracks: NDArray[np.float32]) -> NDArray[np.int16]:
    """The sum, made softer as a whole where it would be too loud: int16 [n], as long as the longest."""
    total = np.zeros(max((len(one) for one in tracks), default=0), np.float32)
    for one in tracks:
        total[: len(one)] += one
    peak = float(np.abs(total).max(initial=0.0))
    scaled: NDArray[np.int16] = np.round(total * (FULL_SCALE / max(1.0, peak))).astype(np.int16)
    return scaled
