"""One visit, attended for its fan's sake: recorded, remembered and rated as far as they allow, while they allow it.

A tap of the session. The recording begins with the consent, and is dropped with it. What the
persona remembers is read when the fan allows it, and deleted when they change their mind. What comes next: archive.py
keeps what is left when the visit is over.
"""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, Final, Literal

import numpy as np
import structlog

from avatar.affect import Affect
from protocol.messages import Consents, ReplyCancelled, ReplyChunk, TurnReport
from protocol.visit_messages import ForgetMemory, KeepsakeState, Remembered, Satisfaction
from server.after.kept import new_code
from server.after.memories import Memory
from server.after.recording import Recording
from server.after.shelf import Figures, Shelf, VisitFacts
from server.session import Session
from server.taps import Tap

log = structlog.get_logger()

MAX_TURNS: Final = 200  # whose words are looked through for what may be remembered


class Attendance(Tap):
    """From a visit's start to its end. Owns its tasks; belongs to one event loop."""

    def __init__(self, session: Session, facts: VisitFacts, shelf: Shelf) -> None:
        self.facts = facts
        self.code = new_code()
        self.recording: Recording | None = None
        self.picture: bytes | None = None
        self.withdrawn = False  # the fan took the recording back
        self._session = session
        self._shelf = shelf
        self._expires_at = shelf.now() + timedelta(days=facts.retention_days)
        self._over = False
        self._remembering = False
        self._allowed_memory = False
        self._allowed_recording = False
        self._stars: int | None = None
        self._turns = 0
        self._voice_to_voice_ms: list[float] = []  # one a turn
        self._said: list[str] = []  # by the fan, while they let it be remembered
        self._guesses: list[Affect] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_turn = asyncio.Lock()  # what the fan wants last happens last

    def begin(self) -> None:
        """Before the first word, which waits for no store."""
        self._start(self._shelf.open(self.facts, self.code), "open")
        self._session.tap(self)
        self._record(self._session.consents)
        self._tell()
        if self._session.consents.memory:
            self._remembering = self._allowed_memory = True
            self._start(self._recall(), "recall")

    async def end(self) -> Figures:
        """The visit is over: nothing more is heard. Returns when no task of it is left."""
        self._session.taps.remove(self)
        self._over = True
        if self.recording:
            self.recording.finish(self._session.now_ms())
        await asyncio.gather(*self._tasks, return_exceptions=True)
        p50, p95 = np.percentile(self._voice_to_voice_ms, (50, 95)) if self._voice_to_voice_ms else (None, None)
        return Figures(self._turns, _rounded(p50), _rounded(p95), self._stars)

    def memorable(self) -> tuple[list[str], list[Affect]]:
        """What the fan said and how they seemed, while they let it be remembered."""
        return self._said, self._guesses

    def withdraw(self) -> None:
        """Nothing of this visit is kept, from now on and up to now."""
        self._drop()
        self.withdrawn = True
        self._remembering = False
        self._said.clear()
        self._guesses.clear()
        self._tell()

    # --- what it hears (see Tap) ---

    def heard_fan(self, pcm16: bytes, at_ms: float) -> None:
        """See Tap."""
        if self.recording:
            self.recording.heard_fan(pcm16, at_ms)

    def fan_said(self, text: str, final: bool, at_ms: float) -> None:
        """See Tap."""
        if self.recording:
            self.recording.fan_said(text, final, at_ms)
        if not final or not text.strip():
            return
        self._turns += 1
        if self._remembering and len(self._said) < MAX_TURNS:
            self._said.append(text)
            if guess := self._session.sensing.affect:
                self._guesses.append(guess)

    def host_said(self, text: str, at_ms: float) -> None:
        """See Tap."""
        if self.recording:
            self.recording.host_said(text, at_ms)

    def avatar_sent(self, chunk: ReplyChunk, at_ms: float) -> None:
        """See Tap."""
        if self.recording:
            self.recording.avatar_sent(chunk, at_ms)

    def avatar_heard(self, reply_id: int, heard_samples: int, at_ms: float) -> None:
        """See Tap."""
        if self.recording:
            self.recording.avatar_heard(reply_id, heard_samples, at_ms)

    def avatar_cut(self, cut: ReplyCancelled, at_ms: float) -> None:
        """See Tap."""
        if self.recording:
            self.recording.avatar_cut(cut, at_ms)

    def report(self, report: TurnReport) -> None:
        """See Tap."""
        if any(stage.name == "fan_speaks" for stage in report.stages):
            self._voice_to_voice_ms.append(report.voice_to_voice_ms)

    def consented(self, consents: Consents, at_ms: float) -> None:
        """See Tap."""
        if self._record(consents):
            self._tell()
        if not consents.emotion_sensing:
            self._guesses.clear()
        if consents.memory != self._allowed_memory:
            self._allowed_memory = consents.memory
            if consents.memory:
                self._remembering = True
                self._start(self._recall(), "recall")
            else:
                self.forget()

    def asked(self, message: Satisfaction | ForgetMemory, at_ms: float) -> None:
        """See Tap."""
        if isinstance(message, Satisfaction):
            self._stars = message.stars
        else:
            self.forget()

    # --- the two consents ---

    def _record(self, consents: Consents) -> bool:
        """Begins or ends the recording; whether anything changed. What was withdrawn begins only with a new yes."""
        wanted = consents.recording and self.facts.keepsakes
        if wanted == self._allowed_recording:
            return False
        self._allowed_recording = wanted
        if wanted:
            self.recording = Recording(self._session.audio_in, self._session.now_ms(), self._shelf.spools.open())
        else:
            self._drop()
        self.withdrawn = not wanted
        return True

    def _drop(self) -> None:
        """What was recorded goes; once the visit is over it is in the hands of whoever makes its keepsake."""
        if self.recording and not self._over:
            self.recording.drop()
        self.recording = self.picture = None

    def _tell(self) -> None:
        state: Literal["none", "recording", "deleted"] = "deleted" if self.withdrawn else "none"
        if self.recording:
            state = "recording"
        until = f"{self._expires_at:%Y-%m-%dT%H:%M:%SZ}"
        self._session.outbox.post(KeepsakeState(f"/keepsake/{self.code}", state, until))

    async def _recall(self) -> None:
        memory = await self._shelf.recall(self.facts)
        if memory and self._remembering:
            self._show(memory)

    def forget(self) -> None:
        """The persona forgets this fan, and learns nothing new of them until they allow it anew."""
        self._remembering = False
        self._said.clear()
        self._guesses.clear()
        self._show(Memory())
        self._start(self._shelf.forget(self.facts), "forget")

    def _show(self, memory: Memory) -> None:
        self._session.remember(memory.told())
        self._session.outbox.post(Remembered(memory.facts, memory.shown_mood()))

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        async def run() -> None:
            async with self._in_turn:
                await work

        task = asyncio.create_task(run(), name=f"{name}-{self._session.id}")
        self._tasks.add(task)  # as many as the fan changes their mind, a few at a time
        task.add_done_callback(self._tasks.discard)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 1)
