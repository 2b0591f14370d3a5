"""How words are counted as right or wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.wer import normalised, word_error_rate, wrong_words, wrong_words_so_far


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("It's 25!", "its twenty five"),
        ("Mr. Hale - OK?", "mister hale okay"),
        ("1,250 people", "twelve fifty people"),
        ("in 1465", "in fourteen sixty-five"),
        ("1900 and 1000", "nineteen hundred and one thousand"),
        ("305", "three hundred five"),
        ("", "  ...  "),
    ],
)
def test_the_same_words_written_in_two_ways(written: str, spoken: str) -> None:
    assert normalised(written) == normalised(spoken)


@pytest.mark.parametrize(
    ("heard", "errors"),
    [("what is your cat called", 0), ("what is your hat called", 1), ("what your cat called", 1), ("", 5)],
)
def test_wrong_missing_and_added_words_count_once(heard: str, errors: int) -> None:
    assert wrong_words("what is your cat called".split(), heard.split()) == errors
    assert wrong_words(heard.split(), "what is your cat called".split()) == errors


words = st.lists(st.sampled_from("abc"), max_size=8)


@given(words, words)
def test_errors_are_bounded_by_the_longer_and_the_difference(a: list[str], b: list[str]) -> None:
    assert abs(len(a) - len(b)) <= wrong_words(a, b) <= max(len(a), len(b))
    assert (wrong_words(a, b) == 0) == (a == b)


@given(words, words)
def test_before_all_was_said_no_more_can_be_wrong_than_after(said: list[str], heard: list[str]) -> None:
    assert wrong_words_so_far(said, heard) <= wrong_words(said, heard)
    assert wrong_words_so_far(said, said[: len(said) // 2]) == 0


def test_a_partial_is_not_blamed_for_what_was_not_said_yet() -> None:
    pairs = [("What is your cat called?", "what is your"), ("Where did you grow up?", "Where did you go up?")]
    assert word_error_rate(pairs) == 0.3
    assert word_error_rate(pairs, so_far=True) == 0.1
    assert word_error_rate([]) is None
