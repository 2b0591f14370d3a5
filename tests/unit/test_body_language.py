"""Words that call for a gesture, and words that only look like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.body_language import spoken_gestures


@pytest.mark.parametrize(
    ("said", "gesture", "word"),
    [
        ("Hi Maya, you made it!", "wave", 0),
        ("Oh, hello there!", "wave", 1),
        ("Thank you so much, and see you soon!", "wave", 5),
        ("Sleep well, bye!", "wave", 2),
        ("Thank you for coming, and sleep well after the show!", "wave", 0),
        ("Haha, that is the best question today.", "laugh", 0),
        ("I can't tell you that one.", "shrug", 0),
        ("Honestly, I don’t know yet.", "shrug", 1),
        ("That means so much to me.", "heart", 1),
        ("I love you all.", "heart", 1),
        ("Yes, every night.", "nod", 0),
        ("Well, of course!", "nod", 1),
        ("No, she is three.", "shake", 0),
    ],
)
def test_words_that_call_for_a_gesture(said, gesture, word):
    assert spoken_gestures(said) == ((gesture, word),)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "No one told me that.",
        "I went right home.",
        "The hello song is on the album.",
        "Right hand or left hand?",
        "I say yes to nearly everything.",
        "She knows everything.",
        "I never sing before noon.",
        "My heart was racing.",
        "Ohio is far from here.",
        "What would you like to know?",
    ],
)
def test_words_that_do_not(said):
    assert spoken_gestures(said) == ()


@given(st.text(max_size=200))
def test_any_text_has_one_gesture_at_most_at_one_of_its_words(said):
    assert all(0 <= mark.word < len(said.split()) for mark in spoken_gestures(said))
    assert len(spoken_gestures(said)) <= 1
