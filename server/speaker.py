"""The avatar's side of one conversation: the newest reply, its task, and what of it was heard.

A reply is started as a guess, then committed or cancelled; the turn machine decides which, session.py passes it on.
What comes next: reply.py makes the words, the voice and the face; outbox.py sends them.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from avatar.dialogue import Dialogue
from avatar.direction import Wishes
from avatar.face import Face
from avatar.llm import Prompt
from protocol.errors import InternalError, StagedoorError
from protocol.messages import ReplyChunk
from protocol.timeline import OUTPUT_RATE_HZ, WordSpan
from server.metrics import Metrics
from server.outbox import Outbox
from server.reply import Reply, ReplyMaker
from speech.turn_events import CancelReply, Event, ReplyComplete, ReplyFailed, StartReply

log = structlog.get_logger()

ECHO_MEMORY_S: Final = 4.0  # words that the avatar said itself since then may come back from its loudspeakers


@dataclass(frozen=True, slots=True)
class Cut:
    """A reply that was cancelled: what of it the fan heard, and whether any of it was sent."""

    reply: Reply
    heard_samples: int
    sent: bool


class Speaker:
    """Owns the task of the newest reply. `tell` takes events for the turn machine. Belongs to one event loop."""

    def __init__(
        self, name: str, maker: ReplyMaker, dialogue: Dialogue, outbox: Outbox, face: Face, metrics: Metrics
    ) -> None:
        self.face = face
        self.tell: Callable[[Event], None] = lambda event: None
        self.over: Callable[[Wishes, str], None] = lambda wishes, said: None  # what a model's answer heeded, and said
        self.reply: Reply | None = None  # the newest one
        self._name = name
        self._maker = maker
        self._dialogue = dialogue
        self._outbox = outbox
        self._metrics = metrics
        self._clock = outbox.clock
        self._task: asyncio.Task[None] | None = None
        self._audible_at: float | None = None
        self._marks_seen = False
        self._heard_samples = 0

    @property
    def audible(self) -> bool:
        """Whether the newest reply's first sound went out."""
        return self._audible_at is not None

    def start(self, action: StartReply, prompt: Prompt, *, silent: bool = False) -> Reply:
        """Begins to make a reply, unheard. `silent`: the avatar has nothing to say; only the fan's words are kept."""
        self.stop_making()
        reply = Reply(
            id=action.reply_id,
            turn_id=action.turn_id,
            text=action.text,
            line=action.line,
            prompt=prompt,
            face=self.face.fork(),
            begun_at=self._clock(),
            waited=action.waited,
        )
        self.reply, self._heard_samples, self._audible_at = reply, 0, None
        if not silent:
            self._task = asyncio.create_task(self._make(reply), name=f"reply-{self._name}-{reply.id}")
        return reply

    def stop_making(self) -> None:
        """No more is made of the newest reply."""
        if self._task:
            self._task.cancel()
            self._task = None

    async def _make(self, reply: Reply) -> None:
        def put(chunk: ReplyChunk) -> None:
            self._outbox.put(chunk)
            if reply.committed:
                self._dialogue.spoke(reply.id, chunk.words)

        reply.guess = not reply.committed
        try:
            await self._maker.make(reply, put)
        except StagedoorError as error:
            reply.error = error
            self.tell(ReplyFailed(reply.id))
        except Exception as error:
            log.exception("reply_broke", session=self._name)
            reply.error = InternalError(f"the reply broke: {type(error).__name__}")
            self.tell(ReplyFailed(reply.id))
        else:
            self.tell(ReplyComplete(reply.id, reply.total_samples))

    def commit(self, reply_id: int) -> None:
        """The reply may be heard: its face is the face now, and the history has a new turn."""
        reply = self.reply
        if reply is None or reply.id != reply_id:
            return
        reply.committed, reply.committed_at = True, self._clock()
        if reply.guess:
            self._metrics.speculations.labels("kept").inc()
        self.face = reply.face
        self._dialogue.begin_reply(reply_id, reply.text)
        self._dialogue.spoke(reply_id, reply.words)
        self._outbox.release(reply_id)

    def fall_silent(self) -> None:
        """Somebody else speaks from now on: what was made and not committed to is never heard."""
        self.stop_making()
        if self.reply is not None and not self.reply.committed:
            self._outbox.drop(self.reply.id)

    def withhold(self, reply_id: int) -> bool:
        """The fan's turn is over. True: nobody answers it; the history keeps their words, and nothing was said."""
        if self._task is not None:
            return False
        if self.reply is not None and self.reply.id == reply_id:
            self.remember(reply_id, "", to=self.reply.text)
            self.reply = None
        return True

    def remember(self, reply_id: int, said: str, *, to: str = "") -> None:
        """The history has words that were not made here, such as a host's; all of them were heard."""
        self._dialogue.begin_reply(reply_id, to)
        self._dialogue.spoke(reply_id, [WordSpan(word, 0, 0) for word in said.split()])
        self._dialogue.finish(reply_id)

    def first_sound(self, chunk: ReplyChunk) -> Reply | None:
        """A chunk was sent: the reply, if these were its first samples."""
        reply = self.reply
        if reply is None or chunk.reply_id != reply.id or self.audible or not chunk.audio:
            return None
        self._audible_at = self._clock()
        self._maker.heard(reply)
        return reply

    def mark(self, reply_id: int, heard_samples: int) -> bool:
        """A playback mark. Marks of old replies, or of more than was made, are bounded, not believed."""
        if self.reply is None or reply_id != self.reply.id or not self.reply.committed:
            return False
        self._marks_seen = True
        self._heard_samples = max(self._heard_samples, min(heard_samples, self.reply.total_samples))
        self._dialogue.heard(reply_id, self._heard_samples)
        return True

    def cancel(self, action: CancelReply) -> Cut | None:
        """Stops making and sending it; the history keeps what was heard."""
        reply = self.reply
        if reply is None or reply.id != action.reply_id:
            return None
        if self._task and self._task is not asyncio.current_task():
            self._task.cancel()
        heard = self.heard_samples()
        sent = self._outbox.drop(reply.id) > 0
        if reply.committed:
            self._dialogue.heard(reply.id, heard)
            self._dialogue.cut(reply.id)
        elif reply.guess:
            self._metrics.speculations.labels("dropped").inc()
        self._count(reply)
        self._metrics.cancelled.labels(action.reason, str(bool(heard)).lower()).inc()
        self.reply = None
        return Cut(reply, heard, sent)

    def end(self, reply_id: int) -> int:
        """It was heard to its end. Returns how many samples that were."""
        if self.reply is None or self.reply.id != reply_id:
            return 0
        self._dialogue.heard(reply_id, self.reply.total_samples)
        self._dialogue.finish(reply_id)
        self._count(self.reply)
        return self.reply.total_samples

    def _count(self, reply: Reply) -> None:
        if reply.committed and reply.kind in ("llm", "opening"):
            self.over(reply.wishes, " ".join(word.text for word in reply.words))
        fate = "heard" if reply.committed else "thrown"
        self._metrics.compute.labels(fate).inc(reply.spent_s(self._clock()))

    def rewind(self) -> None:
        """The fan comes back after a lost connection: what they did not hear is sent again."""
        if self.reply:
            self._outbox.rewind(self.reply.id, self.heard_samples())

    def heard_samples(self) -> int:
        """What the listener got: their marks, or, from a client that sends none, what the time allows."""
        if self.reply is None or self._marks_seen or self._audible_at is None:
            return self._heard_samples
        elapsed = int((self._clock() - self._audible_at) * OUTPUT_RATE_HZ)
        return min(elapsed, self.reply.total_samples)

    def just_said(self) -> list[str]:
        """The words of the last seconds, as the fan heard them."""
        heard = self.heard_samples()
        words = self.reply.words if self.reply else []
        since = heard - int(ECHO_MEMORY_S * OUTPUT_RATE_HZ)
        return [word.text for word in words if word.end_samples > since and word.start_samples <= heard]

    async def close(self) -> None:
        """Ends the task. Never raises."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
