"""How words are counted as right or wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.wer import normalised, wrong_words


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
