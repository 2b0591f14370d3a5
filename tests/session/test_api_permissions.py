"""Who may do what: every route is walked by the wrong people, and every permission is missed when it is taken away."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette

from server.after.archive import Archive
from server.after.report_routes import report_router
from server.after.shelf import Shelf
from server.api import access
from server.api.access import Caller
from server.api.house import House
from server.store.engine import Store
from server.store.tables import EventRow
from server.tokens import JoinClaims, Role
from tests.session.offices import OWN_TOML, Guest, app_of, house_over, platform, refusal
from tests.session.world import World

#: Every route, and who may call it. A new route fails here until somebody has thought about it.
TABLE = {
    "GET /login": "anybody",
    "POST /login": "anybody",
    "POST /creators": "anybody",
    "GET /login/oidc": "anybody",
    "GET /login/oidc/callback": "anybody",
    "GET /events/{event_id}/card": "anybody",
    "POST /events/{event_id}/spectator-token": "anybody",
    "POST /events/{event_id}/tickets/{ticket_id}/claim": "anybody",  # who has the ticket's secret
    "POST /events/{event_id}/tickets": "visitor",  # whom the queue rule lets; its creator always
    "POST /logout": "person",
    "POST /me/password": "person",
    "DELETE /me": "person",
    "GET /export": "person",
    "GET /keys": "person",
    "POST /keys": "person",
    "DELETE /keys/{key_id}": "person",
    "GET /me": "signed_in",
    "GET /audit": "signed_in",
    "GET /fans": "signed_in",
    "GET /fans/{fan_id}/export": "signed_in",
    "DELETE /fans/{fan_id}": "signed_in",
    "GET /personas": "signed_in",
    "GET /personas/{persona_id}": "signed_in",
    "PUT /personas/{persona_id}": "signed_in",
    "DELETE /personas/{persona_id}": "signed_in",
    "GET /events": "signed_in",
    "POST /events": "signed_in",
    "GET /events/{event_id}": "signed_in",
    "PATCH /events/{event_id}": "signed_in",
    "DELETE /events/{event_id}": "signed_in",
    "POST /events/{event_id}/open": "signed_in",
    "POST /events/{event_id}/pause": "signed_in",
    "POST /events/{event_id}/resume": "signed_in",
    "POST /events/{event_id}/close": "signed_in",
    "GET /events/{event_id}/actions": "signed_in",
    "GET /events/{event_id}/export": "signed_in",
    "GET /events/{event_id}/tickets": "signed_in",
    "GET /events/{event_id}/tickets/{ticket_id}": "signed_in",
    "DELETE /events/{event_id}/tickets/{ticket_id}": "signed_in",
    "POST /events/{event_id}/tickets/{ticket_id}/join": "signed_in",
    "POST /events/{event_id}/host-token": "signed_in",
    "GET /events/{event_id}/report": "signed_in",
    "GET /events/{event_id}/report.csv": "signed_in",
    "GET /events/{event_id}/report.png": "signed_in",
    "DELETE /events/{event_id}/tickets/{ticket_id}/kept": "signed_in",
}
GUARDED = sorted(route for route, who in TABLE.items() if who in ("person", "signed_in"))
CHANGES = [route for route in GUARDED if not route.startswith("GET")]
PERSONAL = sorted(route for route, who in TABLE.items() if who == "person")
#: Of these, the ids belong to one creator, and are not there for another.
OWNED = sorted(route for route in GUARDED if "{" in route)

BODIES: dict[str, Any] = {
    "POST /keys": {"label": "x"},
    "POST /me/password": {"current": "x", "password": "another long one"},
    "PUT /personas/{persona_id}": {"toml": OWN_TOML},
    "PATCH /events/{event_id}": {"title": "Taken over"},
    "POST /events": {
        "title": "Hi",
        "persona_id": "nova",
        "opens_at": "2030-01-01T10:00:00Z",
        "closes_at": "2030-01-01T12:00:00Z",
    },
}


def whole(house: House) -> Starlette:
    """The API with every router that commands.py gives it."""
    archive = Archive(Shelf(house.store, Path("/nowhere")), World().room().lanes.tts)
    return app_of(house, routers=[report_router(archive)])


class Owner:
    """A creator with one of everything, and what the routes' parameters stand for."""

    def __init__(self, app: Any) -> None:
        self.browser = Guest(app)
        self.ids: dict[str, str] = {}
        self.key = ""

    async def settle(self) -> "Owner":
        await self.browser.sign_up("ana")
        put = await self.browser.call("PUT", "/personas/mine", {"toml": OWN_TOML})
        assert put.status_code == 200, put.text
        event_id = await self.browser.event(persona_id="mine")
        ticket = await self.browser.ticket(event_id)
        made = await self.browser.post("/keys", {"label": "spare"})
        fans = (await self.browser.get("/fans"))["fans"]
        self.key = await self.browser.key()
        self.ids = {
            "event_id": event_id,
            "ticket_id": ticket["ticket_id"],
            "fan_id": fans[0]["id"],
            "key_id": made["id"],
            "persona_id": "mine",
        }
        return self

    async def call(self, guest: Guest, route: str, **headers: str) -> httpx.Response:
        method, path = route.split(" ")
        filled = re.sub(r"\{(\w+)\}", lambda found: self.ids[found[1]], path)
        return await guest.call(method, filled, BODIES.get(route), **headers)


async def everything_of(owner: Owner) -> Any:
    """What the owner sees of their own; it must be the same after others tried."""
    ids = owner.ids
    seen = [
        await owner.browser.get(path)
        for path in ("/me", "/keys", "/fans", "/personas", "/events", f"/events/{ids['event_id']}/tickets")
    ]
    seen.append((await owner.browser.get("/personas/mine"))["toml"])
    return seen


def documented(app: FastAPI) -> dict[str, str]:
    return {
        f"{method.upper()} {path}": operation["x-permission"]
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
    }


async def test_the_table_is_complete_and_the_document_says_the_same(sqlite_store: Store) -> None:
    app: FastAPI = whole(house_over(sqlite_store)).routes[0].app  # type: ignore[attr-defined]
    assert documented(app) == TABLE


async def test_nobody_gets_in_without_signing_in(sqlite_store: Store) -> None:
    app = whole(house_over(sqlite_store))
    owner = await Owner(app).settle()
    before = await everything_of(owner)
    for route in GUARDED:
        assert refusal(await owner.call(Guest(app), route)) == (401, "not_signed_in"), route
    assert await everything_of(owner) == before


async def test_two_creators_never_meet(sqlite_store: Store) -> None:
    app = whole(house_over(sqlite_store))
    owner = await Owner(app).settle()
    other = await Guest(app).sign_up("ben")
    before = await everything_of(owner)
    for route in OWNED:
        if route == "PUT /personas/{persona_id}":
            continue  # writes a persona of their own with the same id: below
        assert refusal(await owner.call(other, route)) == (404, "not_found"), route
    for path in ("/events", "/fans", "/keys"):
        assert (await other.get(path))[path[1:]] == []
    assert await everything_of(owner) == before
    theirs = await owner.call(other, "PUT /personas/{persona_id}")
    assert theirs.status_code == 200
    text = OWN_TOML.replace("Nova Reyes", "Ben Stone")
    assert (await other.call("PUT", "/personas/mine", {"toml": text})).status_code == 200
    assert await everything_of(owner) == before
    subjects = {change["subject"] for change in (await other.get("/audit"))["changes"]}
    assert subjects.isdisjoint(set(owner.ids.values()) - {"mine"})


@pytest.mark.parametrize("role", ["fan", "host", "spectator"])
async def test_a_join_token_opens_no_route(sqlite_store: Store, role: Role) -> None:
    house = house_over(sqlite_store)
    app = whole(house)
    owner = await Owner(app).settle()
    token = house.signer.sign(JoinClaims(event=owner.ids["event_id"], role=role, sub=owner.browser.id), valid_s=60)
    async with platform(app, token) as guest:
        for route in GUARDED:
            assert refusal(await owner.call(guest, route)) == (401, "not_signed_in"), route


async def test_a_key_that_is_not_known_is_no_passer_by(sqlite_store: Store) -> None:
    app = whole(house_over(sqlite_store))
    owner = await Owner(app).settle()
    async with platform(app, "sd_00000000_guessed") as guest:
        made = await guest.call("POST", f"/events/{owner.ids['event_id']}/tickets", {"name": "Tom"})
        assert refusal(made) == (401, "not_signed_in"), "it would be told nothing of its mistake"


async def test_an_api_key_is_no_person(sqlite_store: Store) -> None:
    app = whole(house_over(sqlite_store))
    owner = await Owner(app).settle()
    async with platform(app, owner.key) as guest:
        for route in PERSONAL:
            assert refusal(await owner.call(guest, route)) == (403, "forbidden"), route
        assert (await guest.get("/me"))["csrf"] == ""
        assert len((await guest.get("/events"))["events"]) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"x_csrf_token": ""},
        {"x_csrf_token": "0" * 64},
        {"origin": "https://evil.test"},
        {"origin": "null"},
    ],
    ids=["no token", "a wrong token", "another site", "a page without an origin"],
)
async def test_another_site_s_page_changes_nothing(sqlite_store: Store, headers: dict[str, str]) -> None:
    app = whole(house_over(sqlite_store))
    owner = await Owner(app).settle()
    before = await everything_of(owner)
    for route in CHANGES:
        assert refusal(await owner.call(owner.browser, route, **headers)) == (403, "csrf"), route
    made = await owner.call(owner.browser, "POST /events/{event_id}/tickets", **headers)
    assert refusal(made) == (403, "csrf")
    assert await everything_of(owner) == before


@pytest.mark.parametrize("origin", ["https://house.test", "https://console.test"])
async def test_our_own_pages_may(sqlite_store: Store, origin: str) -> None:
    owner = await Owner(whole(house_over(sqlite_store))).settle()
    for route in ("PATCH /events/{event_id}", "POST /events/{event_id}/pause", "POST /events/{event_id}/resume"):
        assert (await owner.call(owner.browser, route, origin=origin)).status_code == 200


@pytest.mark.parametrize("path", ["/login", "/creators"])
async def test_another_site_s_page_signs_nobody_in(sqlite_store: Store, path: str) -> None:
    guest = Guest(whole(house_over(sqlite_store)))
    body = {"email": "a@example.org", "password": "correct horse battery", "name": "a"}
    if path == "/login":
        del body["name"]
    assert refusal(await guest.call("POST", path, body, origin="https://evil.test")) == (403, "csrf")


# --- each check is needed: without it a guest gets in ---


async def _as_anybody() -> Caller:
    return Caller("somebody", "nobody")


def without(check: Callable[..., Any], stand_in: Callable[..., Any], store: Store) -> Any:
    """The same application, but one check is taken away."""
    app = whole(house_over(store))
    app.routes[0].app.dependency_overrides[check] = stand_in  # type: ignore[attr-defined]
    return app


async def test_the_walk_notices_when_signing_in_is_not_asked_for(sqlite_store: Store) -> None:
    app = without(access.signed_in, _as_anybody, sqlite_store)
    assert (await Guest(app).call("GET", "/events")).status_code == 200


async def test_the_walk_notices_when_a_person_is_not_asked_for(sqlite_store: Store) -> None:
    owner = await Owner(whole(house_over(sqlite_store))).settle()
    app = without(access.person, access.signed_in, sqlite_store)
    async with platform(app, owner.key) as guest:
        assert (await guest.call("POST", "/keys", {"label": "x"})).status_code == 201


async def test_the_walk_notices_when_the_token_is_not_asked_for(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "_check_csrf", lambda *_: None)
    owner = await Owner(whole(house_over(sqlite_store))).settle()
    answer = await owner.call(owner.browser, "PATCH /events/{event_id}", origin="https://evil.test", x_csrf_token="")
    assert answer.status_code == 200


async def test_the_walk_notices_when_ownership_is_not_asked_for(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await Owner(whole(house_over(sqlite_store))).settle()
    other = await Guest(whole(house_over(sqlite_store))).sign_up("ben")

    async def anybodys(db: Any, _: str, event_id: str, *, lock: bool = False) -> Any:
        return await db.get(EventRow, event_id)

    monkeypatch.setattr("server.api.events.own_event", anybodys)
    assert (await owner.call(other, "GET /events/{event_id}")).status_code == 200
