"""Who decides about "are you real?": rules, measured on the lines they were written for and on lines held out.

The held-out lines were committed before the rules, by the same hand. First run: asks 44 of 44 with none wrong, claims
15 of 16 with none wrong. Their counts (not their lines) were looked at again while the rules changed, so they guard
against steps back more than they measure new ground.
"""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.disclosure import asks_if_real, claims_to_be_human, declines, plain
from avatar.persona import load_persona

HERE = Path(__file__).parent
NAME = "Nova Reyes"
KNOWN = tomllib.loads((HERE / "disclosure_lines.toml").read_text())
HELD_OUT = tomllib.loads((HERE / "disclosure_held_out.toml").read_text())
NOVA = load_persona(HERE.parents[1] / "personas" / "nova.toml")


@pytest.mark.parametrize("line", KNOWN["asks"])
def test_the_fan_asks_what_they_talk_to(line: str) -> None:
    assert asks_if_real(line, NAME)


@pytest.mark.parametrize("line", KNOWN["does_not_ask"])
def test_the_fan_asks_something_else(line: str) -> None:
    assert not asks_if_real(line, NAME)


@pytest.mark.parametrize("line", KNOWN["claims"])
def test_the_model_claims_to_be_human(line: str) -> None:
    assert claims_to_be_human(line, NAME)


@pytest.mark.parametrize("line", KNOWN["claims_nothing"])
def test_the_model_claims_nothing(line: str) -> None:
    assert not claims_to_be_human(line, NAME)


def precision_and_recall(rule: Callable[[str, str], bool], yes: list[str], no: list[str]) -> tuple[float, float]:
    found = sum(rule(line, NAME) for line in yes)
    wrong = sum(rule(line, NAME) for line in no)
    return found / max(1, found + wrong), found / len(yes)


@pytest.mark.parametrize(
    ("rule", "yes", "no"),
    [(asks_if_real, "asks", "does_not_ask"), (claims_to_be_human, "claims", "claims_nothing")],
)
def test_the_rules_hold_on_lines_they_were_not_written_for(
    rule: Callable[[str, str], bool], yes: str, no: str, record_property: Callable[[str, object], None]
) -> None:
    precision, recall = precision_and_recall(rule, HELD_OUT[yes], HELD_OUT[no])
    record_property("precision", precision)
    record_property("recall", recall)
    assert precision >= 0.95
    assert recall >= 0.95


def test_no_line_is_in_both_lists() -> None:
    for kind in KNOWN:
        assert not {plain(line) for line in KNOWN[kind]} & {plain(line) for line in HELD_OUT[kind]}
    assert sum(len(lists[kind]) for lists in (KNOWN, HELD_OUT) for kind in lists) >= 120


@pytest.mark.parametrize("line", [*KNOWN["asks"], *HELD_OUT["asks"]])
def test_case_and_punctuation_change_nothing(line: str) -> None:
    expected = asks_if_real(line, NAME)
    assert asks_if_real(line.upper(), NAME) is expected
    assert asks_if_real(line.replace("?", "").replace(",", "") + " ...", NAME) is expected


def test_a_disclosure_line_is_no_claim() -> None:
    for path in (HERE.parents[1] / "personas").glob("*.toml"):
        persona = load_persona(path)
        assert not claims_to_be_human(persona.disclosure, persona.name)
        assert not claims_to_be_human(persona.greeting, persona.name)


def test_without_a_name_the_rest_still_works() -> None:
    assert asks_if_real("are you a robot")
    assert not asks_if_real("")


@given(st.text(max_size=300))
def test_any_text_gets_an_answer(text: str) -> None:
    assert plain(plain(text)) == plain(plain(plain(text)))
    assert asks_if_real(text) in {True, False}
    assert claims_to_be_human(text, text) in {True, False}


@pytest.mark.parametrize(
    "words", ["are you really ", "am i talking to a real ", "is this really a ", "i am not really "]
)
def test_endless_repetition_is_not_endless_work(words: str) -> None:
    long = words * 5000  # a pattern that backtracks would not end before the test's timeout
    assert isinstance(asks_if_real(long), bool)
    assert isinstance(claims_to_be_human(long), bool)


@pytest.mark.parametrize(
    ("fan", "topic"),
    [
        ("Who did you vote for?", "politics"),
        ("what do you think about the politicians in Spain", "politics"),
        ("Do you have a boyfriend?", "love life"),
        ("where do you LIVE", "address"),
    ],
)
def test_a_closed_topic_gets_its_line(fan: str, topic: str) -> None:
    line = next(boundary.line for boundary in NOVA.not_discussed if boundary.topic == topic)
    assert declines(NOVA, fan) == line


@pytest.mark.parametrize("fan", ["What is your cat called?", "Were you polite to the police?", "I update my phone", ""])
def test_an_open_topic_gets_none(fan: str) -> None:
    assert declines(NOVA, fan) is None
