"""What was said and what of it was heard, and the prompt that follows from it. Pure: samples are the only clock.

The prompt is built for a prefix cache: the persona first, then whole turns in order, and nothing before the newest
turn ever changes, except when old turns are dropped, and then many at once. What the fan did not hear was not said.
What comes next: the hallway gives the Prompt to an LlmEngine (llm.py), and calls begin_reply when it answers.
"""

import copy
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import zip_longest
from typing import Final

from avatar.llm import Prompt, PromptMessage, Role
from avatar.persona import Persona
from protocol.timeline import WordSpan

HISTORY_TOKENS: Final = 700  # more than this, and the oldest turns go
KEPT_TOKENS: Final = 350  # until this little is left, so that the cache survives many turns between two cuts
FAN_TEXT_CHARS: Final = 800  # of a monologue the end is what waits for an answer
FAN_NAME_CHARS: Final = 40
REMEMBERED: Final = 8  # lines from an earlier visit, each of at most REMEMBERED_CHARS
REMEMBERED_CHARS: Final = 120
RECALLED: Final = 3  # of them are said aloud to whoever asks: some fifteen seconds
CUT_OFF: Final = " —"
SILENCE: Final = "..."

_RULES: Final = (
    "Answer in one or two short spoken sentences, the first one very short. No lists, no emojis."
    " If a question is about anything that is not written above, say that you can't tell, and ask the fan about"
    " themselves."
)
_NOT_KNOWN: Final = (  # what a small model learns from more than from a rule
    ("What is your star sign?", "I can't tell you that one. What's yours?"),
    ("How many cousins do you have?", "That I can't say. Do you have many?"),
)
_SECOND_PERSON: Final = {
    "i'm": "you're", "i am": "you are", "i was": "you were", "i've": "you've", "i'd": "you'd", "i'll": "you'll",
    "i": "you", "my": "your", "mine": "yours", "me": "you", "myself": "yourself",
}  # fmt: skip
_FIRST_PERSON: Final = re.compile(rf"\b(?:{'|'.join(_SECOND_PERSON)})\b", re.I)
_ASKS_IF_REMEMBERED: Final = re.compile(
    r"\b(?:do|did|can|will) you (?:still |even )?(?:remember|recall|recogni[sz]e) (?:me|us|who i am|our|the last)\b"
    r"|\b(?:remember|recall|know) what i (?:said|told)\b|\bwhat do you (?:still )?(?:remember|know) (?:about|of) me\b"
    r"|\bhave we met\b|\bwho am i\b",
    re.I,
)
_CONTROL = re.compile(r"<[^<>\s]{1,40}>|\[/?[A-Z_]{3,24}\]|<\||\|>|<<SYS>>")


def clean_text(text: str) -> str:
    """One line of a fan's words without control characters and without the control tokens of any chat template."""
    folded = unicodedata.normalize("NFKC", text)
    line = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in folded)
    before = None
    while before != line:  # a token may be hidden inside another
        before, line = line, _CONTROL.sub(" ", line)
    return " ".join(line.split())


def clean_name(name: str) -> str:
    """A fan's name as it may stand in a prompt: up to three words of letters, digits and name marks."""
    kept = "".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" or c in "'’-." else " " for c in name)
    return " ".join(kept.split()[:3])[:FAN_NAME_CHARS].strip()


def rough_tokens(text: str) -> int:
    """About how many tokens a message costs; on the safe side for European languages."""
    return len(text.encode()) // 3 + 5


def retold(line: str) -> str:
    """A fan's words about themselves, said back to them: "I play the cello." is "You play the cello."."""
    turned = _FIRST_PERSON.sub(lambda found: _SECOND_PERSON[found[0].casefold()], line)
    return turned[:1].upper() + turned[1:]


class _State(Enum):
    OPEN = "open"
    FINISHED = "finished"
    CUT = "cut"


@dataclass(slots=True)
class _Turn:
    """A fan's words and the reply to them."""

    reply_id: int
    fan_text: str
    words: list[WordSpan] = field(default_factory=list)
    heard_samples: int = 0
    state: _State = _State.OPEN

    def reply_text(self) -> str:
        """What of the reply was heard; broken off with a dash when it was not heard to its end."""
        if self.state is _State.FINISHED:
            return " ".join(word.text for word in self.words)
        heard = " ".join(word.text for word in self.words if word.end_samples <= self.heard_samples)
        return heard + CUT_OFF if heard else ""

    def tokens(self) -> int:
        return rough_tokens(self.fan_text) + rough_tokens(self.reply_text())


class Dialogue:
    """One conversation of a persona with a fan. `cache_key` names it to the engine."""

    def __init__(self, persona: Persona, fan_name: str = "", *, cache_key: str = "") -> None:
        self._cache_key = cache_key
        self._system = PromptMessage("system", system_prompt(persona))
        self._rehearsal = [*_rehearsal(persona)]
        self._fan_name = clean_name(fan_name)
        self._remembered: tuple[str, ...] = ()
        self._turns: list[_Turn] = []
        self._speaker = ""
        self._company: Sequence[str] = ()

    def among(self, name: str, company: Sequence[str]) -> "Dialogue":
        """The same conversation as one of several fans takes part in it: their words have their name before them.

        `company` are the names of all, as they are whenever a prompt is made. What one of them told at an earlier visit
        is not for the others: nothing is remembered here.
        """
        part = copy.copy(self)  # shares the turns
        part._speaker, part._company = clean_name(name), company
        return part

    def remember(self, told: Sequence[str]) -> None:
        """What this fan said at an earlier visit, in their own words; no lines: it is forgotten. Best before the first
        prompt: it stands before everything that was said since.
        """
        if self._speaker:
            return
        self._remembered = tuple(filter(None, (clean_text(line)[:REMEMBERED_CHARS] for line in told[:REMEMBERED])))

    def recollection(self, fan_text: str) -> str:
        """The answer to "do you remember me?": the newest of what this fan told, and nothing that a model adds. Empty
        when they did not ask, or nothing is known of them.
        """
        if self._speaker or not self._remembered or not _ASKS_IF_REMEMBERED.search(clean_text(fan_text)):
            return ""
        you = f"I remember you, {self._fan_name}." if self._fan_name else "I remember you."
        return " ".join([you, *map(retold, self._remembered[-RECALLED:])])

    def prompt(
        self, fan_text: str, *, hint: str = "", max_tokens: int = 80, seed: int = 0, temperature: float = 0.6
    ) -> Prompt:
        """The prompt that asks for an answer to these words. Changes nothing: partial words may be asked too.

        `hint` says how to answer; it stands behind the words, where a warm cache is kept, and is not remembered.
        """
        return Prompt(
            messages=self._messages(fan_text, hint),
            cache_key=self._cache_key,
            max_tokens=max_tokens,
            temperature=temperature,
            seed=seed,
        )

    def base_prompt(self) -> Prompt:
        """What is known before the fan speaks, for LlmEngine.prefill."""
        return Prompt(messages=self._messages(None), cache_key=self._cache_key, max_tokens=1, temperature=0.0)

    def last_said(self) -> str:
        """What the fan heard last from the avatar; empty at the beginning."""
        return self._turns[-1].reply_text() if self._turns else ""

    def begin_reply(self, reply_id: int, fan_text: str) -> None:
        """A reply to these words was committed to. One that is still open counts as cut. No words (the greeting, or
        a silence that the avatar breaks) are the empty text.
        """
        self._cut_open()
        self._forget()
        self._turns.append(_Turn(reply_id, self._signed(fan_text)))

    def spoke(self, reply_id: int, words: Sequence[WordSpan]) -> None:
        """A clause of the reply has its sound: written words, in samples since the reply began."""
        turn = self._last(reply_id)
        if turn is not None and turn.state is _State.OPEN:
            turn.words.extend(words)

    def heard(self, reply_id: int, heard_samples: int) -> None:
        """The fan heard so much of the reply. A mark that arrives after the cut still counts."""
        turn = self._last(reply_id)
        if turn is not None:
            turn.heard_samples = max(turn.heard_samples, heard_samples)

    def finish(self, reply_id: int) -> None:
        """The reply was played to its end: all of it was heard."""
        turn = self._last(reply_id)
        if turn is not None and turn.state is _State.OPEN:
            turn.state = _State.FINISHED

    def cut(self, reply_id: int) -> None:
        """The reply was broken off: only the words heard by now were said."""
        if self._last(reply_id) is not None:
            self._cut_open()

    def _last(self, reply_id: int) -> _Turn | None:
        """The newest turn, if it is this reply: marks of older ones come too late to change what was said."""
        return self._turns[-1] if self._turns and self._turns[-1].reply_id == reply_id else None

    def _cut_open(self) -> None:
        if self._turns and self._turns[-1].state is _State.OPEN:
            self._turns[-1].state = _State.CUT

    def _forget(self) -> None:
        if sum(turn.tokens() for turn in self._turns) <= HISTORY_TOKENS:
            return
        while self._turns and sum(turn.tokens() for turn in self._turns) > KEPT_TOKENS:
            del self._turns[0]

    def _messages(self, fan_text: str | None, hint: str = "") -> tuple[PromptMessage, ...]:
        parts = [*self._rehearsal, *self._introduction(), *self._history()]
        if fan_text is not None:
            parts.append(("user", self._signed(fan_text)))
        if hint:
            parts.append(("user", f"({hint})"))
        merged: list[tuple[Role, list[str]]] = []
        for role, text in parts:
            if merged and merged[-1][0] == role:
                merged[-1][1].append(text)
            else:
                merged.append((role, [text]))
        said = ((role, " ".join(filter(None, texts)) or SILENCE) for role, texts in merged)
        return (self._system, *(PromptMessage(role, text) for role, text in said))

    def _signed(self, fan_text: str) -> str:
        """The fan's words as they stand in the prompt."""
        text = _tail(clean_text(fan_text))
        return f"{self._speaker}: {text}" if self._speaker and text else text

    def _introduction(self) -> Iterator[tuple[Role, str]]:
        """Who the fan is, in their words."""
        if self._company:
            *others, last = self._company
            yield "user", f"Hi, we are {' and '.join(filter(None, [', '.join(others), last]))}."
        elif self._fan_name:
            yield "user", f"Hi, I'm {self._fan_name}."
        if self._remembered:
            # Retold by the avatar: a small model takes what the fan says in the first person for its own.
            yield "user", "We have met before."
            yield "assistant", f"I remember: {' '.join(map(retold, self._remembered))}"

    def _history(self) -> Iterator[tuple[Role, str]]:
        """Who said what; a reply of which nothing was heard leaves two turns of the fan in a row."""
        for turn in self._turns:
            yield "user", turn.fan_text
            if reply := turn.reply_text():
                yield "assistant", reply


def system_prompt(persona: Persona) -> str:
    """The persona in the language model's words: the same for every fan."""
    facts = "\n".join(f"- {fact.text}" for fact in persona.facts)
    return (
        f"You are {persona.name} ({persona.pronouns}), {persona.about}. You are an AI, on a call with a fan, and you"
        f' say "I". {" ".join(persona.manners.style)}\nYou know only this:\n{facts}\n{_RULES}'
    )


def _rehearsal(persona: Persona) -> Iterator[tuple[Role, str]]:
    """Short questions and answers before the first real one: how the persona tells what it knows, and what not."""
    prepared = [prepared for fact in persona.facts for prepared in fact.prepared]
    known = [(f"{answer.asked[0][0].upper()}{answer.asked[0][1:]}?", answer.answer) for answer in prepared[:2]]
    for pair in zip_longest(_NOT_KNOWN, known):
        for question, answer in filter(None, pair):
            yield "user", question
            yield "assistant", answer


def _tail(text: str) -> str:
    """The end of a long text, from the beginning of a word."""
    if len(text) <= FAN_TEXT_CHARS:
        return text
    return text[-FAN_TEXT_CHARS:].partition(" ")[2] or text[-FAN_TEXT_CHARS:]
