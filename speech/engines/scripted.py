"""Ears and voice without a model: they do as the script says, at once and always the same way.

For session tests, for demonstrations without downloads, and as the smallest example of each seam.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from protocol.errors import EngineError
from protocol.timeline import INPUT_RATE_HZ, OUTPUT_RATE_HZ, PhonemeSpan, WordSpan, whole_face_frames
from speech.asr import AsrJob, Hypothesis
from speech.ending import EndingJob
from speech.tts import SpeechJob, SpokenChunk, Timing
from speech.vad import FRAME_SAMPLES, VadJob, VadResult

LOUD_RMS: Final = 0.01  # above it the scripted VAD hears a voice
WORD_S: Final = 0.3  # how long a scripted fan takes for a word
LETTER_SAMPLES: Final = OUTPUT_RATE_HZ * 60 // 1000  # how long the scripted voice takes for a letter

_WORD_SAMPLES: Final = int(WORD_S * INPUT_RATE_HZ)
_LEVEL_STEP: Final = 0.005  # between two lines of the script; PCM16 keeps 160 times finer ones apart
_LEVEL_ZERO: Final = 0.1


class ScriptedVad:
    """A voice is whatever is loud. Keeps no state: `state` passes through."""

    def new_state(self) -> None:
        return None

    def run(self, jobs: Sequence[VadJob]) -> list[VadResult | Exception]:
        return [_loudness(job) for job in jobs]


def _loudness(job: VadJob) -> VadResult | Exception:
    if job.frames.ndim != 2 or job.frames.shape[1] != FRAME_SAMPLES or not np.isfinite(job.frames).all():
        return EngineError(f"not finite frames [k, {FRAME_SAMPLES}]: {job.frames.shape}")
    rms = np.sqrt(np.mean(np.square(job.frames), axis=1))
    return VadResult(np.where(rms > LOUD_RMS, 0.99, 0.01).astype(np.float32), job.state)


def spoken_line(index: int, words: int) -> NDArray[np.float32]:
    """A scripted fan saying line `index` of the script, `words` words long: float32 [n] at 16 kHz.

    It is a square wave whose level names the line, so that ScriptedAsr can read it back from any part of it.
    """
    level = _LEVEL_ZERO + index * _LEVEL_STEP
    sign = np.where(np.arange(words * _WORD_SAMPLES) // 40 % 2, -1, 1)
    return (level * sign).astype(np.float32)


class ScriptedAsr:
    """Hears the words of its lines in audio made by `spoken_line`: one word for every WORD_S that was heard.

    A line that is an exception is returned as such. Audio of no line is silence to it. Works at 16 kHz only.
    """

    def __init__(self, lines: Sequence[str | Exception]) -> None:
        self.lines = tuple(lines)

    def run(self, jobs: Sequence[AsrJob]) -> list[Hypothesis | Exception]:
        return [self._hear(job) for job in jobs]

    def _hear(self, job: AsrJob) -> Hypothesis | Exception:
        level = np.abs(job.pcm)
        index = np.rint((level - _LEVEL_ZERO) / _LEVEL_STEP).astype(np.int64)
        exact = np.abs(level - _LEVEL_ZERO - index * _LEVEL_STEP) < _LEVEL_STEP / 10
        words: list[str] = []
        for i, line in enumerate(self.lines):
            heard_words = round(np.count_nonzero(exact & (index == i)) / _WORD_SAMPLES)
            if heard_words and isinstance(line, Exception):
                return line
            words += str(line).split()[:heard_words]
        text = " ".join(words)
        return Hypothesis(text, job.language or "en", -0.1 if text else -1.0, 0.01 if text else 0.99)


class ScriptedTurn:
    """Answers with the given probabilities in order; the last one stays. One thread at a time."""

    def __init__(self, answers: float | Exception | Sequence[float | Exception]) -> None:
        self._answers = list(answers) if isinstance(answers, Sequence) else [answers]

    def run(self, jobs: Sequence[NDArray[np.float32]]) -> list[float | Exception]:
        return [self._answers.pop(0) if len(self._answers) > 1 else self._answers[0] for _ in jobs]


class ScriptedEnding:
    """Believes the punctuation: a closed sentence ends here, anything else goes on."""

    def run(self, jobs: Sequence[EndingJob]) -> list[float | Exception]:
        return [0.9 if job.text.endswith((".", "?", "!")) else 0.01 for job in jobs]


class ScriptedTts:
    """Hums every letter for 60 ms, is silent at everything else, and says exactly when."""

    timing: Timing = "exact"

    def __init__(self, voices: Sequence[str] = ("heart",)) -> None:
        self._voices = tuple(voices)

    def voices(self) -> tuple[str, ...]:
        return self._voices

    def run(self, jobs: Sequence[SpeechJob]) -> list[SpokenChunk | Exception]:
        return [self._hum(job) for job in jobs]

    def _hum(self, job: SpeechJob) -> SpokenChunk | Exception:
        if job.voice not in self._voices:
            return EngineError(f"no voice {job.voice!r}; there is {', '.join(self._voices)}")
        if not any(c.isalpha() for c in job.text):
            return SpokenChunk(np.zeros(0, np.float32), (), ())
        text = " ".join(job.text.split())
        each = round(LETTER_SAMPLES / job.speed)
        pcm = np.zeros(whole_face_frames(len(text) * each), np.float32)
        tone = (0.3 * np.sin(2 * np.pi * 220 * np.arange(each) / OUTPUT_RATE_HZ + 0.1)).astype(np.float32)
        for i, c in enumerate(text):
            if c.isalpha():
                pcm[i * each : (i + 1) * each] = tone
        ends = [(i + 1) * each for i in range(len(text) - 1)] + [len(pcm)]
        phonemes = tuple(PhonemeSpan(c.lower(), i * each, ends[i]) for i, c in enumerate(text))
        return SpokenChunk(pcm, phonemes, _words(text, each))


def _words(text: str, each: int) -> tuple[WordSpan, ...]:
    spans, at = [], 0
    for word in text.split(" "):
        spans.append(WordSpan(word, at * each, (at + len(word)) * each))
        at += len(word) + 1
    return tuple(spans)
