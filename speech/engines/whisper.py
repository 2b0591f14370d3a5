"""Whisper on CTranslate2 with a short context: the encoder sees the speech and 2 s of silence, not 30 s.

The encoder is where Whisper's time goes, so this is several times quicker. The price: behind the last word the decoder
likes to start over and says everything twice. So it is asked for time stamps, and what it places behind the end of
the speech is dropped. What is still doubtful is decoded again with the whole 30 s, unless the job is `quick`.
Measured with base on 68 read clips (bench/wer.py): word errors 7.9 % with the full context, 8.5 % so, 9.2 % `quick`, in
a third of the CPU time; one clip in eleven is decoded twice. On 121 mixed ones stamps alone brought 32 % down to 15 %.
What comes next: the turn machine and the dialogue read the words.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import ctranslate2
import numpy as np
import tokenizers
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray

from protocol.errors import EngineError
from protocol.timeline import INPUT_RATE_HZ
from speech.asr import AsrJob, Hypothesis

FULL_CONTEXT_S: Final = 30.0
_FULL_SAMPLES: Final = int(FULL_CONTEXT_S * INPUT_RATE_HZ)
_HOP_SAMPLES: Final = 160
_FULL_MEL_FRAMES: Final = _FULL_SAMPLES // _HOP_SAMPLES
_PADDING_SAMPLES: Final = 2 * INPUT_RATE_HZ  # with less, phrases are said twice more often; more gains little
# Behind what was doubted the first time. Over 93 clips as good as the full 30 s (12.8 % words wrong against 12.7 %) at
# half the time (95th percentile 0.78 s against 1.57 s); 12 s is worse (14.1 %).
_SECOND_PADDING_SAMPLES: Final = 6 * INPUT_RATE_HZ
_MIN_SAMPLES: Final = INPUT_RATE_HZ // 20
_MIN_PEAK: Final = 1e-3

# The fastest of 68 read clips needs 4.4 tokens a second; a decoder in a loop stops here instead of at 448.
_TOKENS_PER_S: Final = 5
_SPARE_TOKENS: Final = 12
_MAX_TOKENS: Final = 224

_STAMP_S: Final = 0.02  # one time stamp token to the next
_END_SLACK_S: Final = 0.3  # a segment that begins so near the end of the audio cannot have been spoken

MIN_LOGPROB: Final = -0.8
FEW_TOKENS: Final = 6  # one or two words: the stamps outweigh them in the mean, and the full context hears no better
MAX_COMPRESSION: Final = 2.4  # openai/whisper decides by the same ratio
REPEATED_WORDS: Final = 4


@dataclass(frozen=True, slots=True)
class Decoded:
    """One decoding of one job. `tokens` counts those of the text; `capped` says that it did not end by itself."""

    text: str
    language: str
    mean_logprob: float
    no_speech_prob: float
    tokens: int
    capped: bool


class Whisper:
    """Thread-safe: CTranslate2 queues calls from several threads."""

    def __init__(
        self,
        model_path: Path,
        *,
        threads: int = 1,
        workers: int = 1,
        compute_type: str = "int8",
        device: str = "cpu",
        full_context: bool = False,
    ) -> None:
        """`model_path` is a folder in CTranslate2's format, multilingual or English-only.

        One thread is best on few cores: the decoder's steps are too small to share. `full_context` turns the short
        context off, for comparison. Raises EngineError when the model cannot be read, or the device is not there.
        """
        if device == "cuda" and not ctranslate2.get_cuda_device_count():
            raise EngineError("asr.device is cuda, and CTranslate2 sees no GPU: check `nvidia-smi`, or set it to cpu")
        try:
            self._model = ctranslate2.models.Whisper(
                str(model_path), device=device, compute_type=compute_type, inter_threads=workers, intra_threads=threads
            )
            self._tokenizer = tokenizers.Tokenizer.from_file(str(model_path / "tokenizer.json"))
        except Exception as error:  # tokenizers raises nothing narrower
            raise EngineError(f"not a readable Whisper model: {error}") from error
        self._mel = FeatureExtractor(feature_size=self._model.n_mels)
        self._first_stamp = self._token("<|notimestamps|>") + 1
        self._always_full = full_context
        #: Codes that AsrJob.language may have.
        self.languages = self._codes() if self._model.is_multilingual else frozenset({"en"})

    def run(self, jobs: Sequence[AsrJob]) -> list[Hypothesis | Exception]:
        """See AsrEngine. All jobs are encoded and decoded together, padded to the longest of them."""
        results: list[Hypothesis | Exception] = [self._fault(job) or _no_words(job) for job in jobs]
        to_hear = [i for i, job in enumerate(jobs) if isinstance(results[i], Hypothesis) and is_audible(job.pcm)]
        doubted = []
        for i, decoded in zip(to_hear, self._decode([jobs[i] for i in to_hear]), strict=True):
            results[i] = believed(decoded, second_pass=False)
            if not jobs[i].quick and not self._always_full and is_doubtful(decoded):
                doubted.append(i)
        for i, decoded in zip(doubted, self._decode([jobs[i] for i in doubted], _SECOND_PADDING_SAMPLES), strict=True):
            results[i] = believed(decoded, second_pass=True)
        return results

    def _fault(self, job: AsrJob) -> EngineError | None:
        if job.pcm.ndim != 1 or len(job.pcm) > _FULL_SAMPLES or not np.isfinite(job.pcm).all():
            return EngineError(f"speech is finite float32 [n] of at most {FULL_CONTEXT_S:.0f} s, not {job.pcm.shape}")
        if job.language is not None and self._model.is_multilingual and job.language not in self.languages:
            return EngineError(f"the recogniser does not know the language {job.language!r}")
        return None

    def _codes(self) -> frozenset[str]:
        found = (re.fullmatch(r"<\|([a-z]{2,3})\|>", token) for token in self._tokenizer.get_vocab())
        return frozenset(match[1] for match in found if match)

    def _decode(self, jobs: Sequence[AsrJob], padding_samples: int = _PADDING_SAMPLES) -> list[Decoded]:
        """One encoder call and one greedy decoder call for all jobs, with so much silence behind the longest."""
        if not jobs:
            return []
        full = self._always_full
        longest = max(len(job.pcm) for job in jobs)
        context = _FULL_SAMPLES if full else min(longest + padding_samples, _FULL_SAMPLES)
        features = np.stack([self._features(job.pcm, context) for job in jobs])
        encoded = self._model.encode(ctranslate2.StorageView.from_array(features))
        languages = self._languages(jobs, encoded)
        answers = self._model.generate(
            encoded,
            [self._prompt(language, stamps=not full) for language in languages],
            beam_size=1,
            max_length=2 * token_cap(longest, full),  # CTranslate2 keeps half of it for the prompt
            return_scores=True,
            return_no_speech_prob=True,
        )
        return [self._read(*each, full) for each in zip(jobs, languages, answers, strict=True)]

    def _read(
        self, job: AsrJob, language: str, answer: ctranslate2.models.WhisperGenerationResult, full: bool
    ) -> Decoded:
        ids = answer.sequences_ids[0]
        kept = spoken_tokens(ids, self._first_stamp, len(job.pcm) / INPUT_RATE_HZ)
        return Decoded(
            text=self._tokenizer.decode(kept).strip(),
            language=language,
            mean_logprob=float(answer.scores[0]),
            no_speech_prob=float(answer.no_speech_prob),
            tokens=len(kept),
            # A loop behind the end of the speech was cut off with its segment: that is no reason for doubt.
            capped=len(ids) >= token_cap(len(job.pcm), full) and len(kept) == sum(i < self._first_stamp for i in ids),
        )

    def _features(self, pcm: NDArray[np.float32], context: int) -> NDArray[np.float32]:
        """Log-mel [mels, context / 160] of the speech with silence behind it."""
        mel = self._mel(np.pad(pcm, (0, context - len(pcm))), padding=0)[:, :_FULL_MEL_FRAMES]
        return np.ascontiguousarray(mel, np.float32)

    def _languages(self, jobs: Sequence[AsrJob], encoded: ctranslate2.StorageView) -> list[str]:
        if not self._model.is_multilingual:
            return ["en"] * len(jobs)
        if all(job.language for job in jobs):
            return [str(job.language) for job in jobs]
        guesses = [ranked[0][0].strip("<|>") for ranked in self._model.detect_language(encoded)]
        return [job.language or guess for job, guess in zip(jobs, guesses, strict=True)]

    def _prompt(self, language: str, *, stamps: bool) -> list[int]:
        task = [f"<|{language}|>", "<|transcribe|>"] if self._model.is_multilingual else []
        tokens = ["<|startoftranscript|>", *task, *([] if stamps else ["<|notimestamps|>"])]
        return [self._token(token) for token in tokens]

    def _token(self, text: str) -> int:
        token = self._tokenizer.token_to_id(text)
        if token is None:
            raise EngineError(f"the recogniser's tokenizer has no {text}")
        return int(token)


def spoken_tokens(ids: Sequence[int], first_stamp: int, seconds: float) -> list[int]:
    """The text tokens of those segments that begin before the speech of `seconds` ends.

    `ids` alternate between time stamps (ids from `first_stamp` on) and text: a segment lies between two stamps.
    """
    kept: list[int] = []
    inside = True  # the first segment is kept wherever it is placed
    for token in ids:
        if token < first_stamp:
            kept += [token] if inside else []
        elif kept:
            inside = (token - first_stamp) * _STAMP_S < seconds - _END_SLACK_S
    return kept


def is_audible(pcm: NDArray[np.float32]) -> bool:
    """Whether there is anything to recognise: at least 50 ms, and not digital silence."""
    return len(pcm) >= _MIN_SAMPLES and float(np.abs(pcm).max()) >= _MIN_PEAK


def token_cap(n_samples: int, full: bool) -> int:
    """How many tokens so much audio may hold; with the full context the model ends by itself, so be generous."""
    per_s = 2 * _TOKENS_PER_S if full else _TOKENS_PER_S
    return min(_MAX_TOKENS, int(n_samples / INPUT_RATE_HZ * per_s) + _SPARE_TOKENS)


def is_doubtful(decoded: Decoded) -> bool:
    """Whether the short context probably led the decoder astray, so that another pass is worth its time."""
    return not is_noise(decoded) and (
        decoded.capped
        or (decoded.mean_logprob < MIN_LOGPROB and decoded.tokens >= FEW_TOKENS)
        or compression(decoded.text) > MAX_COMPRESSION
        or without_echo(decoded.text) != decoded.text
    )


def believed(decoded: Decoded, *, second_pass: bool) -> Hypothesis:
    """What is taken from a decoding: an echo is cut off, words made up from noise are left out."""
    text = "" if is_noise(decoded) else without_echo(decoded.text)
    return Hypothesis(text, decoded.language, decoded.mean_logprob, decoded.no_speech_prob, second_pass)


def is_noise(decoded: Decoded) -> bool:
    """Whether the words were made up: "Thank you." out of a hum.

    Measured with base: noises, hums, music and breath have a no-speech probability of 0.63-0.91 with a mean
    log-probability under -1.2, or of 0.29 and more under -1.7; the least certain real speech lies at 0.49 with -1.5.
    """
    unsure = decoded.no_speech_prob > 0.6 and decoded.mean_logprob < -1.15
    lost = decoded.no_speech_prob > 0.25 and decoded.mean_logprob < -1.6
    return unsure or lost


def compression(text: str) -> float:
    """How many times smaller zlib makes the text; loops are far above speech."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0


def without_echo(text: str) -> str:
    """The text up to where it begins to say REPEATED_WORDS words that it has already said, in the same order."""
    words = text.split()
    heard = [re.sub(r"[^\w']", "", word.lower()) for word in words]
    said: set[tuple[str, ...]] = set()
    for i in range(len(heard) - REPEATED_WORDS + 1):
        phrase = tuple(heard[i : i + REPEATED_WORDS])
        if phrase in said:
            return " ".join(words[:i])
        said.add(phrase)
    return text


def _no_words(job: AsrJob) -> Hypothesis:
    return Hypothesis("", job.language or "en", 0.0, 1.0)
