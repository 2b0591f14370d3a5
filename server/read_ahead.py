"""The language model reads while the fan speaks: what is known of the conversation, and the words so far.

It makes the first word of the reply come sooner, and everything else slower while it lasts, so it happens seldom and
one reading at a time. What comes next: reply.py asks the same model for the answer.
"""

import asyncio
from typing import Final

import structlog

from avatar.dialogue import Dialogue
from avatar.llm import Prompt
from protocol.errors import StagedoorError
from server.lanes import LlmLane

log = structlog.get_logger()

READ_ON_WORDS: Final = 6  # new words that are worth another reading


class ReadAhead:
    """For one conversation. Owns its one task. Belongs to one event loop."""

    def __init__(self, name: str, llm: LlmLane, dialogue: Dialogue) -> None:
        self._name = name
        self._llm = llm
        self._dialogue = dialogue
        self._read_words = 0  # of the fan's turn
        self._task: asyncio.Task[None] | None = None

    def begin_turn(self, *, now: bool) -> None:
        """The fan begins to speak; `now`: read what was said before, for the model is free."""
        self._read_words = 0
        if now:
            self._read(self._dialogue.base_prompt())

    def hear(self, text: str, stable_words: int) -> None:
        """The fan's words so far, of which so many will not change."""
        if stable_words - self._read_words >= READ_ON_WORDS:
            self._read_words = stable_words
            self._read(self._dialogue.prompt(text, max_tokens=1))

    def _read(self, prompt: Prompt) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._prefill(prompt), name=f"prefill-{self._name}")

    async def _prefill(self, prompt: Prompt) -> None:
        try:
            await self._llm.prefill(prompt)
        except StagedoorError as error:  # a cold cache only costs time
            log.warning("prefill_failed", session=self._name, code=error.code, error=str(error))

    async def close(self) -> None:
        """Ends the task. Never raises."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
