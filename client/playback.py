"""What is heard now: replies in their order, the position in them, the face at that position. Pure.

A sound device, or a timer where there is none, calls `pull` for the next samples; everything else follows from how
much was pulled, so the face cannot run away from the voice. What comes next: talk.py feeds it and sends its marks.
"""

from collections import deque
from dataclasses import dataclass, field

from stagedoor.protocol.messages import ReplyChunk, Welcome

from .opus import Unpacker


@dataclass(slots=True)
class _Reply:
    """One reply: `audio` is what is there of it beyond `heard` samples, `face` all frames that came."""

    id: int
    heard: int
    audio: bytearray = field(default_factory=bytearray)
    face: dict[int, bytes] = field(default_factory=dict)  # by frame since the reply began
    complete: bool = False

    @property
    def end(self) -> int:
        return self.heard + len(self.audio) // 2

    @property
    def over(self) -> bool:
        return self.complete and not self.audio


class Playback:
    """The avatar's voice and face as the listener gets them. Belongs to one thread or one event loop."""

    def __init__(self, welcome: Welcome) -> None:
        self.rate_hz = welcome.audio_out.sample_rate_hz
        self._names = len(welcome.face.names)
        self._samples_per_frame = self.rate_hz / welcome.face.fps
        self._unpacker = Unpacker(welcome.audio_out) if welcome.audio_out.encoding == "opus" else None
        self._replies: deque[_Reply] = deque()  # the first one sounds; bounded by what a server sends ahead
        self._over_id = 0  # this reply and all before it are over
        self._ended: deque[tuple[int, int]] = deque(maxlen=8)  # last marks of the replies that ended last

    def add(self, chunk: ReplyChunk) -> None:
        """A chunk; stale ones are dropped, and samples that were heard before are skipped."""
        if chunk.reply_id <= self._over_id:
            return
        if not self._replies or self._replies[-1].id < chunk.reply_id:
            self._replies.append(_Reply(chunk.reply_id, chunk.start_samples))
        reply = self._replies[-1]
        if reply.id != chunk.reply_id:
            return
        start, pcm16 = self._unpacker.unpack(chunk) if self._unpacker else (chunk.start_samples, chunk.audio)
        reply.audio += pcm16[2 * max(0, reply.end - start) :]
        first = round(chunk.start_samples / self._samples_per_frame)
        for k in range(len(chunk.face) // self._names if self._names else 0):
            reply.face[first + k] = chunk.face[k * self._names : (k + 1) * self._names]
        reply.complete = reply.complete or chunk.last
        self._end_replies()

    def cancel(self, reply_id: int) -> None:
        """Silence at once: all of this reply, and of older ones, is thrown away."""
        self._over_id = max(self._over_id, reply_id)
        self._replies = deque(reply for reply in self._replies if reply.id > reply_id)

    def forget_unheard(self) -> None:
        """A new connection: what was not heard yet comes again, and what does not come again is over."""
        if self._unpacker:
            self._unpacker.forget()
        if self._replies:
            sounding = self._replies[0]
            self._replies = deque([_Reply(sounding.id, sounding.heard, face=sounding.face)])

    def pull(self, n_samples: int) -> bytes:
        """The next samples as PCM16, silence where there is nothing: always 2 * n_samples bytes."""
        out = bytearray()
        while self._replies and len(out) < 2 * n_samples:
            reply = self._replies[0]
            piece = reply.audio[: 2 * n_samples - len(out)]
            if not piece:
                break  # run dry: the position waits for the next chunk
            out += piece
            del reply.audio[: len(piece)]
            reply.heard += len(piece) // 2
            self._end_replies()
        return bytes(out) + bytes(2 * n_samples - len(out))

    def marks(self) -> list[tuple[int, int]]:
        """The replies that ended since the last but eighth, and the one that sounds: each with how many of its samples
        were heard.
        """
        sounding = [(self._replies[0].id, self._replies[0].heard)] if self._replies else []
        return [*self._ended, *sounding]

    @property
    def sounding(self) -> bool:
        """Whether a reply is being heard, or waits to be."""
        return bool(self._replies)

    def face(self) -> bytes:
        """The weights (one byte each, in the order of `welcome.face.names`) that belong to what is heard now; empty
        while no reply sounds.
        """
        if not self._replies:
            return b""
        reply = self._replies[0]
        return reply.face.get(int(reply.heard / self._samples_per_frame), b"")

    def _end_replies(self) -> None:
        while self._replies and self._replies[0].over:
            reply = self._replies.popleft()
            self._ended.append((reply.id, reply.heard))
            self._over_id = max(self._over_id, reply.id)
