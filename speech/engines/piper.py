"""Piper voices: some forty languages, each a VITS network in a file, phoneme times out of its own durations.

Only for those who installed the extra `piper`: its package is under the GPL (THIRD_PARTY.md). A voice is a file
`NAME.onnx` with `NAME.onnx.json` beside it; its name is what SpeechJob.voice says. What comes next: timed.py makes
chunks of samples and durations.
"""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from itertools import accumulate
from math import gcd
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from scipy.signal import resample_poly

from protocol.errors import EngineError
from protocol.timeline import OUTPUT_RATE_HZ
from speech.engines.onnx_session import open_session
from speech.engines.timed import Reading, Utterance, chunk, utterance
from speech.tts import SpeechJob, SpokenChunk, Timing

if TYPE_CHECKING:
    from piper import AudioChunk, PiperVoice

_INSTALL: Final = "Piper's voices need the piper extra: pip install 'stagedoor[piper]'"
_SPEEDS: Final = (0.5, 2.0)
BOS, PAD = "^", "_"  # as Piper's voices frame their phonemes and part them


class Piper:
    """The voices of a folder, or the one of a file. Thread-safe: nothing changes after loading.

    `seed` of a job does nothing: the networks throw their own dice, and two takes of a line differ a little.
    """

    timing: Timing = "exact"

    def __init__(self, voices: Path, *, threads: int = 1) -> None:
        """Raises EngineError without the package, without a voice, or for a voice that does not tell its durations."""
        files = sorted(voices.glob("*.onnx")) if voices.is_dir() else [voices]
        if not files:
            raise EngineError(f"no voice (*.onnx) in {voices}")
        self._voices = {file.stem: _load(file, threads) for file in files}

    def voices(self) -> tuple[str, ...]:
        return tuple(self._voices)

    def run(self, jobs: Sequence[SpeechJob]) -> list[SpokenChunk | Exception]:
        """See TtsEngine. A text without a sound in it becomes an empty chunk."""
        return [self._speak(job) for job in jobs]

    def _speak(self, job: SpeechJob) -> SpokenChunk | Exception:
        voice = self._voices.get(job.voice)
        if voice is None:
            return EngineError(f"no voice {job.voice!r}; there is {', '.join(self._voices)}")
        if not _SPEEDS[0] <= job.speed <= _SPEEDS[1]:
            return EngineError(f"speed {job.speed} is not between {_SPEEDS[0]} and {_SPEEDS[1]}")
        try:
            return _say(voice, job)
        except EngineError as error:
            return error
        except Exception as error:  # whatever the rules for spelling stumble over must not hurt the other jobs
            return EngineError(f"a clause could not be said: {type(error).__name__}")


def _load(file: Path, threads: int) -> "PiperVoice":
    """The voice of a file, with the tensor of its durations as one more output."""
    try:
        from piper import PiperVoice  # noqa: PLC0415  (an extra)
        from piper.config import PiperConfig  # noqa: PLC0415
        from piper.patch_voice_with_alignment import add_alignment_output  # noqa: PLC0415
    except ImportError as error:
        raise EngineError(f"{_INSTALL} ({error})") from error
    try:
        config = PiperConfig.from_dict(json.loads(file.with_name(f"{file.name}.json").read_text("utf-8")))
        network = onnx.load(file)
        if len(network.graph.output) == 1:
            add_alignment_output(network)
    except Exception as error:  # files, json, protobuf and Piper have an error each
        raise EngineError(f"{file} is no Piper voice with durations: {type(error).__name__}: {error}") from error
    return PiperVoice(open_session(network.SerializeToString(), threads), config)


def _say(voice: "PiperVoice", job: SpeechJob) -> SpokenChunk:
    from piper import SynthesisConfig  # noqa: PLC0415

    written = job.text.split()
    if not any(c.isalnum() for c in job.text):
        return chunk([], [])
    how = SynthesisConfig(length_scale=(voice.config.length_scale or 1.0) / job.speed)
    made = list(voice.synthesize(" ".join(written), how, include_alignments=True))
    spelled = [_timed(part, voice.config.phoneme_id_map) for part in made]
    owners = _owners([c for part in spelled for c, _ in part], [_alone(voice, word) for word in written])
    utterances: list[Utterance] = []
    for part, sounds in zip(made, spelled, strict=True):
        own, owners = owners[: len(sounds)], owners[len(sounds) :]
        reading = Reading("".join(c for c, _ in sounds), tuple(own))
        if reading.speakable:
            utterances.append(_utterance(part, reading, [n for _, n in sounds]))
    return chunk(written if utterances else [], utterances)


def _timed(part: "AudioChunk", ids_of: Mapping[str, Sequence[int]]) -> list[tuple[str, int]]:
    """Each phoneme character and its samples, at the voice's rate. What stands between them (a pad after each, one at
    the beginning) lends its time to the one before; those that the voice does not know last for nothing.
    """
    lasts = part.phoneme_id_samples
    if lasts is None:
        raise EngineError("this voice does not say how long its phonemes last")
    pads, at = len(ids_of[PAD]), len(ids_of[BOS]) + len(ids_of[PAD])
    sounds: list[tuple[str, int]] = []
    for phoneme in part.phonemes:
        ids = ids_of.get(phoneme)
        until = at + len(ids) + pads if ids else at
        sounds += [(c, int(lasts[at:until].sum()) if c == phoneme[-1] else 0) for c in phoneme]
        at = until
    if sounds:
        first, last = int(lasts[: len(ids_of[BOS]) + pads].sum()), int(lasts[at:].sum())
        sounds[0] = (sounds[0][0], sounds[0][1] + first)
        sounds[-1] = (sounds[-1][0], sounds[-1][1] + last)
    return sounds


def _utterance(part: "AudioChunk", reading: Reading, samples: Sequence[int]) -> Utterance:
    rate_hz = part.sample_rate
    common = gcd(rate_hz, OUTPUT_RATE_HZ)
    pcm = resample_poly(part.audio_float_array, OUTPUT_RATE_HZ // common, rate_hz // common)
    edges: NDArray[Any] = np.array([0, *accumulate(samples)]) * OUTPUT_RATE_HZ // rate_hz
    return utterance(np.clip(pcm, -1.0, 1.0).astype(np.float32), reading, edges)


def _alone(voice: "PiperVoice", word: str) -> str:
    """The phonemes of a word that is said alone: nearly those that it has among others."""
    return "".join(c for sentence in voice.phonemize(word) for c in sentence)


def _owners(phonemes: Sequence[str], words: Sequence[str]) -> list[int]:
    """For each phoneme character the index of its written word. Equal sounds meet; what changed between them (words
    that ran together, a stress that moved) is shared out in order.
    """
    alone = [(c, i) for i, word in enumerate(words) for c in word if unicodedata.category(c)[0] == "L"]
    sounds = [i for i, c in enumerate(phonemes) if unicodedata.category(c)[0] == "L"]
    found: dict[int, int] = {}
    matcher = SequenceMatcher(None, [phonemes[i] for i in sounds], [c for c, _ in alone], autojunk=False)
    for _, i1, i2, j1, j2 in matcher.get_opcodes():
        for i in range(i1, i2):
            if j2 > j1:
                found[sounds[i]] = alone[j1 + (i - i1) * (j2 - j1) // (i2 - i1)][1]
    owners: list[int] = []
    last = 0
    for i in range(len(phonemes)):
        last = max(last, found.get(i, last))
        owners.append(last)
    return owners
