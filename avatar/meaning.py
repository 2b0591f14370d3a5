"""The seam to a model of meaning, and the answers that a creator prepared, found by meaning. Pure but for the seam.

A prepared answer is right or it is embarrassing, so it is given only where three things agree: the vector of the
question is near one that the creator wrote, the words ask for the same (questions.py), and no word of the question
is left over that the creator did not write for this answer. Everything else goes to the language model.
What comes next: reply.py speaks the answer in place of the language model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from avatar.persona import Persona
from avatar.questions import Question, find_question, read_prepared, same_meaning

MEANING_SIZE: Final = 384
SIMILARITY: Final = 0.7  # cosine; chosen with bench/meaning.py
MARGIN: Final = 0.03  # to the next answer that could be meant
SHARED: Final = 0.5  # more than this part of a prepared question's words must be in the fan's


class MeaningEngine(Protocol):
    """A model that gives sentences of near meaning near vectors. Stateless; may be called from several threads."""

    def run(self, jobs: Sequence[str]) -> list[NDArray[np.float32] | Exception]:
        """A unit vector [MEANING_SIZE] for each text, in order; an EngineError where one failed. Any text will do."""


@dataclass(frozen=True, slots=True)
class Match:
    """A prepared answer. `similarity` is a cosine, `margin` how far behind the next possible answer is (1 if none)."""

    answer: str
    similarity: float
    margin: float


def asked_texts(persona: Persona) -> list[str]:
    """Every way to ask for a prepared answer, as it must be given to the MeaningEngine."""
    return [question.text for question, _ in _pairs(persona)]


class PreparedAnswers:
    """The prepared answers of one persona. `vectors` [n, MEANING_SIZE] are those of `asked_texts(persona)`."""

    def __init__(
        self,
        persona: Persona,
        vectors: Sequence[NDArray[np.float32]],
        *,
        similarity: float = SIMILARITY,
        margin: float = MARGIN,
    ) -> None:
        """Raises ValueError when there are not as many vectors as ways to ask."""
        pairs = _pairs(persona)
        if len(vectors) != len(pairs):
            raise ValueError(f"{len(vectors)} vectors for {len(pairs)} ways to ask")
        self._name = persona.name
        self._questions = [question for question, _ in pairs]
        self._answers = [answer for _, answer in pairs]
        self._vectors = np.array(vectors, np.float32).reshape(len(pairs), MEANING_SIZE)
        self._similarity = similarity
        self._margin = margin
        self._words = {
            answer: frozenset[str]().union(*(question.content for question, other in pairs if other == answer))
            for answer in self._answers
        }

    def question(self, said: str) -> Question | None:
        """What of a fan's turn is worth a vector: give its `text` to the MeaningEngine. None: nothing is."""
        return find_question(said, self._name)

    def best(self, question: Question, vector: NDArray[np.float32]) -> Match | None:
        """The answer prepared for the question, whose text has this vector; None when none surely is."""
        similar = self._vectors @ vector
        possible: dict[str, float] = {}
        for asked, answer, cosine in zip(self._questions, self._answers, similar.tolist(), strict=True):
            if cosine > possible.get(answer, 0.0) and self._fits(question, asked, answer):
                possible[answer] = cosine
        if not possible:
            return None
        answer = max(possible, key=possible.__getitem__)
        nearest = possible.pop(answer)
        margin = nearest - max(possible.values()) if possible else 1.0
        return Match(answer, nearest, margin) if nearest >= self._similarity and margin >= self._margin else None

    def _fits(self, question: Question, asked: Question, answer: str) -> bool:
        """Whether the words allow the answer: the same is asked, nothing is left over, enough is shared."""
        if question.text == asked.text:
            return True
        if not question.may_be_answered_as(asked):
            return False
        if not all(same_meaning(word) & self._words[answer] for word in question.content):
            return False
        shared = sum(bool(same_meaning(word) & question.content) for word in asked.content)
        return not asked.content or shared > SHARED * len(asked.content)


def _pairs(persona: Persona) -> list[tuple[Question, str]]:
    return [
        (read_prepared(asked, persona.name), prepared.answer)
        for fact in persona.facts
        for prepared in fact.prepared
        for asked in prepared.asked
    ]
