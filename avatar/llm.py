"""The seam to a language model: a prompt in, pieces of text out as they are made.

Engines block; the hallway calls them in a lane. What comes next: speech/sentences.py cuts the pieces into clauses.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class PromptMessage:
    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is asked. `cache_key` names the conversation, so that an engine may keep its prefix warm.

    `begun` is how the assistant's message begins already; the model goes on from its last character.
    """

    messages: tuple[PromptMessage, ...]
    cache_key: str = ""
    max_tokens: int = 80
    temperature: float = 0.6
    seed: int = 0
    begun: str = ""


#: Called with each new piece of text; returns False to stop generation.
Emit = Callable[[str], bool]


class LlmEngine(Protocol):
    """A language model. Both calls block and may come from several threads at once."""

    slots: int  # conversations that can be generated at the same time
    goes_on: bool  # whether it can go on from Prompt.begun

    def stream(self, prompt: Prompt, emit: Emit) -> None:
        """Generates the assistant's next message. Raises EngineError."""

    def prefill(self, prompt: Prompt) -> None:
        """Reads the prompt into the cache of its conversation, so that a `stream` with the same beginning starts
        sooner. Never makes text. Raises EngineError.
        """

    def close(self) -> None:
        """Frees the model."""
