"""VITS voices of coqui-tts: several fans' clauses in one call of the network, phoneme times out of its own durations.

A model that reads phonemes (IPA) times them as exactly as its duration predictor does; one that reads letters times its
words, and the mouth comes from the sound. What comes next: timed.py makes chunks of samples and durations.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from protocol.device import Dtype
from protocol.errors import EngineError
from protocol.timeline import OUTPUT_RATE_HZ
from speech.engines.coqui import CoquiModel, at_output_rate, refusal
from speech.engines.timed import Reading, chunk, utterance
from speech.tts import SpeechJob, SpokenChunk, Timing

ONLY_VOICE: Final = "vits"  # how the voice of a model with one speaker is called


@dataclass(frozen=True, slots=True)
class _Line:
    """A job as the network reads it. `owners[i]` is the character of the reading that token i is timed with."""

    index: int
    job: SpeechJob
    ids: list[int]
    reading: Reading
    owners: list[int]


class VitsVoices:
    """A VITS model of coqui-tts in a folder. One call at a time: others wait."""

    def __init__(self, folder: Path, *, device: str = "cuda", dtype: Dtype = "auto") -> None:
        """Raises EngineError: see CoquiModel."""
        self._model = CoquiModel(folder, "vits", device=device, dtype=dtype)
        net = self._model.net
        if net.args.use_d_vector_file:
            raise EngineError(f"{folder}: its speakers are d-vectors; take a model with a speaker embedding, or xtts")
        self._tokenizer = net.tokenizer
        self.timing: Timing = "exact" if self._tokenizer.use_phonemes else "none"
        self._speakers: dict[str, int] = dict(net.speaker_manager.name_to_id) if hasattr(net, "emb_g") else {}
        self._languages: dict[str, int] = dict(net.language_manager.name_to_id) if hasattr(net, "emb_l") else {}
        self._own_scale: float = net.length_scale
        self._lock = threading.Lock()

    def voices(self) -> tuple[str, ...]:
        return tuple(self._speakers) or (ONLY_VOICE,)

    def run(self, jobs: Sequence[SpeechJob]) -> list[SpokenChunk | Exception]:
        """See TtsEngine. Jobs of one speed go through the network together, and share their dice: the first one's seed
        is repeatable only with the same company.
        """
        results: list[SpokenChunk | Exception] = [chunk([], [])] * len(jobs)
        lines: dict[float, list[_Line]] = {}
        for index, job in enumerate(jobs):
            refused = refusal(job, self.voices(), tuple(self._languages))
            if refused:
                results[index] = refused
            if refused or not any(c.isalnum() for c in job.text):
                continue
            try:
                line = self._read(index, job)
            except Exception as error:  # whatever the rules for spelling stumble over must not hurt the other jobs
                results[index] = EngineError(f"a clause could not be read: {type(error).__name__}")
                continue
            if line.reading.speakable:
                lines.setdefault(job.speed, []).append(line)
        for speed, company in lines.items():
            for line, spoken in zip(company, self._say(company, speed), strict=True):
                results[line.index] = spoken
        return results

    def _read(self, index: int, job: SpeechJob) -> _Line:
        ids = self._tokenizer.text_to_ids(job.text, job.language)
        characters = self._tokenizer.characters
        silent = {characters.blank, characters.pad, characters.bos, characters.eos}
        symbols, owners = "", []
        for token in ids:
            symbol = characters.id_to_char(token)
            symbols += "" if symbol in silent else symbol
            owners.append(len(symbols) - 1)  # what has no sound of its own is timed with the character before it
        return _Line(index, job, ids, Reading(symbols, self._words(job, symbols)), owners)

    def _words(self, job: SpeechJob, symbols: str) -> tuple[int, ...]:
        """For each symbol the written word that it belongs to."""
        written = job.text.split()
        spoken = symbols.split()
        sounding = [i for i, word in enumerate(written) if any(c.isalnum() for c in word)] or [0]
        if len(spoken) == len(sounding):
            owner = sounding
        else:  # "25" became two words: each written word is read alone to see how many it makes
            made = [len(self._alone(written[i], job.language).split()) for i in sounding]
            owner = [i for i, n in zip(sounding, made, strict=True) for _ in range(n)]
        at, found = 0, []
        for symbol in symbols:
            found.append(owner[min(at, len(owner) - 1)] if owner else 0)
            at += symbol == " "
        return tuple(found)

    def _alone(self, word: str, language: str) -> str:
        text = self._tokenizer.text_cleaner(word, lang=language) if self._tokenizer.text_cleaner else word
        if self._tokenizer.phonemizer:
            return str(self._tokenizer.phonemizer.phonemize(text, separator="", language=language))
        return str(text)

    def _say(self, lines: Sequence[_Line], speed: float) -> list[SpokenChunk | Exception]:
        torch, net = self._model.torch, self._model.net
        longest = max(len(line.ids) for line in lines)
        tokens = torch.zeros((len(lines), longest), dtype=torch.long)
        for row, line in enumerate(lines):
            tokens[row, : len(line.ids)] = torch.tensor(line.ids)
        where = self._model.device
        asked: dict[str, Any] = {"x_lengths": torch.tensor([len(line.ids) for line in lines], device=where)}
        if self._speakers:
            asked["speaker_ids"] = torch.tensor([self._speakers[line.job.voice] for line in lines], device=where)
        if self._languages:
            asked["language_ids"] = torch.tensor([self._languages[line.job.language] for line in lines], device=where)
        try:
            with self._lock, self._model.computing():
                torch.manual_seed(lines[0].job.seed % 2**63)
                net.length_scale = self._own_scale / speed
                made = net.inference(tokens.to(where), asked)
            waves = made["model_outputs"].float().cpu().numpy()[:, 0]
            durations = made["durations"].float().cpu().numpy()[:, 0]
        except (RuntimeError, ValueError, IndexError) as error:
            return [EngineError(f"VITS failed: {type(error).__name__}: {error}")] * len(lines)
        unit = waves.shape[1] / durations.sum(axis=1).max()  # samples of a duration of 1, at the model's rate
        return [self._chunk(*made) for made in zip(lines, waves, durations * unit, strict=True)]

    def _chunk(self, line: _Line, wave: NDArray[np.float32], lasts: NDArray[np.float32]) -> SpokenChunk:
        rate_hz = int(self._model.config.audio.sample_rate)
        pcm = at_output_rate(wave[: round(float(lasts.sum()))], rate_hz)
        ends = np.cumsum(lasts[: len(line.ids)]) * OUTPUT_RATE_HZ / rate_hz
        edges = np.zeros(len(line.reading.phonemes) + 1, np.int64)
        for owner, end in zip(line.owners, ends, strict=True):
            edges[owner + 1] = int(end)
        spoken = chunk(line.job.text.split(), [utterance(pcm, line.reading, edges)])
        return spoken if self.timing == "exact" else SpokenChunk(spoken.pcm, (), spoken.words)
