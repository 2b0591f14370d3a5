"""Questions about the persona's own life that nothing in its file answers: no model may answer them by guessing.

A small language model that is asked for a shoe size says one. So where a creator writes lines for it (`not_known`), a
question for a plain fact ("Which school did you go to?") that holds a word no fact of the file holds gets one of them.
Opinions, advice and small talk are the model's. Pure; English. What comes next: reply.py says the line.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from avatar.persona import Fact, Persona
from avatar.question_rules import NEGATIONS, SECOND_PERSON
from avatar.questions import Question, find_question, read_prepared, same_meaning, stem

#: What is asked with these is a fact, whatever the words are; with what and which it may be an opinion.
_PLAIN: Final = frozenset({"who", "whom", "when", "where", "amount", "name"})
#: These ask for what one thinks, says, wants or might do.
_MINDED: Final = frozenset(
    stem(word)
    for word in (
        "think thought know mean say said tell love like enjoy prefer feel want wish hope believe recommend suggest"
        " advise advice tip message opinion hate miss dream imagine would should could guess remember talk ask hear"
        " heard wrong matter problem favour secret"
    ).split()
)
#: About the talk itself, or the weather in it: nobody writes a fact for these.
_OF_THE_MOMENT: Final = frozenset(
    map(stem, "next question minute time day night tonight week year life world people".split())
)
_OF_YOU: Final = re.compile(
    r"\b(?:your|(?:did|have|had|was|are|do) you|the (?:\w+ ){1,3}you)\b"  # "the last film you saw"
)
LONGEST_WORDS: Final = 11  # longer ones ask for several things, and one of them may be known
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+")
#: Without one of these a fact tells no amount, and no moment.
_AMOUNT: Final = re.compile(
    r"\b(?:\d+|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|million)\b"
)
_MOMENT: Final = re.compile(
    r"\b(?:\d{4}|spring|summer|autumn|winter|january|february|march|april|may|june|july|august|september|october|november"
    r"|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|morning|evening|years? old|ago|born|dates)\b"
)


@dataclass(frozen=True, slots=True)
class _Known:
    """The words of one fact, and whether it tells an amount or a moment."""

    words: frozenset[str]
    amount: bool
    moment: bool

    def tells(self, question: Question) -> bool:
        """Whether all that the question is about is in this fact."""
        if (question.ask == "amount" and not self.amount) or (question.ask == "when" and not self.moment):
            return False
        return all(same_meaning(word) & self.words for word in question.content - _OF_THE_MOMENT)


class NotKnown:
    """What one persona has no fact for, and what it says then: its lines, in turn."""

    def __init__(self, persona: Persona) -> None:
        self._name = persona.name
        self._lines = persona.not_known if persona.language == "en" else ()
        self._said = 0
        about = Fact(f"{persona.about}. {persona.name}")
        self._facts = [_known(fact, persona.name) for fact in (*persona.facts, about)]

    def line(self, said: str) -> str | None:
        """What is said in place of a guess. None: it is known, or is no question for a fact."""
        return self._lines[self._said % len(self._lines)] if self._lines and self.is_beyond(said) else None

    def heard(self) -> None:
        """The fan hears the line: the next time it is another."""
        self._said += 1

    def is_beyond(self, said: str) -> bool:
        """Whether the fan asks for a fact of the persona's life that no fact of its file tells."""
        question = find_question(said, self._name)
        if question is None or not _asks_for_a_fact(question):
            return False
        return not any(fact.tells(question) for fact in self._facts)


def _asks_for_a_fact(question: Question) -> bool:
    if not question.words & SECOND_PERSON or question.words & NEGATIONS or not question.content - _OF_THE_MOMENT:
        return False
    if frozenset(map(stem, question.words)) & _MINDED or len(question.text.split()) > LONGEST_WORDS:
        return False
    return question.ask in _PLAIN or (question.ask == "what" and bool(_OF_YOU.search(question.text)))


@lru_cache(maxsize=1024)  # once for all sessions: a fan who comes in is not kept waiting
def _known(fact: Fact, name: str) -> _Known:
    asked = [read_prepared(line, name) for prepared in fact.prepared for line in prepared.asked]
    told = " ".join([fact.text, *(prepared.answer for prepared in fact.prepared)])
    sentences = [read_prepared(sentence, name) for sentence in _SENTENCE.split(told)]
    asks = {question.ask for question in asked}
    return _Known(
        frozenset[str]().union(*(question.content for question in (*asked, *sentences))),
        amount="amount" in asks or bool(_AMOUNT.search(told.lower())),
        moment="when" in asks or bool(_MOMENT.search(told.lower())),
    )
