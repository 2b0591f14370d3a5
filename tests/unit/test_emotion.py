"""Marks come out of the text and onto the face; a clause without marks is read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.emotion import CATEGORIES, GESTURES, Emotion, feel, split_marks
from protocol.timeline import EmotionCue


@pytest.mark.parametrize(
    ("written", "spoken", "category", "gestures"),
    [
        ("[joy] Hello there!", "Hello there!", "joy", ()),
        ("[wave] Hi!", "Hi!", None, ("wave",)),
        ("That is so funny (laughs)!", "That is so funny!", "joy", ("laugh",)),
        ("*smiles warmly* Come in.", "Come in.", "joy", ()),
        ("Hi *waves at you* there.", "Hi there.", None, ("wave",)),
        ("_giggles_ stop it", "stop it", "joy", ("laugh",)),
        ("Thank you ❤️👋🏽 so much :)", "Thank you so much", "affection", ("heart", "wave")),
        ("I cried :'( all night", "I cried all night", "sadness", ()),
        ("No [shakes head]. Never.", "No. Never.", None, ("shake",)),
        ("[sad] I miss it. [joy] But you came!", "I miss it. But you came!", "sadness", ()),
    ],
)
def test_marks_are_seen_and_not_heard(written, spoken, category, gestures):
    said, feeling, marks = split_marks(written)
    assert (said, feeling) == (spoken, category and Emotion.named(category))
    assert tuple(mark.name for mark in marks) == gestures


@pytest.mark.parametrize(
    ("written", "marks"),
    [
        ("[wave] Hi there!", [("wave", 0)]),
        ("Hello [nod] my friend.", [("nod", 1)]),
        ("Hello [nod], my friend.", [("nod", 1)]),
        ("Well, *shrugs* who knows? 🤷", [("shrug", 1)]),
        ("Yes [nod] yes, you 👉 there [laughs] and you!", [("nod", 1), ("point", 3), ("laugh", 4)]),
        ("Bye now! 👋", [("wave", 2)]),
        ("[heart]", [("heart", 0)]),
        ("I (nods) *really* mean [shakes head slowly] it.", [("nod", 1), ("shake", 3)]),
    ],
)
def test_a_gesture_remembers_the_word_it_stands_before(written, marks):
    assert list(split_marks(written)[2]) == marks


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("[adjusts microphone] Right.", "Right."),
        ("*twirls around* Ready?", "Ready?"),
        ("Well *hums* yes.", "Well yes."),
        ("[stage left", ""),
        ("Bye! *waves and", "Bye!"),
        ("✨🎸", ""),
    ],
)
def test_stage_directions_are_never_read_out(written, spoken):
    assert split_marks(written)[0] == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("I grew up in Lisbon (in Portugal).", "I grew up in Lisbon (in Portugal)."),
        ("Bye (love you all)!", "Bye (love you all)!"),
        ("I *really* mean it.", "I really mean it."),
        ("It was **so** good", "It was so good"),
        ("snake_case_name stays", "snake_case_name stays"),
        ("Don’t stop, it's 10:30.", "Don’t stop, it's 10:30."),
    ],
)
def test_what_is_not_a_mark_stays(written, spoken):
    assert split_marks(written) == (spoken, None, ())


@settings(deadline=None)
@given(st.text(st.sampled_from("ab[]()*_ ❤:)joy!.")) | st.text(max_size=200))
def test_no_mark_survives_any_text(text):
    clean, _, marks = split_marks(text)
    assert not set("[]*") & set(clean)
    assert clean == clean.strip()
    assert len(clean) <= len(text)
    assert all(0 <= mark.word <= len(clean.split()) for mark in marks)


@pytest.mark.parametrize(
    ("clause", "category"),
    [
        ("I'm so happy you came!", "joy"),
        ("Thank you, I love that.", "affection"),
        ("I was lost and lonely back then.", "sadness"),
        ("That is so unfair, I hate it.", "anger"),
        ("I get terribly nervous before a show.", "fear"),
        ("Wow, I never expected that!", "surprise"),
        ("I'm not happy about it.", "sadness"),
        ("The album has twelve songs.", "neutral"),
        ("", "neutral"),
    ],
)
def test_words_are_felt(clause, category):
    assert feel(clause).category == category


def test_more_emphasis_is_more_feeling():
    plain, strong = feel("This is good."), feel("This is so, so GOOD!!")
    assert strong.arousal > plain.arousal
    assert strong.valence > plain.valence


@settings(deadline=None)
@given(st.text(max_size=100))
def test_feelings_stay_in_range(text):
    emotion = feel(text)
    assert emotion.category in CATEGORIES
    assert -1.0 <= emotion.valence <= 1.0
    assert 0.0 <= emotion.arousal <= 1.0


def test_a_feeling_goes_on_the_clock_as_a_cue():
    assert Emotion("joy", 0.8, 0.65).cue(4800) == EmotionCue(4800, "joy", 0.8, 0.65)
    assert set(GESTURES) == {"wave", "nod", "shake", "laugh", "heart", "shrug", "point"}
