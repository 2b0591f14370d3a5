"""Questions for facts that nobody wrote down: found, and told from those that are known and from small talk."""

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.not_known import NotKnown
from avatar.persona import PersonaError, load_personas, parse_persona

ROOT = Path(__file__).parents[2]
PERSONAS = load_personas(ROOT / "personas")
NOVA = NotKnown(PERSONAS["nova"])
STUDIES: dict[str, Any] = {
    name: tomllib.loads((ROOT / "bench" / f"meaning_{name}.toml").read_text("utf-8")) for name in ("heldout", "tuning")
}
QUIZ = tomllib.loads((ROOT / "bench" / "quiz_nova.toml").read_text("utf-8"))["questions"]


@pytest.mark.parametrize(
    "asked",
    [
        "Which school did you go to?",
        "hey nova what is your shoe size",
        "How tall are you?",
        "How old were you when you wrote Night Tram?",
        "When did you write Night Tram?",
        "What was the last film you saw?",
        "Who produced your first album?",
        "What's the name of your hairdresser?",
    ],
)
def test_a_fact_that_nobody_told_is_beyond(asked: str) -> None:
    assert NOVA.is_beyond(asked)


@pytest.mark.parametrize(
    "asked",
    [
        "What is your cat called?",
        "When is the new album out?",
        "How many languages do you speak?",
        "Where did you make your first album?",
        "Who taught you to play the piano?",
    ],
)
def test_what_the_file_tells_is_not(asked: str) -> None:
    assert not NOVA.is_beyond(asked)


@pytest.mark.parametrize(
    "said",
    [
        "What do you think of my jacket?",
        "What did you say?",
        "What would you do if it rained?",
        "Which song do you like least?",
        "How are you?",
        "What's up?",
        "Who are you?",
        "What's your name?",
        "Do you have a dog?",
        "Why is the sky blue?",
        "Where should I go in Valencia?",
        "What is the capital of France?",
        "I went to a school by the sea.",
        "My father died. What was your father called?",
        "",
        "...",
    ],
)
def test_opinions_small_talk_and_the_world_are_for_the_language_model(said: str) -> None:
    assert not NOVA.is_beyond(said)


def test_of_what_is_known_hardly_anything_is_called_unknown() -> None:
    known = [(who, each["say"]) for study in STUDIES.values() for who, sets in study.items() for each in sets["match"]]
    wrong = [(who, said) for who, said in known if NotKnown(PERSONAS[who]).is_beyond(said)]
    assert len(known) > 150
    assert len(wrong) <= 0.03 * len(known), wrong
    assert not [each["ask"] for each in QUIZ if each["kind"] != "unknown" and NOVA.is_beyond(each["ask"])]


def test_of_what_is_unknown_most_is_found() -> None:
    unknown = [each["ask"] for each in QUIZ if each["kind"] == "unknown"]
    assert sum(map(NOVA.is_beyond, unknown)) >= 0.7 * len(unknown)


def test_it_is_so_for_questions_that_the_rules_were_not_made_with() -> None:
    held_out = tomllib.loads(Path(__file__).with_name("not_known_held_out.toml").read_text("utf-8"))
    found = {kind: [asked for asked in asks if NOVA.is_beyond(asked)] for kind, asks in held_out.items()}
    assert len(found["unknown"]) >= 0.9 * len(held_out["unknown"])
    assert found["other"] == []


def test_the_lines_are_said_in_turn_once_they_were_heard() -> None:
    nova = NotKnown(PERSONAS["nova"])
    first = nova.line("How tall are you?")
    assert first == nova.line("How tall are you?"), "a guess that nobody heard counts for nothing"
    nova.heard()
    assert nova.line("How tall are you?") not in (None, first)


def test_without_lines_or_in_another_language_nothing_changes() -> None:
    for change in ({"not_known": ()}, {"language": "es"}):
        assert NotKnown(msgspec.structs.replace(PERSONAS["nova"], **change)).line("How tall are you?") is None


def test_one_line_is_too_few() -> None:
    text = (ROOT / "personas" / "nova.toml").read_text("utf-8")
    begin = text.index("not_known = [")
    text = text[:begin] + 'not_known = ["I was not told."]' + text[text.index("]", begin) + 1 :]
    with pytest.raises(PersonaError, match="not_known"):
        parse_persona(text, "nova")


@given(st.text(max_size=200))
def test_whatever_is_said_it_is_read(said: str) -> None:
    assert NOVA.is_beyond(said) in (True, False)
