"""A creator writes a persona file, gets it wrong in every way there is, and is told what to write."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.persona import WHAT_TO_WRITE, Persona, PersonaError, load_persona, load_personas

PERSONAS = Path(__file__).parents[2] / "personas"

GOOD = """
name = "Ada"
pronouns = "she/her"
language = "en"
voice = "heart"
about = "a painter of doors"
greeting = "Come in!"
goodbye = "Go well!"
disclosure = "I'm an AI made after Ada."
wait = "One second."

[manners]
style = ["Calm."]
warmth = 0.5
energy = 1

[[facts]]
text = "I paint doors."

[[facts.prepared]]
asked = ["what do you paint"]
answer = "Doors."

[[not_discussed]]
topic = "politics"
phrases = ["politic*"]
line = "Not today."
"""


def write(folder: Path, text: str, name: str = "ada.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_is_a_persona(tmp_path: Path) -> None:
    ada = load_persona(write(tmp_path, GOOD))
    assert (ada.id, ada.name, ada.speed) == ("ada", "Ada", 1.0)
    assert ada.facts[0].prepared[0].answer == "Doors."
    assert ada.manners.energy == 1.0
    assert (ada.voice_consent, ada.speaker) == ("", "heart")


def test_a_cloned_voice_names_its_consent_and_is_this_personas_alone(tmp_path: Path) -> None:
    ada = load_persona(write(tmp_path, GOOD.replace('voice = "heart"', 'voice = "ada"\nvoice_consent = "ada.consent"')))
    assert (ada.voice_consent, ada.speaker) == ("ada.consent", "ada@ada")


@pytest.mark.parametrize("line", ['voice = "nova@nova"', 'voice = "../ada"', 'voice = "ada"\nvoice_consent = "../x"'])
def test_nobody_names_anothers_clone_or_a_file_elsewhere(tmp_path: Path, line: str) -> None:
    with pytest.raises(PersonaError, match="voice"):
        load_persona(write(tmp_path, GOOD.replace('voice = "heart"', line)))


@pytest.mark.parametrize(
    "key", ["name", "pronouns", "language", "voice", "about", "greeting", "goodbye", "disclosure", "wait"]
)
def test_a_missing_key_is_named_with_what_to_write(tmp_path: Path, key: str) -> None:
    lines = [line for line in GOOD.splitlines() if not line.startswith(f"{key} =")]
    path = write(tmp_path, "\n".join(lines))
    with pytest.raises(PersonaError) as caught:
        load_persona(path)
    assert str(caught.value) == f"{path}: {key}: is missing; write {WHAT_TO_WRITE[key]}"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "Ada"', "name = 7", "name: expected `str`, got `int`; write the name fans see"),
        ('name = "Ada"', f'name = "{"A" * 81}"', "name: expected `str` of length <= 80"),
        ('name = "Ada"', 'nmae = "Ada"', "nmae: there is no such key"),
        ('greeting = "Come in!"', f'greeting = "{"la " * 90}"', "greeting: expected `str` of length <= 240"),
        ('wait = "One second."', 'wait = ""', "wait: expected `str` of length >= 1"),
        ("I'm an AI made after Ada.", "I'm Ada, truly.", "disclosure: the line does not contain the word AI"),
        ("I'm an AI made after Ada.", "I'm PAID.", "disclosure: the line does not contain the word AI"),
        ("warmth = 0.5", "warmth = 1.5", "manners.warmth: expected `float` <= 1.0; write a number from 0.0 to 1.0"),
        ("warmth = 0.5", "", "manners.warmth: is missing; write a number from 0.0 to 1.0"),
        ('text = "I paint doors."', "", "facts[0].text: is missing; write one fact in the first person"),
        ('asked = ["what do you paint"]', "asked = []", "facts[0].prepared[0].asked: expected `array` of length >= 1"),
        ('phrases = ["politic*"]', 'phrases = "politic*"', "not_discussed[0].phrases: expected `array`, got `str`"),
        ('language = "en"', 'language = "English"', "language: expected `str` matching regex"),
        ('name = "Ada"', 'id = "eva"\nname = "Ada"', "id: remove it; the id is the name of the file"),
        ("[manners]", "[manners", "is not TOML"),
        (GOOD, "", "is empty; copy personas/nova.toml"),
        (GOOD, "# only a comment", "is empty; copy personas/nova.toml"),
    ],
)
def test_a_wrong_file_is_explained(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(PersonaError) as caught:
        load_persona(path)
    assert str(caught.value).startswith(f"{path}: {told}")


def test_files_that_are_no_text(tmp_path: Path) -> None:
    with pytest.raises(PersonaError, match=r"nobody\.toml: cannot be read: No such file"):
        load_persona(tmp_path / "nobody.toml")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"name = '\xff'")
    with pytest.raises(PersonaError, match="is not UTF-8 text"):
        load_persona(binary)
    with pytest.raises(PersonaError, match="file name must be lower-case"):
        load_persona(write(tmp_path, GOOD, "Ada Lovelace.toml"))


def test_a_folder_without_personas(tmp_path: Path) -> None:
    with pytest.raises(PersonaError, match="holds no persona"):
        load_personas(tmp_path)


def test_the_personas_in_the_box() -> None:
    personas = load_personas(PERSONAS)
    assert {"nova", "bram"} <= set(personas)
    for persona in personas.values():
        assert 12 <= len(persona.facts) <= 20
        assert any(fact.prepared for fact in persona.facts)
        assert persona.not_discussed
        assert "invented" in (PERSONAS / f"{persona.id}.toml").read_text().splitlines()[0]


def test_every_key_has_its_advice() -> None:
    def keys(schema: Any) -> set[str]:
        if isinstance(schema, dict):
            return set(schema.get("properties", {})).union(*map(keys, schema.values()))
        return set().union(*map(keys, schema)) if isinstance(schema, list) else set()

    assert keys(msgspec.json.schema(Persona)) - {"id"} == set(WHAT_TO_WRITE)


@given(text=st.text(max_size=400))
def test_any_text_is_a_persona_or_explained(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = write(tmp_path_factory.getbasetemp(), text)
    with pytest.raises(PersonaError, match=r"ada\.toml: "):
        load_persona(path)
