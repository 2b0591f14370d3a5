"""Hibari voices on onnxruntime: a clause to speech, with phoneme times out of the network itself.

The graph predicts how long each phoneme lasts; that tensor is made an output here, so the mouth needs no guessing.
What comes next: avatar/visemes.py turns the phonemes into mouth shapes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnx
from hibari import Hibari as HibariModel
from hibari import dsp
from hibari.voices import VOICES, voice_path
from numpy.typing import NDArray

from protocol.errors import EngineError
from protocol.timeline import OUTPUT_RATE_HZ, PhonemeSpan, WordSpan, whole_face_frames
from speech.engines.hibari_text import Reading, readings
from speech.engines.onnx_session import open_session
from speech.tts import SpeechJob, SpokenChunk, Timing

_DURATIONS: Final = "/Clip_output_0"  # float [n], one for each phoneme id
_UNIT_SAMPLES: Final = OUTPUT_RATE_HZ * 25 // 1000  # what a duration of 1 stands for
# The sound runs ahead of the network's durations. Measured on 30 stops after vowels and 106 vowels at two speeds:
# the closures are quietest and the vowels loudest with the spans moved forward by 37 to 50 ms.
_LEAD_SAMPLES: Final = OUTPUT_RATE_HZ * 40 // 1000

_AUDIBLE: Final = 0.01
_BEFORE_SAMPLES: Final = OUTPUT_RATE_HZ * 15 // 1000  # what is kept before the first audible sample
_AFTER_CLAUSE_SAMPLES: Final = OUTPUT_RATE_HZ * 120 // 1000  # and behind the last one
_AFTER_SENTENCE_SAMPLES: Final = OUTPUT_RATE_HZ * 200 // 1000
_FADE_SAMPLES: Final = OUTPUT_RATE_HZ * 5 // 1000

_STRESS: Final = frozenset("ˈˌ")  # written and timed with the phoneme that follows
_LENGTH: Final = frozenset("ːʰʲ↓→↗↘̃")  # written and timed with the one before
_SENTENCE_ENDS: Final = frozenset(".!?…")


@dataclass(frozen=True, slots=True)
class _Sound:
    """One phoneme of one word in `pcm` samples."""

    symbol: str
    word: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Utterance:
    pcm: NDArray[np.float32]
    sounds: list[_Sound]


class Hibari:
    """The Hibari voices that are on this machine; "heart" always is. Thread-safe: nothing changes after loading."""

    timing: Timing = "exact"

    def __init__(self, *, threads: int = 1) -> None:
        paths = {name: path for name in VOICES if (path := _local(name))}
        self._voices = {name: _Voice(name, path, threads) for name, path in paths.items()}

    def voices(self) -> tuple[str, ...]:
        return tuple(self._voices)

    def run(self, jobs: Sequence[SpeechJob]) -> list[SpokenChunk | Exception]:
        """See TtsEngine. A text without a sound in it becomes an empty chunk."""
        return [self._speak(job) for job in jobs]

    def _speak(self, job: SpeechJob) -> SpokenChunk | Exception:
        voice = self._voices.get(job.voice)
        if voice is None:
            return EngineError(f"no voice {job.voice!r}; there is {', '.join(self._voices)}")
        if not 0.5 <= job.speed <= 2.0:
            return EngineError(f"speed {job.speed} is not between 0.5 and 2.0")
        try:
            utterances = [voice.say(r, job.speed, (job.seed, i)) for i, r in enumerate(voice.read(job.text))]
        except Exception as error:  # whatever the rules for spelling stumble over must not hurt the other jobs
            return EngineError(f"a clause could not be said: {type(error).__name__}")
        return _chunk(job.text.split(), utterances)


class _Voice:
    def __init__(self, name: str, path: str, threads: int) -> None:
        self._hibari = HibariModel(voice=name, threads=threads)
        self._hibari.g2p.oov  # noqa: B018  loaded now, not while a fan waits
        graph = onnx.load(path)
        graph.graph.output.append(onnx.helper.make_tensor_value_info(_DURATIONS, onnx.TensorProto.FLOAT, None))
        self._session = open_session(graph.SerializeToString(), threads)

    def read(self, text: str) -> list[Reading]:
        return readings(text, self._hibari.g2p, self._hibari.vocab)

    def say(self, reading: Reading, speed: float, seed: tuple[int, int]) -> _Utterance:
        ids = self._hibari.ids(reading.phonemes)  # framed by a 0 on each side
        feed = {"ids": np.array([ids], np.int64), "speed": np.array([speed], np.float32)}
        *spectra, durations = self._session.run(None, feed)
        pcm = dsp.synth(*(part[0] for part in spectra), np.random.default_rng([abs(part) for part in seed]))
        edges = np.cumsum(durations.ravel() * _UNIT_SAMPLES).astype(np.int64) - _LEAD_SAMPLES
        return _trimmed(np.clip(pcm, -1, 1), _sounds(reading, edges), reading)


def _local(name: str) -> str | None:
    """Where the voice lies, without fetching it."""
    try:
        path: str = voice_path(name, download_missing=False)
    except FileNotFoundError:
        return None
    return path


def _sounds(reading: Reading, edges: NDArray[Any]) -> list[_Sound]:
    """edges[i] .. edges[i + 1] is when character i of the reading sounds."""
    sounds: list[_Sound] = []
    marks, begins = "", 0  # stress that waits for its phoneme, and since when
    for i, (symbol, word) in enumerate(zip(reading.phonemes, reading.words, strict=True)):
        start, end = int(edges[i]), int(edges[i + 1])
        if symbol in _STRESS:
            marks, begins = marks + symbol, begins if marks else start
        elif symbol in _LENGTH and sounds and not marks:
            last = sounds[-1]
            sounds[-1] = _Sound(last.symbol + symbol, last.word, last.start, end)
        else:
            sounds.append(_Sound(marks + symbol, word, begins if marks else start, end))
            marks = ""
    return sounds


def _voiced(sound: _Sound) -> bool:
    """Whether it is a phoneme and not a gap or punctuation."""
    return any(c.isalpha() for c in sound.symbol)


def _trimmed(pcm: NDArray[np.float32], sounds: list[_Sound], reading: Reading) -> _Utterance:
    """Without the network's silence around the words; the sounds cover what is left."""
    audible = np.flatnonzero(np.abs(pcm) > _AUDIBLE)
    first, last = (int(audible[0]), int(audible[-1])) if len(audible) else (0, len(pcm) - 1)
    after = _AFTER_SENTENCE_SAMPLES if reading.phonemes[-1] in _SENTENCE_ENDS else _AFTER_CLAUSE_SAMPLES
    start = max(first - _BEFORE_SAMPLES, 0)
    kept = pcm[start : last + 1]
    kept = np.concatenate([kept, pcm[last + 1 : last + 1 + after]])
    kept = np.pad(kept, (0, last + 1 - start + after - len(kept)))
    ramp = np.linspace(0, 1, _FADE_SAMPLES, dtype=np.float32)
    kept[:_FADE_SAMPLES] *= ramp[: len(kept)]
    kept[-_FADE_SAMPLES:] *= ramp[::-1][-len(kept) :]
    return _Utterance(kept, _covering(sounds, start, last + 1 - start, len(kept)))


def _covering(sounds: list[_Sound], start: int, voice_end: int, length: int) -> list[_Sound]:
    """The sounds moved by `start`; the first begins at 0, and behind `voice_end` there is only a pause."""
    spoken = [s for s in sounds if _voiced(s)]
    until = sounds.index(spoken[-1]) + 1
    moved = [
        _Sound(s.symbol, s.word, min(max(s.start - start, 0), voice_end), min(max(s.end - start, 0), voice_end))
        for s in sounds[:until]
    ]
    moved[0] = _Sound(moved[0].symbol, moved[0].word, 0, moved[0].end)
    moved[-1] = _Sound(moved[-1].symbol, moved[-1].word, moved[-1].start, voice_end)
    pause = sounds[until].symbol if until < len(sounds) else " "
    return [*moved, _Sound(pause, moved[-1].word, voice_end, length)]


def _chunk(written: list[str], utterances: list[_Utterance]) -> SpokenChunk:
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
        own = [s for s in sounds if s.word == index and _voiced(s)]
        start, end = (max(own[0].start, at), own[-1].end) if own else (at, at)
        spans.append(WordSpan(text, start, max(start, end)))
        at = spans[-1].end_samples
    return tuple(spans)
