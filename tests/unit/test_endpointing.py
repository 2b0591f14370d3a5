"""How long a pause must be, by what was said and how it sounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.endpointing import SILENCE_MS, Thought, required_silence_ms, thought

ENDS = {"ending_prob": 0.8, "complete_prob": 0.97}
GOES_ON = {"ending_prob": 0.005, "complete_prob": 0.97}

any_text = st.one_of(
    st.text(max_size=60), st.lists(st.sampled_from("so I love your song and , . ? ...".split())).map(" ".join)
)
probs = st.floats(0, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What is your cat called?", Thought.QUESTION),
        ("Hi Nova! Where are you from?", Thought.QUESTION),  # may end with a preposition: it asks for the place
        ("I just moved here. What about you?", Thought.QUESTION),
        ("If you could sing with anybody, who would it be?", Thought.QUESTION),
        ("Wie heißt deine Katze?", Thought.QUESTION),
        ("Tell me a story.", Thought.QUESTION),  # asks for something
        ("Yes.", Thought.FORMULA),
        ("Nice to meet you.", Thought.FORMULA),
        ("It was lovely to meet you. Goodbye!", Thought.FORMULA),
        ("Oh, thank you so much.", Thought.FORMULA),
        ("I just wanted to say that your music got me through a really hard year.", Thought.SENTENCE),
        ("When I was ill, I listened to you every day.", Thought.SENTENCE),
        ("I don't know. It was a strange year.", Thought.SENTENCE),
        ("I have two questions.", Thought.SHORT),
        ("My mom says hi.", Thought.SHORT),
        ("Hello!", Thought.SHORT),
        ("Really?", Thought.SHORT),
        ("And so my fellow Americans", Thought.FRAGMENT),
        ("When I was in the hospital.", Thought.FRAGMENT),  # Whisper closes what the fan did not
        ("Well, because of you.", Thought.FRAGMENT),
        ("你好吗。", Thought.SHORT),
        ("So my sister and I", Thought.DANGLING),
        ("I wanted to ask you about.", Thought.DANGLING),
        ("Have you ever thought about?", Thought.DANGLING),
        ("I just wanted to say.", Thought.DANGLING),
        ("I was wondering.", Thought.DANGLING),
        ("You know.", Thought.DANGLING),
        ("Well", Thought.DANGLING),
        ("Um, so", Thought.DANGLING),
        ("", Thought.DANGLING),
        ("But she said,", Thought.DANGLING),
        ("My favorite song is...", Thought.DANGLING),
        ("I’m", Thought.DANGLING),
    ],
)
def test_words(text: str, expected: Thought) -> None:
    assert thought(text) is expected


def test_a_clear_question_is_answered_at_once() -> None:
    assert required_silence_ms("What is your cat called?", **ENDS) == 100


def test_a_finished_turn_that_does_not_sound_so_is_answered_after_a_human_gap() -> None:
    turn = "I just wanted to say that your music got me through a really hard year."
    assert required_silence_ms(turn, ending_prob=0.6, complete_prob=0.02) <= 200


@pytest.mark.parametrize("turn", ["When you were on tour in", "Would you rather?", "Do you remember when you?"])
def test_words_that_ask_for_more_outweigh_a_final_tone(turn: str) -> None:
    assert required_silence_ms(turn, **GOES_ON) > 1500


def test_without_the_models_the_words_decide() -> None:
    unknown = {"ending_prob": None, "complete_prob": None}
    question, statement = "What is your cat called?", "I saw you in Boston."
    assert required_silence_ms(question, **unknown) < required_silence_ms(statement, **unknown)


def test_a_fan_who_pauses_a_lot_is_given_more_time() -> None:
    turn = "I saw you in Boston last year."
    careful = required_silence_ms(turn, ending_prob=0.5, complete_prob=0.9, caution=1.0)
    assert careful > required_silence_ms(turn, ending_prob=0.5, complete_prob=0.9) + 500


@given(probs, probs, probs, any_text)
def test_sounding_more_complete_never_waits_longer(a: float, b: float, ending: float, text: str) -> None:
    low, high = sorted((a, b))
    surer = required_silence_ms(text, ending_prob=ending, complete_prob=high)
    assert surer <= required_silence_ms(text, ending_prob=ending, complete_prob=low)


@given(probs, probs, st.none() | probs, any_text)
def test_a_likelier_ending_never_waits_longer(a: float, b: float, sound: float | None, text: str) -> None:
    low, high = sorted((a, b))
    surer = required_silence_ms(text, ending_prob=high, complete_prob=sound)
    assert surer <= required_silence_ms(text, ending_prob=low, complete_prob=sound)


@given(st.none() | probs, st.none() | probs, any_text, st.floats(0, 3))
def test_no_turn_is_open_for_ever(ending: float | None, sound: float | None, text: str, caution: float) -> None:
    needed = required_silence_ms(text, ending_prob=ending, complete_prob=sound, caution=caution)
    assert SILENCE_MS[-1] <= needed <= SILENCE_MS[0]


@given(st.text("abcdefgh ", min_size=1), st.sampled_from(["and", "the", "um,", "because", "my...", "So"]))
def test_a_turn_that_goes_on_with_a_joining_word_dangles(before: str, word: str) -> None:
    assert thought(f"{before} {word}" if word != "So" else word) is Thought.DANGLING
