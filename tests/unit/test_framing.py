"""Any chunk size in, fixed frames out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.framing import Framer


def ramp(n: int) -> np.ndarray:
    return np.arange(n, dtype=np.float32)


def test_what_does_not_fill_a_frame_waits() -> None:
    framer = Framer(4)
    assert framer.feed(ramp(3)).shape == (0, 4)
    assert framer.feed(ramp(3)).tolist() == [[0, 1, 2, 0]]
    assert (framer.fed_samples, framer.framed_samples) == (6, 4)


def test_one_chunk_may_hold_many_frames() -> None:
    assert Framer(2).feed(ramp(7)).tolist() == [[0, 1], [2, 3], [4, 5]]


def test_nothing_in_nothing_out() -> None:
    assert Framer(512).feed(ramp(0)).shape == (0, 512)


def test_a_frame_of_no_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        Framer(0)


def test_the_rest_does_not_keep_a_long_chunk_alive() -> None:
    framer = Framer(512)
    framer.feed(ramp(512 * 1000 + 1))
    assert framer._rest.base is None


@given(st.integers(1, 50), st.lists(st.integers(0, 120), max_size=20))
def test_no_sample_is_lost_doubled_or_moved(frame_samples: int, sizes: list[int]) -> None:
    pcm = ramp(sum(sizes))
    framer = Framer(frame_samples)
    frames = [framer.feed(part) for part in np.split(pcm, np.cumsum(sizes)[:-1])] if sizes else []
    assert all(f.shape[1] == frame_samples and f.dtype == np.float32 for f in frames)
    out = np.concatenate(frames).ravel() if frames else ramp(0)
    assert out.tolist() == pcm[: len(out)].tolist()
    assert len(pcm) - len(out) < frame_samples
    assert (framer.fed_samples, framer.framed_samples) == (len(pcm), len(out))
