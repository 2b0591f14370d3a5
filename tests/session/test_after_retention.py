"""What is over is gone: rows and files, on both databases."""

import asyncio
import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from server.after.captions import Said
from server.after.kept import find_visit, give_code, new_code, write_kept
from server.after.memories import recall, remember
from server.after.names import NAMELESS
from server.after.opening import open_archive
from server.after.report import read_report
from server.after.retention import ORPHAN_S, Owned, Swept, forget, forget_ticket, overdue, sweep
from server.after.spool import HOME, Spools
from server.store.audit import note
from server.store.columns import Table
from server.store.engine import Store
from server.store.tables import (
    AuditRow,
    CreatorRow,
    EventRow,
    FanRow,
    HostActionRow,
    KeepsakeRow,
    MemoryRow,
    TicketRow,
    TranscriptRow,
    VisitRow,
)
from tests.session.meeting import NOON
from tests.session.world import World

DAY = timedelta(days=1)


class Kept:
    """Two creators with an event each, kept for 30 and for 7 days; two fans each, who came once at noon."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.codes: dict[str, str] = {}

    async def fill(self) -> None:
        async with self.store.begin() as db:
            for creator, days in (("ana", 30), ("bob", 7)):
                db.add(CreatorRow(id=creator, name=creator, email=f"{creator}@example.org", created_at=NOON))
                await db.flush()
                db.add(event(creator, days))
                await db.flush()
                for fan in ("1", "2"):
                    await self.visit(db, creator, fan, days)

    async def visit(self, db, creator: str, number: str, days: int) -> None:
        fan, visit = f"{creator}-f{number}", f"{creator}-v{number}"
        db.add(FanRow(id=fan, creator_id=creator, name="Maya", created_at=NOON))
        await db.flush()
        ticket = TicketRow(id=f"{creator}-t{number}", event_id=f"{creator}-e", fan_id=fan, state="done", rank=0.0)
        ticket.invited, ticket.issued_at = False, NOON
        db.add(ticket)
        await db.flush()
        row = VisitRow(id=visit, ticket_id=ticket.id, event_id=f"{creator}-e", session_id=visit, consents={})
        row.began_at = row.ended_at = NOON
        db.add(row)
        await db.flush()
        (self.folder / visit).mkdir(parents=True)
        (self.folder / visit / "sound.m4a").write_bytes(b"sound")
        self.codes[visit] = new_code()
        await give_code(db, visit, self.codes[visit])
        until = NOON + days * DAY
        await write_kept(db, visit, self.codes[visit], visit, [Said("fan", "I play the cello.", 0, 1)], NOON, until)
        await remember(db, (fan, "nova"), ["I play the cello."], [], until, NOON)

    async def left(self) -> set[str]:
        """The visits of which anything at all is left, anywhere."""
        async with self.store.begin() as db:
            keepsakes = {row.visit_id for row in await every(db, KeepsakeRow)}
            words = {row.visit_id for row in await every(db, TranscriptRow)}
            pages = {row.id for row in await every(db, VisitRow) if row.after_hash}
            memories = {row.fan_id.replace("f", "v") for row in await every(db, MemoryRow)}
        files = {path.name for path in self.folder.iterdir()}
        assert keepsakes == words == pages == memories == files, "all of a visit, or nothing"
        return files


async def every(db, table: type) -> Sequence:
    return list(await db.scalars(select(table)))


def event(creator: str, days: int) -> EventRow:
    return EventRow(
        id=f"{creator}-e", creator_id=creator, title="Album night", persona_id="nova", opens_at=NOON,
        closes_at=NOON + DAY, places=1, max_tickets=9, slot_s=60.0, overtime_s=10.0, no_show_s=30.0,
        queue_rule="first_come", group_size=1, spectators=False, keepsakes=True, retention_days=days, state="closed",
        created_at=NOON,
    )  # fmt: skip


@pytest.fixture
async def kept(store: Store, tmp_path: Path) -> Kept:
    kept = Kept(store, tmp_path / "keepsakes")
    await kept.fill()
    return kept


async def test_what_is_over_goes_and_what_is_not_stays(kept: Kept) -> None:
    async with kept.store.begin() as db:
        assert await sweep(db, kept.folder, NOON + 6 * DAY) == Swept()
    async with kept.store.begin() as db:
        later = NOON + 8 * DAY
        assert await overdue(db, kept.folder, later) != []
        assert await sweep(db, kept.folder, later) == Swept(visits=2, keepsakes=2, memories=2, names=2)
        assert await overdue(db, kept.folder, later) == [], "the proof"
    assert await kept.left() == {"ana-v1", "ana-v2"}
    async with kept.store.begin() as db:
        assert await find_visit(db, kept.codes["bob-v1"], NOON) is None
        assert sorted((told.creator_id, told.action, told.detail) for told in await every(db, AuditRow)) == [
            ("bob", "retention.names", {"fans": 2}),
            ("bob", "retention.sweep", {"visits": 2, "keepsakes": 2}),
        ]
        assert {row.name for row in await every(db, FanRow) if row.creator_id == "bob"} == {NAMELESS}
        assert {row.name for row in await every(db, FanRow) if row.creator_id == "ana"} == {"Maya"}
        assert len(await every(db, VisitRow)) == 4, "figures stay, without words"


async def everywhere(kept: Kept) -> str:
    """Every value of every table, and every file, as one text."""
    async with kept.store.begin() as db:
        tables = [(await db.execute(select(table))).all() for table in Table.metadata.sorted_tables]
    files = [path.read_text("utf-8", "replace") for path in kept.folder.rglob("*") if path.is_file()]
    return "\n".join([*(str(row) for rows in tables for row in rows), *files])


async def test_after_its_time_nobody_is_known_by_name_anywhere(kept: Kept) -> None:
    async with kept.store.begin() as db:
        fan = await db.get_one(FanRow, "bob-f1")
        fan.name, fan.external_ref = "Needle Jones", "shop-needle-7"
        ticket = await db.get_one(TicketRow, "bob-t1")
        ticket.party, ticket.claim_hash = "the needles", "needle-hash"
        db.add(TranscriptRow(visit_id="bob-v1", at_ms=1.0, who="avatar", text="Hello, Needle!"))
        said = {"text": "Say hello to Needle", "seconds": 3}
        db.add(HostActionRow(event_id="bob-e", visit_id="bob-v1", actor="bob", at=NOON, kind="direct", detail=said))
        await remember(db, ("bob-f1", "nova"), ["My name is Needle."], [], NOON + 7 * DAY, NOON)
        note(db, "bob", "command", "ticket.issue", "bob-t1", {"event": "bob-e"})
    (kept.folder / "bob-v1" / "about.json").write_text('{"fan": "Needle Jones"}')
    assert (await everywhere(kept)).lower().count("needle") == 8
    async with kept.store.begin() as db:
        await sweep(db, kept.folder, NOON + 7.9 * DAY)
        left = await overdue(db, kept.folder, NOON + 8 * DAY)
        assert {"name of fan bob-f1", "name of fan bob-f2"} < set(left)
        assert any(line.startswith("words of host action") for line in left)
    assert "Needle Jones" in await everywhere(kept), "the event's own time goes on"
    async with kept.store.begin() as db:
        await sweep(db, kept.folder, NOON + 8 * DAY)
        assert await overdue(db, kept.folder, NOON + 8 * DAY) == []
    assert "needle" not in (await everywhere(kept)).lower()
    async with kept.store.begin() as db:
        report = await read_report(db, await db.get_one(EventRow, "bob-e"))
        assert (report.visits, report.interventions) == (2, {"direct": 1}), "figures stay, without a person"


@pytest.mark.parametrize("why", ["another event", "a visit that goes on", "a memory"])
async def test_whoever_still_has_a_reason_to_be_known_is(kept: Kept, why: str) -> None:
    later = NOON + 40 * DAY
    async with kept.store.begin() as db:
        if why == "another event":
            second = event("bob", 7)
            second.id, second.closes_at = "bob-e2", later
            db.add(second)
            await db.flush()
            ticket = TicketRow(id="t", event_id="bob-e2", fan_id="bob-f1", state="issued", rank=0.0, invited=True)
            ticket.issued_at = NOON
            db.add(ticket)
        elif why == "a visit that goes on":
            (await db.get_one(TicketRow, "bob-t1")).state = "seated"
        else:
            await remember(db, ("bob-f1", "nova"), ["I live in Leeds."], [], later + DAY, NOON)
    async with kept.store.begin() as db:
        await sweep(db, kept.folder, later)
        names = {row.id: row.name for row in await every(db, FanRow)}
    assert (names["bob-f1"], names["bob-f2"]) == ("Maya", NAMELESS)


async def test_an_event_that_was_closed_early_ends_early(kept: Kept) -> None:
    async with kept.store.begin() as db:
        (await db.get_one(EventRow, "bob-e")).closed_at = NOON
        assert (await sweep(db, kept.folder, NOON + 7 * DAY)).names == 2


async def test_a_creator_may_shorten_the_time_afterwards(kept: Kept) -> None:
    async with kept.store.begin() as db:
        (await db.get(EventRow, "ana-e")).retention_days = 1
    async with kept.store.begin() as db:
        await sweep(db, kept.folder, NOON + 2 * DAY)
        assert not [row for row in await every(db, KeepsakeRow) if row.visit_id.startswith("ana")]


@pytest.mark.parametrize(
    ("kind", "owner", "left"),
    [
        ("fan", "ana-f1", {"ana-v2", "bob-v1", "bob-v2"}),
        ("creator", "ana", {"bob-v1", "bob-v2"}),
        ("fan", "nobody", {"ana-v1", "ana-v2", "bob-v1", "bob-v2"}),
    ],
)
async def test_who_asks_to_be_forgotten_is(kept: Kept, kind: Owned, owner: str, left: set[str]) -> None:
    async with kept.store.begin() as db:
        await forget(db, kept.folder, kind, owner)
    assert await kept.left() == left


async def test_an_event_that_is_deleted_takes_its_recordings_along(kept: Kept) -> None:
    async with kept.store.begin() as db:
        assert await forget(db, kept.folder, "event", "ana-e") == ["ana-v1", "ana-v2"]
        assert {row.visit_id for row in await every(db, KeepsakeRow)} == {"bob-v1", "bob-v2"}
        assert len(await every(db, MemoryRow)) == 4, "of the fan by the persona, not of the event"


async def test_one_ticket_is_forgotten_by_the_event_that_gave_it(kept: Kept) -> None:
    async with kept.store.begin() as db:
        assert await forget_ticket(db, kept.folder, "bob-e", "ana-t1") is None, "another creator's event"
        assert await forget_ticket(db, kept.folder, "ana-e", "ana-t1") == ["ana-v1"]
        assert not await recall(db, "ana-f1", "nova", NOON)
    assert await kept.left() == {"ana-v2", "bob-v1", "bob-v2"}


async def test_what_a_killed_server_left_half_written_goes_too(kept: Kept) -> None:
    half, young = kept.folder / ".half.part", kept.folder / ".young.part"
    for folder in (half, young):
        folder.mkdir()
        (folder / "sound.m4a").write_bytes(b"sound")
    at = NOON.timestamp()
    os.utime(half, (at - ORPHAN_S - 1, at - ORPHAN_S - 1))
    os.utime(young, (at, at))
    async with kept.store.begin() as db:
        assert await overdue(db, kept.folder, NOON) == ["folder .half.part"]
        assert await sweep(db, kept.folder, NOON) == Swept(orphans=1)
        assert await overdue(db, kept.folder, NOON) == []
    assert young.exists()
    assert not half.exists()


async def test_what_a_killed_server_was_recording_goes_at_the_next_start_and_nothing_else(kept: Kept) -> None:
    dead, spools = kept.folder / f"{HOME}dead" / "visit", Spools(kept.folder)
    dead.mkdir(parents=True)
    (dead / "fan.pcm").write_bytes(b"sound")
    living = spools.open()
    await asyncio.to_thread(living.wait)
    os.utime(living.folder.parent, (0, 0))
    async with kept.store.begin() as db:
        assert await overdue(db, kept.folder, NOON) == [f"folder {HOME}dead"]
        assert await sweep(db, kept.folder, NOON) == Swept(orphans=1)
        assert await overdue(db, kept.folder, NOON) == []
    assert living.folder.exists(), "another server records beside this one"
    await asyncio.to_thread(spools.close)
    assert await kept.left() == set(kept.codes)


async def remembered(kept: Kept) -> Sequence:
    async with kept.store.begin() as db:
        return await every(db, MemoryRow)


async def test_a_server_sweeps_when_it_starts_and_again_and_again(kept: Kept) -> None:
    room = World().room()
    async with open_archive(kept.store, kept.folder.parent, room.lanes.tts, 0.01, lambda: NOON + 31 * DAY):
        while await remembered(kept):
            await asyncio.sleep(0.01)
        async with kept.store.begin() as db:
            await remember(db, ("ana-f1", "nova"), ["I play the cello."], [], NOON, NOON)
        while await remembered(kept):
            await asyncio.sleep(0.01)
    assert await kept.left() == set()
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "retention"]
