"""Taking data along and deleting it: all of one's own and nothing of another's; secrets in neither."""

import io
import json
import random
import zipfile
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from server.after.keepsake import SOUND, WORDS, files_of
from server.api.bundle import BLOCK_BYTES, bundle
from server.store.columns import Table
from server.store.engine import Store
from server.store.tables import (
    AuditRow,
    HostActionRow,
    KeepsakeRow,
    MemoryRow,
    SigningKeyRow,
    TicketRow,
    TranscriptRow,
    VisitRow,
)
from tests.session.offices import OWN_TOML, Guest, app_of, house_over, refusal

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
OF_ALL = {TicketRow, VisitRow, TranscriptRow, KeepsakeRow, MemoryRow, HostActionRow}


async def lived(store: Store, creator: Guest, said: str, kept: str = "p") -> dict[str, str]:
    """An event that somebody came to, with a row in every table."""
    await creator.call("PUT", "/personas/mine", {"toml": OWN_TOML})
    await creator.key()
    event = await creator.event(persona_id="mine")
    ticket = (await creator.ticket(event, name=f"Fan of {said}"))["ticket_id"]
    async with store.begin() as db:
        fan = (await db.get_one(TicketRow, ticket)).fan_id
        visit = VisitRow(
            ticket_id=ticket, event_id=event, session_id="s", began_at=NOON, consents={"recording": True},
            after_hash=f"hash of {said}",
        )  # fmt: skip
        db.add(visit)
        await db.flush()
        db.add(TranscriptRow(visit_id=visit.id, at_ms=10.0, who="fan", text=said))
        db.add(
            KeepsakeRow(
                visit_id=visit.id, code_hash=f"code {said}", path=kept, created_at=NOON, expires_at=NOON + timedelta(30)
            )
        )
        db.add(MemoryRow(fan_id=fan, persona_id="mine", text=said, affect={}, updated_at=NOON, expires_at=NOON))
        db.add(HostActionRow(event_id=event, visit_id=visit.id, actor="host", at=NOON, kind="say", detail={"t": said}))
    return {"event": event, "fan": fan, "ticket": ticket}


async def exported(guest: Guest, path: str) -> dict[str, Any]:
    answer = await guest.call("GET", path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        tables = [name for name in archive.namelist() if name.endswith(".json")]
        return {name.removesuffix(".json"): json.loads(archive.read(name)) for name in tables}


async def left(store: Store) -> dict[str, int]:
    """How many rows each table has."""
    tables = [mapper.class_ for mapper in Table.registry.mappers]
    async with store.begin() as db:
        counts = {t.__tablename__: await db.scalar(select(func.count()).select_from(t)) or 0 for t in tables}
    return {name: n for name, n in counts.items() if n}


async def test_an_export_holds_all_of_one_s_own_and_nothing_else(store: Store) -> None:
    app = app_of(house_over(store))
    ana, ben = await Guest(app).sign_up("ana"), await Guest(app).sign_up("ben")
    hers = await lived(store, ana, "I love your songs")
    his = await lived(store, ben, "a secret of Ben's fan")
    everything = await exported(ana, "/export")
    of_the_server = {SigningKeyRow.__tablename__, "desks"}  # its own, and nobody else's
    every_table = {mapper.class_.__tablename__ for mapper in Table.registry.mappers} - of_the_server
    assert set(everything) == every_table
    assert all(everything.values())
    for path in ("/export", f"/events/{hers['event']}/export", f"/fans/{hers['fan']}/export"):
        text = json.dumps(await exported(ana, path))
        assert "I love your songs" in text
        for of_ben in ("Ben", "ben@example.org", ben.id, *his.values()):
            assert of_ben not in text
        for secret in ("_hash", "$argon2id", "hash of", "code "):
            assert secret not in text


async def test_one_fan_s_export_is_of_one_fan(sqlite_store: Store) -> None:
    ana = await Guest(app_of(house_over(sqlite_store))).sign_up("ana")
    maya = await lived(sqlite_store, ana, "from Maya")
    await ana.ticket(maya["event"], name="Tom")
    data = await exported(ana, f"/fans/{maya['fan']}/export")
    assert [fan["id"] for fan in data["fans"]] == [maya["fan"]]
    assert "Tom" not in json.dumps(data)


async def test_an_export_holds_the_sound_and_the_picture_too(sqlite_store: Store, tmp_path: Path) -> None:
    house = house_over(sqlite_store)
    house.files = partial(files_of, tmp_path)
    app = app_of(house)
    ana, ben = await Guest(app).sign_up("ana"), await Guest(app).sign_up("ben")
    hers = await lived(sqlite_store, ana, "from Maya", kept="hers")
    await lived(sqlite_store, ben, "from Ben's fan", kept="his")
    sound = random.Random(7).randbytes(3 * BLOCK_BYTES + 1)
    for folder, heard in (("hers", sound), ("his", b"not hers")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / SOUND).write_bytes(heard)
        (tmp_path / folder / WORDS).write_text("Maya: Hello!\n", "utf-8")
        (tmp_path / folder / "about.json").write_text("{}")
    for path in ("/export", f"/events/{hers['event']}/export", f"/fans/{hers['fan']}/export"):
        answer = await ana.call("GET", path)
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert archive.testzip() is None
            files = {name: archive.read(name) for name in archive.namelist() if not name.endswith(".json")}
        (visit,) = (await exported(ana, path))["visits"]
        inside = f"keepsakes/{visit['id']}"
        assert files == {f"{inside}/{SOUND}": sound, f"{inside}/{WORDS}": b"Maya: Hello!\n"}


def test_a_recording_that_is_deleted_meanwhile_is_left_out(tmp_path: Path) -> None:
    for name in ("first.m4a", "second.m4a", "third.m4a"):
        (tmp_path / name).write_bytes(name.encode())
    files = [(path.name, path) for path in sorted(tmp_path.iterdir())]
    files[1][1].unlink()
    with zipfile.ZipFile(io.BytesIO(b"".join(bundle({"visits": []}, files)))) as archive:
        assert archive.namelist() == ["visits.json", "first.m4a", "third.m4a"]
        assert archive.read("third.m4a") == b"third.m4a"


def test_of_a_large_file_little_is_in_the_memory(tmp_path: Path) -> None:
    large = tmp_path / "sound.m4a"
    large.write_bytes(bytes(40 * BLOCK_BYTES))
    parts = [len(part) for part in bundle({}, [("sound.m4a", large)])]
    assert sum(parts) > 40 * BLOCK_BYTES
    assert max(parts) < 2 * BLOCK_BYTES


async def test_a_fan_who_is_deleted_is_gone(store: Store) -> None:
    house, told = house_over(store), []

    async def forget(kind: str, which: str) -> None:
        told.append((kind, which))

    house.forget = forget
    ana = await Guest(app_of(house)).sign_up("ana")
    maya = await lived(store, ana, "from Maya")
    await ana.ticket(maya["event"], name="Tom")
    async with store.begin() as db:
        (await db.get_one(TicketRow, maya["ticket"])).state = "seated"
    assert refusal(await ana.call("DELETE", f"/fans/{maya['fan']}")) == (409, "conflict")
    async with store.begin() as db:
        (await db.get_one(TicketRow, maya["ticket"])).state = "done"
    assert (await ana.call("DELETE", f"/fans/{maya['fan']}")).status_code == 200
    assert told == [("fan", maya["fan"])]
    assert [fan["name"] for fan in (await ana.get("/fans"))["fans"]] == ["Tom"]
    remaining = await left(store)
    assert remaining["tickets"] == 1
    assert not {"visits", "transcripts", "keepsakes", "memories"} & set(remaining)


async def test_a_creator_who_leaves_takes_all_along(store: Store) -> None:
    house, told = house_over(store), []

    async def forget(kind: str, which: str) -> None:
        told.append((kind, which))

    house.forget = forget
    app = app_of(house)
    ana, ben = await Guest(app).sign_up("ana"), await Guest(app).sign_up("ben")
    await lived(store, ben, "a secret of Ben's fan")
    before = await left(store)
    hers = await lived(store, ana, "I love your songs")
    await ana.post(f"/events/{hers['event']}/close")
    assert (await ana.call("DELETE", "/me")).status_code == 200
    assert told == [("creator", ana.id)]
    after = await left(store)
    audit = (after.pop("audit"), before.pop("audit"))
    assert after == {**before, "creators": 1, "logins": 1}
    assert audit[0] > audit[1], "that it was deleted stays written"
    assert refusal(await ana.call("GET", "/me")) == (401, "not_signed_in")
    async with store.begin() as db:
        rows = await db.scalars(select(AuditRow).where(AuditRow.creator_id == ana.id))
        text = json.dumps([[row.action, row.actor, row.detail] for row in rows])
    assert "creator.delete" in text
    for personal in ("ana@", "Fan of", "songs", "platform"):
        assert personal not in text


async def test_no_account_goes_while_fans_are_coming(sqlite_store: Store) -> None:
    ana = await Guest(app_of(house_over(sqlite_store))).sign_up("ana")
    event = await ana.event()
    assert refusal(await ana.call("DELETE", "/me")) == (409, "conflict")
    await ana.post(f"/events/{event}/pause")
    assert refusal(await ana.call("DELETE", "/me")) == (409, "conflict"), "they wait"
    await ana.post(f"/events/{event}/close")
    assert (await ana.call("DELETE", "/me")).status_code == 200


async def test_an_event_that_is_deleted_takes_its_visits_along(sqlite_store: Store) -> None:
    ana = await Guest(app_of(house_over(sqlite_store))).sign_up("ana")
    hers = await lived(sqlite_store, ana, "from Maya")
    await ana.post(f"/events/{hers['event']}/close")
    assert (await ana.call("DELETE", f"/events/{hers['event']}")).status_code == 200
    remaining = await left(sqlite_store)
    assert not {"events", "tickets", "visits", "transcripts", "keepsakes", "host_actions"} & set(remaining)
