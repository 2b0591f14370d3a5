"""Is the turn over? Weighs what was said with how it sounded into the silence that ends it. Pure.

The kind of thought, the number of words, a language model's idea of the sentence's end and an audio model's of its
sound add up to log-odds: the surer, the shorter. What comes next: turns.py asks `required_silence_ms` when the fan
falls silent.
"""

import math
import re
from collections.abc import Sequence
from enum import Enum
from typing import Final, Protocol

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


# How sure it is that the turn is over, in log-odds, is a sum: what kind of thought the words are, how many they are,
# how likely a sentence ends there, how final it sounds. Fitted by bench/endpointing_fit.py on 218 ends of turns and
# 132 pauses of 250 ms and more inside turns, of people and of synthetic fans in equal parts (docs/decisions/0016).
# Of the four the small language model tells most about fans, the number of words about readers, the sound little.
BASE: Final = -1.3  # 0.2 under the fit: 73 ms more in the mean halve what is cut off of fans
KIND: Final = {
    Thought.QUESTION: 0.9,  # 43 ends : 9 pauses looked like it
    Thought.FORMULA: 1.2,  # 8 : 1
    Thought.SENTENCE: 0.1,  # 116 : 42
    Thought.SHORT: -0.3,  # 27 : 25; "I have two questions." and "I'm from Texas." look the same
    Thought.FRAGMENT: -0.5,  # 19 : 33; the 19 are mostly read lists, seldom what a fan says
    Thought.DANGLING: -1.0,  # 5 : 22
}
PER_LOG_WORD: Final = 0.75  # of 1 + the words of the turn so far
PER_ENDING: Final = 0.45  # of the log-odds that a sentence ends there
PER_SOUND: Final = 0.06  # of the log-odds that it sounds complete
PER_SOUND_FEW: Final = 0.13  # ... when the words are so few that they say little
FEW_WORDS: Final = 5
UNKNOWN_ENDING_PROB: Final = 0.3  # between the ends' median (0.5) and the pauses' (0.1): other languages, shed load
UNKNOWN_SOUND_PROB: Final = 0.8  # the ends' and the pauses' common median
_FLOOR_PROB: Final = 2e-3  # a model that is surer than this is not believed more

# The silence that ends the turn, by how sure it is. Between 300 and 900 ms there is little worth waiting for: who
# pauses to think pauses longer. 100 ms is the least that is noticed anyway; 2.2 s outlives a pause of 2 s.
SURE_AT: Final = (-1.2, 0.0, 0.3, 0.5, 1.0)
SILENCE_MS: Final = (2200.0, 1600.0, 900.0, 200.0, 100.0)

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


def required_silence_ms(
    text: str, *, ending_prob: float | None, complete_prob: float | None, caution: float = 0.0
) -> float:
    """How long the fan must have been silent for this to be the end of the turn.

    text: the turn's words so far. ending_prob: that a sentence ends there (ending.py). complete_prob: that it sounds
    complete (the audio turn model). Both 0..1, or None when they are not known. caution: log-odds that this fan's
    habits take off (turn_state.Habits).
    """
    sure = sureness(text, ending_prob=ending_prob, complete_prob=complete_prob) - caution
    return float(np.interp(sure, SURE_AT, SILENCE_MS))


def sureness(text: str, *, ending_prob: float | None, complete_prob: float | None) -> float:
    """The log-odds that the turn is over; arguments as for required_silence_ms."""
    n_words = len(_words(text))
    ending = _log_odds(UNKNOWN_ENDING_PROB if ending_prob is None else ending_prob)
    sound = _log_odds(UNKNOWN_SOUND_PROB if complete_prob is None else complete_prob)
    per_sound = PER_SOUND_FEW if n_words <= FEW_WORDS else PER_SOUND
    return BASE + KIND[thought(text)] + PER_LOG_WORD * math.log1p(n_words) + PER_ENDING * ending + per_sound * sound


def _log_odds(prob: float) -> float:
    return math.log((prob + _FLOOR_PROB) / (1 - min(prob, 1.0) + _FLOOR_PROB))


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
