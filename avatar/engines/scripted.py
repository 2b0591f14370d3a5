"""Models that say what they were told to say: the fakes of every test that is not about the model.

They never sleep. How long a real model would have taken is data beside them, for a lane with a virtual clock.
"""

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar.llm import Emit, Prompt
from avatar.meaning import MEANING_SIZE
from protocol.errors import EngineError

#: The last words of the fan, or the whole prompt, to an answer.
Answers = Mapping[str, str] | Callable[[Prompt], str]

_PIECE: Final = re.compile(r"\s*\S+")


class ScriptedLlm:
    """Answers by table or by function, a word at a time, and remembers what it was asked.

    A table is looked up by the fan's last words exactly; `default` answers the rest, and None makes that an
    EngineError. `delays_s` is what a virtual clock adds before each piece; its last value goes for all that follow.
    """

    goes_on = True

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


class ScriptedMeaning:
    """A MeaningEngine: texts are as near to each other as they share words. Remembers what it was asked.

    A text in `fails` is answered with an EngineError.
    """

    def __init__(self, *, fails: frozenset[str] = frozenset()) -> None:
        self.asked: list[str] = []
        self.fails = fails

    def run(self, jobs: Sequence[str]) -> list[NDArray[np.float32] | Exception]:
        """See MeaningEngine."""
        self.asked += jobs
        return [self._answer(text) for text in jobs]

    def _answer(self, text: str) -> NDArray[np.float32] | Exception:
        if not isinstance(text, str) or text in self.fails:
            return EngineError(f"the script has no meaning for {text!r}")
        words = re.findall(r"\w+", text.lower()) or [""]
        total = np.sum([_direction(word) for word in words], axis=0)
        unit: NDArray[np.float32] = (total / np.linalg.norm(total)).astype(np.float32)
        return unit


def _direction(word: str) -> NDArray[np.float64]:
    """[MEANING_SIZE]: always the same for a word, and nearly at right angles to that of any other."""
    return np.random.default_rng(zlib.crc32(word.encode())).standard_normal(MEANING_SIZE)
