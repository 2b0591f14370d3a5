"""What waits to be sent to one client, and the gate that lets nothing stale out.

Replies are made faster than they are heard. The outbox sends a reply a little ahead of its playback and keeps the
rest, so that a cancelled reply costs nothing and a client needs only a small buffer. A reply that was not released
is a guess: it waits here unseen. What comes next: connection.py encodes and sends.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from msgspec.structs import replace

from protocol.errors import SlowReaderError
from protocol.messages import ReplyChunk, ReplyDuck, ServerMessage
from protocol.timeline import OUTPUT_RATE_HZ, SAMPLES_PER_FACE_FRAME, whole_face_frames

LEAD_S = 1.0  # audio is sent this much before it is due: room for a jitter buffer and a short stall
TIMER_S = 0.001  # what is due within this is due now; timers are no finer
MAX_WAITING = 256  # other messages; a client that lets this many pile up does not read
DUCK_GAIN = 0.3  # -10 dB: still understood, and plainly giving way
DUCK_MS, UNDUCK_MS = 60, 200  # down faster than a syllable, up gently


@dataclass(slots=True)
class _Pending:
    """The newest reply: what of it still waits, and when its playback began."""

    reply_id: int
    chunks: deque[ReplyChunk] = field(default_factory=deque)  # bounded by the length of a reply (max_tokens)
    sent: list[ReplyChunk] = field(default_factory=list)  # the same; kept for a client that lost its connection
    told_seq: int = -1  # what is sent again after a lost connection is told nobody but the client
    released: bool = False
    began_at: float | None = None
    sent_samples: int = 0


class Outbox:
    """One client's outgoing messages. Belongs to one event loop; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float], on_chunk_sent: Callable[[ReplyChunk], None]) -> None:
        """`on_chunk_sent` is told of each slice once, just before it is sent for the first time."""
        self.clock = clock
        self._on_chunk_sent = on_chunk_sent
        self._messages: deque[ServerMessage] = deque()
        self._reply: _Pending | None = None
        self._dropped_reply_id = 0  # this reply and all before it are over
        self._overflowed = False
        self._changed = asyncio.Event()

    def post(self, message: ServerMessage) -> None:
        """Any message but a reply's. When full the message is dropped, and `next` says that the client is lost."""
        if len(self._messages) < MAX_WAITING:
            self._messages.append(message)
        else:
            self._overflowed = True
        self._changed.set()

    def duck(self, reply_id: int, *, ducked: bool) -> ReplyDuck:
        """The reply is softer from now on, or as loud as before. Returns what was posted."""
        gain, ramp_ms = (DUCK_GAIN, DUCK_MS) if ducked else (1.0, UNDUCK_MS)
        duck = ReplyDuck(reply_id, gain, ramp_ms)
        self.post(duck)
        return duck

    def put(self, chunk: ReplyChunk) -> None:
        """A slice of a reply; slices of any but the newest reply are stale and dropped."""
        if pending := self._newest(chunk.reply_id):
            pending.chunks.append(chunk)
            self._changed.set()

    def release(self, reply_id: int) -> None:
        """The reply is committed: it may be heard."""
        if pending := self._newest(reply_id):
            pending.released = True
            self._changed.set()

    def drop(self, reply_id: int) -> int:
        """Nothing more of this reply leaves, nor of older ones. Returns how many of its samples were sent."""
        self._dropped_reply_id = max(self._dropped_reply_id, reply_id)
        reply = self._reply
        if reply is None or reply.reply_id > reply_id:
            return 0
        self._reply = None
        return reply.sent_samples if reply.reply_id == reply_id else 0

    def rewind(self, reply_id: int, heard_samples: int) -> None:
        """Sends again what of this reply was sent and not heard, as if its playback were there just now."""
        reply = self._reply
        if reply is None or reply.reply_id != reply_id or reply.began_at is None:
            return
        unheard = [after(c, heard_samples) for c in reply.sent if _end_samples(c) > heard_samples]
        reply.chunks.extendleft(reversed(unheard))
        reply.sent = []
        reply.began_at = self.clock() - heard_samples / OUTPUT_RATE_HZ
        self._changed.set()

    def _newest(self, reply_id: int) -> _Pending | None:
        """The pending reply of this number, begun if it is new. None: stale, or dropped before."""
        if reply_id <= self._dropped_reply_id or (self._reply and reply_id < self._reply.reply_id):
            return None
        if self._reply is None or reply_id > self._reply.reply_id:
            self._reply = _Pending(reply_id)
        return self._reply

    async def next(self) -> ServerMessage:
        """The next message to be sent; waits until there is one and it is due.

        Raises SlowReaderError once a message had to be dropped because the client does not read.
        """
        while True:
            if self._overflowed:
                raise SlowReaderError(f"{MAX_WAITING} messages wait to be read")
            if self._messages:
                return self._messages.popleft()
            wait_s = self._due_in_s()
            if self._reply is not None and wait_s is not None and wait_s <= TIMER_S:
                return self._pop_chunk(self._reply)
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):  # wait_for of Python 3.11 may swallow a cancellation
                    await self._changed.wait()

    def _due_in_s(self) -> float | None:
        reply = self._reply
        if reply is None or not reply.released or not reply.chunks:
            return None
        if reply.began_at is None:
            return 0.0
        due_at = reply.began_at + reply.chunks[0].start_samples / OUTPUT_RATE_HZ - LEAD_S
        return due_at - self.clock()

    def _pop_chunk(self, reply: _Pending) -> ReplyChunk:
        chunk = reply.chunks.popleft()
        if reply.began_at is None:
            reply.began_at = self.clock()
        reply.sent.append(chunk)
        reply.sent_samples = _end_samples(chunk)
        if chunk.seq > reply.told_seq:
            reply.told_seq = chunk.seq
            self._on_chunk_sent(chunk)
        return chunk


def _end_samples(chunk: ReplyChunk) -> int:
    return chunk.start_samples + len(chunk.audio) // 2


def after(chunk: ReplyChunk, heard_samples: int) -> ReplyChunk:
    """What of a chunk comes after so many samples of its reply, from the face frame on that sounds there.

    Words and visemes that still sound are kept, gestures that began are not.
    """
    skip = (heard_samples - chunk.start_samples) // SAMPLES_PER_FACE_FRAME
    if skip <= 0:
        return chunk
    start = chunk.start_samples + skip * SAMPLES_PER_FACE_FRAME
    n_frames = whole_face_frames(len(chunk.audio) // 2) // SAMPLES_PER_FACE_FRAME
    return replace(
        chunk,
        start_samples=start,
        audio=chunk.audio[2 * skip * SAMPLES_PER_FACE_FRAME :],
        face=chunk.face[len(chunk.face) // n_frames * skip :],
        head=chunk.head[len(chunk.head) // n_frames * skip :],
        words=tuple(word for word in chunk.words if word.end_samples > start),
        visemes=tuple(viseme for viseme in chunk.visemes if viseme.end_samples > start),
        gestures=tuple(cue for cue in chunk.gestures if cue.start_samples >= start),
    )
