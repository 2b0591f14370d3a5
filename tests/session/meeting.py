"""An event with its archive, in a house of scripted engines: who has a seat, what is kept, where."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from protocol.messages import (
    Consents,
    DisclosureAcknowledged,
    Hello,
    Ping,
    PlaybackMark,
    Pong,
    ReplyChunk,
    TextInput,
    TurnReport,
    Welcome,
)
from protocol.visit_messages import KeepsakeState
from server.after.archive import Archive
from server.after.attendance import Attendance
from server.after.shelf import Shelf, VisitFacts
from server.room import Room
from server.store.engine import Store
from server.store.tables import CreatorRow, EventRow, FanRow, TicketRow, VisitRow
from tests.session.world import Fan, M, World

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ALL = Consents(recording=True, memory=True)


@dataclass
class Meeting:
    """An event with its archive, in a house of scripted engines."""

    room: Room
    store: Store
    archive: Archive
    folder: Path
    keepsakes: bool = True
    then: str = ""  # what happens when the visit is over, and its keepsake is being made

    async def ticket(self, fan: str, visit: str) -> VisitFacts:
        """A seat for a fan."""
        async with self.store.begin() as db:
            if await db.get(FanRow, fan) is None:
                db.add(FanRow(id=fan, creator_id="c1", name=fan.title(), created_at=NOON))
                await db.flush()
                db.add(
                    TicketRow(
                        id=f"t-{fan}",
                        event_id="e1",
                        fan_id=fan,
                        state="seated",
                        rank=0.0,
                        invited=False,
                        issued_at=NOON,
                    )
                )
                await db.flush()
            db.add(
                VisitRow(
                    id=visit,
                    ticket_id=f"t-{fan}",
                    event_id="e1",
                    session_id=visit,
                    began_at=NOON,
                    consents={},
                    wait_s=30,
                )
            )
        return VisitFacts(visit, "Album night", fan, fan.title(), "nova", self.keepsakes, 30)

    @asynccontextmanager
    async def visit(self, fan_id: str, visit_id: str, consents: Consents) -> AsyncIterator[tuple[Fan, Attendance]]:
        """A fan who talks, and then leaves."""
        facts = await self.ticket(fan_id, visit_id)
        known = set(self.room._sessions)
        fan = Fan(self.room, Hello(name=facts.fan_name, consents=consents))
        fan.send(fan.hello)
        await fan.until(Welcome)
        (session,) = self.room._sessions - known
        attendance = self.archive.follow(session, facts)
        await told(fan, KeepsakeState)
        fan.send(DisclosureAcknowledged())
        try:
            yield fan, attendance
        finally:
            await fan.leave()
            await self.archive.finish(visit_id, session)
            if self.then == "take back":
                await self.archive.take_back(visit_id)
            await self.archive.close()

    async def rows(self, table: type) -> list:
        async with self.store.begin() as db:
            return list(await db.scalars(select(table)))

    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())


async def told(fan: Fan, kind: type[M]) -> M:
    """The first message of this kind, which may be here already."""
    return fan.all(kind)[0] if fan.all(kind) else await fan.until(kind)


async def say(fan: Fan, text: str) -> None:
    """Types, and hears the answer to its end."""
    fan.send(TextInput(text))
    await fan.until(TurnReport)
    while not (fan.chunks() and fan.chunks()[-1].last):
        await fan.until(ReplyChunk)
    reply_id = fan.chunks()[-1].reply_id
    fan.send(PlaybackMark(reply_id, max(c.start_samples + len(c.audio) // 2 for c in fan.chunks(reply_id))))
    fan.send(Ping())
    await fan.until(Pong)  # the mark was taken, too


@asynccontextmanager
async def meeting_in(store: Store, folder: Path) -> AsyncIterator[Meeting]:
    """One creator's event, open."""
    async with store.begin() as db:
        db.add(CreatorRow(id="c1", name="Nova", email="nova@example.org", created_at=NOON))
        await db.flush()
        db.add(
            EventRow(
                id="e1", creator_id="c1", title="Album night", persona_id="nova", opens_at=NOON,
                closes_at=NOON + timedelta(hours=2), places=4, max_tickets=40, slot_s=60.0, overtime_s=10.0,
                no_show_s=30.0, queue_rule="first_come", group_size=1, spectators=False, keepsakes=True,
                retention_days=30, state="open", created_at=NOON,
            )
        )  # fmt: skip
    folder.mkdir()
    room = World(answers={}, asr_s=0.0, llm_s=0.0, tts_s=0.0).room()
    archive = Archive(Shelf(store, folder, lambda: NOON), room.lanes.tts)
    yield Meeting(room, store, archive, folder)
    await room.close()
    await asyncio.to_thread(archive.shelf.spools.close)
