"""A stage around the world of the session tests: an event with a made-up line, its record, hosts and spectators."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from avatar.persona import Persona
from protocol.event_messages import HostAct, HostDone
from protocol.messages import Hello
from server.events.line import EventRules
from server.events.seats import LiveVisit, QueueEntry, QueueView, Seat
from server.room import Room
from server.stage.backstage import Backstage
from server.stage.record import Deed
from server.tokens import JoinClaims
from tests.session.world import PERSONAS, Fan, World

RULES = EventRules("e1", "An evening with Nova", "nova", "c1", spectators=True)


@dataclass
class MadeUpDesk:
    """An event's desk that only notes what it is asked."""

    rules: EventRules = RULES
    persona: Persona = field(default_factory=lambda: PERSONAS["nova"])
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    refuses: Exception | None = None
    entries: tuple[QueueEntry, ...] = (
        QueueEntry("t1", "Ana", 0, "seated", 0.0, 100.0),
        QueueEntry("t2", "Ben", 1, "waiting", 90.0, 180.0),
    )
    watchers: list[Callable[[QueueView], None]] = field(default_factory=list)

    @property
    def event_id(self) -> str:
        return self.rules.id

    def snapshot(self) -> QueueView:
        return QueueView("open", self.entries)

    def watch(self, callback: Callable[[QueueView], None]) -> Callable[[], None]:
        self.watchers.append(callback)
        return lambda: self.watchers.remove(callback)

    def __getattr__(self, name: str) -> Any:
        async def asked(*about: Any) -> None:
            if self.refuses:
                raise self.refuses
            self.asked.append((name, *about))

        if name in {"pause", "resume", "reorder", "extend", "end", "skip", "ban"}:
            return asked
        raise AttributeError(name)


class MadeUpDesks:
    def __init__(self, *desks: MadeUpDesk) -> None:
        self.desks = {desk.event_id: desk for desk in desks}

    async def at(self, event_id: str) -> Any:
        return self.desks[event_id]


@dataclass
class Kept:
    """A record in memory."""

    deeds: list[Deed] = field(default_factory=list)
    broken: bool = False

    async def note(self, deed: Deed) -> None:
        if self.broken:
            raise OSError("disk full")
        self.deeds.append(deed)


class House:
    """An event in a room: its desk, its record, its stage, and who is there."""

    def __init__(self, room: Room, desk: MadeUpDesk) -> None:
        self.room = room
        self.desk = desk
        self.record = Kept()
        desks: Any = MadeUpDesks(desk, MadeUpDesk(EventRules("e2", spectators=True)))
        self.backstage = Backstage(desks, self.record, room.lanes, lambda: (room.n_sessions, 0))
        room.backstage = self.backstage
        self.people: list[Fan] = []
        self.live: dict[Fan, LiveVisit] = {}

    async def fan(self, *, event: str = "e1", ticket: str = "t1", name: str = "Ana", **hello: Any) -> Fan:
        """A fan in a seat of the event."""
        fan = Fan(self.room, Hello(name=name, **hello))
        before = set(self.room._sessions)
        await fan.enter()
        await asyncio.sleep(0.01)
        (session,) = self.room._sessions - before
        rules = self.desk.rules if event == "e1" else EventRules(event, spectators=True)
        seat = Seat(rules, ticket, f"f-{ticket}", name, 0, 180.0, session.persona)
        self.live[fan] = LiveVisit(seat, session, f"v-{ticket}")
        await self.backstage.attend(self.live[fan])
        self.people.append(fan)
        return fan

    async def leave(self, fan: Fan) -> None:
        """The fan's visit is over."""
        self.people.remove(fan)
        await fan.leave()
        await self.backstage.part(self.live[fan])

    async def someone(self, role: Any, *, event: str = "e1", **hello: Any) -> "Guest":
        """A host or a spectator of the event."""
        token = self.room.signer.sign(JoinClaims(event=event, role=role, sub=f"the {role}"), valid_s=600)
        guest = Guest(self.room, Hello(token=token, **hello))
        guest.send(guest.hello)
        guest.stop_playing()
        await asyncio.sleep(0.01)
        self.people.append(guest)
        return guest


class Guest(Fan):
    """A host or a spectator."""

    async def act(self, kind: Any, **about: Any) -> HostDone:
        """Does something as a host; returns the answer."""
        self.send(HostAct(f"a{len(self.all(HostDone)) + 1}", kind, **about))
        return await self.until(HostDone)


@asynccontextmanager
async def event_in(world: World, desk: MadeUpDesk | None = None) -> AsyncIterator[House]:
    """An event; whoever is still there leaves at its end, and nothing may be left behind."""
    room = await world.rehearsed() if world.rehearse else world.room()
    house = House(room, desk or MadeUpDesk())
    try:
        yield house
    finally:
        for one in list(house.people):
            if one in house.live:
                await house.leave(one)
            else:
                await one.leave()
        await room.close()
        assert room.n_sessions == 0
        assert not house.desk.watchers
        await asyncio.sleep(0)
