"""Is the turn over? Weighs what was said with how it sounded into the silence that ends it. Pure.

The words decide what kind of pause this is, the audio turn model where in that kind's range the silence lies.
What comes next: turns.py asks `required_silence_ms` when the fan falls silent.
"""

import re
from collections.abc import Sequence
from enum import Enum
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class TurnEngine(Protocol):
    """An audio model of turn ends. One that fails for a job puts the exception in its place."""

    def run(self, jobs: Sequence[NDArray[np.float32]]) -> list[float | Exception]:
        """The probability that each utterance (float32 [n] at 16 kHz, ending in a pause) is a complete turn."""


class Thought(Enum):
    """What the last sentence of a turn looks like so far."""

    QUESTION = "asks for something, in three words or more"
    FORMULA = "yes, thank you, goodbye"
    SENTENCE = "a closed sentence, at least SHORT_WORDS into the turn"
    SHORT = "a closed sentence so early that it may be the beginning of more"
    FRAGMENT = "not closed, or a clause that needs another one"
    DANGLING = "words that ask for more"


class Wait(NamedTuple):
    """Milliseconds of silence that end the turn: when it sounds complete, and when it sounds anything but."""

    sure_ms: float
    unsure_ms: float


# Measured with bench/endpointing.py on 218 ends of turns and 132 pauses of 250 ms and more inside turns, of people and
# of synthetic fans; each line says how many of both looked like it. A wait just under a second gains nothing over one
# of 0.3 s in a pause of 0.8 s and more, so kinds are either quick or patient. docs/decisions/0011 has the figures.
WAITS: Final = {
    Thought.QUESTION: Wait(200, 500),  # 43 : 9; 200 ms is the gap that people leave (Stivers et al. 2009)
    Thought.FORMULA: Wait(200, 500),  # 8 : 1
    Thought.SENTENCE: Wait(300, 900),  # 116 : 42; a third of the finished ones do not sound so: under a second for them
    Thought.SHORT: Wait(900, 1200),  # 27 : 25; "I have two questions." and "I'm from Texas." look the same
    Thought.FRAGMENT: Wait(1300, 2100),  # 19 : 33; the 19 are mostly read lists, seldom what a fan says
    Thought.DANGLING: Wait(2100, 2300),  # 5 : 22; outlives a pause of 2 s, however final it sounds
}
SURE_PROB: Final = 0.7  # from here on it sounds complete: 68 % of the ends do, and 51 % of the pauses
NO_ANSWER_PROB: Final = SURE_PROB / 2  # the turn model is late, or was shed under load
QUESTION_WORDS: Final = 3  # fewer ("what is?") are often cut in the middle
FORMULA_WORDS: Final = 5  # in a longer sentence "thanks" or "yes" is one word among others
SHORT_WORDS: Final = 6  # the turn's words so far: under it ends and pauses are equally many, from it on 3 : 1

_WORD = re.compile(r"[\u3040-\u9fff]|[^\W\u3040-\u9fff]+(?:['’][^\W\u3040-\u9fff]+)*")
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+|(?<=[。？！])")
_CLOSED = (".", "!", "?", "。", "！", "？")
_HELD = ("...", "…", "-", "–", "—", ",", ";", ":", "、", "，")

#: Last words that leave a sentence open: chosen among those that ended under 5 % of the sentences they stood in
#: (10 051 lines of Synthetic-Persona-Chat). On the other 10 051 lines DANGLING holds up 0.6 % of the finished ones and
#: catches 40 % of those cut at a random word, though each was given the full stop that Whisper likes to give.
_DANGLING = frozenset(
    "a an the my your our their its i i'm i've i'll i'd we we're we've you're he's she's they're that's it's there's "
    "and or but because if when while although unless since as than where how which whose what's "
    "of to for with at by from in into on about could must very um uh er hmm mm".split()
)
#: ... but a question may end with some of them if it asks for what they belong to ("where are you from?").
_STRANDED = frozenset("to for with of at by from in into on about".split())
_ASKING = frozenset("what what's who who's where where's which how why when".split())
#: Words that a new thought is joined with, and those that open a clause which needs another one.
_JOINING = frozenset("and but so well or um uh oh now then anyway wait look listen".split())
_JOINED = re.compile(rf"^\W*(?:(?:{'|'.join(_JOINING)})\b\W*)*", re.IGNORECASE)
_OPENING = frozenset(
    "when if because since although though while unless until whenever once after before as especially".split()
)
#: What a request begins with: it asks, as a question does. And what is complete in a few words.
_REQUESTING = frozenset("tell sing say show give explain describe".split())
_FORMULA = frozenset("yes yeah yep no nope okay ok sure thanks thank meet bye goodbye please great cool wow".split())
_ANNOUNCED = re.compile(r"\b(?:you know|i mean|wondering|(?:want|wanted|like) to (?:say|ask|tell you|know))$")


def required_silence_ms(complete_prob: float | None, text: str) -> float:
    """How long the fan must have been silent for this to be the end of the turn.

    complete_prob: the audio turn model's 0..1, or None while it has not answered. text: the turn's words so far.
    """
    wait = WAITS[thought(text)]
    prob = NO_ANSWER_PROB if complete_prob is None else complete_prob
    return float(np.interp(prob, (0.0, SURE_PROB), (wait.unsure_ms, wait.sure_ms)))


def thought(text: str) -> Thought:
    """What kind of thought the words of a turn end in, judged by its last sentence. English; of other languages only
    the punctuation is understood.
    """
    text = text.strip()
    sentence = _JOINED.sub("", _SENTENCE_END.split(text.rstrip("。？！"))[-1])
    words = _words(sentence)
    question = text.endswith(("?", "？"))
    if not words or text.endswith(_HELD) or _dangles(words, question=question):
        return Thought.DANGLING
    needs_another = words[0] in _OPENING and not question and "," not in sentence
    if not text.endswith(_CLOSED) or needs_another:
        return Thought.FRAGMENT
    if question or words[0] in _REQUESTING:
        return Thought.QUESTION if len(words) >= QUESTION_WORDS else Thought.SHORT
    if len(words) <= FORMULA_WORDS and not _FORMULA.isdisjoint(words):
        return Thought.FORMULA
    return Thought.SHORT if len(_words(text)) < SHORT_WORDS else Thought.SENTENCE


def _words(text: str) -> list[str]:
    return [word.replace("’", "'") for word in _WORD.findall(text.casefold())]


def _dangles(words: list[str], *, question: bool) -> bool:
    if not question and _ANNOUNCED.search(" ".join(words)):
        return True
    stranded = question and words[-1] in _STRANDED and not _ASKING.isdisjoint(words)
    return words[-1] in _DANGLING and not stranded
