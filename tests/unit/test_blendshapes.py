"""The speaking mouth: the table, what must touch, what must not rest, and how loud and fast show."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.blendshapes import ARKIT_52, INDEX, N_MOUTH, VISEME_POSES, lip_gap, loudness_opening, mouth, pose
from avatar.visemes import VISEMES, mouth_targets
from protocol.timeline import SAMPLES_PER_FACE_FRAME, PhonemeSpan

JAW, PUCKER, FUNNEL = INDEX["jawOpen"], INDEX["mouthPucker"], INDEX["mouthFunnel"]
FRAME_MS = 1000 / 60


def say(*sounds):
    """Targets and the mouth for ("symbol", ms) pairs, at even loudness."""
    at, spans = 0, []
    for symbol, ms in sounds:
        spans.append(PhonemeSpan(symbol, at, at + ms * 24))
        at += ms * 24
    n_frames = -(-at // SAMPLES_PER_FACE_FRAME)
    targets = mouth_targets(spans, n_frames * SAMPLES_PER_FACE_FRAME)
    return targets, mouth(targets, n_frames)


def gap_in(weights, target):
    """The smallest lip gap while a target sounds."""
    first, last = target.start_samples // SAMPLES_PER_FACE_FRAME, target.end_samples // SAMPLES_PER_FACE_FRAME
    return float(lip_gap(weights[first : last + 1]).min())


def speech(min_ms, max_ms):
    sounds = st.tuples(st.sampled_from("pbmfvtksʃnlɹɑɛiouəIOW "), st.integers(min_ms, max_ms))
    return st.lists(sounds, min_size=1, max_size=25).map(lambda s: [("", 60), *s, ("", 60)])


def test_arkit_in_the_order_of_azure():
    assert len(ARKIT_52) == len(set(ARKIT_52)) == 52
    assert [INDEX[n] for n in ("eyeBlinkLeft", "eyeBlinkRight", "jawOpen", "mouthSmileLeft", "browInnerUp")] == [
        0, 7, 17, 23, 43,
    ]  # fmt: skip
    assert ARKIT_52[-1] == "tongueOut"
    with pytest.raises(KeyError):
        pose(mouthGrin=1.0)


def test_every_viseme_has_a_pose_and_stands_where_it_should():
    gaps = {v: float(lip_gap(VISEME_POSES[v][None])[0]) for v in VISEMES}
    assert gaps["PP"] < -0.2
    assert gaps["FF"] <= 0.0
    assert gaps["SS"] < gaps["ih"] < gaps["E"] < gaps["aa"]
    assert gaps["ou"] < gaps["oh"] < gaps["aa"]
    assert VISEME_POSES["FF"][[PUCKER, FUNNEL]].sum() == 0.0
    assert VISEME_POSES["ou"][PUCKER] > VISEME_POSES["oh"][PUCKER] > 0.2


@settings(deadline=None, max_examples=60)
@given(speech(25, 200))
def test_lips_meet_in_every_bilabial_and_touch_the_teeth_in_every_f_and_v(sounds):
    targets, weights = say(*sounds)
    assert weights.dtype == np.float32
    assert weights.shape[1] == N_MOUTH
    assert np.allclose(weights[:, 52:].sum(axis=1), 1.0, atol=0.02)
    assert weights.min() >= 0.0
    assert weights.max() <= 1.0
    for target in targets:
        if target.viseme == "PP":
            assert gap_in(weights, target) < -0.15
        if target.viseme == "FF":
            assert gap_in(weights, target) <= 0.02


def test_a_bilabial_shuts_the_jaw_and_presses_the_lips():
    _, weights = say(("ɑ", 120), ("b", 25), ("ɑ", 120))
    shut = weights[lip_gap(weights).argmin()]
    assert shut[JAW] <= 0.03
    assert shut[INDEX["mouthPressLeft"]] >= 0.4
    assert weights[:5, JAW].max() > 0.3
    assert weights[-5:, JAW].max() > 0.3


def test_an_f_between_rounded_vowels_is_flat():
    targets, weights = say(("u", 150), ("f", 75), ("u", 150))
    flat = weights[targets[1].start_samples // SAMPLES_PER_FACE_FRAME + 2, [PUCKER, FUNNEL]].sum()
    assert flat < 0.35 < weights[4, [PUCKER, FUNNEL]].sum()


def test_lips_meet_when_the_sound_begins_and_not_long_before():
    targets, weights = say(("ɑ", 150), ("m", 75), ("ɑ", 150))
    first_shut = int(np.argmax(lip_gap(weights) <= 0.0))
    assert abs(first_shut - targets[1].start_samples / SAMPLES_PER_FACE_FRAME) <= 1.0


def test_contacts_that_follow_each_other_at_once_each_get_a_frame():
    _, weights = say(("ɑ", 100), ("p", 17), ("f", 17), ("p", 17), ("v", 17), ("ɑ", 100))
    pressed = weights[:, INDEX["mouthPressLeft"]]
    touching = pressed[lip_gap(weights) <= 0.0]
    assert (np.diff(np.sign(touching - 0.25)) != 0).sum() == 3  # pressed, on the teeth, pressed, on the teeth
    assert touching.max() >= 0.44
    assert touching.min() <= 0.1


def test_a_vowel_between_vowels_never_rests():
    _, weights = say(("i", 90), ("ɑ", 90), (" ", 60), ("ɛ", 90), ("ɔ", 90), ("i", 90))
    assert lip_gap(weights[2:-2]).min() > 0.15


def test_a_short_vowel_between_bilabials_still_opens():
    _, weights = say(("", 60), ("p", 50), ("ɑ", 75), ("p", 50), ("", 60))
    assert lip_gap(weights).max() > 0.15


def test_lips_round_60_to_120_ms_before_the_vowel():
    targets, weights = say(("ɑ", 150), ("n", 75), ("s", 75), ("u", 200))
    vowel = targets[-1].start_samples / 24
    early, due = weights[round((vowel - 120) / FRAME_MS), PUCKER], weights[round(vowel / FRAME_MS), PUCKER]
    assert 0.02 < early < 0.5 * due
    assert weights[round((vowel - 60) / FRAME_MS), PUCKER] > 0.3 * weights[:, PUCKER].max()


def test_the_mouth_opens_before_the_sound():
    _, weights = say(("", 200), ("ɑ", 200))
    onset = round(200 / FRAME_MS)
    assert lip_gap(weights[: onset - 7]).max() < 0.05
    assert lip_gap(weights[onset - 2 : onset]).max() > 0.1


def test_faster_speech_opens_less():
    def widest(ms):
        return say(*[(s, ms) for s in "tɑtɑtɑ"])[1][:, JAW].max()

    assert widest(40) < 0.9 * widest(150)


def test_louder_speech_opens_more_and_silence_closes():
    tone = np.sin(np.arange(24_000, dtype=np.float32) * 0.05)
    loud, soft = loudness_opening(0.3 * tone), loudness_opening(0.03 * tone)
    assert loud.shape == (60,)
    assert loud[20:40].min() > 1.05 * soft[20:40].max()
    assert 0.6 < soft[20:40].min() <= loud.max() < 1.3
    assert loudness_opening(np.zeros(4000, np.float32)).max() == 0.0
    swell = loudness_opening(tone * np.repeat(np.float32([0.3, 0.1, 0.0]), 8000))
    assert swell[10] > swell[30] > swell[55] == 0.0


def test_no_time_no_frames():
    assert mouth((), 0).shape == (0, N_MOUTH)
    assert not mouth((), 3)[:, :52].any()
    assert loudness_opening(np.zeros(0, np.float32)).shape == (0,)


@settings(deadline=None, max_examples=40)
@given(speech(50, 200))
def test_nothing_jerks(sounds):
    _, weights = say(*sounds)
    assert np.abs(np.diff(weights[:, :52], axis=0)).max() <= 0.46
