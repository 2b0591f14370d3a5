"""A live voice: however its sound arrives, the mouth that leaves with it is the one that belongs to it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.audio_visemes import mouth_from_audio
from protocol.timeline import OUTPUT_RATE_HZ, SAMPLES_PER_FACE_FRAME
from server.stage.takeover import CHUNK_FRAMES, LiveMouth

N_SAMPLES = OUTPUT_RATE_HZ * 3 // 2 + 123
VOICE = (0.3 * np.sin(np.arange(N_SAMPLES) * 0.07) * (1 + np.sin(np.arange(N_SAMPLES) * 0.0011))).astype(np.float32)


def spoken(cuts: list[int]) -> list[tuple[np.ndarray, np.ndarray]]:
    live, slices, at = LiveMouth(), [], 0
    for end in [*sorted(cuts), N_SAMPLES]:
        slices += live.feed(VOICE[at:end])
        at = end
    return [*slices, *live.finish()]


@settings(max_examples=25)
@given(st.lists(st.integers(0, N_SAMPLES), max_size=20))
def test_sound_and_mouth_stay_together_however_it_arrives(cuts: list[int]) -> None:
    slices = spoken(cuts)
    sound = np.concatenate([sound for sound, _ in slices])
    mouth = np.concatenate([mouth for _, mouth in slices])
    assert np.array_equal(sound[:N_SAMPLES], VOICE)
    assert not sound[N_SAMPLES:].any()
    assert len(sound) == len(mouth) * SAMPLES_PER_FACE_FRAME
    padded = np.concatenate([VOICE, np.zeros(-N_SAMPLES % SAMPLES_PER_FACE_FRAME, np.float32)])
    assert mouth == pytest.approx(mouth_from_audio(padded), abs=1e-4)


def test_a_slice_leaves_as_soon_as_it_is_whole() -> None:
    live = LiveMouth()
    frames = [live.feed(VOICE[k * 400 : (k + 1) * 400]) for k in range(12)]
    sizes = [[len(mouth) for _, mouth in slices] for slices in frames]
    assert [k for k, leaving in enumerate(sizes) if leaving] == [CHUNK_FRAMES + 1]  # two frames are listened ahead
    assert sizes[CHUNK_FRAMES + 1] == [CHUNK_FRAMES]


def test_nothing_said_is_nothing_sent() -> None:
    assert LiveMouth().finish() == []
