"""What a fan's words ask, as far as single words can tell. Pure; English.

Sentence vectors hold "When did you write Night Tram?" and "How did you write Night Tram?" for nearly the same, and
"What is my favourite colour?" for yours. The words tell them apart: which question word, whose, which things, not or
not. What comes next: meaning.py compares a question with the prepared ones, by vector and by these.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from avatar.disclosure import plain
from avatar.emotion import feel
from avatar.question_rules import (
    ANSWERED_BY,
    FIRST_PERSON,
    FUNCTION_WORDS,
    GREETINGS,
    NEGATIONS,
    REWRITES,
    SAME,
    SECOND_PERSON,
    SPELLINGS,
    THIRD_PERSON,
    TRAILERS,
    Ask,
)

LONGEST_WORDS: Final = 16  # a longer sentence tells more than it asks
LONGEST_TURN_WORDS: Final = 40

_ASKS: Final[Mapping[str, Ask]] = {
    "what": "what", "which": "what", "who": "who", "whose": "who", "whom": "who", "when": "when", "where": "where",
    "why": "why", "how": "how",
}  # fmt: skip
_AMOUNT = re.compile(r"how (?:many|much|long|old|tall|high|big|far|often|late|fast|deep|heavy|expensive)\b")
_WHOM = re.compile(r"who (?:do|does|did)\b")
_SUBJECT = re.compile(r"(?:do|does|did|are|is|was|have|has|can|could|will|would) (your?)\b")
_NAMED = re.compile(r"\b(?:called?|names?|titles?)\b")
_OPEN = re.compile(
    r"(?:do|does|did|are|is|was|were|have|has|can|could|will|would|should|may|might|tell|sing|make|say|show|give|any"
    r"|your)\b"
)
_SENTENCE = re.compile(r"[^.!?…]+[.!?…]*")
_TO_ME = re.compile(r"\b(?:(?:tell|show|give|make|sing) me|for me)\b")
_ENDINGS = re.compile(r"(?:(?<=[a-z]{3})(?:ings?|ed|es|s|e)|(?<=[a-z]{2}[^s])s)$")


@dataclass(frozen=True)
class Question:
    """One sentence without its wrapping, such as "what is your cat called". `asked`: a ? stood behind it."""

    text: str
    asked: bool = True

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(self.text.split())

    @cached_property
    def ask(self) -> Ask:
        """What it wants to know, by its first words."""
        ask = _ASKS.get(self.text.partition(" ")[0])
        if ask is None:
            return "open" if self.asked or _OPEN.match(self.text) else "statement"
        if ask in ("what", "how") and _NAMED.search(self.text):
            return "name"
        if _AMOUNT.match(self.text):
            return "amount"
        if _WHOM.match(self.text):
            return "whom"
        return "when" if self.text.startswith("what time") else ask

    @cached_property
    def content(self) -> frozenset[str]:
        """Stems of the words that carry meaning."""
        return frozenset(stem(word) for word in self.words - FUNCTION_WORDS - NEGATIONS - THIRD_PERSON)

    def may_be_answered_as(self, other: "Question") -> bool:
        """Whether an answer to `other` can be one to this, whatever things the two are about."""
        return (
            other.ask in ANSWERED_BY[self.ask]
            and self._same_sign(other)
            and self._same_people(other)
            and self._same_subject(other)
        )

    def _same_sign(self, other: "Question") -> bool:
        """Whether both are negated, or neither."""
        return bool(self.words & NEGATIONS) == bool(other.words & NEGATIONS)

    def _same_people(self, other: "Question") -> bool:
        """Whether both speak of the fan and of others, or both do not; where that is all to go by, also of you."""
        only_people = self.ask == "statement" or not other.content
        groups = (FIRST_PERSON, THIRD_PERSON) + ((SECOND_PERSON,) if only_people else ())
        return all(bool(self._people & group) == bool(other._people & group) for group in groups)

    def _same_subject(self, other: "Question") -> bool:
        """False for "do you love your fans" beside "do your fans love you"."""
        mine, theirs = _SUBJECT.match(self.text), _SUBJECT.match(other.text)
        return not (mine and theirs) or mine[1] == theirs[1]

    @cached_property
    def _people(self) -> frozenset[str]:
        """The words, without the fan as the one who is told something: "tell me", "sing for me"."""
        return frozenset(_TO_ME.sub("", self.text).split())


def read_prepared(asked: str, name: str = "") -> Question:
    """A prepared question as the creator wrote it, read like a fan's."""
    return find_question(asked, name) or Question(_spelled(asked), asked="?" in asked)


def find_question(said: str, name: str = "") -> Question | None:
    """The one question in a fan's turn, or its one statement; None when there is not exactly one.

    Greetings, thanks and the persona's `name` around it are dropped. Other sentences beside a question may stand when
    nothing sad or angry is in them: "My cat died. What is your cat called?" is not for a prepared answer.
    """
    if len(said.split()) > LONGEST_TURN_WORDS:
        return None
    sentences = [sentence for sentence in _sentences(said, name) if sentence.text]
    if len(sentences) > 1:
        if feel(said).valence < 0:
            return None
        sentences = [sentence for sentence in sentences if sentence.ask != "statement"]
    if len(sentences) != 1 or len(sentences[0].text.split()) > LONGEST_WORDS:
        return None
    return sentences[0]


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """The word without its commonest endings: songs, song; singing, sing; swimming, swim."""
    bare = _ENDINGS.sub("", word)
    doubled = bare != word and len(bare) > 3 and bare[-1] == bare[-2] and bare[-1] in "bdgmnprt"
    return bare[:-1] if doubled else bare


@lru_cache(maxsize=4096)
def same_meaning(stemmed: str) -> frozenset[str]:
    """The stem and those that mean the same."""
    return frozenset({stemmed}).union(*(row for row in _SAME if stemmed in row))


_SAME: Final = tuple(frozenset(map(stem, row.split())) for row in SAME)


def _sentences(said: str, name: str) -> Iterator[Question]:
    before, behind = _wrapping(name)
    for found in _SENTENCE.finditer(said):
        text = behind.sub("", before.sub("", _spelled(found[0])))
        for pattern, beginning in REWRITES:
            text = pattern.sub(beginning, text).strip()
        yield Question(text, asked="?" in found[0])


@lru_cache(maxsize=256)
def _wrapping(name: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What may stand before and behind a sentence addressed to `name`."""
    names = [re.escape(part) for part in plain(name).split()]
    before, behind = "|".join([GREETINGS, *names]), "|".join([TRAILERS, *names])
    return re.compile(rf"^(?:(?:{before})(?:\s+|$))+"), re.compile(rf"(?:(?:^|\s+)(?:{behind}))+$")


def _spelled(text: str) -> str:
    words = plain(re.sub(r"\bwere\b", "was", text.lower()))  # plain() would make it "we are"
    for pattern, spelling in SPELLINGS:
        words = pattern.sub(spelling, words)
    return words
