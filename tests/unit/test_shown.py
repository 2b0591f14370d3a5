"""What one client sees: eyes that meet theirs, no jump between replies and listening, their own layout."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.blendshapes import INDEX, lip_gap
from avatar.channels import HEAD, HEAD_FULL_DEG, N_CHANNELS, PITCH, YAW, as_weights, gaze_deg
from avatar.emotion import Emotion
from avatar.expression import Manners
from avatar.face import SEAM_STEP, Face, calm_cuts
from avatar.gaze import EYES_M, Gaze
from avatar.layouts import LAYOUTS
from avatar.shown import Shown
from protocol.timeline import SAMPLES_PER_FACE_FRAME, GestureCue, PhonemeSpan

LIDS = [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]


def said(face, text, ms=75, emotion=None, gestures=()):
    """A clause of single letters, as frames."""
    spans = [PhonemeSpan(c, i * ms * 24, (i + 1) * ms * 24) for i, c in enumerate(text)]
    n_frames = -(-len(text) * ms * 24 // SAMPLES_PER_FACE_FRAME)
    hum = 0.1 * np.sin(np.arange(n_frames * SAMPLES_PER_FACE_FRAME) * 0.05)
    return face.clause(spans, hum.astype(np.float32), 0, emotion or Emotion(), gestures).frames


def line_of_sight(frames):
    """Head and eyes together, in degrees: to the avatar's left, and up."""
    channels = as_weights(frames)
    head = np.stack([channels[:, YAW], -channels[:, PITCH]], axis=1) * HEAD_FULL_DEG
    return head + gaze_deg(channels)


def arkit(face_bytes):
    return np.frombuffer(face_bytes, np.uint8).reshape(-1, 52).astype(int)


def followed(gaze, n_frames=120):
    channels = np.zeros((n_frames, N_CHANNELS), np.float32)
    gaze.follow(channels)
    return channels


def test_the_look_meets_a_fan_who_stands_aside_and_the_head_comes_after_the_eyes():
    gaze = Gaze()
    gaze.see((EYES_M[0] + 1.0, EYES_M[1], EYES_M[2] + 1.0))  # 45 degrees to the avatar's left
    channels = followed(gaze)
    head = channels[:, YAW] * HEAD_FULL_DEG
    sight = head + gaze_deg(channels)[:, 0]
    assert sight[-1] == pytest.approx(45, abs=1)
    assert 20 < head[-1] < 30
    assert head[5] < 12 < gaze_deg(channels)[5, 0]  # after 100 ms the eyes are there, the head is on its way


def test_a_small_fan_is_looked_down_to():
    gaze = Gaze()
    gaze.see((0.0, 1.0, 1.0))
    channels = followed(gaze)
    assert channels[-1, PITCH] > 0
    assert channels[-1, INDEX["eyeLookDownLeft"]] == channels[-1, INDEX["eyeLookDownRight"]] > 0


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(*[st.floats(-100, 100)] * 3), max_size=5))
def test_wherever_the_fan_goes_the_neck_and_eyes_stay_whole(places):
    gaze = Gaze()
    for place in places:
        gaze.see(place)
        channels = followed(gaze, 12)
        assert np.isfinite(channels).all()
        assert np.abs(channels[:, [YAW, PITCH]]).max() <= 1.0
        assert 0.0 <= channels[:, : HEAD.start].min() <= channels[:, : HEAD.start].max() <= 1.0


def test_nonsense_and_a_nose_on_the_nose_are_ignored():
    gaze = Gaze()
    for place in ((math.nan, 1.0, 1.0), (math.inf, 0.0, 0.0), EYES_M):
        gaze.see(place)
    assert not followed(gaze, 30)[:, [YAW, PITCH]].any()


def test_the_eyes_make_up_for_a_nod():
    face, shown = Face(seed=3), Shown("arkit52")
    frames = said(face, "tɑ" * 12, gestures=(GestureCue(0, "nod"),))
    assert as_weights(frames)[:40, PITCH].max() * HEAD_FULL_DEG > 6
    shown.speak(1, 0, frames.tobytes())
    still = line_of_sight(shown._reply)[5:40, 1]
    assert np.ptp(still) < 5.0  # fixations only, not the 9 degrees of the head


def test_the_first_frame_of_a_reply_follows_the_listening_face_that_was_seen():
    """The reply was rendered from a fork that is a second old."""
    face, shown = Face(seed=4, manners=Manners(1.0, 1.0)), Shown("arkit52")
    fork = face.fork()
    joy = Emotion.named("joy")
    seen = [arkit(shown.listen(face.listen(12, "listening", mirrored=joy).tobytes())[0]) for _ in range(8)]
    frames = said(fork, "hˈɛlO", emotion=Emotion.named("sadness"))
    seen.append(arkit(shown.speak(1, 0, frames.tobytes())[0]))
    seen.append(arkit(shown.listen(fork.listen(12, "listening").tobytes())[0]))
    for before, after in pairwise(seen):
        jump = np.delete(np.abs(after[0] - before[-1]), LIDS)
        assert jump.max() <= SEAM_STEP * 255 + 1


def test_a_cut_reply_shuts_the_mouth_and_keeps_the_eyes():
    face, shown = Face(seed=5), Shown("arkit52")
    shown.see((1.0, 1.6, 1.0))
    face.begin_reply()
    frames = said(face, "ˈɑˈɑˈɑˈɑˈɑˈɑ")
    seen = arkit(shown.speak(1, 0, frames.tobytes())[0])
    heard = 10 * SAMPLES_PER_FACE_FRAME
    closing = arkit(shown.close_mouth(heard, face.close_mouth(heard).tobytes())[0])
    assert lip_gap(closing / np.float32(255)).max() <= 0.01
    eyes = INDEX["eyeLookOutLeft"]
    assert abs(closing[0, eyes] - seen[10, eyes]) <= 0.15 * 255 + 1


def test_a_slice_that_is_sent_again_replaces_the_lost_one():
    face, shown = Face(seed=6), Shown("arkit52")
    frames = said(face, "tɑtɑtɑtɑ")
    shown.speak(1, 0, frames[:12].tobytes())
    shown.speak(1, 12 * SAMPLES_PER_FACE_FRAME, frames[12:24].tobytes())
    shown.speak(1, 12 * SAMPLES_PER_FACE_FRAME, frames[12:24].tobytes())
    assert len(shown._reply) == 24


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_has_a_byte_for_every_name(name):
    frames = said(Face(seed=7), "hˈɛlO pˈipəl", emotion=Emotion.named("joy"))
    encoded = LAYOUTS[name].encode(frames)
    assert encoded.dtype == np.uint8
    assert encoded.shape == (len(frames), len(LAYOUTS[name].names))


def test_azure_has_a_roll_in_radians_around_the_middle():
    frames = said(Face(seed=7), "tɑ" * 10, emotion=Emotion.named("affection"))
    layout = LAYOUTS["azure55"]
    assert layout.names[-3:] == layout.centred == ("headRoll", "leftEyeRoll", "rightEyeRoll")
    roll = (layout.encode(frames)[-1, 52].astype(int) - 128) / 127
    assert math.degrees(roll) == pytest.approx(as_weights(frames)[-1, HEAD][2] * HEAD_FULL_DEG, abs=0.5)
    assert 2 < math.degrees(roll) < 9


def test_visemes_add_up_and_name_the_sound():
    frames = LAYOUTS["oculus15"].encode(said(Face(seed=8), "ɑɑɑpppiii")) / 255
    assert np.abs(frames.sum(axis=1) - 1).max() < 0.12
    names = LAYOUTS["oculus15"].names
    assert [names[frames[k].argmax()] for k in (6, 18, 32)] == ["aa", "PP", "ih"]


def test_vrm_smiles_blinks_and_says_aa():
    names = LAYOUTS["vrm"].names
    glad = LAYOUTS["vrm"].encode(said(Face(seed=9), "ɑ" * 60, emotion=Emotion.named("joy"))) / 255
    calm = LAYOUTS["vrm"].encode(said(Face(seed=9), "p" * 60)) / 255
    happy, blink, aa = (names.index(n) for n in ("happy", "blink", "aa"))
    assert glad[-1, happy] > 0.4 > 0.1 > calm[-1, happy]
    assert glad[:, blink].max() > 0.9
    assert glad[20, aa] > 0.4 > 0.05 > calm[20, aa]
    assert glad[:, names.index("angry")].max() < 0.05


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 60), st.integers(1, 5))
def test_calm_cuts_cover_the_clause_in_slices_of_at_most_twelve(n_letters, seed):
    frames = said(Face(seed=seed), "tɑpi"[: n_letters % 4] + "mˈɑfu" * (n_letters // 5))
    cuts = [*calm_cuts(frames, 12), len(frames)]
    assert cuts[0] == 0
    assert all(0 < after - before <= 12 for before, after in pairwise(cuts)) or len(frames) == 0
