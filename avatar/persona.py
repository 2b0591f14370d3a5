"""Who an avatar is: a TOML file read, checked and explained to the one who wrote it.

Lines that are spoken are kept short enough to be said in a few seconds. What comes next: dialogue.py puts the
persona before the language model, disclosure.py answers what must not be left to it.
"""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from protocol.messages import PersonaCard

Unit = Annotated[float, Meta(ge=0.0, le=1.0)]
Label = Annotated[str, Meta(min_length=1, max_length=80)]
Line = Annotated[str, Meta(min_length=1, max_length=240)]  # about fifteen seconds of speech
Text = Annotated[str, Meta(min_length=1, max_length=400)]
NamedLine = Annotated[str, Meta(max_length=240, pattern=r"\{name\}")]  # the fan's name stands there

Opening = Annotated[str, Meta(min_length=1, max_length=60, pattern="[.,!:]$")]  # a clause, closed or to be gone on from
OpeningKind = Literal[
    "sad_news", "good_news", "nervous", "praise", "thanks", "goodbye", "greeting", "request", "opinion", "fact", "told"
]

#: Not openings but noise: they say nothing, or judge the fan's question.
_FILLER: Final = re.compile(
    r"\b(?:(?:great|good|interesting) question|let me (?:think|see)|u+h*m+|hm+|er+m?|well)\b", re.I
)

#: What belongs in each key; printed when it is missing or wrong.
WHAT_TO_WRITE: Final = {
    "name": 'the name fans see, up to 80 characters: name = "Nova Reyes"',
    "pronouns": 'how to speak of the creator: pronouns = "she/her"',
    "language": 'a two-letter language code: language = "en"',
    "voice": 'a voice of the synthesiser; the default one has one: voice = "heart"',
    "look": 'the avatar, a .glb of avatar/rig/looks/ or beside the persona, without its suffix: look = "nova"',
    "speed": "the pace of the voice, 0.5 to 2.0; 1.0 is its own: speed = 1.0",
    "manners": '[manners] with style = ["..."], warmth = 0.0 to 1.0, energy = 0.0 to 1.0',
    "style": 'sentences on how the avatar talks: style = ["Teases gently."]',
    "warmth": "a number from 0.0 to 1.0: warmth = 0.8",
    "energy": "a number from 0.0 to 1.0: energy = 0.6",
    "about": 'who this is in one sentence, up to 400 characters: about = "a synth-pop singer from Valencia"',
    "facts": '[[facts]] tables, each with text = "My cat is called Miso."',
    "text": 'one fact in the first person, up to 240 characters: text = "My cat is called Miso."',
    "prepared": '[[facts.prepared]] with asked = ["what is your cat called"] and answer = "Miso."',
    "asked": 'ways to ask: asked = ["what is your cat called"]',
    "answer": 'what is said, up to 240 characters: answer = "Miso. She runs the house."',
    "not_discussed": "[[not_discussed]] tables, each with topic, phrases and line",
    "topic": 'what is not talked about: topic = "politics"',
    "phrases": 'words that give the topic away, * ends a stem: phrases = ["politic*", "who did you vote for"]',
    "line": 'what is said instead, up to 240 characters: line = "I keep out of politics."',
    "greeting": 'the first words, up to 240 characters: greeting = "Hi, you made it!"',
    "openings": '[openings] with at least two beginnings for each thing that fans do: praise = ["Thank you, that ..."]',
    "greeting_by_name": 'the greeting at an event, with {name}: greeting_by_name = "Hi {name}, you made it!"',
    "goodbye_by_name": 'the goodbye at an event, with {name}: goodbye_by_name = "Thank you, {name}."',
    "last_minute": 'said a minute before a slot ends: last_minute = "We still have a minute."',
    "your_turn": 'asked in a group of who has waited, with {name}: your_turn = "{name}, what did you want to say?"',
    "goodbye": 'the last words, up to 240 characters: goodbye = "Thank you for coming."',
    "disclosure": 'the answer to "are you real?", with the word AI: disclosure = "I\'m an AI version of Nova."',
    "not_known": 'at least two lines for questions that no fact answers: not_known = ["Nova never told me that."]',
    "wait": 'said when an answer takes long, up to 240 characters: wait = "Give me a second."',
    "voice_consent": 'a record in cloning.folder, only for a cloned voice: voice_consent = "nova.consent"',
}


class PersonaError(ValueError):
    """A persona file that cannot be used; the text names the file, the key and what to write there."""


class _Part(Struct, frozen=True, forbid_unknown_fields=True):
    """The root of every part of a persona."""


class Manners(_Part, frozen=True):
    """How the avatar behaves. `warmth` and `energy` also colour the face."""

    style: tuple[Line, ...]
    warmth: Unit
    energy: Unit


class Prepared(_Part, frozen=True):
    """An answer the creator wrote, and ways to ask for it."""

    asked: Annotated[tuple[Line, ...], Meta(min_length=1)]
    answer: Line


class Fact(_Part, frozen=True):
    """Something true, said in the first person."""

    text: Line
    prepared: tuple[Prepared, ...] = ()


class Boundary(_Part, frozen=True):
    """A topic that is not talked about. A phrase ending in `*` matches every word that begins with it."""

    topic: Label
    phrases: Annotated[tuple[Label, ...], Meta(min_length=1)]
    line: Line


class Persona(_Part, frozen=True):
    """An avatar's character. `id` is the name of its file without the suffix."""

    id: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_-]{0,39}$")]
    name: Label
    pronouns: Label
    language: Annotated[str, Meta(pattern="^[a-z]{2}$")]
    voice: Annotated[str, Meta(min_length=1, max_length=80, pattern="^[^@/]*$")]
    manners: Manners
    about: Text
    facts: Annotated[tuple[Fact, ...], Meta(min_length=1, max_length=60)]
    greeting: Line
    goodbye: Line
    disclosure: Line
    wait: Line
    greeting_by_name: NamedLine = ""
    goodbye_by_name: NamedLine = ""
    last_minute: Line = "We have about one more minute. What would you still like to ask me?"
    your_turn: NamedLine = "{name}, what did you want to say?"
    not_discussed: tuple[Boundary, ...] = ()
    not_known: Annotated[tuple[Line, ...], Meta(min_length=2)] = ()
    openings: dict[OpeningKind, Annotated[tuple[Opening, ...], Meta(min_length=2)]] = {}
    look: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_-]{0,39}$")] = "nova"
    speed: Annotated[float, Meta(ge=0.5, le=2.0)] = 1.0
    voice_consent: Annotated[str, Meta(max_length=80, pattern=r"^(\w[\w .-]*)?$")] = ""  # a file in cloning.folder

    def __post_init__(self) -> None:
        """Raises ValueError for a disclosure line that does not disclose, and for an opening that says nothing."""
        if not re.search(r"\bAI\b", self.disclosure):
            raise ValueError("the line does not contain the word AI - at `$.disclosure`")
        for kind, lines in self.openings.items():
            for line in lines:
                if found := _FILLER.search(line):
                    raise ValueError(f"{found[0]!r} fills a gap and says nothing - at `$.openings.{kind}`")

    @property
    def card(self) -> PersonaCard:
        """What clients may show."""
        return PersonaCard(self.id, self.name, self.pronouns, self.about, self.look)

    @property
    def speaker(self) -> str:
        """What the synthesiser calls its voice. A clone is this persona's alone: no other can name it."""
        return f"{self.voice}@{self.id}" if self.voice_consent else self.voice


def load_persona(path: Path) -> Persona:
    """The persona in a TOML file. Raises PersonaError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PersonaError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PersonaError(f"{path}: is not UTF-8 text: {error.reason} at byte {error.start}") from error
    return parse_persona(text, path.stem, str(path))


def parse_persona(text: str, persona_id: str, where: str = "") -> Persona:
    """The persona in TOML text that came from `where`, a file's path; empty: not from a file. Raises PersonaError."""
    where = where or persona_id
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PersonaError(f"{where}: is not TOML: {error}") from error
    if not table:
        raise PersonaError(f"{where}: is empty; copy personas/nova.toml and change it")
    if "id" in table:
        raise PersonaError(f"{where}: id: remove it; the id is the name of the file")
    try:
        return msgspec.convert({**table, "id": persona_id}, Persona)
    except msgspec.ValidationError as error:
        raise PersonaError(_explain(where, str(error))) from error


def load_personas(folder: Path) -> dict[str, Persona]:
    """Every persona of a folder by its id. Raises PersonaError, also for a folder that holds none."""
    personas = {path.stem: load_persona(path) for path in sorted(folder.glob("*.toml"))}
    if not personas:
        raise PersonaError(f"{folder}: holds no persona; put a .toml file there, like personas/nova.toml")
    return personas


def _explain(path: str, problem: str) -> str:
    """The words of msgspec ("... - at `$.facts[0].text`") as file, key and what to write."""
    complaint, _, where = problem.partition(" - at ")
    place = where.removeprefix("`key` in ").strip("`").removeprefix("$").removeprefix(".")
    if place == "id":
        return f"{path}: the file name must be lower-case letters, digits, - and _, up to 40, then .toml"
    missing = re.search(r"(?:missing required|contains unknown) field `(\w+)`", complaint)
    key = ".".join(part for part in (place, missing[1] if missing else "") if part)
    known = WHAT_TO_WRITE.get(re.sub(r"\[[^\]]*\]$", "", key).rpartition(".")[2])
    if "unknown field" in complaint:
        return f"{path}: {key}: there is no such key; remove it or correct its spelling"
    said = "is missing" if missing else complaint[:1].lower() + complaint[1:]
    return f"{path}: {key}: {said}; write {known}"
