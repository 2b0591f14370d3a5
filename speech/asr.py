"""The seam to a recogniser, and what may be believed of it.

What comes next: turns.py decides with the words, avatar/dialogue.py answers them.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from protocol.timeline import INPUT_RATE_HZ


@dataclass(frozen=True, slots=True)
class AsrJob:
    """Speech to be written down: float32 [n] at 16 kHz, at most 30 s. `language` None asks for detection.

    `quick` jobs (partials) skip the safeguards that may cost a second pass.
    """

    pcm: NDArray[np.float32]
    language: str | None = "en"
    quick: bool = False


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What was heard. Empty text means: no words. `mean_logprob` is per token; `second_pass` says that the
    first decoding was distrusted and a longer context was used.
    """

    text: str
    language: str
    mean_logprob: float
    no_speech_prob: float
    second_pass: bool = False


class AsrEngine(Protocol):
    """A recogniser. One that fails for a job puts the exception in its place."""

    def run(self, jobs: Sequence[AsrJob]) -> list[Hypothesis | Exception]:
        """Recognises every job; the results are in the order of the jobs."""


MAX_WINDOW_S = 15.0  # of speech in one job: partials of more would cost more than their interval on one core
PRE_ROLL_S = 0.3  # kept from before the voice was noticed, so that first sounds are never clipped
TAIL_S = 0.15  # kept after the voice stopped, so that last sounds are not
MEMORY_S = 2.0  # of audio kept while no turn is open; must cover pre-roll, onset and barge-in delays


class TurnAudio:
    """The audio of the open turn on the fan's media clock (samples at 16 kHz), cut into windows that a recogniser
    can take. A turn longer than MAX_WINDOW_S is settled piece by piece: the words so far are kept, their audio
    is forgotten, so a ten-minute monologue costs no more than a sentence.
    """

    def __init__(self) -> None:
        self.position_samples = 0  # of the newest sample
        self._chunks: deque[NDArray[np.float32]] = deque()
        self._held_samples = 0
        self._begin_samples: int | None = None  # of the live window; None: no turn is open
        self._settled: list[str] = []

    def append(self, pcm: NDArray[np.float32]) -> None:
        """Newly heard audio, float32 [n]."""
        self._chunks.append(pcm)
        self._held_samples += len(pcm)
        self.position_samples += len(pcm)
        oldest = self.position_samples - int(MEMORY_S * INPUT_RATE_HZ)
        if self._begin_samples is not None:
            oldest = min(oldest, self._begin_samples)
        while self.position_samples - self._held_samples + len(self._chunks[0]) <= oldest:
            self._held_samples -= len(self._chunks.popleft())

    def open(self, onset_samples: int) -> None:
        """A turn began with a voice at `onset_samples`."""
        held_from = self.position_samples - self._held_samples
        self._begin_samples = max(held_from, onset_samples - int(PRE_ROLL_S * INPUT_RATE_HZ), 0)
        self._settled.clear()

    def close(self) -> None:
        """The turn is over; its audio is forgotten."""
        self._begin_samples = None
        self._settled.clear()

    def window(self, voice_end_samples: int | None = None) -> NDArray[np.float32]:
        """The live window up to now, or to a little after the voice ended. Empty when no turn is open."""
        if self._begin_samples is None:
            return np.zeros(0, np.float32)
        held_from = self.position_samples - self._held_samples
        end = self.position_samples
        if voice_end_samples is not None:
            end = min(end, voice_end_samples + int(TAIL_S * INPUT_RATE_HZ))
        audio = np.concatenate(self._chunks) if self._chunks else np.zeros(0, np.float32)
        return audio[self._begin_samples - held_from : end - held_from]

    def newest(self, n_samples: int) -> NDArray[np.float32]:
        """The last `n_samples` that are held, fewer if there are fewer; whether or not a turn is open."""
        held = np.concatenate(self._chunks) if self._chunks else np.zeros(0, np.float32)
        return held[max(0, len(held) - n_samples) :]

    def is_full(self) -> bool:
        """Whether the live window should be settled at the next chance."""
        return self._begin_samples is not None and self._live_samples() >= MAX_WINDOW_S * INPUT_RATE_HZ

    def settle(self, text: str, n_samples: int) -> None:
        """`text` is what the first `n_samples` of the live window say, for good."""
        if self._begin_samples is not None:
            self._begin_samples = min(self._begin_samples + n_samples, self.position_samples)
            self._settled.append(text)

    def whole(self, text: str) -> str:
        """The words of the turn, given those of its live window."""
        return " ".join(part for part in (*self._settled, text) if part)

    def _live_samples(self) -> int:
        return 0 if self._begin_samples is None else self.position_samples - self._begin_samples


class LocalAgreement:
    """What of a growing transcript may be believed: the words that two hypotheses in a row began with.

    (LocalAgreement-2: Liu et al. 2020, "Low-latency sequence-to-sequence speech recognition".) The stable words never
    shrink; a hypothesis that disagrees with them is shown from where they end.
    """

    def __init__(self) -> None:
        self._stable: list[str] = []
        self._last: list[str] = []

    def feed(self, text: str) -> tuple[str, int]:
        """Takes the next hypothesis; returns the words to show, and how many of them are stable."""
        words = text.split()
        agreed = 0
        for mine, before in zip(words, self._last, strict=False):
            if _bare(mine) != _bare(before):
                break
            agreed += 1
        # The last word of a hypothesis is the one most often cut in two.
        agreed = min(agreed, max(0, len(words) - 1))
        if agreed > len(self._stable):
            self._stable = words[:agreed]
        self._last = words
        return " ".join([*self._stable, *words[len(self._stable) :]]), len(self._stable)


def _bare(word: str) -> str:
    return word.strip(".,!?;:…\"'-–—").casefold()
