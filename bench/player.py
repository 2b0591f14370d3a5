"""A client's loudspeaker, without a jitter buffer: what arrives is played at once, back to back. Pure.

It says when each chunk is played and how much was heard, and counts the gaps a listener would hear.
"""

from protocol.messages import ReplyChunk

UNDERRUN_S = 0.005  # a shorter gap is rounding


class Player:
    """Plays the newest reply. Instants are seconds of the caller's clock."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.reply_id = 0  # the newest reply that ever arrived
        self.playing = False  # it began, and is neither cancelled nor over
        self.began_at = 0.0
        self.underruns = 0
        self.underrun_s = 0.0
        self._received_samples = 0
        self._complete = False
        self._end_at = 0.0  # when everything that was received will have been played

    def receive(self, chunk: ReplyChunk, now: float) -> float:
        """Takes a chunk that arrived now; returns when its first sample is played."""
        if chunk.reply_id > self.reply_id:
            self.reply_id, self.playing, self.began_at = chunk.reply_id, True, now
            self._received_samples, self._complete, self._end_at = 0, False, now
        starts_at = max(now, self._end_at)
        if chunk.audio:
            if self._received_samples and starts_at - self._end_at > UNDERRUN_S:
                self.underruns += 1
                self.underrun_s += starts_at - self._end_at
            n_samples = len(chunk.audio) // 2
            self._received_samples += n_samples
            self._end_at = starts_at + n_samples / self.rate_hz
        self._complete = self._complete or chunk.last
        return starts_at

    def heard_samples(self, now: float) -> int:
        """How much of the newest reply has been played."""
        waiting = round(max(0.0, self._end_at - now) * self.rate_hz)
        return max(0, self._received_samples - waiting)

    @property
    def over_at(self) -> float | None:
        """When the newest reply will have been, or was, played to its end; None while more of it may come."""
        return self._end_at if self._complete else None

    def is_over(self, now: float) -> bool:
        """Whether the newest reply arrived whole and was played to its end."""
        return self._complete and now >= self._end_at

    def cancel(self, reply_id: int, now: float) -> None:
        """Drops what has not been played of this reply."""
        if reply_id == self.reply_id:
            self._received_samples = self.heard_samples(now)
            self._end_at = min(self._end_at, now)
            self.playing = False
