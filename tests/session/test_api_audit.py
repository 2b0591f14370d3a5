"""Every change is written down: each route that changes something is called once, and leaves a row."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from server.store.engine import Store
from server.store.tables import AuditRow
from tests.session.offices import OWN_TOML, PASSWORD, Guest, house_over, platform, refusal
from tests.session.test_api_permissions import BODIES, TABLE, whole

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

#: These give a token for minutes, and change nothing.
NO_CHANGE = {"POST /events/{event_id}/tickets/{ticket_id}/claim", "POST /events/{event_id}/spectator-token"}
CHANGING = {route for route in TABLE if not route.startswith("GET ")} - NO_CHANGE


class Walk:
    """Calls one route after another, and looks what was written."""

    def __init__(self, store: Store, guest: Guest) -> None:
        self.store = store
        self.guest = guest
        self.ids: dict[str, str] = {}
        self.walked: set[str] = set()

    async def rows(self) -> list[AuditRow]:
        async with self.store.begin() as db:
            return list(await db.scalars(select(AuditRow).order_by(AuditRow.at, AuditRow.id)))

    async def step(self, route: str, body: Any = None) -> Any:
        before = len(await self.rows())
        method, path = route.split(" ")
        answer = await self.guest.call(method, path.format(**self.ids), body)
        assert answer.is_success, f"{route}: {answer.text}"
        rows = await self.rows()
        assert len(rows) == before + 1, route
        assert rows[-1].actor
        self.walked.add(route)
        return answer.json() if answer.content else None


async def test_every_route_that_changes_something_leaves_a_row(sqlite_store: Store) -> None:
    walk = Walk(sqlite_store, Guest(whole(house_over(sqlite_store))))
    account = {"email": "ana@example.org", "password": PASSWORD}
    me = await walk.step("POST /creators", {"name": "Ana", **account})
    walk.guest.http.headers["x-csrf-token"] = me["csrf"]
    walk.ids["persona_id"] = "mine"
    await walk.step("PUT /personas/{persona_id}", {"toml": OWN_TOML})
    walk.ids["key_id"] = (await walk.step("POST /keys", {"label": "shop"}))["id"]
    await walk.step("DELETE /keys/{key_id}")
    event = {**BODIES["POST /events"], "persona_id": "mine"}
    walk.ids["event_id"] = (await walk.step("POST /events", event))["id"]
    await walk.step("PATCH /events/{event_id}", {"title": "Hello again"})
    for verb in ("open", "pause", "resume"):
        await walk.step(f"POST /events/{{event_id}}/{verb}")
    walk.ids["ticket_id"] = (await walk.step("POST /events/{event_id}/tickets", {"name": "Tom"}))["ticket_id"]
    await walk.step("DELETE /events/{event_id}/tickets/{ticket_id}")
    walk.ids["ticket_id"] = (await walk.step("POST /events/{event_id}/tickets", {"name": "Maya"}))["ticket_id"]
    await walk.step("POST /events/{event_id}/tickets/{ticket_id}/join")
    await walk.step("DELETE /events/{event_id}/tickets/{ticket_id}/kept")
    await walk.step("POST /events/{event_id}/host-token")
    await walk.step("POST /events/{event_id}/close")
    walk.ids["fan_id"] = (await walk.guest.get(f"/events/{walk.ids['event_id']}/tickets"))["tickets"][0]["fan_id"]
    await walk.step("DELETE /fans/{fan_id}")
    await walk.step("DELETE /events/{event_id}")
    await walk.step("DELETE /personas/{persona_id}")
    await walk.step("POST /me/password", {"current": PASSWORD, "password": PASSWORD + "!"})
    await walk.step("POST /logout")
    me = await walk.step("POST /login", {**account, "password": PASSWORD + "!"})
    walk.guest.http.headers["x-csrf-token"] = me["csrf"]
    await walk.step("DELETE /me")
    assert walk.walked == CHANGING


async def test_what_is_refused_leaves_no_row(sqlite_store: Store) -> None:
    app = whole(house_over(sqlite_store))
    ana, ben = await Guest(app).sign_up("ana"), await Guest(app).sign_up("ben")
    event = await ana.event()

    async def written() -> int:
        async with sqlite_store.begin() as db:
            return await db.scalar(select(func.count()).select_from(AuditRow)) or 0

    before = await written()
    await ben.call("PATCH", f"/events/{event}", {"title": "Mine now"})
    await ana.call("PATCH", f"/events/{event}", {"queue_rule": "invited"})
    await ana.call("POST", f"/events/{event}/open")
    await Guest(app).call("POST", "/login", {"email": "ana@example.org", "password": "wrong password"})
    assert await written() == before


async def test_the_row_says_who_it_was(sqlite_store: Store) -> None:
    app = whole(house_over(sqlite_store))
    ana = await Guest(app).sign_up("ana")
    key = await ana.key()
    async with platform(app, key) as shop:
        await shop.event(opened=False)
    await ana.event(opened=False)
    by_person, by_key = (await ana.get("/audit"))["changes"][:2]
    assert by_key["actor"] == f"key:{key.split('_')[1]}"
    assert by_person["actor"].startswith("login:")
    assert datetime.fromisoformat(by_person["at"]) <= datetime.now(UTC)


async def test_one_event_s_changes_can_be_read_by_themselves(store: Store) -> None:
    ana = await Guest(whole(house_over(store))).sign_up("ana")
    first, other = await ana.event(), await ana.event()
    await ana.ticket(first)
    await ana.ticket(other)
    found = await ana.get(f"/audit?event={first}")
    assert [change["action"] for change in found["changes"]] == ["ticket.issue", "event.open", "event.create"]
    assert {change["detail"].get("event", change["subject"]) for change in found["changes"]} == {first}


async def test_changes_of_one_instant_are_read_page_by_page(store: Store) -> None:
    ana = await Guest(whole(house_over(store))).sign_up("ana")
    ben = await Guest(ana.http._transport.app).sign_up("ben")  # type: ignore[attr-defined]
    async with store.begin() as db:
        for n in range(5):
            db.add(AuditRow(creator_id=ana.id, actor="test", at=NOON, action=f"a{n}", subject="s", detail={}))
    everything = [change["id"] for change in (await ana.get("/audit"))["changes"]]
    read: list[str] = []
    while page := (await ana.get(f"/audit?limit=2{f'&before={read[-1]}' if read else ''}"))["changes"]:
        read += [change["id"] for change in page]
    assert read == everything
    assert refusal(await ben.call("GET", f"/audit?before={read[0]}")) == (404, "not_found"), "it is not his"
