"""What one fan says, on its way to the turn machine: their ears, and what is asked of those ears.

Keeps the audio in order, notices a microphone that falls silent, and notes when things happened, for the report of the
turn. What comes next: session.py hands the events to the turn machine and runs what is asked here as its tasks.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

from protocol.errors import StagedoorError
from server.ears import Ears
from server.load import Load
from server.metrics import TurnTimes
from speech.interjections import is_echo
from speech.turn_events import (
    EndingJudged,
    FanPaused,
    FanStarted,
    JudgeEnding,
    Recognise,
    ScoreTurn,
    TurnScored,
    WordsHeard,
)

AUDIO_GAP_S = 0.5  # a microphone that sends nothing for this long has fallen silent


class Hearing:
    """One fan's hearing. Owns no task. `just_said`: the avatar's words that may come back as an echo, if any; `fail`
    gets what went wrong with a turn's words.
    """

    def __init__(
        self,
        ears: Ears,
        load: Load,
        clock: Callable[[], float],
        just_said: Callable[[], list[str]],
        fail: Callable[[StagedoorError], None],
    ) -> None:
        self.ears = ears
        self.times: TurnTimes | None = None  # of the turn that is open; None for a typed one
        self.tell: Callable[[FanStarted | FanPaused], None] = lambda event: None
        self._load = load
        self._clock = clock
        self._just_said = just_said
        self._fail = fail
        self._in_order = asyncio.Lock()

    async def hear(self, data: bytes, *, over_avatar: bool) -> None:
        """Microphone bytes; `tell` gets what happened in them. Raises as Ears.hear does."""
        await self._attend(self.ears.hear(data, over_avatar=over_avatar))

    async def fall_silent(self) -> None:
        """The microphone sent nothing for AUDIO_GAP_S: a voice that went on ended."""
        if self.ears.speaking:
            await self._attend(self.ears.hear_silence(AUDIO_GAP_S))

    async def _attend(self, sounds: AsyncGenerator[FanStarted | FanPaused, None]) -> None:
        async with self._in_order, aclosing(sounds):
            async for event in sounds:
                if isinstance(event, FanPaused):
                    self.times = TurnTimes(self.ears.onset_at, self.ears.voice_end_at, self._clock())
                self.tell(event)

    async def recognise(self, request: Recognise, times: TurnTimes | None) -> WordsHeard:
        """The words of the turn. When they cannot be had there are none, and `fail` is told."""
        try:
            heard = await self.ears.recognise(request)
        except StagedoorError as error:
            self._fail(error)
            heard = WordsHeard(request.turn_id, request.revision, "", request.final)
        if is_echo(heard.text, self._just_said()):
            heard = replace(heard, text="")
        if request.final and times:
            times.words_at = self._clock()
            self._load.heard(times.words_at - times.pause_noticed_at, asyncio.get_running_loop().time())
        return heard

    async def score(self, request: ScoreTurn, times: TurnTimes | None) -> TurnScored:
        """How complete the turn sounds."""
        if times:
            times.score_asked_at = self._clock()
        scored = await self.ears.score(request)
        if times:
            times.scored_at = self._clock()
        return scored

    async def judge(self, request: JudgeEnding, said_before: str, times: TurnTimes | None) -> EndingJudged:
        """How likely a sentence ends after these words."""
        judged = await self.ears.judge(request, said_before)
        if times and times.words_at is not None:  # of the final words, not of a partial
            times.judged_at = self._clock()
        return judged
