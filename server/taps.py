"""Who listens to a conversation without being in it: the stage, the host, the recorder. `Taps` tells all of them.

A tap hears everything of one session, in order, on the event loop; it must answer at once and may never disturb the
conversation: one that fails is noted and taken off. What a tap may pass on is its own business: nothing here asks for
consents. What comes next: server/stage/ shows the avatar to spectators, server/after/ records.
"""

from collections.abc import Callable
from typing import Any

import structlog

from protocol.messages import Consents, Listening, ReplyCancelled, ReplyChunk, ReplyDuck, TurnReport
from protocol.visit_messages import ForgetMemory, Satisfaction
from server.steering import Voice

log = structlog.get_logger()


class Tap:
    """Hears one conversation. Override what you want to hear. `at_ms` is the session's clock."""

    def heard_fan(self, pcm16: bytes, at_ms: float) -> None:
        """The microphone's next bytes in `Session.audio_in`, as the session hears them (silence while it is muted)."""

    def fan_said(self, text: str, final: bool, at_ms: float) -> None:
        """The fan's turn so far; the final one comes once. Typed turns too."""

    def avatar_sent(self, chunk: ReplyChunk, at_ms: float) -> None:
        """A slice of a reply leaves: PCM16 at OUTPUT_RATE_HZ, up to outbox.LEAD_S before it is heard. Its face is in
        the channels of avatar/channels.py, whatever the client's layout is.
        """

    def avatar_heard(self, reply_id: int, heard_samples: int, at_ms: float) -> None:
        """The fan has heard so much of this reply: at every mark of theirs, and at its end, with or without marks."""

    def avatar_ducked(self, duck: ReplyDuck, at_ms: float) -> None:
        """The avatar speaks softer from now on, because the fan speaks as well, or as loud as before again."""

    def avatar_cut(self, cut: ReplyCancelled, at_ms: float) -> None:
        """A reply of which something was sent was broken off; `cut` says how much of it was heard."""

    def avatar_listened(self, shown: Listening, at_ms: float) -> None:
        """A slice of the face between replies, to be shown from now on, in the channels of avatar/channels.py."""

    def host_said(self, text: str, at_ms: float) -> None:
        """What the host has just said with their own voice, in words."""

    def led(self, voice: Voice, at_ms: float) -> None:
        """Somebody else speaks from now on; the fan was told."""

    def report(self, report: TurnReport) -> None:
        """Where the time of a turn went."""

    def consented(self, consents: Consents, at_ms: float) -> None:
        """The fan changed what they allow."""

    def asked(self, message: Satisfaction | ForgetMemory, at_ms: float) -> None:
        """The fan said something that is not for the avatar."""


class Taps:
    """All taps of one session, told as one."""

    def __init__(self, now_ms: Callable[[], float]) -> None:
        self._now_ms = now_ms
        self._taps: list[Tap] = []  # a handful: the stage, the host's console, the recorder

    def __bool__(self) -> bool:
        return bool(self._taps)

    def add(self, tap: Tap) -> None:
        """From now on it hears everything."""
        self._taps.append(tap)

    def remove(self, tap: Tap) -> None:
        """It hears nothing any more; nothing happens when it did not."""
        if tap in self._taps:
            self._taps.remove(tap)

    def tell(self, what: Callable[..., None], *about: Any) -> None:
        """Tells every tap: `taps.tell(Tap.avatar_sent, chunk)`. The moment is added, but for a report, which has its
        own.
        """
        moment = () if what is Tap.report else (self._now_ms(),)
        for tap in tuple(self._taps):
            try:
                getattr(tap, what.__name__)(*about, *moment)
            except Exception:
                log.exception("tap_failed", tap=type(tap).__name__, about=what.__name__)
                self.remove(tap)
