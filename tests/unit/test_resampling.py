"""PCM16 at the client's rate becomes float32 at 16 kHz."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import MalformedError, UnsupportedError
from speech.resampling import RATES_HZ, Resampler


def tone(rate_hz: int, seconds: float = 0.5, pitch_hz: float = 440.0) -> np.ndarray:
    at = np.arange(int(rate_hz * seconds)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * pitch_hz * at)).astype(np.float32)


def pcm16(audio: np.ndarray) -> bytes:
    return (audio * 32767).astype("<i2").tobytes()


@given(st.binary(max_size=400).filter(lambda b: len(b) % 2 == 0))
def test_16_khz_passes_through_bit_exactly(data: bytes) -> None:
    out = Resampler(16_000).feed(data)
    assert out.dtype == np.float32
    assert (out * 32768).astype("<i2").tobytes() == data


def test_full_scale_stays_in_range() -> None:
    assert Resampler(16_000).feed(np.array([-32768, 32767], "<i2").tobytes()).tolist() == [-1.0, 32767 / 32768]


@pytest.mark.parametrize("rate_hz", [r for r in RATES_HZ if r != 16_000])
def test_other_rates_keep_the_tone_its_level_and_its_length(rate_hz: int) -> None:
    out = Resampler(rate_hz).feed(pcm16(tone(rate_hz)))
    assert 8000 - 40 <= len(out) <= 8000
    assert out.dtype == np.float32
    middle = slice(200, 7000)
    assert np.abs(out[middle] - tone(16_000)[middle]).max() < 0.02


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_how_the_stream_is_cut_changes_nothing(rate_hz: int) -> None:
    data = pcm16(tone(rate_hz, pitch_hz=313.0))
    whole, pieces = Resampler(rate_hz), Resampler(rate_hz)
    expected = whole.feed(data)
    cut = [pieces.feed(data[i : i + 626]) for i in range(0, len(data), 626)]
    got = np.concatenate(cut)
    assert abs(len(got) - len(expected)) <= 1
    n = min(len(got), len(expected))
    np.testing.assert_allclose(got[:n], expected[:n], atol=1e-6)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_an_empty_chunk_is_nothing(rate_hz: int) -> None:
    assert len(Resampler(rate_hz).feed(b"")) == 0


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_half_a_sample_is_refused_and_the_stream_goes_on(rate_hz: int) -> None:
    data = pcm16(tone(rate_hz))
    torn, clean = Resampler(rate_hz), Resampler(rate_hz)
    with pytest.raises(MalformedError, match="whole PCM16 samples"):
        torn.feed(data[:101])
    np.testing.assert_array_equal(torn.feed(data), clean.feed(data))


@pytest.mark.parametrize("rate_hz", [0, -16_000, 8_000, 16_001, 192_000])
def test_an_unknown_rate_is_refused_by_name(rate_hz: int) -> None:
    with pytest.raises(UnsupportedError, match="48000"):
        Resampler(rate_hz)
