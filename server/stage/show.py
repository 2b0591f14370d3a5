"""One visit as others see it: the avatar's voice and face, and nothing of the fan's. `Show` is a tap of its session.

A slice is dressed, encoded and framed once for each view, after it went to the fan, and is written at once to every
watcher for whom nothing else waits; for the others it lies in their queue. Those who come late begin with what the fan
hears at this moment. A queue that is full loses its watcher alone.
What comes next: stage.py says whose show the audience sees; spectator.py and host.py send what lies in the queues.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from protocol.errors import SlowReaderError
from protocol.messages import Listening, ReplyCancelled, ReplyChunk
from protocol.timeline import OUTPUT_RATE_HZ
from server.stage.feed import Feed, View
from server.stage.parcel import Parcel
from server.taps import Tap

MAX_BEHIND: Final = 40  # messages: about five seconds of a reply. Who is further behind does not read


class Watcher:
    """One client's queue of messages, and how it wants to see. Belongs to one event loop."""

    def __init__(self, view: View, write_now: Callable[[bytes], bool]) -> None:
        """`write_now`: of the connection."""
        self.view = view
        self._write_now = write_now
        self._waiting: list[Parcel] = []
        self._idle = False  # nothing waits, and nothing is being sent
        self._lost = False
        self._changed = asyncio.Event()

    def put(self, parcel: Parcel) -> None:
        """Written at once when nothing is before it. When the queue is full its client is lost, and nobody else."""
        if self._idle and self._write_now(parcel.framed):
            return
        self._idle = False
        if len(self._waiting) < MAX_BEHIND:
            self._waiting.append(parcel)
        else:
            self._lost = True
        self._changed.set()

    async def next(self) -> list[bytes]:
        """All that waits, encoded, once there is something; whoever asks has sent what they got before. Raises
        SlowReaderError once a message did not fit.
        """
        self._idle = not self._waiting
        while not self._waiting:
            self._changed.clear()
            await self._changed.wait()
        if self._lost:
            raise SlowReaderError(f"{MAX_BEHIND} messages wait to be read")
        waiting, self._waiting = self._waiting, []
        return [parcel.data for parcel in waiting]


@dataclass(slots=True)
class _Audience:
    """Those of one view. `recent`: Show's, encoded."""

    feed: Feed
    recent: deque[Parcel] = field(default_factory=deque)
    watchers: set[Watcher] = field(default_factory=set)


class Show(Tap):
    """The avatar's side of one visit. Belongs to one event loop."""

    def __init__(self) -> None:
        self._audiences: dict[View, _Audience] = {}
        self._recent: deque[ReplyChunk] = deque()  # of the reply that plays: what the fan may not have heard yet
        self._reply_id = 0
        self._began_at = 0.0  # its playback
        self._loop = asyncio.get_running_loop()

    def admit(self, watcher: Watcher) -> None:
        """From now on it sees this visit; first what is being heard just now."""
        self._forget_heard()
        audience = self._audiences.get(watcher.view)
        if audience is None:
            audience = self._audiences[watcher.view] = _Audience(Feed(watcher.view))
            audience.recent.extend(audience.feed.chunk(chunk) for chunk in self._recent)
        for parcel in audience.recent:
            watcher.put(parcel)
        audience.watchers.add(watcher)

    def dismiss(self, watcher: Watcher) -> None:
        """It sees nothing of this visit any more."""
        audience = self._audiences.get(watcher.view)
        if audience is None:
            return
        audience.watchers.discard(watcher)
        if not audience.watchers:
            del self._audiences[watcher.view]

    # --- the tap: all of it after the fan's own send, which is on its way in this moment ---

    def avatar_sent(self, chunk: ReplyChunk, at_ms: float) -> None:
        """See Tap."""
        self._loop.call_soon(self._show_chunk, chunk)

    def avatar_cut(self, cut: ReplyCancelled, at_ms: float) -> None:
        """See Tap."""
        self._loop.call_soon(self._show_cut, cut)

    def avatar_listened(self, shown: Listening, at_ms: float) -> None:
        """See Tap."""
        self._loop.call_soon(self._show_listening, shown)

    def _show_chunk(self, chunk: ReplyChunk) -> None:
        if chunk.reply_id != self._reply_id:
            self._forget_all()
            self._reply_id = chunk.reply_id
            self._began_at = self._loop.time() - chunk.start_samples / OUTPUT_RATE_HZ
        self._recent.append(chunk)
        for audience in self._audiences.values():
            parcel = audience.feed.chunk(chunk)
            audience.recent.append(parcel)
            _put(parcel, audience.watchers)
        self._forget_heard()

    def _show_cut(self, cut: ReplyCancelled) -> None:
        self._forget_all()
        for audience in self._audiences.values():
            _put(audience.feed.cancelled(cut), audience.watchers)

    def _show_listening(self, shown: Listening) -> None:
        for audience in self._audiences.values():
            if parcel := audience.feed.listening(shown):
                _put(parcel, audience.watchers)

    def _forget_all(self) -> None:
        self._recent.clear()
        for audience in self._audiences.values():
            audience.recent.clear()

    def _forget_heard(self) -> None:
        """What was heard to its end is of no use to those who come late."""
        heard_samples = (self._loop.time() - self._began_at) * OUTPUT_RATE_HZ
        while self._recent and _end_samples(self._recent[0]) <= heard_samples:
            self._recent.popleft()
            for audience in self._audiences.values():
                audience.recent.popleft()


def _put(parcel: Parcel, watchers: Iterable[Watcher]) -> None:
    for watcher in watchers:
        watcher.put(parcel)


def _end_samples(chunk: ReplyChunk) -> int:
    return chunk.start_samples + len(chunk.audio) // 2
