"""The stage of one event: whose visit the audience sees, the curtain, and what the audience does.

One visit is on the stage at a time: the first whose fan consented to an audience, until it ends or the consent is taken
back. The avatar notices strong reactions. What comes next: spectator.py and host.py bring the watchers, backstage.py
the visits.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from protocol.event_messages import ReactionKind, Reactions, StageState
from protocol.messages import Consents, Notice, ReplyCancelled, ReplyChunk, ServerMessage
from server.session import Session
from server.stage.feed import parcel
from server.stage.parcel import Parcel
from server.stage.reactions import APPLAUSE, TELL_EVERY_S, Audience
from server.stage.show import Show, Watcher
from server.steering import CREATOR_SPEAKS, Voice

APPLAUSE_LASTS_S: Final = 20.0  # then it is too late to speak of it


class OnStage(Show):
    """A visit of the event, and whether an audience may see it."""

    def __init__(self, stage: "Stage", visit_id: str, name: str, session: Session) -> None:
        super().__init__()
        self.visit_id = visit_id
        self.name = name
        self.session = session
        self._stage = stage

    @property
    def public(self) -> bool:
        """Whether the fan consented to an audience, and, in a group, all of them: answers to one may quote another."""
        return all(session.consents.audience for session in (self.session, *self.session.chair.company))

    def avatar_sent(self, chunk: ReplyChunk, at_ms: float) -> None:
        """See Tap."""
        super().avatar_sent(chunk, at_ms)
        if seen := self._stage.seen_beside(self):
            Show.avatar_sent(seen, chunk, at_ms)

    def avatar_cut(self, cut: ReplyCancelled, at_ms: float) -> None:
        """See Tap."""
        super().avatar_cut(cut, at_ms)
        if seen := self._stage.seen_beside(self):
            Show.avatar_cut(seen, cut, at_ms)

    def consented(self, consents: Consents, at_ms: float) -> None:
        """See Tap: the curtain moves at once."""
        self._stage.look()

    def led(self, voice: Voice, at_ms: float) -> None:
        """See Tap; after what was cut off by it."""
        self._loop.call_soon(self._stage.look)

    @property
    def over(self) -> bool:
        """Whether the goodbye was said, though the fan is still there."""
        return self.session.steering.farewell and self.session.is_quiet

    def state(self) -> StageState:
        """What the audience is told of it."""
        if not self.public:
            return StageState("private", self.visit_id)
        return StageState("host" if self.session.steering.voice == "host" else "live", self.visit_id, self.name)


class Stage:
    """Belongs to one event loop."""

    def __init__(self) -> None:
        self._shows: dict[str, OnStage] = {}  # by visit
        self._on: OnStage | None = None
        self._seen: OnStage | None = None  # the same, unless the curtain is closed
        self._told = StageState("empty")
        self._spectators: set[Watcher] = set()
        self._audience = Audience()
        self._loop = asyncio.get_running_loop()
        self._telling: asyncio.TimerHandle | None = None
        self.tell_hosts: Callable[[ServerMessage], None] = lambda message: None

    @property
    def watching(self) -> int:
        """How many spectators there are."""
        return len(self._spectators)

    @property
    def on_stage(self) -> str:
        """The visit that the audience sees, or would see without the curtain; empty: none."""
        return self._on.visit_id if self._on else ""

    def show(self, visit_id: str) -> OnStage | None:
        """The visit with this id, if it is under way."""
        return self._shows.get(visit_id)

    def seen_beside(self, show: OnStage) -> OnStage | None:
        """The visit that the audience sees, when it is another at the same table: what one is answered all hear."""
        return self._seen if self._seen and self._seen.session in show.session.chair.company else None

    # --- visits ---

    def enter(self, visit_id: str, name: str, session: Session) -> OnStage:
        """A visit of the event begins."""
        show = self._shows[visit_id] = OnStage(self, visit_id, name, session)
        session.tap(show)
        self.look()
        return show

    def leave(self, visit_id: str) -> None:
        """It is over."""
        show = self._shows.pop(visit_id, None)
        if show:
            show.session.taps.remove(show)
            self.look()

    def look(self) -> None:
        """Chooses again who is on the stage, and tells the audience what changed."""
        if not (self._on and self._on.public and not self._on.over and self._on.visit_id in self._shows):
            shows = sorted(self._shows.values(), key=lambda show: (show.over, not show.public))  # the first come first
            self._on = shows[0] if shows else None
        seen, self._seen = self._seen, self._on if self._on and self._on.public else None
        if seen and seen is not self._seen:
            for watcher in self._spectators:
                seen.dismiss(watcher)
        was, self._told = self._told, self._on.state() if self._on else StageState("empty")
        if was != self._told:
            tell(self._spectators, self._told)
            self._disclose(self._spectators, before=was.state)
        if self._seen and seen is not self._seen:
            for watcher in self._spectators:
                self._seen.admit(watcher)

    def _disclose(self, watchers: Iterable[Watcher], *, before: str) -> None:
        """Who speaks, when that is not what they were told last."""
        if self._told.state == "host":
            tell(watchers, Notice("disclosure", CREATOR_SPEAKS))
        elif before == "host" and self._on:
            tell(watchers, Notice("disclosure", self._on.session.persona.disclosure))

    # --- spectators ---

    def join(self, watcher: Watcher) -> None:
        """A spectator comes: they are told what is on, and see it."""
        self._spectators.add(watcher)
        tell((watcher,), self._told)
        self._disclose((watcher,), before="")
        if self._seen:
            self._seen.admit(watcher)

    def part(self, watcher: Watcher) -> None:
        """A spectator goes."""
        self._spectators.discard(watcher)
        if self._seen:
            self._seen.dismiss(watcher)

    def react(self, kind: ReactionKind) -> None:
        """A spectator did this; who may how often is their connection's business."""
        self._audience.react(kind, self._loop.time())
        if self._telling is None:
            self._telling = self._loop.call_later(TELL_EVERY_S, self._tell_reactions)

    def _tell_reactions(self) -> None:
        self._telling = None
        if counts := self._audience.counts():
            reactions = Reactions(counts, self.watching)
            tell(self._spectators, reactions)
            self.tell_hosts(reactions)
            if self._seen:
                self._seen.session.outbox.post(reactions)
        impression = self._audience.impression(self._loop.time(), self.watching)
        if impression and self._seen and self._seen.session.steering.voice == "avatar":
            session = self._seen.session
            session.presence.gesture(impression.gesture)
            if impression.strong:
                session.steering.tell_of_house(APPLAUSE)
                self._loop.call_later(APPLAUSE_LASTS_S, session.steering.tell_of_house, "")


def tell(watchers: Iterable[Watcher], message: ServerMessage) -> None:
    """A message to all of them, encoded once for each form of the wire."""
    parcels: dict[str, Parcel] = {}
    for watcher in watchers:
        form = watcher.view.subprotocol
        if form not in parcels:
            parcels[form] = parcel(form, message)
        watcher.put(parcels[form])
