"""One visit, recorded: both voices as they were heard, into a spool, and the words, in memory.

Taking the consent back drops both. What comes next: keepsake.py makes files of it when the visit is over.
"""

from dataclasses import dataclass, field
from typing import Final

from protocol.messages import ReplyCancelled, ReplyChunk
from protocol.timeline import OUTPUT_RATE_HZ, AudioFormat, WordSpan
from server.after.captions import Said, cues, in_order
from server.after.spool import Spool
from server.taps import Tap

MAX_RECORDED_MS: Final = 30 * 60_000.0  # 140 to 260 MB on the disk for a while; what comes later is not recorded
HELD_BYTES: Final = 2 * 30 * OUTPUT_RATE_HZ  # of a reply without a mark; then its client is one that sends none
BEFORE_FIRST_WORDS_MS: Final = 600.0  # a turn began about so long before its first words were recognised
WORD_MS: Final = 350.0  # of a speaker whose beginning was not noted
SAMPLES_PER_MS: Final = OUTPUT_RATE_HZ / 1000


@dataclass(slots=True)
class _Reply:
    """What was sent of the newest reply and not heard yet: `audio`, from `first_samples` on. `began_samples`: the first
    sample that may be recorded.
    """

    id: int
    first_samples: int
    sent_ms: float
    began_samples: int
    audio: bytearray = field(default_factory=bytearray)
    words: list[WordSpan] = field(default_factory=list)
    marked: bool = False
    said: list[Said] = field(default_factory=list)  # what was heard of the words

    @property
    def end_samples(self) -> int:
        return self.first_samples + len(self.audio) // 2

    def put(self, chunk: ReplyChunk) -> None:
        """A chunk; one that is sent again after a lost connection replaces what it was, but for what was heard."""
        known = max(0, self.first_samples - chunk.start_samples)
        del self.audio[2 * max(0, chunk.start_samples - self.first_samples) :]
        self.audio += chunk.audio[2 * known :]
        self.words = [word for word in self.words if word.start_samples < chunk.start_samples]
        self.words += [word for word in chunk.words if word.start_samples >= chunk.start_samples]

    def take(self, end_samples: int) -> bytes:
        """What was heard until here, which is held no longer."""
        n_bytes = 2 * (end_samples - self.first_samples)
        heard = bytes(self.audio[:n_bytes])
        del self.audio[:n_bytes]
        self.first_samples = end_samples
        return heard


class Recording(Tap):
    """From `began_ms` of the session's clock on. All times it gives are ms since then."""

    def __init__(self, fan_format: AudioFormat, began_ms: float, spool: Spool) -> None:
        self.fan_rate_hz = fan_format.sample_rate_hz
        self.began_ms = began_ms
        self.spool = spool
        self._lines: list[list[Said]] = []  # one a turn or reply: its words, or all of them at once
        self._reply: _Reply | None = None
        self._turn_began_ms: float | None = None

    # --- what it hears (see Tap) ---

    def heard_fan(self, pcm16: bytes, at_ms: float) -> None:
        """See Tap."""
        if pcm16 and self._since(at_ms) <= MAX_RECORDED_MS:
            self.spool.put("fan", self._since(at_ms), pcm16)

    def fan_said(self, text: str, final: bool, at_ms: float) -> None:
        """See Tap."""
        at_ms = self._since(at_ms)
        if self._turn_began_ms is None:
            self._turn_began_ms = max(0.0, at_ms - BEFORE_FIRST_WORDS_MS)
        if final:
            if text.strip() and at_ms <= MAX_RECORDED_MS:
                self._lines.append([Said("fan", text.strip(), self._turn_began_ms, at_ms)])
            self._turn_began_ms = None

    def host_said(self, text: str, at_ms: float) -> None:
        """See Tap."""
        at_ms = self._since(at_ms)
        if text.strip() and at_ms <= MAX_RECORDED_MS:
            begin_ms = max(0.0, at_ms - WORD_MS * len(text.split()))
            self._lines.append([Said("host", text.strip(), begin_ms, at_ms)])

    def avatar_sent(self, chunk: ReplyChunk, at_ms: float) -> None:
        """See Tap."""
        if self._reply is None or self._reply.id != chunk.reply_id:
            self._end_reply(at_ms)
            start = chunk.start_samples
            self._reply = _Reply(chunk.reply_id, start, at_ms, began_samples=start)
        self._reply.put(chunk)
        if not self._reply.marked and len(self._reply.audio) > HELD_BYTES:
            self._take_played(self._reply, at_ms)

    def avatar_heard(self, reply_id: int, heard_samples: int, at_ms: float) -> None:
        """See Tap."""
        reply = self._reply
        if reply is not None and reply.id == reply_id:
            reply.marked = True
            self._take(reply, heard_samples, at_ms)

    def avatar_cut(self, cut: ReplyCancelled, at_ms: float) -> None:
        """See Tap."""
        if self._reply is not None and self._reply.id == cut.reply_id:
            self._take(self._reply, cut.heard_samples, at_ms)
            self._reply = None

    # --- what came of it ---

    def finish(self, at_ms: float) -> None:
        """The visit is over."""
        self._end_reply(at_ms)
        self.spool.finish()

    def drop(self) -> None:
        """Nothing of it stays."""
        self._lines.clear()
        self.spool.drop()

    def captions(self) -> list[Said]:
        """In order, in pieces that can be read."""
        return in_order(cue for line in self._lines for cue in cues(line))

    def lines(self) -> list[Said]:
        """In order, one for each turn and each reply, with what was heard of it."""
        whole = (
            Said(line[0].who, " ".join(said.text for said in line), line[0].start_ms, line[-1].end_ms)
            for line in self._lines
        )
        return in_order(whole)

    def _since(self, at_ms: float) -> float:
        return max(0.0, at_ms - self.began_ms)

    def _end_reply(self, at_ms: float) -> None:
        reply, self._reply = self._reply, None
        if reply is None or reply.marked:
            return
        self._take_played(reply, at_ms)

    def _take_played(self, reply: _Reply, at_ms: float) -> None:
        """Of a client that sends no marks: what the time allowed was heard."""
        played = reply.began_samples + int((at_ms - reply.sent_ms) * SAMPLES_PER_MS)
        heard = min(played, reply.end_samples)
        self._take(reply, heard, reply.sent_ms + (heard - reply.began_samples) / SAMPLES_PER_MS)

    def _take(self, reply: _Reply, heard_samples: int, at_ms: float) -> None:
        begin, end = reply.first_samples, min(heard_samples, reply.end_samples)
        at_ms = self._since(at_ms)
        if end <= begin or at_ms > MAX_RECORDED_MS:
            return
        self.spool.put("avatar", at_ms, reply.take(end))
        new = [
            Said("avatar", word.text, *(max(0.0, at_ms - (end - s) / SAMPLES_PER_MS) for s in _span(word)))
            for word in reply.words
            if begin < word.end_samples <= end
        ]
        if new and not reply.said:
            self._lines.append(reply.said)
        reply.said += new


def _span(word: WordSpan) -> tuple[int, int]:
    return word.start_samples, word.end_samples
