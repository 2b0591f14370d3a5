"""Hibari voices on onnxruntime: a clause to speech, with phoneme times out of the network itself.

The graph predicts how long each phoneme lasts; that tensor is made an output here, so the mouth needs no guessing.
What comes next: avatar/visemes.py turns the phonemes into mouth shapes.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import onnx
from hibari import Hibari as HibariModel
from hibari import dsp
from hibari.voices import VOICES, voice_path

from protocol.errors import EngineError
from protocol.timeline import OUTPUT_RATE_HZ
from speech.engines.hibari_text import readings
from speech.engines.onnx_session import open_session
from speech.engines.timed import Reading, Utterance, chunk, utterance
from speech.tts import SpeechJob, SpokenChunk, Timing

_DURATIONS: Final = "/Clip_output_0"  # float [n], one for each phoneme id
_UNIT_SAMPLES: Final = OUTPUT_RATE_HZ * 25 // 1000  # what a duration of 1 stands for
# The sound runs ahead of the network's durations. Measured on 30 stops after vowels and 106 vowels at two speeds:
# the closures are quietest and the vowels loudest with the spans moved forward by 37 to 50 ms.
_LEAD_SAMPLES: Final = OUTPUT_RATE_HZ * 40 // 1000


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
        return chunk(job.text.split(), utterances)


class _Voice:
    def __init__(self, name: str, path: str, threads: int) -> None:
        self._hibari = HibariModel(voice=name, threads=threads)
        self._hibari.g2p.oov  # noqa: B018  loaded now, not while a fan waits
        graph = onnx.load(path)
        graph.graph.output.append(onnx.helper.make_tensor_value_info(_DURATIONS, onnx.TensorProto.FLOAT, None))
        self._session = open_session(graph.SerializeToString(), threads)

    def read(self, text: str) -> list[Reading]:
        return readings(text, self._hibari.g2p, self._hibari.vocab)

    def say(self, reading: Reading, speed: float, seed: tuple[int, int]) -> Utterance:
        ids = self._hibari.ids(reading.phonemes)  # framed by a 0 on each side
        feed = {"ids": np.array([ids], np.int64), "speed": np.array([speed], np.float32)}
        *spectra, durations = self._session.run(None, feed)
        pcm = dsp.synth(*(part[0] for part in spectra), np.random.default_rng([abs(part) for part in seed]))
        edges = np.cumsum(durations.ravel() * _UNIT_SAMPLES).astype(np.int64) - _LEAD_SAMPLES
        return utterance(np.clip(pcm, -1, 1), reading, edges)


def _local(name: str) -> str | None:
    """Where the voice lies, without fetching it."""
    try:
        path: str = voice_path(name, download_missing=False)
    except FileNotFoundError:
        return None
    return path
