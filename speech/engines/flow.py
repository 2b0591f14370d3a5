"""Sound that comes piece by piece from a synthesiser that gives no times: trimmed, on the grid of the face, with words.

Where each word is heard is estimated by its letters; there are no phonemes, so the mouth comes from the sound
(avatar/audio_visemes.py). What comes next: each piece goes to the reply as a chunk of its own.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from protocol.timeline import OUTPUT_RATE_HZ, SAMPLES_PER_FACE_FRAME, WordSpan, whole_face_frames
from speech.engines.timed import AUDIBLE, BEFORE_SAMPLES, pause_samples
from speech.tts import SpeechJob, SpokenChunk

LETTER_SAMPLES: Final = OUTPUT_RATE_HZ * 65 // 1000  # English said aloud is about fifteen letters and gaps a second


class Flow:
    """One job's sound, float32 at OUTPUT_RATE_HZ. Silence before the first word is dropped, and behind the last one cut
    to what natural speech keeps.
    """

    def __init__(self, job: SpeechJob) -> None:
        self._text = job.text
        self._words = job.text.split()
        self._letter_samples = LETTER_SAMPLES / job.speed
        self._held = np.zeros(0, np.float32)  # not passed on: it may be the silence at an end, or part of a frame
        self._begun = False
        self._given_samples = 0
        self._placed = 0  # words whose time was told

    def hold(self, pcm: NDArray[np.float32]) -> None:
        """More sound, for later."""
        self._held = np.concatenate([self._held, pcm])

    def feed(self, pcm: NDArray[np.float32]) -> SpokenChunk | None:
        """More sound; returns what of it can be heard now, as far as a voice is in it."""
        self.hold(pcm)
        length = self._voiced_samples() // SAMPLES_PER_FACE_FRAME * SAMPLES_PER_FACE_FRAME
        if not length:
            return None
        chunk = SpokenChunk(self._held[:length], (), self._words_until(self._given_samples + length))
        self._held = self._held[length:]
        self._given_samples += length
        return chunk

    def finish(self) -> SpokenChunk:
        """The rest; empty when nothing was heard at all."""
        voiced = self._voiced_samples()
        if not self._begun:
            return SpokenChunk(np.zeros(0, np.float32), (), ())
        length = whole_face_frames(voiced + pause_samples(self._text))
        kept = self._held[:length]
        words = tuple(_spread(self._words[self._placed :], voiced))
        return SpokenChunk(np.pad(kept, (0, length - len(kept))), (), words)

    def _voiced_samples(self) -> int:
        """What is held up to its last audible sample. The silence before the first word goes."""
        audible = np.flatnonzero(np.abs(self._held) > AUDIBLE)
        if not self._begun:
            start = int(audible[0]) if len(audible) else len(self._held)
            dropped = max(start - BEFORE_SAMPLES, 0)
            self._held, audible, self._begun = self._held[dropped:], audible - dropped, bool(len(audible))
        return int(audible[-1]) + 1 if len(audible) else 0

    def _words_until(self, end_samples: int) -> tuple[WordSpan, ...]:
        """The words that should have begun by then, in samples of the piece that ends there."""
        spans = []
        while self._placed < len(self._words):
            letters = sum(len(word) + 1 for word in self._words[: self._placed])
            start = round(letters * self._letter_samples)
            if start >= end_samples:
                break
            word = self._words[self._placed]
            end = min(start + round(len(word) * self._letter_samples), end_samples)
            begin = max(start - self._given_samples, 0)
            spans.append(WordSpan(word, begin, max(end - self._given_samples, begin)))
            self._placed += 1
        return tuple(spans)


def _spread(words: list[str], voiced_samples: int) -> list[WordSpan]:
    """These words over so much voice, each as long as its letters."""
    edges = np.cumsum([0, *(len(word) + 1 for word in words)])
    if len(words):
        edges = np.rint(edges * (voiced_samples / edges[-1])).astype(np.int64)
    return [WordSpan(word, int(edges[n]), int(edges[n + 1])) for n, word in enumerate(words)]
