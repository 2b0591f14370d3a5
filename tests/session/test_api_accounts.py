"""Accounts: signing up and in, what is kept of passwords, logins and keys, and how often one may try."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from server.api.access import COOKIE
from server.store.engine import Store
from server.store.tables import ApiKeyRow, AuditRow, CreatorRow, LoginRow
from tests.session.offices import HOUSE, PASSWORD, Guest, app_of, house_over, platform, refusal


async def test_somebody_signs_up_and_is_signed_in(store: Store) -> None:
    guest = Guest(app_of(house_over(store)))
    body = {"name": " Ana ", "email": " ANA@Example.org ", "password": PASSWORD}
    answer = await guest.call("POST", "/creators", body)
    assert answer.status_code == 201
    assert answer.json()["creator"]["email"] == "ana@example.org"
    assert answer.headers["cache-control"] == "no-store"
    me = await guest.get("/me")
    assert me["creator"]["name"] == "Ana"
    assert me["csrf"] == answer.json()["csrf"]


async def test_the_cookie_is_for_us_alone(sqlite_store: Store) -> None:
    guest = Guest(app_of(house_over(sqlite_store)))
    answer = await guest.call("POST", "/creators", {"name": "a", "email": "a@example.org", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=lax", "Secure", "Path=/api/v1", "Max-Age=1209600"):
        assert part in cookie
    guest.http.base_url = f"{HOUSE.replace('https', 'http')}/api/v1"  # type: ignore[assignment]
    plain = await guest.call("POST", "/login", {"email": "a@example.org", "password": PASSWORD})
    assert "Secure" not in plain.headers["set-cookie"]  # or nobody could sign in on a development machine


async def test_behind_a_proxy_the_public_address_counts(sqlite_store: Store) -> None:
    house = house_over(sqlite_store)
    house.public_url = "https://meet.test"
    app = app_of(house)
    inside = Guest(app)
    inside.http.base_url = "http://10.0.0.7:8700/api/v1"  # type: ignore[assignment]
    body = {"name": "a", "email": "a@example.org", "password": PASSWORD}
    answer = await inside.call("POST", "/creators", body, origin="https://meet.test")
    assert "Secure" in answer.headers["set-cookie"]
    person = await Guest(app).sign_up("ana")
    event = await person.event()
    assert (await person.ticket(event))["link"].startswith(f"https://meet.test/#event={event}&ticket=")
    assert (await person.post(f"/events/{event}/host-token"))["ws_url"] == "wss://meet.test/ws"


async def test_nothing_that_opens_a_door_is_in_the_store(sqlite_store: Store) -> None:
    guest = await Guest(app_of(house_over(sqlite_store))).sign_up("ana")
    key = await guest.key()
    cookie = guest.http.cookies[COOKIE]
    async with sqlite_store.begin() as db:
        rows: list[Any] = [*await db.scalars(select(CreatorRow)), *await db.scalars(select(LoginRow))]
        rows += [*await db.scalars(select(ApiKeyRow)), *await db.scalars(select(AuditRow))]
        written = repr([{c.key: getattr(row, c.key) for c in row.__table__.columns} for row in rows])
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in written
    for secret in (PASSWORD, cookie, key.rpartition("_")[2], guest.http.headers["x-csrf-token"]):
        assert secret not in written


@pytest.mark.parametrize(("sign_up", "status"), [("closed", 403), ("oidc", 403), ("open", 201)])
async def test_strangers_make_accounts_only_where_they_may(sqlite_store: Store, sign_up: str, status: int) -> None:
    guest = Guest(app_of(house_over(sqlite_store, sign_up=sign_up)))
    assert (await guest.get("/login"))["sign_up"] is (sign_up == "open")
    body = {"name": "a", "email": "a@example.org", "password": PASSWORD}
    assert (await guest.call("POST", "/creators", body)).status_code == status


async def test_an_address_has_one_account(store: Store) -> None:
    app = app_of(house_over(store))
    await Guest(app).sign_up("ana")
    body = {"name": "x", "email": "ANA@example.org", "password": PASSWORD}
    assert refusal(await Guest(app).call("POST", "/creators", body)) == (409, "conflict")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"password": "short"}, "password"),
        ({"email": "nobody"}, "email"),
        ({"name": "  "}, "name"),
        ({"admin": True}, "admin"),
    ],
)
async def test_what_is_wrong_is_named_and_not_repeated(sqlite_store: Store, change: dict[str, Any], named: str) -> None:
    body = {"name": "a", "email": "a@example.org", "password": PASSWORD, **change}
    answer = await Guest(app_of(house_over(sqlite_store))).call("POST", "/creators", body)
    assert refusal(answer) == (400, "malformed")
    assert answer.json()["error"]["message"].startswith(f"{named}: ")
    assert PASSWORD not in answer.text


@pytest.mark.parametrize(("email", "password"), [("ana@example.org", "wrong " * 3), ("nobody@example.org", PASSWORD)])
async def test_a_wrong_password_and_an_unknown_address_look_the_same(
    sqlite_store: Store, email: str, password: str
) -> None:
    app = app_of(house_over(sqlite_store))
    await Guest(app).sign_up("ana")
    answer = await Guest(app).call("POST", "/login", {"email": email, "password": password})
    assert refusal(answer) == (401, "not_signed_in")
    assert answer.json()["error"]["message"] == "this address and this password do not belong together"
    assert "set-cookie" not in answer.headers


async def test_signing_out_ends_the_login_and_no_other(sqlite_store: Store) -> None:
    app = app_of(house_over(sqlite_store))
    here = await Guest(app).sign_up("ana")
    there = Guest(app)
    await there.post("/login", {"email": "ana@example.org", "password": PASSWORD})
    kept = here.http.cookies[COOKIE]
    await here.post("/logout")
    here.http.cookies.set(COOKIE, kept)  # whoever copied it has nothing
    assert refusal(await here.call("GET", "/me")) == (401, "not_signed_in")
    assert (await there.get("/me"))["creator"]["email"] == "ana@example.org"


async def test_a_login_ends_by_itself(sqlite_store: Store) -> None:
    app = app_of(house_over(sqlite_store))
    guest = await Guest(app).sign_up("ana")
    async with sqlite_store.begin() as db:
        for row in await db.scalars(select(LoginRow)):
            row.expires_at -= timedelta(days=15)
    assert refusal(await guest.call("GET", "/me")) == (401, "not_signed_in")
    await Guest(app).sign_up("ben")
    async with sqlite_store.begin() as db:
        assert len((await db.scalars(select(LoginRow))).all()) == 1, "what ended is swept out"


async def test_a_new_password_ends_the_other_logins(sqlite_store: Store) -> None:
    app = app_of(house_over(sqlite_store))
    here = await Guest(app).sign_up("ana")
    there = Guest(app)
    await there.post("/login", {"email": "ana@example.org", "password": PASSWORD})
    wrong = await here.call("POST", "/me/password", {"current": "wrong one", "password": "a better battery"})
    assert refusal(wrong) == (403, "forbidden")
    await here.post("/me/password", {"current": PASSWORD, "password": "a better battery"})
    await here.get("/me")
    assert refusal(await there.call("GET", "/me")) == (401, "not_signed_in")
    again = await there.call("POST", "/login", {"email": "ana@example.org", "password": PASSWORD})
    assert refusal(again) == (401, "not_signed_in")
    await there.post("/login", {"email": "ana@example.org", "password": "a better battery"})


async def test_a_key_that_is_revoked_is_refused(store: Store) -> None:
    app = app_of(house_over(store))
    person = await Guest(app).sign_up("ana")
    key = await person.key()
    async with platform(app, key) as guest:
        assert (await guest.get("/me"))["creator"]["id"] == person.id
        key_id = (await person.get("/keys"))["keys"][0]["id"]
        await person.call("DELETE", f"/keys/{key_id}")
        assert refusal(await guest.call("GET", "/me")) == (401, "not_signed_in")
    assert (await person.get("/keys"))["keys"] == []


@pytest.mark.parametrize(
    "spoil", [lambda key: key[:-1], lambda key: "xx" + key[2:], lambda _: "", lambda _: "sd_", str.upper]
)
async def test_half_a_key_opens_nothing(sqlite_store: Store, spoil: Any) -> None:
    app = app_of(house_over(sqlite_store))
    person = await Guest(app).sign_up("ana")
    spoilt = spoil(await person.key())
    async with platform(app, spoilt) as guest:
        assert refusal(await guest.call("GET", "/me")) == (401, "not_signed_in")


# --- how often ---


async def test_guessing_a_password_gets_slower(sqlite_store: Store) -> None:
    house = house_over(sqlite_store, tries_per_minute=3)
    now = [0.0]
    house.seconds = lambda: now[0]
    app = app_of(house)
    body = {"email": "ana@example.org", "password": "a guess at it"}
    for n in range(3):
        assert refusal(await Guest(app, f"192.0.2.{n}").call("POST", "/login", body)) == (401, "not_signed_in")
    held = await Guest(app, "192.0.2.9").call("POST", "/login", body)  # from wherever they come
    assert refusal(held) == (429, "rate_limited")
    assert held.headers["retry-after"] == "20"
    now[0] += 20
    assert refusal(await Guest(app, "192.0.2.9").call("POST", "/login", body)) == (401, "not_signed_in")


async def test_who_signs_in_is_not_held_up_by_their_own_slips(sqlite_store: Store) -> None:
    house = house_over(sqlite_store, tries_per_minute=3)
    house.seconds = lambda: 0.0
    app = app_of(house)
    await Guest(app, "192.0.2.50").sign_up("ana")
    for n in range(4):
        guest = Guest(app, f"192.0.2.{n}")
        await guest.call("POST", "/login", {"email": "ana@example.org", "password": "a slip of mine"})
        await guest.post("/login", {"email": "ana@example.org", "password": PASSWORD})


async def test_one_address_or_one_account_does_not_take_all(sqlite_store: Store) -> None:
    house = house_over(sqlite_store, requests_per_minute=10)
    house.seconds = lambda: 0.0
    app = app_of(house)
    loud = Guest(app, "2001:db8::1")
    answers = [await loud.call("GET", "/login") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) == 6
    assert (await Guest(app, "2001:db8::2").call("GET", "/login")).status_code == 429, "the same house"
    quiet = await Guest(app, "192.0.2.7").sign_up("ana")
    key = await quiet.key()
    statuses = []
    for n in range(12):
        spread = Guest(app, f"198.51.100.{n}")
        statuses.append((await spread.call("GET", "/me", authorization=f"Bearer {key}")).status_code)
    assert statuses.count(429) == 3, statuses  # one was the key's making, which its account counts too


@pytest.mark.parametrize("what", ["tickets", "accounts"])
async def test_a_stranger_takes_all_of_nothing(sqlite_store: Store, what: str) -> None:
    house = house_over(sqlite_store, tries_per_minute=3)
    house.seconds = lambda: 0.0
    ana = await Guest(app_of(house)).sign_up("ana")
    event = await ana.event()
    greedy = Guest(app_of(house), "198.51.100.9")
    statuses = []
    for n in range(5):
        account = {"name": "Eve", "email": f"eve{n}@example.org", "password": PASSWORD}
        asked = (f"/events/{event}/tickets", {"name": "Eve"}) if what == "tickets" else ("/creators", account)
        statuses.append((await greedy.call("POST", *asked)).status_code)
    assert statuses == [201, 201, 201, 429, 429]
    for _ in range(5):
        await ana.ticket(event)  # her own event's are hers to give


# --- browsers of other origins ---


@pytest.mark.parametrize(("origin", "allowed"), [("https://console.test", True), ("https://evil.test", False)])
async def test_only_configured_origins_may_read(sqlite_store: Store, origin: str, allowed: bool) -> None:
    guest = Guest(app_of(house_over(sqlite_store)))
    asked = await guest.call(
        "OPTIONS",
        "/events",
        origin=origin,
        access_control_request_method="PATCH",
        access_control_request_headers="x-csrf-token,content-type",
    )
    answer = await guest.call("GET", "/login", origin=origin)
    assert (asked.status_code == 200) is allowed
    assert (answer.headers.get("access-control-allow-origin") == origin) is allowed
    if allowed:
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert "PATCH" in asked.headers["access-control-allow-methods"]
