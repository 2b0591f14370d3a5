"""What the bench's microphone picks up, and how the avatar's own voice gets back into it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.clips import clip_of, voiced_span
from bench.microphone import FRAME_SAMPLES, NOISE, Echo, Microphone

HZ = 16_000
OUT_HZ = 24_000
FRAME_S = 0.02


def reply(seconds, level=0.5):
    tone = level * np.sin(2 * np.pi * 300 * np.arange(int(seconds * OUT_HZ)) / OUT_HZ)
    return (tone * 32767).astype("<i2").tobytes()


def leaked(echo, from_at, n_frames):
    frames = [echo.heard(from_at + (i + 1) * FRAME_S, FRAME_SAMPLES) for i in range(n_frames)]
    return np.concatenate(frames)


def test_every_frame_is_20_ms_of_a_room_that_is_never_silent():
    frames = [np.frombuffer(Microphone().frame(0.0), "<i2") for _ in range(3)]
    assert {len(frame) for frame in frames} == {FRAME_SAMPLES}
    assert all(np.any(frame) for frame in frames)


@given(n_samples=st.integers(1, 2000))
def test_what_is_said_fills_whole_frames_and_then_the_room_is_back(n_samples):
    microphone = Microphone()
    n_frames = microphone.say(np.full(n_samples, 0.5, np.float32))
    heard = np.concatenate([np.frombuffer(microphone.frame(0.0), "<i2") for _ in range(n_frames + 1)]) / 32767
    assert np.abs(heard[:n_samples] - 0.5).max() < 10 * NOISE
    assert np.abs(heard[n_samples:]).max() < 10 * NOISE


@pytest.mark.parametrize("delay_s", [0.08, 0.15, 0.3])
def test_the_avatars_voice_comes_back_late_and_20_db_fainter(delay_s):
    echo = Echo(OUT_HZ, delay_s, gain=0.1)
    echo.play(reply(0.2), plays_at=10.0)
    echo.play(reply(0.2), plays_at=10.2)
    got = leaked(echo, 10.0, 40)
    first, last = voiced_span(got)
    assert first / HZ == pytest.approx(delay_s, abs=0.015)
    assert last / HZ == pytest.approx(delay_s + 0.4, abs=0.015)
    assert np.abs(got).max() == pytest.approx(0.05, rel=0.1)


def test_a_gap_in_the_reply_is_a_gap_in_its_echo():
    echo = Echo(OUT_HZ, 0.1, gain=0.1)
    echo.play(reply(0.2), plays_at=10.0)
    echo.play(reply(0.2), plays_at=10.5)
    got = leaked(echo, 10.0, 40)
    assert np.abs(got[int(0.35 * HZ) : int(0.55 * HZ)]).max() < 1e-3
    assert np.abs(got[int(0.65 * HZ) :]).max() > 0.03


def test_what_was_not_played_does_not_come_back_and_a_ducked_voice_comes_back_fainter():
    echo = Echo(OUT_HZ, 0.1, gain=0.1)
    echo.play(reply(1.0), plays_at=10.0)
    echo.stop(10.3)
    got = leaked(echo, 10.0, 60)
    assert voiced_span(got)[1] / HZ == pytest.approx(0.4, abs=0.015)
    echo.play(reply(1.0), plays_at=12.0)
    echo.turn_to(0.25)
    assert np.abs(leaked(echo, 12.0, 40)).max() == pytest.approx(0.0125, rel=0.1)


def test_the_microphone_hears_both_the_fan_and_the_echo():
    microphone = Microphone()
    microphone.echo = Echo(OUT_HZ, 0.0, gain=0.1)
    microphone.echo.play(reply(0.2), plays_at=10.0)
    microphone.say(np.full(FRAME_SAMPLES, 0.5, np.float32))
    heard = np.frombuffer(microphone.frame(10.1), "<i2") / 32767
    assert heard.mean() == pytest.approx(0.5, abs=0.01)
    assert heard.std() == pytest.approx(0.05 / np.sqrt(2), rel=0.1)


def test_a_clip_knows_where_its_voice_begins():
    pcm = np.concatenate([np.zeros(HZ // 2), np.full(HZ // 2, 0.3), np.zeros(HZ // 2)]).astype(np.float32)
    clip = clip_of("made", pcm)
    assert clip.voice_begin_samples == pytest.approx(HZ // 2, abs=HZ // 80)
    assert clip.voice_end_samples == pytest.approx(HZ, abs=HZ // 80)
    assert not clip_of("nobody", np.zeros(HZ, np.float32)).voiced


def test_noise_outside_of_the_labelled_voice_is_not_voice():
    hiss = np.random.default_rng(0).normal(0, 0.05, 3 * HZ).astype(np.float32)
    hiss[HZ : 2 * HZ] += 0.4
    assert clip_of("noisy", hiss).voice_end_samples > 2.9 * HZ
    known = clip_of("noisy", hiss, within_s=(0.95, 2.05))
    assert 0.95 * HZ <= known.voice_begin_samples < HZ
    assert 2 * HZ <= known.voice_end_samples <= 2.05 * HZ
