"""Behind the stage of one event: its visits as hosts know them, and the hosts who look.

Everything that a host should know passes `tell`, in the order in which it happened. What comes next: host.py is one
host's connection; backstage.py has one of these for each event.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from itertools import count
from typing import Final, Literal

from protocol.errors import NotFoundError
from protocol.event_messages import HostHealth, HostQueue, HostVisit, QueueEntry
from protocol.messages import ServerMessage
from server.events.desk import Desk
from server.events.seats import LiveVisit, QueueView
from server.lanes import Lanes
from server.session import Session
from server.stage.notes import Notes
from server.stage.record import Record
from server.stage.show import Watcher
from server.stage.stage import Stage, tell
from server.stage.takeover import Takeover
from server.tasks import Tasks

PULSE_S: Final = 1.0  # between two looks at moods
RETELL_S: Final = 5  # pulses between two words on time and health
SHOWN: Final = 200  # entries of the line
MEASURED: Final = 200  # answers that the event's health is told of

Vitals = Callable[[], tuple[int, int]]
"""How many sessions the server has, and its effort."""


class Guest:
    """One visit, as a host knows it."""

    def __init__(self, live: LiveVisit, notes: Notes) -> None:
        self.live = live
        self.notes = notes
        self.visit_id = live.visit_id
        self.session: Session = live.session

    def state(self, left_s: float | None, table: tuple[str, ...]) -> HostVisit:
        """What the hosts are told of it. `table`: the visits that share the avatar; empty: it is alone."""
        states: dict[str, Literal["live", "host", "muted"]] = {"avatar": "live", "host": "host", "nobody": "muted"}
        state = states[self.session.steering.voice]
        seat = self.live.seat
        return HostVisit(self.visit_id, state, seat.ticket_id, seat.name, self.session.consents, left_s, table)


class Wings:
    """Belongs to one event loop."""

    def __init__(self, desk: Desk, record: Record, lanes: Lanes, vitals: Vitals) -> None:
        self.event_id = desk.event_id
        self.desk = desk
        self.stage = Stage()
        self.record = record
        self.lanes = lanes
        self.guests: dict[str, Guest] = {}  # by visit
        self.takeovers: dict[str, Takeover] = {}  # by visit
        self._vitals = vitals
        self._hosts: dict[Watcher, Callable[[], None]] = {}  # and what to call when the stage may have changed
        self._measured_ms: deque[float] = deque(maxlen=MEASURED)
        self._tasks = Tasks(f"wings-{desk.event_id}")
        self._pulse: asyncio.Task[None] | None = None
        self._unwatch: Callable[[], None] | None = None
        self.stage.tell_hosts = self.tell

    def tell(self, message: ServerMessage) -> None:
        """To all hosts of the event."""
        tell(self._hosts, message)

    def guest(self, visit_id: str) -> Guest:
        """The visit with this id. Raises NotFoundError."""
        if visit_id not in self.guests:
            raise NotFoundError("this visit is over")
        return self.guests[visit_id]

    def table(self, guest: Guest) -> list[Guest]:
        """The visit and those of the fans who share the avatar with its fan."""
        company = guest.session.chair.company
        return [guest, *(other for other in self.guests.values() if other.session in company)]

    # --- visits ---

    def enter(self, live: LiveVisit) -> None:
        """A fan sits down."""

        def changed() -> None:
            self.changed(guest)

        notes = Notes(live.visit_id, live.session, self.tell, self._measured_ms.append, changed, _clock_ms)
        guest = self.guests[live.visit_id] = Guest(live, notes)
        live.session.tap(notes)
        self.stage.enter(live.visit_id, live.seat.name, live.session)
        self.changed(guest)

    async def leave(self, visit_id: str) -> None:
        """The visit is over."""
        guest = self.guests.pop(visit_id, None)
        if guest is None:
            return
        await self.hand_back(visit_id)
        guest.session.taps.remove(guest.notes)
        self.stage.leave(visit_id)
        self._look()
        self.tell(HostVisit(visit_id, "ended", guest.live.seat.ticket_id, guest.live.seat.name))

    def changed(self, guest: Guest) -> None:
        """Who speaks in it, or what its fan allows, is not what it was."""
        self._look()
        self.tell(self._state(guest, self._left_s()))

    def _state(self, guest: Guest, left_s: Mapping[str, float | None]) -> HostVisit:
        return guest.state(left_s.get(guest.live.seat.ticket_id), self._table_of(guest))

    def _table_of(self, guest: Guest) -> tuple[str, ...]:
        table = {each.visit_id for each in self.table(guest)}
        return tuple(visit_id for visit_id in self.guests if visit_id in table) if len(table) > 1 else ()

    def _look(self) -> None:
        self.stage.look()
        for follow in self._hosts.values():
            follow()

    async def hand_back(self, visit_id: str) -> None:
        """The avatar has its voice back, if somebody took it."""
        takeover = self.takeovers.pop(visit_id, None)
        if takeover is None:
            return
        await takeover.end()
        self._tasks.start(takeover.finish(), f"last-words-{visit_id}")

    def _left_s(self) -> dict[str, float | None]:
        return {entry.ticket_id: entry.left_s for entry in self.desk.snapshot().entries}

    # --- hosts ---

    @property
    def hosts(self) -> int:
        """How many look."""
        return len(self._hosts)

    @property
    def is_empty(self) -> bool:
        """Whether nobody is here: no fan, no host, no audience."""
        return not (self.guests or self._hosts or self.stage.watching)

    def join(self, host: Watcher, follow: Callable[[], None]) -> None:
        """A host comes, and is told how things are. `follow` is called when the stage may have changed."""
        self._hosts[host] = follow
        left_s = self._left_s()
        tell((host,), queue_message(self.desk.snapshot()))
        for guest in self.guests.values():
            tell((host,), self._state(guest, left_s))
            tell((host,), guest.notes.script.so_far())
        tell((host,), self._health())
        follow()
        if self._pulse is None:
            self._unwatch = self.desk.watch(lambda view: self.tell(queue_message(view)))
            self._pulse = asyncio.create_task(self._beat(), name=f"wings-{self.event_id}")

    async def part(self, host: Watcher) -> None:
        """A host goes."""
        self._hosts.pop(host, None)
        if not self._hosts:
            await self.close()

    async def close(self) -> None:
        """No host is told anything any more. Never raises."""
        if self._unwatch:
            self._unwatch()
        pulse, self._pulse, self._unwatch = self._pulse, None, None
        if pulse:
            pulse.cancel()
            await asyncio.gather(pulse, return_exceptions=True)
        await self._tasks.finish()

    async def _beat(self) -> None:
        tables: dict[str, tuple[str, ...]] = {}
        for beat in count(1):
            await asyncio.sleep(PULSE_S)
            for guest in self.guests.values():
                guest.notes.look_at_mood()
            before, tables = tables, {visit_id: self._table_of(guest) for visit_id, guest in self.guests.items()}
            for visit_id, table in tables.items():
                if table != before.get(visit_id, ()):
                    self.changed(self.guests[visit_id])
            if beat % RETELL_S == 0:
                left_s = self._left_s()
                for guest in self.guests.values():
                    self.tell(self._state(guest, left_s))
                self.tell(self._health())

    def _health(self) -> HostHealth:
        sessions, effort = self._vitals()
        ordered = sorted(self._measured_ms)
        p50, p95 = (ordered[int(share * (len(ordered) - 1))] if ordered else None for share in (0.5, 0.95))
        waiting = sum(entry.place > 0 for entry in self.desk.snapshot().entries)
        return HostHealth(p50, p95, effort, sessions, self.stage.watching, waiting)


def _clock_ms() -> float:
    return asyncio.get_running_loop().time() * 1000


def queue_message(view: QueueView) -> HostQueue:
    """The line as it goes on the wire."""
    entries = tuple(
        QueueEntry(e.ticket_id, e.name, e.place, e.state, max(0.0, e.wait_s), e.left_s) for e in view.entries[:SHOWN]
    )
    return HostQueue(entries, len(view.entries), paused=view.state == "paused")
