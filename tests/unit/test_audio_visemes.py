"""A mouth without phoneme times: in step with its sound, never more than 60 ms behind, shut in silence."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import wavfile
from scipy.signal import resample_poly

from avatar.audio_visemes import BEHIND_MS, DELAY_FRAMES, AudioMouth, mouth_from_audio, viseme_spans
from avatar.blendshapes import INDEX, N_MOUTH, SIL, lip_gap
from avatar.emotion import Emotion
from avatar.face import Face
from protocol.timeline import SAMPLES_PER_FACE_FRAME as FRAME

CLIPS = Path(__file__).parents[1] / "clips"


@pytest.fixture(scope="module")
def speech():
    """A real person, whom the network has never heard, between two silences; whole face frames at 24 kHz."""
    rate, pcm = wavfile.read(CLIPS / "libri_1688-142285-0002.wav")
    voice = resample_poly(pcm.astype(np.float32) / 32768, 24_000, rate).astype(np.float32)
    quiet = np.zeros(12_000, np.float32)
    whole = np.concatenate([quiet, voice, quiet])
    return whole[: len(whole) // FRAME * FRAME]


def test_it_keeps_within_60_ms_of_the_sound():
    assert BEHIND_MS <= 60
    got = AudioMouth().feed(np.zeros(10 * FRAME, np.float32))
    assert got.shape == (10 - DELAY_FRAMES, N_MOUTH)


def test_a_strangers_mouth_opens_with_the_voice_and_shuts_with_it(speech):
    mouth = mouth_from_audio(speech)
    assert len(mouth) == len(speech) // FRAME
    gap = lip_gap(mouth)
    assert gap[:20].max() < 0.05
    assert gap[-15:].max() < 0.05
    loud = np.sqrt(np.square(speech.reshape(-1, FRAME)).mean(axis=1))
    assert np.corrcoef(gap, loud)[0, 1] > 0.35
    assert gap.max() > 0.3
    assert mouth[:, SIL][:20].min() > 0.8


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=8))
def test_how_the_sound_is_cut_changes_nothing(sizes):
    rng = np.random.default_rng(1)
    pcm = (0.1 * rng.standard_normal(sum(sizes) * FRAME)).astype(np.float32)
    voice, at, parts = AudioMouth(), 0, []
    for size in sizes:
        parts.append(voice.feed(pcm[at * FRAME : (at + size) * FRAME]))
        at += size
    assert np.allclose(np.concatenate(parts), AudioMouth().feed(pcm), atol=1e-5)


@settings(deadline=None, max_examples=20)
@given(st.floats(0, 1), st.integers(0, 30))
def test_weights_are_weights_whatever_the_sound(level, n_frames):
    pcm = (level * np.sign(np.sin(np.arange(n_frames * FRAME) * 0.3))).astype(np.float32)
    mouth = mouth_from_audio(pcm)
    assert mouth.shape == (n_frames, N_MOUTH)
    assert np.isfinite(mouth).all()
    assert mouth.min(initial=0.0) >= 0.0
    assert mouth.max(initial=0.0) <= 1.0 + 1e-5


def test_an_engine_without_times_still_moves_the_face(speech):
    slice_ = Face(seed=1).clause([], speech, 2 * FRAME, Emotion.named("joy"))
    assert len(slice_.frames) == len(speech) // FRAME
    assert slice_.frames[:, INDEX["jawOpen"]].max() > 50
    assert slice_.visemes[0].start_samples == 2 * FRAME
    assert len({span.viseme for span in slice_.visemes}) > 6
    assert viseme_spans(np.zeros((0, N_MOUTH), np.float32)) == ()


def test_a_live_voice_gets_a_face_slice_by_slice(speech):
    face, voice = Face(seed=2), AudioMouth()
    slices = [face.live(voice.feed(speech[at : at + 5 * FRAME]), Emotion()) for at in range(0, 40 * FRAME, 5 * FRAME)]
    assert sum(map(len, slices)) == 40 - DELAY_FRAMES
