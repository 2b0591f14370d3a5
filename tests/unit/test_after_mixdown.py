"""The recorder's clock: where each piece of sound lies on the track."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import resample_poly

from protocol.timeline import OUTPUT_RATE_HZ
from server.after.mixdown import JOINED_MS, WINDOW_S, Piece, Track, blocks, mixed, placed

RATE_HZ = 16_000


def sound(ms: float) -> int:
    """So many samples."""
    return round(ms * RATE_HZ / 1000)


def starts_ms(*pieces: Piece) -> list[float]:
    return [start * 1000 / RATE_HZ for start in placed(pieces, RATE_HZ)]


def test_pieces_that_came_in_time_lie_end_to_end() -> None:
    assert starts_ms(Piece(20, sound(20)), Piece(40, sound(20)), Piece(60, sound(20))) == [0, 20, 40]


def test_jitter_of_the_network_makes_no_holes() -> None:
    assert starts_ms(Piece(1020, sound(20)), Piece(1055, sound(20)), Piece(1062, sound(20))) == [1000, 1020, 1040]


def test_what_a_stall_held_up_lies_where_it_was_said() -> None:
    stalled = [Piece(100, sound(100)), *(Piece(2100, sound(100)) for _ in range(20)), Piece(2200, sound(100))]
    assert starts_ms(*stalled) == [100.0 * k for k in range(22)]


def test_a_microphone_that_was_off_leaves_silence() -> None:
    pieces = [Piece(100, sound(100)), Piece(1000, sound(100))]
    track = Track(pieces, np.full(2 * sound(100), 1000, np.int16), RATE_HZ)
    assert track.length_samples == OUTPUT_RATE_HZ
    heard = track.window(0)[:OUTPUT_RATE_HZ]
    assert np.abs(heard[OUTPUT_RATE_HZ // 5 : OUTPUT_RATE_HZ * 4 // 5]).max() < 1e-3
    assert heard[OUTPUT_RATE_HZ * 95 // 100] > 0.02


@given(st.lists(st.tuples(st.floats(0, 5000), st.integers(1, 400)), max_size=40))
def test_no_two_pieces_sound_at_once_and_none_before_it_was_said(arrivals: list[tuple[float, int]]) -> None:
    at_ms, pieces = 0.0, []
    for later_ms, length_ms in arrivals:
        at_ms += later_ms
        pieces.append(Piece(at_ms, sound(length_ms)))
    end, said_ms = 0, 0.0
    for piece, start in zip(pieces, placed(pieces, RATE_HZ), strict=True):
        assert start >= end
        end = start + piece.samples
        said_ms += piece.samples * 1000 / RATE_HZ
        # Never later than it came, unless more was said than there was time for.
        assert end * 1000 / RATE_HZ <= max(piece.ended_ms + JOINED_MS + 1, said_ms + 1)


def test_both_sides_are_heard_together_and_nothing_is_clipped() -> None:
    loud = np.full(100, 0.9, np.float32)
    both = mixed(loud, loud[:50])
    assert len(both) == 100
    assert both[:50].max() == 32767
    assert abs(int(both[99]) - 32767 // 2) <= 1
    assert len(mixed()) == 0


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 44_100, 48_000])
def test_a_track_in_windows_is_the_track_as_a_whole(rate_hz: int) -> None:
    rng = np.random.default_rng(7)
    samples = rng.normal(0, 3000, 19 * rate_hz).astype(np.int16)
    n_pieces = 19 * 50
    pieces = [Piece(20.0 * (k + 1), rate_hz // 50) for k in range(n_pieces)]
    whole = resample_poly(samples / 32767.0, OUTPUT_RATE_HZ, rate_hz)
    track = Track(pieces, samples, rate_hz)
    assert track.length_samples == len(whole)
    inside = np.concatenate([track.window(second) for second in range(0, 19, WINDOW_S)])[: len(whole)]
    assert np.abs(inside - whole).max() < 1e-4
    played = np.concatenate(list(blocks(track)))
    assert np.abs(played - np.round(whole * 32767 / max(1.0, np.abs(whole).max()))).max() <= 4


def test_laying_out_a_long_visit_takes_no_more_memory_than_a_short_one() -> None:
    def held(minutes: int) -> int:
        samples = np.zeros(minutes * 60 * RATE_HZ, np.int16)
        pieces = [Piece(1000.0 * (k + 1), RATE_HZ) for k in range(60 * minutes)]
        tracemalloc.start()
        n_samples = sum(len(block) for block in blocks(Track(pieces, samples, RATE_HZ)))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert n_samples == minutes * 60 * OUTPUT_RATE_HZ
        return peak

    assert held(10) < 1.2 * held(1) < 30_000_000
