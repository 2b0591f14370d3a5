"""Guesses of a feeling: each source alone, all together, and what follows from them."""

import math
from typing import get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from avatar.affect import (
    CALM,
    HALF_LIFE_S,
    NEVER_SURER,
    Affect,
    Cue,
    HeartRate,
    Mood,
    beginning,
    face_cue,
    fuse,
    in_tone,
    mirrored,
    mood_of,
    tone_hint,
    voice_cue,
    words_cue,
)
from avatar.blendshapes import ARKIT_52
from avatar.emotion import Emotion

part = st.floats(0, 1, allow_subnormal=False)  # times such a weight nothing is left of a number
cues = st.builds(
    Cue,
    weight=part,
    reason=st.sampled_from(["", "voice higher", "words: 'so'", "face: smiling"]),
    valence=st.none() | st.floats(-1, 1),
    arousal=st.none() | part,
)
AS_USUAL = {"pitch_semitones": 0.0, "liveliness_semitones": 0.0, "loudness_db": 0.0, "pace": 1.0, "known": 1.0}


def voice(**differences):
    return voice_cue(**{**AS_USUAL, **differences})


def face(**weights):
    """52 bytes; a name without Left or Right sets both sides."""
    both = {f"{name}{side}": weight for name, weight in weights.items() for side in ("", "Left", "Right")}
    return bytes(round(255 * both.get(name, 0.0)) for name in ARKIT_52)


# --- fusion -----------------------------------------------------------------------------------------------------


def test_nothing_says_nothing():
    assert fuse([]) == Affect(valence=0.0, arousal=CALM, confidence=0.0, reason="")


def test_voice_and_words_that_agree_give_a_surer_guess_and_both_reasons():
    words = words_cue("I'm so excited to meet you!!")
    both = fuse([words, voice(pitch_semitones=4.0, pace=1.4, known=0.8)])
    assert both.reason == "words: 'excited'; voice higher and faster than before"
    assert both.valence > 0.5
    assert both.arousal > 0.5
    assert both.confidence > fuse([words]).confidence


def test_sources_that_disagree_are_believed_less():
    glad, sad = Cue(0.6, "words", valence=0.8), Cue(0.6, "face", valence=-0.8)
    assert fuse([glad, sad]).confidence < fuse([glad]).confidence
    assert abs(fuse([glad, sad]).valence) < 0.01


@given(st.lists(cues, max_size=6))
def test_a_guess_is_in_range_never_sure_and_within_what_was_said(said):
    affect = fuse(said)
    assert -1 <= affect.valence <= 1
    assert 0 <= affect.arousal <= 1
    assert 0 <= affect.confidence <= NEVER_SURER
    for told, got in (
        ([c.valence for c in said if c.valence is not None and c.weight > 0], affect.valence),
        ([c.arousal for c in said if c.arousal is not None and c.weight > 0], affect.arousal),
    ):
        assert not told or min(told) - 1e-6 <= got <= max(told) + 1e-6


@given(st.lists(cues, max_size=6), st.randoms())
def test_the_order_of_the_sources_does_not_matter(said, random):
    shuffled = random.sample(said, len(said))
    one, other = fuse(said), fuse(shuffled)
    assert math.isclose(one.valence, other.valence, abs_tol=1e-9)
    assert math.isclose(one.arousal, other.arousal, abs_tol=1e-9)
    assert math.isclose(one.confidence, other.confidence, abs_tol=1e-9)
    assert sorted(one.reason) == sorted(other.reason)


@given(cues, part)
def test_another_source_that_says_the_same_never_takes_confidence(cue, weight):
    assume(cue.weight > 0)
    agrees = Cue(weight, "", cue.valence, cue.arousal)
    assert fuse([cue, agrees]).confidence >= fuse([cue]).confidence - 1e-9


@given(cues, st.floats(0, 1000))
def test_a_guess_is_believed_less_the_older_it_is(cue, seconds):
    affect = fuse([cue])
    assert affect.aged(seconds).confidence <= affect.confidence
    assert affect.aged(HALF_LIFE_S).confidence == pytest.approx(affect.confidence / 2)
    assert affect.aged(seconds).valence == affect.valence


# --- the voice --------------------------------------------------------------------------------------------------


def test_a_voice_as_usual_says_nothing():
    assert voice().weight == 0.0
    assert voice().reason == ""


@pytest.mark.parametrize(
    ("differences", "reason"),
    [
        ({"pitch_semitones": 3.0, "pace": 1.3}, "voice higher and faster than before"),
        ({"pitch_semitones": -3.0, "loudness_db": -6.0, "pace": 0.7}, "voice lower, quieter and slower than before"),
        ({"liveliness_semitones": 6.0}, "voice livelier than before"),
    ],
)
def test_a_voice_says_what_is_different(differences, reason):
    assert voice(**differences).reason == reason


@given(st.floats(-24, 24), st.floats(0, 24))
def test_a_higher_voice_never_sounds_calmer(semitones, more):
    assert voice(pitch_semitones=semitones + more).arousal >= voice(pitch_semitones=semitones).arousal - 1e-9


@given(st.floats(-60, 60), st.floats(-40, 40), st.floats(-60, 60), st.floats(0, 20), st.floats(-1, 2))
def test_any_voice_gives_a_cue_in_range(pitch, lively, loud, pace, known):
    cue = voice_cue(pitch_semitones=pitch, liveliness_semitones=lively, loudness_db=loud, pace=pace, known=known)
    assert 0 <= cue.weight <= 0.6
    assert 0 <= cue.arousal <= 1
    assert cue.valence in (None, -0.3)


def test_a_voice_that_is_hardly_known_counts_little():
    assert voice(pitch_semitones=5.0, known=0.1).weight < 0.2 * voice(pitch_semitones=5.0).weight


def test_a_difference_that_hardly_counts_is_no_reason():
    assert voice(liveliness_semitones=3.0).reason == ""
    assert voice(pitch_semitones=3.0, known=0.1).reason == ""


def test_what_works_against_the_whole_is_no_reason():
    assert voice(pitch_semitones=4.0, loudness_db=8.0, pace=0.7).reason == "voice higher and louder than before"


# --- words ------------------------------------------------------------------------------------------------------


def test_what_is_told_counts_and_what_is_asked_counts_less():
    assert words_cue("Do you get nervous?").weight < 0.5 * words_cue("I get nervous.").weight + 1e-9
    assert words_cue("My dog died. How is your cat?").reason == "words: 'died'"
    assert words_cue("I came by train. Are you sad?") is None


# --- face and heart ---------------------------------------------------------------------------------------------


def test_faces_are_read():
    smile, frown = face_cue(face(mouthSmile=0.8)), face_cue(face(mouthFrown=0.7, browInnerUp=0.6))
    assert smile.valence > 0.5
    assert smile.reason == "face: smiling"
    assert frown.valence < -0.5
    assert frown.reason == "face: mouth turned down"
    assert face_cue(face(eyeWide=0.9)).arousal > 0.6
    assert face_cue(face()) is None
    assert face_cue(face(jawOpen=1.0)) is None  # they speak


@given(st.binary(min_size=52, max_size=52))
def test_any_face_gives_a_cue_in_range(weights):
    cue = face_cue(weights)
    assert cue is None or (-1 <= cue.valence <= 1 and 0 <= cue.arousal <= 1 and 0 < cue.weight <= 0.6)


def test_a_heart_is_compared_with_itself():
    heart = HeartRate()
    assert [heart.feed(70.0) for _ in range(300)] == [None] * 300
    assert heart.feed(73.0) is None
    faster = heart.feed(95.0)
    assert faster.reason == "heart faster than before"
    assert faster.arousal > 0.6
    assert faster.valence is None
    assert heart.feed(50.0).arousal < CALM


def test_a_heart_that_was_just_met_says_nothing():
    heart = HeartRate()
    assert [heart.feed(bpm) for bpm in (60.0, 100.0, 60.0, 100.0)] == [None] * 4


# --- what follows -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "mood", "begun", "hint"),
    [
        ("My grandmother died in spring.", "sad", "Oh,", "They may be sad. Be gentle."),
        ("I am so scared and terribly nervous!", "upset", "Hey,", "They may be upset or nervous. Be calm and kind."),
        ("Thank you, I love you so much.", "touched", "", "They may be touched. Be warm."),
        ("This is amazing, I'm so excited!!", "thrilled", "Oh wow,", "They may be thrilled. Share it."),
        ("What is your cat called?", "unclear", "", ""),
    ],
)
def test_words_set_the_tone(text, mood, begun, hint):
    found = mood_of(fuse([cue for cue in [words_cue(text)] if cue]))
    assert (found, beginning(found), tone_hint(found)) == (mood, begun, hint)


@given(st.floats(-1, 1), part, part)
def test_a_faint_guess_has_no_consequence(valence, arousal, confidence):
    affect = Affect(valence, arousal, confidence)
    if confidence < 0.5:
        assert mood_of(affect) == "unclear"
    assert (mood_of(affect) == "unclear") == (mirrored(affect) is None)


@given(st.floats(-1, 1), part, st.floats(0.5, 0.9))
def test_a_face_is_never_angry_or_afraid_back(valence, arousal, confidence):
    answer = mirrored(Affect(valence, arousal, confidence))
    assert answer is None or answer.category in {"joy", "affection", "sadness"}


@pytest.mark.parametrize("mood", get_args(Mood))
def test_nobody_is_told_how_they_feel(mood):
    assert tone_hint(mood) == "" or " may " in tone_hint(mood)
    assert not {"sad", "upset", "nervous", "happy", "you"} & set(beginning(mood).lower().strip(",").split())


def test_neutral_clauses_lean_towards_the_fan_and_others_do_not():
    assert in_tone(Emotion(), "unclear") == Emotion()
    assert in_tone(Emotion.named("joy"), "sad") == Emotion.named("joy")
    leaning = in_tone(Emotion(), "sad")
    assert leaning.category == "sadness"
    assert Emotion.named("sadness").valence < leaning.valence < 0
