"""The recorder's clock: where each piece of sound lies on the track."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from protocol.timeline import OUTPUT_RATE_HZ
from server.after.mixdown import JOINED_MS, Piece, mixed, placed, track

RATE_HZ = 16_000


def sound(ms: float, value: int = 1000) -> bytes:
    return np.full(round(ms * RATE_HZ / 1000), value, "<i2").tobytes()


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
    heard = track(pieces, RATE_HZ)
    assert len(heard) == OUTPUT_RATE_HZ
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
        end = start + len(piece.pcm16) // 2
        said_ms += len(piece.pcm16) / 2 * 1000 / RATE_HZ
        # Never later than it came, unless more was said than there was time for.
        assert end * 1000 / RATE_HZ <= max(piece.ended_ms + JOINED_MS + 1, said_ms + 1)


def test_both_sides_are_heard_together_and_nothing_is_clipped() -> None:
    loud = np.full(100, 0.9, np.float32)
    both = mixed(loud, loud[:50])
    assert len(both) == 100
    assert both[:50].max() == 32767
    assert abs(int(both[99]) - 32767 // 2) <= 1
    assert len(mixed()) == 0
