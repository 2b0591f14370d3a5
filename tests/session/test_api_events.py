"""Events and tickets over REST: how an event moves, what may change, who gets a ticket, and what a token says."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from avatar.persona import Persona, PersonaError
from server.store.engine import Store
from server.store.tables import PersonaRow, TicketRow, TicketState
from server.tokens import JoinClaims
from tests.session.offices import OWN_TOML, Guest, app_of, house_over, platform, refusal

DAY = timedelta(days=1)


async def creator(store: Store, **accounts: Any) -> Guest:
    return await Guest(app_of(house_over(store, **accounts))).sign_up("ana")


async def put_state(store: Store, ticket_id: str, state: TicketState) -> None:
    async with store.begin() as db:
        (await db.get_one(TicketRow, ticket_id)).state = state


# --- an event ---


async def test_an_event_moves_only_forwards(store: Store) -> None:
    ana = await creator(store)
    event = await ana.event(opened=False)

    async def move(verb: str) -> tuple[int, str]:
        answer = await ana.call("POST", f"/events/{event}/{verb}")
        return answer.status_code, answer.json().get("state", "refused")

    told = [await move(verb) for verb in ("pause", "open", "open", "pause", "resume", "close", "open", "close")]
    assert told == [
        (409, "refused"),
        (200, "open"),
        (409, "refused"),
        (200, "paused"),
        (200, "open"),
        (200, "closed"),
        (409, "refused"),
        (409, "refused"),
    ]
    assert (await ana.get(f"/events/{event}"))["closed_at"] is not None


async def test_whoever_runs_the_event_hears_of_every_change(sqlite_store: Store) -> None:
    house, told = house_over(sqlite_store), []
    house.changed = told.append
    ana = await Guest(app_of(house)).sign_up("ana")
    event = await ana.event(opened=False)
    assert told == []
    await ana.post(f"/events/{event}/open")
    ticket = await ana.ticket(event)
    await ana.call("PATCH", f"/events/{event}", {"slot_s": 60})
    await ana.call("DELETE", f"/events/{event}/tickets/{ticket['ticket_id']}")
    await ana.post(f"/events/{event}/close")
    await ana.call("DELETE", f"/events/{event}")
    assert told == [event] * 6


async def test_fans_came_under_terms_that_stay(sqlite_store: Store) -> None:
    ana = await creator(sqlite_store)
    event = await ana.event(opened=False)
    assert (await ana.call("PATCH", f"/events/{event}", {"keepsakes": True})).json()["keepsakes"] is True
    await ana.post(f"/events/{event}/open")
    for terms in ({"keepsakes": False}, {"spectators": True}, {"queue_rule": "invited"}, {"persona_id": "bram"}):
        assert refusal(await ana.call("PATCH", f"/events/{event}", terms)) == (409, "conflict")
    assert (await ana.call("PATCH", f"/events/{event}", {"slot_s": 60, "keepsakes": True})).json()["slot_s"] == 60
    await ana.post(f"/events/{event}/close")
    assert refusal(await ana.call("PATCH", f"/events/{event}", {"slot_s": 90})) == (409, "conflict")
    assert (await ana.call("PATCH", f"/events/{event}", {"title": "It was fun"})).status_code == 200


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"slot_s": 1}, "slot_s"),
        ({"places": 0}, "places"),
        ({"group_size": 5}, "group_size"),
        ({"queue_rule": "loudest"}, "queue_rule"),
        ({"opens_at": "2026-11-22T12:00:00"}, "opens_at"),
        ({"closes_at": "2020-01-01T00:00:00Z"}, "body"),
        ({"persona_id": "nobody"}, "persona_id"),
        ({"retention": 3}, "retention"),
    ],
)
async def test_a_mistake_is_named(sqlite_store: Store, change: dict[str, Any], named: str) -> None:
    ana = await creator(sqlite_store)
    now = datetime.now(UTC)
    body = {
        "title": "Hi",
        "persona_id": "nova",
        "opens_at": now.isoformat(),
        "closes_at": (now + DAY).isoformat(),
    }
    answer = await ana.call("POST", "/events", {**body, **change})
    assert refusal(answer) == (400, "malformed")
    assert answer.json()["error"]["message"].startswith(named)


async def test_an_event_whose_time_is_over_does_not_open(sqlite_store: Store) -> None:
    ana = await creator(sqlite_store)
    past = datetime.now(UTC) - timedelta(hours=3)
    event = await ana.event(opened=False, opens_at=past.isoformat(), closes_at=(past + timedelta(hours=1)).isoformat())
    assert refusal(await ana.call("POST", f"/events/{event}/open")) == (409, "conflict")


async def test_a_live_event_is_not_deleted_by_a_slip(sqlite_store: Store) -> None:
    ana = await creator(sqlite_store)
    event = await ana.event()
    assert refusal(await ana.call("DELETE", f"/events/{event}")) == (409, "conflict")
    assert refusal(await ana.call("DELETE", "/me")) == (409, "conflict")
    await ana.post(f"/events/{event}/close")
    assert (await ana.call("DELETE", f"/events/{event}")).status_code == 200
    assert (await ana.get("/events"))["events"] == []


# --- what anybody may know ---


async def test_a_draft_is_nobodys_business(sqlite_store: Store) -> None:
    ana = await creator(sqlite_store)
    event = await ana.event(opened=False)
    passer_by = Guest(ana.http._transport.app)  # type: ignore[attr-defined]
    for method, path in (("GET", "card"), ("POST", "spectator-token"), ("POST", "tickets")):
        body = {"name": "Maya"} if path == "tickets" else None
        assert refusal(await passer_by.call(method, f"/events/{event}/{path}", body)) == (404, "not_found")


async def test_the_card_says_what_a_fan_wants_to_know(store: Store) -> None:
    ana = await creator(store)
    event = await ana.event(max_tickets=3)
    await ana.ticket(event)
    passer_by = Guest(ana.http._transport.app)  # type: ignore[attr-defined]
    card = await passer_by.get(f"/events/{event}/card")
    assert (card["persona_name"], card["tickets_left"], card["state"]) == ("Nova Reyes", 2, "open")
    assert "creator_id" not in card


# --- tickets ---


async def test_a_fan_takes_a_ticket_and_comes_in(store: Store) -> None:
    house = house_over(store)
    app = app_of(house)
    ana, maya = await Guest(app).sign_up("ana"), Guest(app)
    event = await ana.event()
    made = await maya.ticket(event)
    assert made["link"] == f"https://house.test/#event={event}&ticket={made['ticket_id']}.{made['secret']}"
    joined = await maya.post(f"/events/{event}/tickets/{made['ticket_id']}/claim", {"secret": made["secret"]})
    assert joined["ws_url"] == "wss://house.test/ws"
    fan_id = (await ana.get("/fans"))["fans"][0]["id"]
    claims = JoinClaims("Maya", "nova", event, made["ticket_id"], "fan", fan_id)
    assert house.signer.check(joined["token"]) == claims
    shown = (await ana.get(f"/events/{event}/tickets"))["tickets"]
    assert [(t["name"], t["state"], t["invited"]) for t in shown] == [("Maya", "issued", False)]
    wrong = await maya.call("POST", f"/events/{event}/tickets/{made['ticket_id']}/claim", {"secret": "guess"})
    assert refusal(wrong) == (404, "not_found")


async def test_guessing_a_ticket_s_secret_gets_slower(sqlite_store: Store) -> None:
    ana = await creator(sqlite_store, tries_per_minute=5)
    event = await ana.event()
    ticket = (await ana.ticket(event))["ticket_id"]
    told = [await ana.call("POST", f"/events/{event}/tickets/{ticket}/claim", {"secret": "x"}) for _ in range(6)]
    assert [answer.status_code for answer in told] == [404] * 5 + [429]


async def test_tickets_of_another_event_open_nothing(sqlite_store: Store) -> None:
    ana = await creator(sqlite_store)
    one, two = await ana.event(), await ana.event()
    made = await ana.ticket(one)
    for path in (f"/events/{two}/tickets/{made['ticket_id']}/claim", f"/events/{two}/tickets/{made['ticket_id']}/join"):
        assert refusal(await ana.call("POST", path, {"secret": made["secret"]})) == (404, "not_found")


async def test_only_the_invited_come_to_an_invited_event(sqlite_store: Store) -> None:
    ana = await creator(sqlite_store)
    passer_by = Guest(ana.http._transport.app)  # type: ignore[attr-defined]
    event = await ana.event(queue_rule="invited")
    assert refusal(await passer_by.call("POST", f"/events/{event}/tickets", {"name": "Maya"})) == (403, "forbidden")
    await ana.ticket(event)
    assert (await ana.get(f"/events/{event}/tickets"))["tickets"][0]["invited"] is True


async def test_a_stranger_is_nobody_s_known_fan(sqlite_store: Store) -> None:
    ana = await creator(sqlite_store)
    event = await ana.event()
    await ana.ticket(event, external_ref="patron-7")
    passer_by = Guest(ana.http._transport.app)  # type: ignore[attr-defined]
    answer = await passer_by.call("POST", f"/events/{event}/tickets", {"name": "Eve", "external_ref": "patron-7"})
    assert refusal(answer) == (403, "forbidden")


async def test_another_creator_is_a_stranger_too(sqlite_store: Store) -> None:
    ana = await creator(sqlite_store)
    ben = await Guest(ana.http._transport.app).sign_up("ben")  # type: ignore[attr-defined]
    event = await ana.event(queue_rule="invited")
    assert refusal(await ben.call("POST", f"/events/{event}/tickets", {"name": "Tom"})) == (403, "forbidden")
    assert (await ana.get(f"/events/{event}/tickets"))["tickets"] == []


async def test_the_same_reference_of_two_creators_is_two_fans(sqlite_store: Store) -> None:
    ana = await creator(sqlite_store)
    ben = await Guest(ana.http._transport.app).sign_up("ben")  # type: ignore[attr-defined]
    for host, name in ((ana, "Maya"), (ben, "Tom")):
        await host.ticket(await host.event(), name, external_ref="patron-7")
        assert [fan["name"] for fan in (await host.get("/fans"))["fans"]] == [name]


async def test_a_platform_may_ask_twice(store: Store) -> None:
    ana = await creator(store)
    event = await ana.event(max_tickets=1)
    async with platform(ana.http._transport.app, await ana.key()) as shop:  # type: ignore[attr-defined]
        first = await shop.ticket(event, external_ref="patron-7")
        again = await shop.ticket(event, external_ref="patron-7")
        assert again["ticket_id"] == first["ticket_id"]
        claim = f"/events/{event}/tickets/{first['ticket_id']}/claim"
        assert refusal(await shop.call("POST", claim, {"secret": first["secret"]})) == (404, "not_found")
        await shop.post(claim, {"secret": again["secret"]})
        full = await shop.call("POST", f"/events/{event}/tickets", {"name": "Late"})
        assert full.json()["error"]["message"] == "all tickets are taken"


async def test_the_last_ticket_is_given_once(store: Store) -> None:
    ana = await creator(store)
    event = await ana.event(max_tickets=3)
    app = ana.http._transport.app  # type: ignore[attr-defined]
    body = {"name": "Maya"}
    answers = await asyncio.gather(*(Guest(app).call("POST", f"/events/{event}/tickets", body) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5


async def test_a_ticket_that_was_used_opens_nothing(sqlite_store: Store) -> None:
    ana = await creator(sqlite_store)
    event = await ana.event()
    made = await ana.ticket(event, external_ref="p")
    await put_state(sqlite_store, made["ticket_id"], "banned")
    path = f"/events/{event}/tickets"
    for answer in (
        await ana.call("POST", f"{path}/{made['ticket_id']}/claim", {"secret": made["secret"]}),
        await ana.call("POST", f"{path}/{made['ticket_id']}/join"),
        await ana.call("POST", path, {"name": "Maya", "external_ref": "p"}),
    ):
        assert refusal(answer) == (409, "conflict")


async def test_a_ticket_is_not_taken_back_while_its_fan_is_there(sqlite_store: Store) -> None:
    ana = await creator(sqlite_store)
    event = await ana.event()
    made = await ana.ticket(event)
    path = f"/events/{event}/tickets/{made['ticket_id']}"
    await put_state(sqlite_store, made["ticket_id"], "called")
    assert refusal(await ana.call("DELETE", path)) == (409, "conflict")
    await put_state(sqlite_store, made["ticket_id"], "waiting")
    assert (await ana.call("DELETE", path)).status_code == 200
    async with sqlite_store.begin() as db:
        assert (await db.scalars(select(TicketRow))).all() == []


async def test_host_and_spectator_are_who_they_are(sqlite_store: Store) -> None:
    house = house_over(sqlite_store)
    app = app_of(house)
    ana, passer_by = await Guest(app).sign_up("ana"), Guest(app)
    closed_stage, open_stage = await ana.event(), await ana.event(spectators=True)
    host = await ana.post(f"/events/{open_stage}/host-token")
    assert house.signer.check(host["token"]) == JoinClaims(persona="nova", event=open_stage, role="host", sub=ana.id)
    watching = await passer_by.post(f"/events/{open_stage}/spectator-token")
    assert house.signer.check(watching["token"]).role == "spectator"
    refused = await passer_by.call("POST", f"/events/{closed_stage}/spectator-token")
    assert refusal(refused) == (403, "forbidden")


# --- personas ---


async def test_a_persona_is_checked_like_a_file(sqlite_store: Store) -> None:
    ana = await creator(sqlite_store)
    broken = OWN_TOML.replace('greeting = "', 'greetign = "')
    answer = await ana.call("PUT", "/personas/mine", {"toml": broken})
    assert refusal(answer) == (400, "malformed")
    assert answer.json()["error"]["message"].startswith("mine: ")
    assert "gree" in answer.json()["error"]["message"]
    human = OWN_TOML.replace("I'm an AI version of Nova, so no, not the real one.", "Yes, it is really me.")
    assert "AI" in (await ana.call("PUT", "/personas/mine", {"toml": human})).json()["error"]["message"]
    assert (await ana.call("PUT", "/personas/mine", {"toml": OWN_TOML})).status_code == 200
    listed = (await ana.get("/personas"))["personas"]
    assert {(persona["id"], persona["own"]) for persona in listed} >= {("mine", True), ("nova", False)}


async def test_a_voice_that_is_not_here_is_refused(sqlite_store: Store) -> None:
    def deaf(persona: Persona) -> None:
        raise PersonaError(f"{persona.id}: voice: no voice {persona.voice!r}")

    house = house_over(sqlite_store)
    house.check_persona = deaf
    ana = await Guest(app_of(house)).sign_up("ana")
    assert refusal(await ana.call("PUT", "/personas/mine", {"toml": OWN_TOML})) == (400, "malformed")


async def test_the_house_s_personas_stay_as_they_are(sqlite_store: Store) -> None:
    ana = await creator(sqlite_store)
    assert refusal(await ana.call("PUT", "/personas/nova", {"toml": OWN_TOML})) == (409, "conflict")
    assert refusal(await ana.call("DELETE", "/personas/nova")) == (404, "not_found")
    assert (await ana.get("/personas/nova"))["toml"] == ""


async def test_a_persona_that_a_new_version_does_not_take_can_be_mended(sqlite_store: Store) -> None:
    ana = await creator(sqlite_store)
    await ana.call("PUT", "/personas/mine", {"toml": OWN_TOML})
    async with sqlite_store.begin() as db:
        (await db.get_one(PersonaRow, (ana.id, "mine"))).toml = OWN_TOML.replace("greeting = ", "greets = ")
    listed = {persona["id"]: persona["about"] for persona in (await ana.get("/personas"))["personas"]}
    assert listed["mine"].startswith("Cannot be used: mine: ")
    assert "greets = " in (await ana.get("/personas/mine"))["toml"]
    now = datetime.now(UTC)
    body = {"title": "Hi", "persona_id": "mine", "opens_at": now.isoformat(), "closes_at": (now + DAY).isoformat()}
    assert refusal(await ana.call("POST", "/events", body)) == (409, "conflict")
    assert (await ana.call("PUT", "/personas/mine", {"toml": OWN_TOML})).status_code == 200
    assert (await ana.call("POST", "/events", body)).status_code == 201


async def test_a_persona_stays_while_an_event_needs_it(sqlite_store: Store) -> None:
    ana = await creator(sqlite_store)
    await ana.call("PUT", "/personas/mine", {"toml": OWN_TOML})
    event = await ana.event(persona_id="mine")
    assert refusal(await ana.call("DELETE", "/personas/mine")) == (409, "conflict")
    await ana.post(f"/events/{event}/close")
    assert (await ana.call("DELETE", "/personas/mine")).status_code == 200


# --- in general ---


async def test_what_is_not_there_and_what_breaks_look_like_every_refusal(sqlite_store: Store) -> None:
    house = house_over(sqlite_store)

    def breaks(_: str) -> None:
        raise ZeroDivisionError("the secret is 42")

    ana = await Guest(app_of(house)).sign_up("ana")
    assert refusal(await ana.call("GET", "/nowhere")) == (404, "not_found")
    assert refusal(await ana.call("PUT", "/me", {})) == (405, "not_allowed")
    assert refusal(await ana.call("POST", "/login", {"email": "x" * 300_000})) == (413, "too_large")

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 30_000

    streamed = await ana.http.post("/login", content=endless(), headers={"content-type": "application/json"})
    assert refusal(streamed) == (413, "too_large")
    event = await ana.event()
    house.changed = breaks
    broken = await ana.call("POST", f"/events/{event}/pause")
    assert refusal(broken) == (500, "internal")
    assert "42" not in broken.text


async def test_a_store_that_is_away_is_said_to_be(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = await creator(sqlite_store)

    def gone(_: Store) -> None:
        raise ConnectionRefusedError("postgresql://me:secret@host")

    monkeypatch.setattr(Store, "begin", gone)
    answer = await ana.call("GET", "/events")
    assert refusal(answer) == (503, "unavailable")
    assert answer.headers["retry-after"] == "5"
    assert "secret" not in answer.text


async def test_what_came_at_the_same_moment_may_be_tried_again(store: Store) -> None:
    ana = await creator(store)
    events = [await ana.event() for _ in range(4)]

    async def asked(event: str) -> int:
        body = {"name": "Maya", "external_ref": "patron-7"}
        return (await shop.call("POST", f"/events/{event}/tickets", body, authorization=key)).status_code

    key, shop = f"Bearer {await ana.key()}", Guest(ana.http._transport.app)  # type: ignore[attr-defined]
    first = await asyncio.gather(*(asked(event) for event in events))
    assert set(first) <= {201, 409}
    assert 201 in first
    assert [await asked(event) for event in events] == [201] * 4
    assert len((await ana.get("/fans"))["fans"]) == 1


async def test_every_change_is_written_down(sqlite_store: Store) -> None:
    ana = await creator(sqlite_store)
    async with platform(ana.http._transport.app, await ana.key()) as shop:  # type: ignore[attr-defined]
        event = await shop.event()
        await shop.ticket(event)
    changes = (await ana.get("/audit"))["changes"]
    told = [(change["action"], change["actor"].partition(":")[0]) for change in reversed(changes)]
    assert told == [
        ("creator.sign_up", "visitor"),
        ("key.create", "login"),
        ("event.create", "key"),
        ("event.open", "key"),
        ("ticket.issue", "key"),
    ]
    earlier = await ana.http.get("/audit", params={"before": changes[-2]["id"]})
    assert [change["action"] for change in earlier.json()["changes"]] == ["creator.sign_up"]
