"""A language model that says what it was told to say: the fake of every test that is not about the model.

It never sleeps. How long a real model would have taken is data beside it, for a lane with a virtual clock.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from avatar.llm import Emit, Prompt
from protocol.errors import EngineError

#: The last words of the fan, or the whole prompt, to an answer.
Answers = Mapping[str, str] | Callable[[Prompt], str]

_PIECE: Final = re.compile(r"\s*\S+")


class ScriptedLlm:
    """Answers by table or by function, a word at a time, and remembers what it was asked.

    A table is looked up by the fan's last words exactly; `default` answers the rest, and None makes that an
    EngineError. `delays_s` is what a virtual clock adds before each piece; its last value goes for all that follow.
    """

    def __init__(
        self,
        answers: Answers,
        *,
        default: str | None = "I see. Tell me more!",
        slots: int = 4,
        delays_s: tuple[float, ...] = (0.0,),
    ) -> None:
        self.slots = slots
        self.delays_s = delays_s
        self.streamed: list[Prompt] = []
        self.prefilled: list[Prompt] = []
        self.closed = False
        self._answers = answers
        self._default = default

    def stream(self, prompt: Prompt, emit: Emit) -> None:
        """Emits the answer, one word with its space at a time, up to `max_tokens` words."""
        self._check_open()
        self.streamed.append(prompt)
        for piece in self.pieces(prompt):
            if not emit(piece):
                return

    def prefill(self, prompt: Prompt) -> None:
        """Notes that it was asked."""
        self._check_open()
        self.prefilled.append(prompt)

    def close(self) -> None:
        """Refuses all that comes after."""
        self.closed = True

    def pieces(self, prompt: Prompt) -> list[str]:
        """What `stream` would emit."""
        return _PIECE.findall(self._answer(prompt))[: prompt.max_tokens]

    def delay_s(self, piece: int) -> float:
        """The time a virtual clock lets pass before the piece with this index."""
        return self.delays_s[min(piece, len(self.delays_s) - 1)]

    def _answer(self, prompt: Prompt) -> str:
        if not isinstance(self._answers, Mapping):
            return self._answers(prompt)
        asked = prompt.messages[-1].content if prompt.messages else ""
        answer = self._answers.get(asked, self._default)
        if answer is None:
            raise EngineError(f"the script has no answer to {asked!r}")
        return answer

    def _check_open(self) -> None:
        if self.closed:
            raise EngineError("the scripted model is closed")
