"""What the turn machine remembers: the fan's turn that is open, the newest reply, and how this fan pauses. Pure.

What comes next: turns.py, the rules.
"""

import string
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Final

from protocol.timeline import OUTPUT_RATE_HZ
from speech.asr import LocalAgreement

REPLY_WAIT_S: Final = 20.0  # a reply with no sound after this has failed
PLAYBACK_GRACE_S: Final = 1.0  # a client without marks is believed to have played everything this much later


class State(Enum):
    IDLE = "idle"
    LISTENING = "listening"
    DECIDING = "deciding"
    WAITING = "waiting"
    REPLYING = "replying"
    OVERLAP = "overlap"


class Effort(IntEnum):
    """What a loaded server still does; each step leaves out one thing more. Words and replies are never left out."""

    FULL = 0
    NO_EARLY_GUESSES = 1  # no reply is begun before the final words
    NO_PARTIALS = 2  # no captions while the fan speaks, and no reading ahead
    NO_TURN_MODEL = 3  # the words alone say how long a pause must be


@dataclass(slots=True)
class Turn:
    """The fan's turn that is open. What is None is not known yet in this revision.

    `guess` is the newest partial, `judged` the words that `ending_prob` belongs to.
    """

    id: int
    revision: int = 0
    text: str | None = None
    words_at: float = 0.0
    complete_prob: float | None = None
    score_asked: bool = False
    guess: str = ""
    judged: str | None = None
    ending_prob: float | None = None
    paused_at: float = 0.0
    waited: bool = False  # the fan was asked for a second
    partial_at: float = 0.0
    partial_pending: bool = False
    agreement: LocalAgreement = field(default_factory=LocalAgreement)

    def ending_of(self, text: str) -> float | None:
        """How likely a sentence ends after these words, if that was judged."""
        return self.ending_prob if self.judged is not None and same_words(self.judged, text) else None

    def is_judged(self, text: str) -> bool:
        """Whether these words were judged, even in vain."""
        return self.judged is not None and same_words(self.judged, text)


@dataclass(slots=True)
class NewestReply:
    """The newest reply, committed or not, made for `text`."""

    id: int
    text: str
    begun_at: float
    audible_at: float | None = None
    total_samples: int | None = None

    def ends_at(self) -> float:
        """When it is over (or has failed) even if nothing more is heard of it."""
        if self.total_samples is None:
            return (self.audible_at or self.begun_at) + REPLY_WAIT_S
        return (self.audible_at or self.begun_at) + self.total_samples / OUTPUT_RATE_HZ + PLAYBACK_GRACE_S


CAUTION_STEP: Final = 0.2  # of log-odds: a tenth fewer cut-offs of a fan who always pauses, for 40 ms in the mean
CAUTION_MAX: Final = 0.4  # more makes every answer late, for the sake of few
CAUTION_KEPT: Final = 0.8  # of it after each turn that was answered in peace


@dataclass(slots=True)
class Habits:
    """How this fan pauses, in this session. `caution` is taken off the log-odds that a turn is over."""

    caution: float = 0.0

    def cut_off(self) -> None:
        """The fan went on when the avatar had begun: wait for clearer ends."""
        self.caution = min(CAUTION_MAX, self.caution + CAUTION_STEP)

    def answered(self) -> None:
        """A reply was heard in peace."""
        self.caution *= CAUTION_KEPT


_NO_PUNCTUATION: Final = str.maketrans("", "", string.punctuation + "…–—¿¡’")


def same_words(a: str, b: str) -> bool:
    """Whether two transcripts differ in punctuation, case and spacing only."""
    return a.translate(_NO_PUNCTUATION).casefold().split() == b.translate(_NO_PUNCTUATION).casefold().split()
