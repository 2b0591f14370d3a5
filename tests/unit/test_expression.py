"""The living face without its speech: feelings fade, eyes blink and wander, and slicing changes nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.blendshapes import INDEX
from avatar.channels import EYE_FULL_DEG, HEAD, N_CHANNELS, gaze_deg
from avatar.emotion import Emotion
from avatar.expression import FEELING_POSES, Expression, Manners, feeling_pose

MINUTE = 3600
SMILE, FROWN, BROW, LID = (INDEX[n] for n in ("mouthSmileLeft", "mouthFrownLeft", "browInnerUp", "eyeBlinkLeft"))


def blink_frames(frames):
    """The first frame of every blink."""
    shut = frames[:, LID] > 0.9
    return np.flatnonzero(shut[1:] & ~shut[:-1])


@pytest.mark.parametrize("category", FEELING_POSES)
def test_every_feeling_looks_different_and_leaves_the_jaw_to_speech(category):
    face = feeling_pose(Emotion.named(category), Manners())
    others = [feeling_pose(Emotion.named(c), Manners()) for c in FEELING_POSES if c != category]
    assert min(np.abs(face - other).max() for other in others) > 0.1
    assert face[INDEX["jawOpen"]] == face[INDEX["mouthFunnel"]] == face[INDEX["mouthPucker"]] == 0.0


def test_joy_smiles_and_sadness_does_not():
    joy, sad = (feeling_pose(Emotion.named(c), Manners()) for c in ("joy", "sadness"))
    assert joy[SMILE] > 0.4 > 0.0 == sad[SMILE]
    assert sad[FROWN] > 0.3 > 0.0 == joy[FROWN]


def test_a_shy_persona_smiles_less_but_is_as_sad():
    joy, sad = Emotion.named("joy"), Emotion.named("sadness")
    shy, usual = Manners(warmth=0.5), Manners()
    assert feeling_pose(joy, shy)[SMILE] < 0.6 * feeling_pose(joy, usual)[SMILE]
    assert np.array_equal(feeling_pose(sad, shy), feeling_pose(sad, usual))
    assert feeling_pose(sad, Manners(energy=0.4))[BROW] < feeling_pose(sad, usual)[BROW]


def test_an_aroused_feeling_is_stronger():
    calm, wild = Emotion("joy", 0.8, 0.3), Emotion("joy", 0.8, 1.0)
    assert feeling_pose(wild, Manners())[SMILE] > feeling_pose(calm, Manners())[SMILE]


def test_a_feeling_fades_in_over_300_ms_without_a_jump():
    face = Expression(1, Manners())
    face.advance(60)
    face.feel(Emotion.named("joy"))
    smile = face.advance(30)[:, SMILE]
    assert smile[0] < 0.2
    assert smile[9] == pytest.approx(0.33, abs=0.07)
    assert smile[18] > 0.45
    assert np.abs(np.diff(smile)).max() < 0.06


def test_a_change_of_heart_in_the_middle_of_a_fade_goes_on_from_there():
    face = Expression(1, Manners())
    face.feel(Emotion.named("joy"))
    before = face.advance(8)[-1]
    face.feel(Emotion.named("sadness"))
    after = face.advance(30)
    assert np.abs(after[0, SMILE] - before[SMILE]) < 0.05
    assert after[-1, FROWN] > 0.3


def test_blinks_are_human():
    frames = np.concatenate([Expression(seed, Manners()).advance(5 * MINUTE) for seed in range(4)])
    starts = blink_frames(frames)
    intervals_s = np.diff(starts) / 60
    assert 3.0 < intervals_s.mean() < 4.2
    assert np.median(intervals_s) < intervals_s.mean()  # more short ones than long ones
    assert intervals_s.min() > 0.3
    lengths_ms = [(frames[s - 4 : s + 9, LID] > 0.05).sum() * 1000 / 60 for s in starts]
    assert 100 <= min(lengths_ms) <= max(lengths_ms) <= 150


def test_both_eyes_look_the_same_way_and_never_far_from_the_fan():
    face = Expression(3, Manners())
    face.attend("listening", Emotion())
    listening = face.advance(MINUTE)
    out_left, in_left, out_right, in_right = (
        listening[:, INDEX[f"eyeLook{n}"]] for n in ("OutLeft", "InLeft", "OutRight", "InRight")
    )
    assert np.allclose(out_left, in_right)
    assert np.allclose(in_left, out_right)
    assert max(out_left.max(), in_left.max()) * EYE_FULL_DEG <= 20.5
    moves = np.abs(np.diff(out_left - in_left)) > 0.005
    assert 30 < (moves[1:] & ~moves[:-1]).sum() < 120  # saccades in a minute


def share_with_the_fan(attention, seeds=6):
    """How much of two minutes the eyes rest within 4 degrees of the fan's face."""
    shares = []
    for seed in range(seeds):
        face = Expression(seed, Manners())
        if attention == "speaking":
            face.feel(Emotion())
        else:
            face.attend(attention, Emotion())
        shares.append((np.hypot(*gaze_deg(face.advance(2 * MINUTE)).T) < 4.0).mean())
    return np.mean(shares)


def test_eyes_stay_with_a_fan_who_speaks_wander_more_in_speech_and_leave_in_thought():
    listening, speaking, thinking = map(share_with_the_fan, ("listening", "speaking", "thinking"))
    assert 0.85 < listening < 0.98
    assert 0.55 < speaking < listening
    assert thinking < 0.5


@pytest.mark.parametrize("attention", ["idle", "listening", "thinking"])
def test_a_resting_face_is_friendly_but_smiles_at_nobody_s_sorrow(attention):
    smiles = {}
    for feeling in ("neutral", "sadness", "anger", "fear"):
        for own in (True, False):
            face = Expression(3, Manners())
            face.attend(attention, *((Emotion.named(feeling),) if own else (Emotion(), Emotion.named(feeling))))
            smiles[feeling, own] = face.advance(120)[-1, SMILE]
    assert min(smiles["neutral", own] for own in (True, False)) > 0.09
    assert max(smile for (feeling, _), smile in smiles.items() if feeling != "neutral") < 0.07


def test_an_idle_face_never_freezes():
    face = Expression(4, Manners())
    face.attend("idle", Emotion())
    minute = face.advance(MINUTE)
    assert all(np.ptp(second, axis=0).max() > 0.004 for second in minute.reshape(60, 60, N_CHANNELS))


def test_a_nod_raises_the_brows_and_is_over_in_half_a_second():
    face, twin = Expression(5, Manners()), Expression(5, Manners())
    face.nod()
    extra = face.advance(40)[:, BROW] - twin.advance(40)[:, BROW]
    assert extra.max() > 0.15
    assert np.abs(extra[30:]).max() < 0.01


def test_accents_raise_the_brows_on_some_stressed_syllables_only():
    face = Expression(6, Manners())
    accents = face.accents(list(range(20, 600, 15)), 600, arousal=0.6)
    raised = accents[:, BROW] > 0.05
    assert 3 < (raised[1:] & ~raised[:-1]).sum() < 16
    assert accents[[0, -1]].max() < 1e-6
    assert not face.accents([], 10, arousal=1.0).any()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 9), st.lists(st.integers(0, 90), max_size=12))
def test_how_the_frames_are_sliced_changes_nothing(seed, slices):
    sliced, whole = Expression(seed, Manners()), Expression(seed, Manners())
    for face in (sliced, whole):
        face.feel(Emotion.named("surprise"))
    parts = [sliced.advance(n) for n in slices]
    expected = whole.advance(sum(slices))
    assert np.allclose(np.concatenate([np.zeros((0, N_CHANNELS)), *parts]), expected, atol=1e-6)
    assert expected[:, : HEAD.start].min(initial=0.0) >= 0.0
    assert expected.max(initial=0.0) <= 1.0


def test_a_fork_goes_its_own_way():
    face, twin = Expression(7, Manners()), Expression(7, Manners())
    fork = face.fork()
    fork.feel(Emotion.named("anger"))
    fork.advance(300)
    assert np.array_equal(face.advance(300), twin.advance(300))
