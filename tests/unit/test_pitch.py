"""The pitch of tones that were made, of noise, and of voices that are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.pitch import HIGHEST_HZ, LOWEST_HZ, WINDOW_SAMPLES, pitch
from tests.speech_models import clip

T = np.arange(WINDOW_SAMPLES) / 16_000
CLEAR = 0.7


def voice(hz: float, level: float = 0.1) -> np.ndarray:
    """A buzz with seven overtones, float32 [1, WINDOW_SAMPLES]."""
    return (level * sum(np.sin(2 * np.pi * hz * n * T + n) / n for n in range(1, 9)))[None].astype(np.float32)


@pytest.mark.parametrize("hz", [62, 85, 110, 165, 220, 330, 440, 490])
@pytest.mark.parametrize("level", [0.002, 0.1, 0.5])
def test_a_tone_has_its_pitch_however_loud_it_is(hz, level):
    found, clarity = pitch(voice(hz, level))
    assert found[0] == pytest.approx(hz, rel=0.005)
    assert clarity[0] > 0.97


@pytest.mark.parametrize("hz", [85, 165, 330])
def test_a_tone_in_noise_keeps_its_pitch(hz):
    noise = np.random.default_rng(0).normal(0, 0.03, WINDOW_SAMPLES).astype(np.float32)
    found, clarity = pitch(voice(hz) + noise)
    assert found[0] == pytest.approx(hz, rel=0.02)
    assert CLEAR < clarity[0] < 0.97


def test_a_missing_fundamental_is_found():
    telephone = sum(np.sin(2 * np.pi * 110 * n * T) for n in (3, 4, 5, 6))[None].astype(np.float32)
    assert pitch(telephone)[0][0] == pytest.approx(110, rel=0.01)


def test_noise_and_silence_have_no_clear_pitch():
    noise = np.random.default_rng(1).normal(0, 0.1, (20, WINDOW_SAMPLES)).astype(np.float32)
    assert pitch(noise)[1].max() < CLEAR
    hz, clarity = pitch(np.zeros((2, WINDOW_SAMPLES), np.float32))
    assert (hz == 0).all()
    assert (clarity == 0).all()


def test_many_windows_are_measured_as_one_by_one():
    windows = np.concatenate([voice(100), voice(200), voice(300)])
    together = pitch(windows)
    for row in range(3):
        alone = pitch(windows[row : row + 1])
        assert alone[0][0] == pytest.approx(together[0][row])
        assert alone[1][0] == pytest.approx(together[1][row])
    assert pitch(windows[:0])[0].shape == (0,)


@pytest.mark.parametrize(
    ("name", "lowest_hz", "highest_hz"),
    [("lj_LJ001-0011", 180, 240), ("libri_367-130732-0001", 185, 250), ("fan_thanks", 85, 135)],
)  # a woman's voice, another, and a man's (piper's joe)
def test_known_voices_are_as_high_as_they_are(name, lowest_hz, highest_hz):
    windows = np.lib.stride_tricks.sliding_window_view(clip(name), WINDOW_SAMPLES)[::512]
    hz, clarity = pitch(windows)
    assert lowest_hz < np.median(hz[clarity >= CLEAR]) < highest_hz


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32), st.floats(0, 2))
def test_any_sound_has_a_pitch_in_range_or_none(seed, level):
    rng = np.random.default_rng(seed)
    window = (level * np.cumsum(rng.normal(0, 0.05, (3, WINDOW_SAMPLES)), axis=1)).clip(-1, 1).astype(np.float32)
    hz, clarity = pitch(window)
    assert ((clarity >= 0) & (clarity <= 1)).all()
    voiced = hz[clarity > 0]
    assert ((voiced > LOWEST_HZ * 0.98) & (voiced < HIGHEST_HZ * 1.04)).all()
    assert not np.isnan(hz).any()
