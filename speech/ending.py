"""The seam to a model that says how likely the fan's sentence ends here, by its words alone.

Whisper closes unfinished sentences with a full stop, so its punctuation proves little. A small language model knows
better what comes next: a full stop after "are you from Texas", another word after "would you rather".
What comes next: endpointing.py weighs the answer against the sound and the silence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

KEPT_WORDS: Final = 40  # of a long turn the end decides
DROPPED_AT_ONCE: Final = 10  # words leave at the front in blocks, so that a prefix cache survives most calls


@dataclass(frozen=True, slots=True)
class EndingJob:
    """The fan's turn so far, and what the avatar had said before it ("": nothing)."""

    text: str
    said_before: str = ""


class EndingEngine(Protocol):
    """Thread-safe. One that fails for a job puts the exception in its place."""

    def run(self, jobs: Sequence[EndingJob]) -> list[float | Exception]:
        """The probability, 0..1, that the sentence ends after the job's words; in the order of the jobs."""


def last_words(text: str) -> str:
    """The end of a turn, at most KEPT_WORDS words, one line, without the punctuation that closes it."""
    words = text.split()
    surplus = max(0, len(words) - KEPT_WORDS)
    first = -(-surplus // DROPPED_AT_ONCE) * DROPPED_AT_ONCE
    return " ".join(words[first:]).rstrip(".?!,;:…-–— ")
