"""An event with a real store on the virtual clock: a creator, tickets, and fans who come with them."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import create_engine, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from protocol.messages import ClientMessage, DisclosureAcknowledged, Hello, Leave, Ping, Welcome
from protocol.visit_messages import QueuePlace, SlotTime
from server.events.desk import Desk
from server.events.desks import Desks
from server.events.personas import find_persona
from server.room import Room
from server.store.columns import new_id
from server.store.engine import Store, open_store
from server.store.migrations.running import upgrade
from server.store.tables import CreatorRow, EventRow, FanRow, TicketRow, VisitRow
from server.tokens import JoinClaims
from tests.session.virtual import VirtualLoop
from tests.session.world import PERSONAS, Fan, World

CHOSEN: Mapping[str, Any] = {
    "title": "An evening with Nova",
    "persona_id": "nova",
    "places": 1,
    "max_tickets": 1000,
    "slot_s": 180.0,
    "overtime_s": 20.0,
    "no_show_s": 30.0,
    "queue_rule": "first_come",
    "group_size": 1,
    "spectators": False,
    "keepsakes": False,
    "retention_days": 30,
    "state": "open",
}


class StandingStore(Store):
    """A store whose threads cost no virtual time."""

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        with loop.standing_still():
            async with super().begin() as db:
                yield db


@cache
def empty_database() -> bytes:
    """A SQLite file with today's tables, made once."""
    with TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/empty.db")
        with engine.begin() as connection:
            upgrade(connection)
        engine.dispose()
        return Path(folder, "empty.db").read_bytes()


@asynccontextmanager
async def store_on_virtual_time(folder: Path) -> AsyncIterator[Store]:
    """A SQLite file, the same one each time for the same folder."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    file = folder / "evening.db"
    if not file.exists():
        file.write_bytes(empty_database())
    with loop.standing_still():
        opened = await open_store(f"sqlite:///{file}")
    store = StandingStore(opened.engine, opened.folder)
    try:
        yield store
    finally:
        with loop.standing_still():
            await store.close()


class Guest(Fan):
    """A fan of an event."""

    def __init__(self, room: Room, hello: Hello, name: str) -> None:
        super().__init__(room, hello)
        self.name = name

    def says_hello(self, *more: ClientMessage) -> None:
        for message in (self.hello, *more):
            self.send(message)

    async def comes_in(self) -> Welcome:
        """Waits in line, and acknowledges whom they talk with."""
        self.says_hello()
        welcome = await self.until(Welcome, 36_000)
        self.send(DisclosureAcknowledged())
        return welcome

    async def listens(self, seconds: float) -> None:
        """Says nothing for so long."""
        for _ in range(int(seconds // 30)):
            self.send(Ping())
            await asyncio.sleep(30)
        await asyncio.sleep(seconds % 30)

    async def welcomed(self, within_s: float = 60.0) -> None:
        """Waits until the server's hello is there, or was."""
        if not self.all(Welcome):
            await self.until(Welcome, within_s)

    async def time(self) -> SlotTime:
        """What was told of the slot last, or is told first."""
        told = self.all(SlotTime)
        return told[-1] if told else await self.until(SlotTime)

    def lose_connection(self) -> None:
        """The network is gone."""
        self.stop_playing()
        self.socket.up.put_nowait(None)

    async def gone(self, within_s: float = 36_000) -> tuple[int, str] | None:
        """Waits until the server closed; returns its code and reason."""
        async with asyncio.timeout(within_s):
            await asyncio.wait([self.served])
        self.stop_playing()
        await asyncio.gather(self._player, return_exceptions=True)
        return self.socket.closed

    async def leaves(self) -> None:
        self.send(Leave())
        await self.gone()

    def places(self) -> list[tuple[str, int]]:
        """What was told in line: state and place."""
        return [(told.state, told.place) for told in self.all(QueuePlace)]

    def phases(self) -> list[str]:
        """Of the slot, each once in a row."""
        told = [time.phase for time in self.all(SlotTime)]
        return [phase for k, phase in enumerate(told) if k == 0 or told[k - 1] != phase]


@dataclass
class Evening:
    """One event in one process: what may be asked of it."""

    room: Room
    store: Store
    event_id: str
    tickets: dict[str, str]  # by the fan's name

    async def desk(self) -> Desk:
        return await self.room.desk(self.event_id)

    def fan(self, name: str, **hello: Any) -> Guest:
        claims = JoinClaims(event=self.event_id, ticket=self.tickets[name])
        token = self.room.signer.sign(claims, valid_s=36_000)
        return Guest(self.room, Hello(**{"token": token, "face": "none", **hello}), name)

    async def states(self) -> dict[str, str]:
        async with self.store.begin() as db:
            rows = await db.execute(select(FanRow.name, TicketRow.state).join(FanRow, FanRow.id == TicketRow.fan_id))
            return {row.name: row.state for row in rows}

    async def visits(self) -> Sequence[VisitRow]:
        async with self.store.begin() as db:
            return (await db.scalars(select(VisitRow).order_by(VisitRow.began_at))).all()


async def plan(store: Store, names: Sequence[str], **event: Any) -> tuple[str, dict[str, str]]:
    """Writes a creator, an event and one ticket for each name; the event's id and the tickets'."""
    event_id, creator_id, now = new_id(), new_id(), datetime.now(UTC)
    opens_at = now + timedelta(seconds=event.pop("opens_in_s", 0))
    closes_at = now + timedelta(seconds=event.pop("closes_in_s", 86_400))
    invited, parties = event.pop("invited", ()), event.pop("parties", {})
    tickets = {name: secrets.token_hex(8) for name in names}
    fans = {name: new_id() for name in names}
    async with store.begin() as db:
        email = f"{creator_id}@example.org"
        await db.execute(insert(CreatorRow).values(id=creator_id, name="Nova", email=email, created_at=now))
        times = {"opens_at": opens_at, "closes_at": closes_at, "created_at": now}
        own = {"id": event_id, "creator_id": creator_id, **times, **event}
        await db.execute(insert(EventRow).values({**CHOSEN, **own}))
        for name in names:
            await db.execute(insert(FanRow).values(id=fans[name], creator_id=creator_id, name=name, created_at=now))
            row = {"id": tickets[name], "event_id": event_id, "fan_id": fans[name], "invited": name in invited}
            of_line = {"state": "issued", "rank": 0.0, "party": parties.get(name, "")}
            await db.execute(insert(TicketRow).values(**row, **of_line, issued_at=now))
    return event_id, tickets


@asynccontextmanager
async def serving(world: World, store: Store, event_id: str, tickets: dict[str, str]) -> AsyncIterator[Evening]:
    """A server that holds this event, from its start to an orderly end; nobody may be in then."""
    room = world.room()
    room.desks = Desks(store, partial(find_persona, store, PERSONAS), room, away_s=world.limits.max_away_s)
    try:
        yield Evening(room, store, event_id, tickets)
    finally:
        await room.close()
    assert room.n_sessions == 0
    await asyncio.sleep(0)


@asynccontextmanager
async def evening(folder: Path, world: World, names: Sequence[str], **event: Any) -> AsyncIterator[Evening]:
    """An event that nobody came to yet; see `plan` for what may be chosen."""
    async with store_on_virtual_time(folder) as store:
        event_id, tickets = await plan(store, names, **event)
        async with serving(world, store, event_id, tickets) as held:
            yield held
