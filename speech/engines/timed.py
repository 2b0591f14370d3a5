"""From a network's samples and its durations to a chunk whose phonemes and words have their times.

Every synthesiser that knows how long each character of its phonemes lasts ends here. What comes next: the chunk goes to
the reply, and its phonemes to the mouth (avatar/visemes.py).
"""

from dataclasses import dataclass
from typing import Any, Final
from unicodedata import combining

import numpy as np
from numpy.typing import NDArray

from protocol.timeline import OUTPUT_RATE_HZ, PhonemeSpan, WordSpan, whole_face_frames
from speech.tts import SpokenChunk

AUDIBLE: Final = 0.01
BEFORE_SAMPLES: Final = OUTPUT_RATE_HZ * 15 // 1000  # what is kept before the first audible sample
_AFTER_CLAUSE_SAMPLES: Final = OUTPUT_RATE_HZ * 120 // 1000  # and behind the last one
_AFTER_SENTENCE_SAMPLES: Final = OUTPUT_RATE_HZ * 200 // 1000
_FADE_SAMPLES: Final = OUTPUT_RATE_HZ * 5 // 1000

_STRESS: Final = frozenset("ˈˌ")  # written and timed with the phoneme that follows
_LENGTH: Final = frozenset("ːˑʰʲʷˤⁿᵝ↓→↗↘")  # written and timed with the one before; so are combining marks
_SENTENCE_ENDS: Final = frozenset(".!?…")


@dataclass(frozen=True, slots=True)
class Reading:
    """What is spoken in one go: `phonemes`, and for each of them the index of its word in the text."""

    phonemes: str
    words: tuple[int, ...]

    @property
    def speakable(self) -> bool:
        """Whether there is a sound in it, and not only punctuation."""
        return any(c.isalpha() for c in self.phonemes)


@dataclass(frozen=True, slots=True)
class _Sound:
    """One phoneme of one word in `pcm` samples."""

    symbol: str
    word: int
    start: int
    end: int

    @property
    def voiced(self) -> bool:
        """Whether it is a phoneme and not a gap or punctuation."""
        return any(c.isalpha() for c in self.symbol)


@dataclass(frozen=True, slots=True)
class Utterance:
    """A reading, spoken: float32 [n] at OUTPUT_RATE_HZ, and its sounds, which cover it."""

    pcm: NDArray[np.float32]
    sounds: list[_Sound]


def utterance(pcm: NDArray[np.float32], reading: Reading, edges: NDArray[Any]) -> Utterance:
    """Without the silence around the words. `edges[i]` .. `edges[i + 1]` is when character i of the reading sounds; the
    reading must be speakable.
    """
    audible = np.flatnonzero(np.abs(pcm) > AUDIBLE)
    first, last = (int(audible[0]), int(audible[-1])) if len(audible) else (0, len(pcm) - 1)
    after = pause_samples(reading.phonemes)
    start = max(first - BEFORE_SAMPLES, 0)
    kept = pcm[start : last + 1]
    kept = np.concatenate([kept, pcm[last + 1 : last + 1 + after]])
    kept = np.pad(kept, (0, last + 1 - start + after - len(kept)))
    ramp = np.linspace(0, 1, _FADE_SAMPLES, dtype=np.float32)
    kept[:_FADE_SAMPLES] *= ramp[: len(kept)]
    kept[-_FADE_SAMPLES:] *= ramp[::-1][-len(kept) :]
    return Utterance(kept, _covering(_sounds(reading, edges), start, last + 1 - start, len(kept)))


def pause_samples(said: str) -> int:
    """How much silence natural speech keeps behind these words."""
    return _AFTER_SENTENCE_SAMPLES if said[-1:] in _SENTENCE_ENDS else _AFTER_CLAUSE_SAMPLES


def _sounds(reading: Reading, edges: NDArray[Any]) -> list[_Sound]:
    sounds: list[_Sound] = []
    marks, begins = "", 0  # stress that waits for its phoneme, and since when
    for i, (symbol, word) in enumerate(zip(reading.phonemes, reading.words, strict=True)):
        start, end = int(edges[i]), int(edges[i + 1])
        if symbol in _STRESS:
            marks, begins = marks + symbol, begins if marks else start
        elif (symbol in _LENGTH or combining(symbol)) and sounds and not marks:
            last = sounds[-1]
            sounds[-1] = _Sound(last.symbol + symbol, last.word, last.start, end)
        else:
            sounds.append(_Sound(marks + symbol, word, begins if marks else start, end))
            marks = ""
    return sounds


def _covering(sounds: list[_Sound], start: int, voice_end: int, length: int) -> list[_Sound]:
    """The sounds moved by `start`; the first begins at 0, and behind `voice_end` there is only a pause."""
    spoken = [s for s in sounds if s.voiced]
    until = sounds.index(spoken[-1]) + 1
    moved = [
        _Sound(s.symbol, s.word, min(max(s.start - start, 0), voice_end), min(max(s.end - start, 0), voice_end))
        for s in sounds[:until]
    ]
    moved[0] = _Sound(moved[0].symbol, moved[0].word, 0, moved[0].end)
    moved[-1] = _Sound(moved[-1].symbol, moved[-1].word, moved[-1].start, voice_end)
    pause = sounds[until].symbol if until < len(sounds) else " "
    return [*moved, _Sound(pause, moved[-1].word, voice_end, length)]


def chunk(written: list[str], utterances: list[Utterance]) -> SpokenChunk:
    """The utterances one after the other, on the grid of the face."""
    if not utterances:
        return SpokenChunk(np.zeros(0, np.float32), (), ())
    offsets = np.cumsum([0, *(len(u.pcm) for u in utterances)]).tolist()
    sounds = [
        _Sound(s.symbol, s.word, s.start + offset, s.end + offset)
        for u, offset in zip(utterances, offsets, strict=False)
        for s in u.sounds
    ]
    length = whole_face_frames(offsets[-1])
    sounds[-1] = _Sound(sounds[-1].symbol, sounds[-1].word, sounds[-1].start, length)
    pcm = np.pad(np.concatenate([u.pcm for u in utterances]), (0, length - offsets[-1]))
    phonemes = tuple(PhonemeSpan(s.symbol, s.start, s.end) for s in sounds if s.end > s.start)
    return SpokenChunk(pcm.astype(np.float32), phonemes, _words(written, sounds))


def _words(written: list[str], sounds: list[_Sound]) -> tuple[WordSpan, ...]:
    """Every written word, in order; one that is not spoken (an emoji) stands, empty, where the one before ended."""
    spans = []
    at = 0
    for index, text in enumerate(written):
        own = [s for s in sounds if s.word == index and s.voiced]
        start, end = (max(own[0].start, at), own[-1].end) if own else (at, at)
        spans.append(WordSpan(text, start, max(start, end)))
        at = spans[-1].end_samples
    return tuple(spans)
