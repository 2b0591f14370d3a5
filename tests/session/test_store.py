"""The store: its tables are those of its migrations, what is undone leaves nothing, and ownership deletes downwards."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from server.store.columns import Table
from server.store.engine import Store, StoreError, files_folder, open_store, store_url
from server.store.tables import AuditRow, CreatorRow, EventRow, FanRow, TicketRow, VisitRow

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def creator(name: str = "ana") -> CreatorRow:
    return CreatorRow(id=name, name=name, email=f"{name}@example.org", created_at=NOON)


def event(creator_id: str = "ana", **values: object) -> EventRow:
    given = {
        "id": "e1", "creator_id": creator_id, "title": "Hello", "persona_id": "nova", "opens_at": NOON,
        "closes_at": NOON + timedelta(hours=1), "places": 2, "max_tickets": 10, "slot_s": 120.0, "overtime_s": 15.0,
        "no_show_s": 30.0, "queue_rule": "first_come", "group_size": 1, "spectators": False, "keepsakes": False,
        "retention_days": 30, "state": "open", "created_at": NOON,
    }  # fmt: skip
    return EventRow(**{**given, **values})


def ticket(number: int, *, seat: int | None = None, state: str = "waiting") -> TicketRow:
    return TicketRow(
        id=f"t{number}",
        event_id="e1",
        fan_id=f"f{number}",
        state=state,
        rank=number,
        seat=seat,
        invited=False,
        issued_at=NOON,
    )


async def with_fans(store: Store, n_fans: int) -> None:
    async with store.begin() as db:
        db.add(creator())
        await db.flush()
        db.add(event())
        db.add_all(FanRow(id=f"f{n}", creator_id="ana", name=f"Fan {n}", created_at=NOON) for n in range(n_fans))


async def count(store: Store, table: type[Table]) -> int:
    async with store.begin() as db:
        return (await db.scalar(select(func.count()).select_from(table))) or 0


async def test_the_migrations_make_the_tables(store: Store) -> None:
    async with store.engine.begin() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), Table.metadata)
        )
    assert differences == []


async def test_what_raises_is_undone(store: Store) -> None:
    async def breaks() -> None:
        async with store.begin() as db:
            db.add(creator())
            await db.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await breaks()
    assert await count(store, CreatorRow) == 0


async def test_an_instant_comes_back_in_utc(store: Store) -> None:
    ahead = timezone(timedelta(hours=3))
    async with store.begin() as db:
        db.add(CreatorRow(id="x", name="x", email="x", created_at=NOON.astimezone(ahead)))
    async with store.begin() as db:
        found = await db.get_one(CreatorRow, "x")
    assert found.created_at == NOON
    assert found.created_at.tzinfo is UTC


async def test_an_instant_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(Exception, match="needs a time zone"):
        async with store.begin() as db:
            db.add(CreatorRow(id="x", name="x", email="x", created_at=NOON.replace(tzinfo=None)))


async def test_a_seat_is_taken_once(store: Store) -> None:
    await with_fans(store, 4)
    async with store.begin() as db:
        db.add_all([ticket(0, seat=1, state="called"), ticket(1, seat=1, state="done"), ticket(2)])

    async def sit_there_too() -> None:
        async with store.begin() as db:
            row = await db.get_one(TicketRow, "t2")
            row.seat, row.state = 1, "seated"

    with pytest.raises(IntegrityError):
        await sit_there_too()
    async with store.begin() as db:
        db.add(ticket(3, seat=2, state="seated"))


async def test_what_a_creator_owns_goes_with_them_and_the_record_stays(store: Store) -> None:
    await with_fans(store, 1)
    async with store.begin() as db:
        db.add(ticket(0))
        await db.flush()
        db.add(VisitRow(ticket_id="t0", event_id="e1", session_id="s", began_at=NOON, consents={"recording": True}))
        db.add(AuditRow(creator_id="ana", actor="test", at=NOON, action="a", subject="b", detail={"n": 1}))
    async with store.begin() as db:
        await db.delete(await db.get_one(CreatorRow, "ana"))
    for table in (EventRow, FanRow, TicketRow, VisitRow):
        assert await count(store, table) == 0
    assert await count(store, AuditRow) == 1


async def test_transactions_at_once_all_count(store: Store) -> None:
    await with_fans(store, 1)

    async def one_more() -> None:
        async with store.begin() as db:
            row = await db.get_one(EventRow, "e1", with_for_update=True)
            row.places += 1

    await asyncio.gather(*(one_more() for _ in range(20)))
    async with store.begin() as db:
        assert (await db.get_one(EventRow, "e1")).places == 22


async def test_a_postgresql_is_not_changed_unasked(postgres_url: str) -> None:
    with pytest.raises(StoreError, match="store upgrade"):
        await open_store(postgres_url)
    await (await open_store(postgres_url, migrate=True)).close()
    await (await open_store(postgres_url)).close()


async def test_two_may_upgrade_at_once(postgres_url: str) -> None:
    for opened in await asyncio.gather(*(open_store(postgres_url, migrate=True) for _ in range(3))):
        await opened.close()


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("nonsense", "not a URL"),
        ("mysql://root:secret@host/x", "no database 'mysql'"),
        ("postgresql://me:secret@127.0.0.1:1/x", "cannot open the store postgresql"),
        ("sqlite:////dev/null/x.db", "cannot open the store sqlite"),
    ],
)
async def test_a_store_that_cannot_be_opened_says_why(url: str, complaint: str) -> None:
    with pytest.raises(StoreError, match=complaint) as refused:
        await open_store(url)
    assert "secret" not in str(refused.value)


def test_two_stores_never_share_a_folder_for_files() -> None:
    """What no row of a store names is swept away: another store's files must not lie there."""
    urls = (
        "sqlite:////srv/a.db",
        "sqlite:////srv/b.db",
        "postgresql://me:x@host/a",
        "postgresql://me:x@host/b",
        "postgresql://me:x@other/a",
    )
    folders = [files_folder(store_url(url), {"STAGEDOOR_HOME": "/srv"}) for url in urls]
    assert len(set(folders)) == len(urls)
    assert folders[0] == Path("/srv/a.files")
    again = files_folder(store_url("postgres://me:changed@host/a"), {"STAGEDOOR_HOME": "/srv"})
    assert again == folders[2], "a new password is the same store"


def test_the_default_lies_in_the_data_folder() -> None:
    assert store_url("", {"STAGEDOOR_HOME": "/srv/house"}).database == "/srv/house/stagedoor.db"
