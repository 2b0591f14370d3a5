"""Clauses out of a stream of pieces: early for the first, whole for the rest, nothing lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.sentences import CLAUSE_MAX_CHARS, ClauseSplitter


def clauses(*pieces: str) -> list[str]:
    splitter = ClauseSplitter()
    return [c for piece in pieces for c in splitter.feed(piece)] + splitter.finish()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My cat is Miso. She runs the house.", ["My cat is Miso.", "She runs the house."]),
        ("Oh, I love that one.", ["Oh,", "I love that one."]),
        ("I wrote it at night, in the rain.", ["I wrote it at night,", "in the rain."]),
        ("Dr. Lee came. J. K. Rowling did not.", ["Dr. Lee came.", "J. K. Rowling did not."]),
        ("It costs 3.50 a cup. Really!", ["It costs 3.50 a cup.", "Really!"]),
        ('"Stop!" she said. Then she left.', ['"Stop!"', "she said.", "Then she left."]),
        ("No end", ["No end"]),
        ("  \n ", []),
    ],
)
def test_clauses(text: str, expected: list[str]) -> None:
    assert clauses(*text) == expected


def test_the_first_clause_leaves_before_the_sentence_ends() -> None:
    splitter = ClauseSplitter()
    assert splitter.feed("I wrote it at night, ") == ["I wrote it at night,"]


def test_a_sentence_without_end_is_cut_at_a_space() -> None:
    assert all(len(c) <= CLAUSE_MAX_CHARS for c in clauses("word " * 400))


def test_a_comma_that_comes_before_the_full_stop_counts_first() -> None:
    assert clauses("No", ", I do not.\n") == clauses(*"No, I do not.\n") == ["No,", "I do not."]


@given(st.lists(st.text(alphabet="ab .,!?\n\"'—A1", max_size=12), max_size=40))
def test_nothing_is_lost_and_chunks_do_not_matter(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert "".join("".join(clauses(*pieces)).split()) == "".join(text.split())
    assert clauses(*pieces) == clauses(*text)
