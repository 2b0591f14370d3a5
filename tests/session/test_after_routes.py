"""A creator's report over REST, and who may not see it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.after.archive import Archive
from server.after.report_routes import report_router
from server.after.shelf import Shelf
from server.store.engine import Store
from server.store.tables import AuditRow, VisitRow
from tests.session.meeting import NOON
from tests.session.offices import Guest, app_of, house_over, platform, refusal
from tests.session.test_after_retention import every
from tests.session.world import World


@pytest.fixture
async def creators(sqlite_store: Store, tmp_path: Path) -> AsyncIterator[tuple[Guest, Guest]]:
    """Two creators with a browser each; the first has an event with one visit."""
    archive = Archive(Shelf(sqlite_store, tmp_path / "keepsakes"), World().room().lanes.tts)
    house = house_over(sqlite_store)
    house.forget = archive.forget
    app = app_of(house, routers=[report_router(archive)])
    ana, bob = Guest(app), Guest(app)
    await ana.sign_up("ana")
    await bob.sign_up("bob")
    yield ana, bob
    for guest in (ana, bob):
        await guest.http.aclose()


async def visited(ana: Guest, store: Store) -> tuple[str, str]:
    """An event of hers and a ticket that was used."""
    event_id = await ana.event(title="Album night")
    ticket_id = (await ana.ticket(event_id))["ticket_id"]
    async with store.begin() as db:
        visit = VisitRow(id="v1", ticket_id=ticket_id, event_id=event_id, session_id="v1", began_at=NOON, consents={})
        visit.satisfaction, visit.turns = 5, 7
        db.add(visit)
    return event_id, ticket_id


async def test_a_creator_reads_their_report_in_three_forms(creators: tuple[Guest, Guest], sqlite_store: Store) -> None:
    ana, _ = creators
    event_id, _ = await visited(ana, sqlite_store)
    report = await ana.get(f"/events/{event_id}/report")
    assert (report["title"], report["visits"], report["satisfaction_mean"], report["turns"]) == (
        "Album night",
        1,
        5.0,
        7,
    )
    table = await ana.call("GET", f"/events/{event_id}/report.csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert len(table.text.splitlines()) == 2
    picture = await ana.call("GET", f"/events/{event_id}/report.png")
    assert picture.content.startswith(b"\x89PNG")
    async with platform(ana.http._transport.app, await ana.key()) as program:
        assert (await program.get(f"/events/{event_id}/report"))["visits"] == 1


async def test_nobody_else_reads_it(creators: tuple[Guest, Guest], sqlite_store: Store) -> None:
    ana, bob = creators
    event_id, ticket_id = await visited(ana, sqlite_store)
    stranger = Guest(ana.http._transport.app)
    for path in ("report", "report.csv", "report.png"):
        assert refusal(await bob.call("GET", f"/events/{event_id}/{path}")) == (404, "not_found")
        assert refusal(await stranger.call("GET", f"/events/{event_id}/{path}")) == (401, "not_signed_in")
    kept = f"/events/{event_id}/tickets/{ticket_id}/kept"
    assert refusal(await bob.call("DELETE", kept)) == (404, "not_found")
    assert refusal(await stranger.call("DELETE", kept)) == (401, "not_signed_in")
    assert refusal(await ana.call("DELETE", kept, x_csrf_token="")) == (403, "csrf")
    await stranger.http.aclose()


async def test_a_creator_forgets_a_fan_who_asks_for_it(creators: tuple[Guest, Guest], sqlite_store: Store) -> None:
    ana, _ = creators
    event_id, ticket_id = await visited(ana, sqlite_store)
    assert (await ana.call("DELETE", f"/events/{event_id}/tickets/{ticket_id}/kept")).status_code == 204
    other = await ana.event()
    assert refusal(await ana.call("DELETE", f"/events/{other}/tickets/{ticket_id}/kept")) == (404, "not_found")
    async with sqlite_store.begin() as db:
        assert [row.subject for row in await every(db, AuditRow) if row.action == "kept.delete"] == [ticket_id]
