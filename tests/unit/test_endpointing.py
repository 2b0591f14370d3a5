"""How long a pause must be, by what was said and how it sounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.endpointing import WAITS, Thought, required_silence_ms, thought

FINISHED = 0.97
UNFINISHED = 0.02

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


def test_a_clear_question_is_answered_after_a_human_gap() -> None:
    assert required_silence_ms(FINISHED, "What is your cat called?") == 200


def test_a_finished_turn_that_does_not_sound_so_waits_under_a_second() -> None:
    turn = "I just wanted to say that your music got me through a really hard year."
    assert 300 < required_silence_ms(UNFINISHED, turn) < 1000


def test_words_that_ask_for_more_outweigh_a_final_tone() -> None:
    assert required_silence_ms(FINISHED, "When you were on tour in") > 1600


def test_without_the_turn_model_the_words_decide() -> None:
    assert required_silence_ms(None, "What is your cat called?") < required_silence_ms(None, "I saw you in Boston.")


@given(probs, probs, any_text)
def test_sounding_more_complete_never_waits_longer(a: float, b: float, text: str) -> None:
    low, high = sorted((a, b))
    assert required_silence_ms(high, text) <= required_silence_ms(low, text)


@given(st.none() | probs, any_text)
def test_no_turn_is_over_in_less_than_a_human_gap_or_open_for_ever(prob: float | None, text: str) -> None:
    assert 200 <= required_silence_ms(prob, text) <= 2300


@given(any_text)
def test_no_answer_is_worth_something_between_yes_and_no(text: str) -> None:
    assert required_silence_ms(1.0, text) < required_silence_ms(None, text) < required_silence_ms(0.0, text)


@given(st.text("abcdefgh ", min_size=1), st.sampled_from(["and", "the", "um,", "because", "my...", "So"]), probs)
def test_a_turn_that_goes_on_with_a_joining_word_waits(before: str, word: str, prob: float) -> None:
    said = f"{before} {word}" if word != "So" else word
    assert thought(said) is Thought.DANGLING
    assert required_silence_ms(prob, said) >= WAITS[Thought.DANGLING].sure_ms


def test_the_more_the_words_leave_open_the_longer_the_wait() -> None:
    kinds = [Thought.QUESTION, Thought.SENTENCE, Thought.SHORT, Thought.FRAGMENT, Thought.DANGLING]
    assert [WAITS[kind] for kind in kinds] == sorted(WAITS[kind] for kind in kinds)
    assert all(wait.sure_ms < wait.unsure_ms for wait in WAITS.values())
