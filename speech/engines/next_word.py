"""The end of a sentence by a small language model: what would it write next, a full stop or a word?

SmolLM2-135M through llama.cpp: 14 ms of one core for a word more than the last time it was asked, 60 ms for a whole
new sentence. It reads the fan's words inside a short dialogue, so that "Ohio" is an answer. English.
"""

import math
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import xllamacpp

from protocol.errors import EngineError
from speech.ending import EndingJob, last_words

CONTEXT_TOKENS: Final = 512  # for each slot: the example, two turns and KEPT_WORDS words
SLOTS: Final = 4  # conversations whose words stay in the cache
TOP_TOKENS: Final = 40  # of the next token's distribution; what ends a sentence is among them or improbable
_SILENT: Final = -1

#: The most likely ways to go on that end the sentence (chat templates write the end of a message as a token).
_ENDS: Final = re.compile(r"^\s*[.?!]|^\s*$|^<\|(?:im_end|endoftext)\|>$")
_CONTROL: Final = re.compile(r"<\|.*?\|>|<\||\|>")
_EXAMPLE: Final = (
    ("system", "A fan talks to a singer, by voice, at a meet-and-greet."),
    ("user", "Hi! I'm so happy to meet you. I came all the way from Ohio."),
    ("assistant", "Wow, that is a long way!"),
    ("user", "I know, right? So how long did it take you to make the record?"),
)
_EXAMPLE_ANSWER: Final = "About a year."


class NextWord:
    """A GGUF chat model that uses the ChatML template. Thread-safe."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        """Loads the model and reads the example, so that the first fan does not wait. Raises EngineError."""
        if not path.is_file():
            raise EngineError(f"no language model at {path}")
        try:
            self._server: xllamacpp.Server | None = xllamacpp.Server(_params(path, threads))
        except RuntimeError as error:
            raise EngineError(f"llama.cpp cannot load {path}: is the file whole, and a GGUF model?") from error
        self._end_prob(EndingJob("Hello"))

    def run(self, jobs: Sequence[EndingJob]) -> list[float | Exception]:
        """See EndingEngine."""
        answers: list[float | Exception] = []
        for job in jobs:
            try:
                answers.append(self._end_prob(job))
            except (RuntimeError, ValueError, TypeError, KeyError, IndexError, EngineError) as error:
                answers.append(EngineError(f"llama.cpp: {type(error).__name__}: {error}"))
        return answers

    def close(self) -> None:
        """Frees the model."""
        self._server = None

    def _end_prob(self, job: EndingJob) -> float:
        if self._server is None:
            raise EngineError("the model was closed")
        answer = self._server.handle_completions(
            {
                "prompt": prompt(job),
                "max_tokens": 1,
                "temperature": 0.0,
                "logprobs": TOP_TOKENS,
                "n_probs": TOP_TOKENS,
                "cache_prompt": True,
            }
        )
        return ending_share(answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"])


def prompt(job: EndingJob) -> str:
    """The dialogue in ChatML, open after the fan's last word."""
    said_before = _clean(last_words(job.said_before)) or _EXAMPLE_ANSWER.rstrip(".")
    turns = "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in _EXAMPLE)
    return f"{turns}<|im_start|>assistant\n{said_before}.<|im_end|>\n<|im_start|>user\n{_clean(last_words(job.text))}"


def ending_share(candidates: Sequence[dict[str, Any]]) -> float:
    """The probability mass of the candidates ({token, logprob}) that end a sentence."""
    return min(1.0, sum(math.exp(each["logprob"]) for each in candidates if _ENDS.search(each["token"])))


def _clean(text: str) -> str:
    """Without anything that could be a control token: the words come from a stranger."""
    return " ".join(_CONTROL.sub(" ", text).split())


def _params(path: Path, threads: int) -> xllamacpp.CommonParams:
    """See avatar/engines/llamacpp.py: the library's own listener stays behind a key that nobody is told."""
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = CONTEXT_TOKENS * SLOTS
    params.n_parallel = SLOTS
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.fit_params = False
    params.cache_ram_mib = 0
    params.n_threads_http = 1
    params.hostnames = ["127.0.0.1"]
    params.api_keys = [secrets.token_hex(32)]
    params.cors_origins = ""
    params.ui = False
    params.endpoint_slots = False
    params.verbosity = _SILENT
    return params
