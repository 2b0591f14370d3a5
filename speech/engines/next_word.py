"""The end of a sentence by a small language model: what would it write next, a full stop or a word?

SmolLM2-135M through llama.cpp: 14 ms of one core for a word more than the last time it was asked, 60 ms for a whole
new sentence. It reads the fan's words inside a short dialogue, so that "Ohio" is an answer. English.
"""

import math
import re
from collections.abc import Sequence
from typing import Any, Final, Protocol

from protocol.errors import EngineError
from speech.ending import EndingJob, last_words

CONTEXT_TOKENS: Final = 512  # for each slot: the example, two turns and KEPT_WORDS words
SLOTS: Final = 4  # conversations whose words stay in the cache
TOP_TOKENS: Final = 40  # of the next token's distribution; what ends a sentence is among them or improbable

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


class Completions(Protocol):
    """A loaded language model that completes a text: xllamacpp.Server."""

    def handle_completions(self, request: dict[str, Any]) -> Any:
        """The completion, as OpenAI's API has it, with the probabilities of its tokens."""


class NextWord:
    """Asks a chat model that uses the ChatML template, with slots of CONTEXT_TOKENS. Thread-safe."""

    def __init__(self, model: Completions) -> None:
        """Reads the example, so that the first fan does not wait. Raises EngineError."""
        self._model: Completions | None = model
        (read,) = self.run([EndingJob("Hello")])
        if isinstance(read, Exception):
            raise read

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
        """Lets the model go."""
        self._model = None

    def _end_prob(self, job: EndingJob) -> float:
        if self._model is None:
            raise EngineError("the model was closed")
        answer = self._model.handle_completions(
            {
                "prompt": prompt(job),
                "max_tokens": 1,
                "temperature": 0.0,
                "logprobs": TOP_TOKENS,
                "n_probs": TOP_TOKENS,
                "cache_prompt": True,
            }
        )
        choice = answer["choices"][0]
        if not choice.get("logprobs"):  # not a token was written: nothing is likelier than that the message ends
            return 1.0
        return ending_share(choice["logprobs"]["content"][0]["top_logprobs"])


def prompt(job: EndingJob) -> str:
    """The dialogue in ChatML, open after the fan's last word."""
    said_before = _clean(last_words(job.said_before)) or _EXAMPLE_ANSWER.rstrip(".")
    turns = "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in _EXAMPLE)
    return f"{turns}<|im_start|>assistant\n{said_before}.<|im_end|>\n<|im_start|>user\n{_clean(last_words(job.text))}"


def ending_share(candidates: Sequence[dict[str, Any]]) -> float:
    """The probability mass of the candidates ({token, logprob}) that end a sentence."""
    return min(1.0, math.fsum(math.exp(each["logprob"]) for each in candidates if _ENDS.search(each["token"])))


def _clean(text: str) -> str:
    """Without anything that could be a control token: the words come from a stranger."""
    return " ".join(_CONTROL.sub(" ", text).split())
