"""What must hold for every message of a server, whatever is being checked. Pure.

What comes next: line.py shows it each message that arrives.
"""

from protocol.messages import Listening, ReplyCancelled, ReplyChunk, Transcript, Welcome
from protocol.packets import packet_ms, split_packets
from protocol.roots import Message
from server.conformance.report import ViolationError

MAX_OPUS_BEHIND_MS = 25  # how much sooner the sound of a chunk may end than its face


def demand(held: bool, what: str) -> None:
    """Raises ViolationError, with what was seen, unless the demand was met."""
    if not held:
        raise ViolationError(what)


class Witness:
    """Watches one connection. Raises ViolationError at the first message that breaks a rule."""

    def __init__(self) -> None:
        self.welcome: Welcome | None = None
        self.newest_reply_id = 0
        self.end_samples = 0  # of the newest reply, as sent so far
        self.finished = True  # the newest reply was sent to its end, or cancelled
        self._sounding_ms = 0.0
        self._over: set[int] = set()  # cancelled, or sent to the last chunk
        self._cancelled: set[int] = set()
        self._final_turns: set[int] = set()

    def watch(self, message: Message) -> None:
        """The next message from the server."""
        match message:
            case Welcome():
                demand(self.welcome is None, "a second hello of the server")
                self.welcome = message
            case ReplyChunk():
                self._chunk(message)
            case ReplyCancelled(reply_id, _, heard_samples):
                demand(reply_id not in self._cancelled, f"reply {reply_id} was cancelled twice")
                demand(heard_samples >= 0, f"heard_samples is {heard_samples}")
                self._cancelled.add(reply_id)
                self._over.add(reply_id)
                self.finished = self.finished or reply_id >= self.newest_reply_id
            case Transcript(turn_id, _, True):
                demand(turn_id not in self._final_turns, f"turn {turn_id} has two final transcripts")
                self._final_turns.add(turn_id)
            case Listening(_, face, head):
                self._frames(face, head)
            case _:
                pass

    def _chunk(self, chunk: ReplyChunk) -> None:
        demand(chunk.reply_id not in self._over, f"a chunk of reply {chunk.reply_id} after its end")
        demand(chunk.reply_id >= self.newest_reply_id, f"reply {chunk.reply_id} after {self.newest_reply_id}")
        if chunk.reply_id > self.newest_reply_id:
            self.newest_reply_id, self.end_samples, self._sounding_ms = chunk.reply_id, chunk.start_samples, 0.0
        where = f"reply {chunk.reply_id}, chunk {chunk.seq}"
        demand(
            chunk.start_samples == self.end_samples, f"{where}: begins at {chunk.start_samples}, not {self.end_samples}"
        )
        n_frames = self._frames(chunk.face, chunk.head)
        n_samples = self._sound(chunk, n_frames, where)
        self.end_samples += n_samples
        spans = [(span.start_samples, span.end_samples) for span in chunk.words]
        spans += [(span.start_samples, span.end_samples) for span in chunk.visemes]
        demand(all(start <= end for start, end in spans), f"{where}: a span that ends before it begins")
        self.finished = chunk.last
        if chunk.last:
            self._over.add(chunk.reply_id)

    def _frames(self, face: bytes, head: bytes) -> int | None:
        names = self.welcome.face.names if self.welcome else ()
        if not names:
            demand(not face, "face frames for a client that asked for none")
            return None
        demand(len(face) % len(names) == 0, f"{len(face)} bytes of face are no whole frames of {len(names)}")
        n_frames = len(face) // len(names)
        demand(len(head) in (0, 3 * n_frames), f"{len(head)} bytes of head for {n_frames} face frames")
        return n_frames

    def _sound(self, chunk: ReplyChunk, n_frames: int | None, where: str) -> int:
        """How many samples the chunk is long."""
        if self.welcome is None:
            raise ViolationError("a reply before the server's hello")
        out, face = self.welcome.audio_out, self.welcome.face
        per_frame = out.sample_rate_hz / face.fps
        if out.encoding == "opus":
            demand(n_frames is not None, "Opus is checked with a face only")
            self._sounding_ms += sum(map(packet_ms, split_packets(chunk.audio)))
            due_ms = (self.end_samples + (n_frames or 0) * per_frame) * 1000 / out.sample_rate_hz
            behind_ms = due_ms - self._sounding_ms
            demand(chunk.start_samples > 0 or behind_ms <= MAX_OPUS_BEHIND_MS, f"{where}: sound {behind_ms} ms behind")
            return round((n_frames or 0) * per_frame)
        demand(len(chunk.audio) % 2 == 0, f"{where}: half a sample")
        n_samples = len(chunk.audio) // 2
        if n_frames is not None:
            demand(n_frames == -(-n_samples // per_frame), f"{where}: {n_frames} face frames for {n_samples} samples")
        return n_samples
