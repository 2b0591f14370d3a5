"""`stagedoor events`: a whole event from a terminal, by the rules of the REST API and into the same audit."""

import argparse
import asyncio
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from avatar.persona import Persona
from server.after.opening import FOLDER
from server.api.access import COOKIE
from server.api.accounts import add_creator, open_login
from server.config import Config
from server.event_commands import events_command
from server.event_options import parser
from server.store.engine import Store, open_store
from server.store.tables import AuditRow, CreatorRow, EventRow, KeepsakeRow, TicketRow, VisitRow
from tests.session.offices import PERSONAS, Guest, app_of, house_over

Terminal = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    where = f"sqlite:///{tmp_path}/house.db"
    monkeypatch.setenv("STAGEDOOR__STORE__URL", where)
    asyncio.run(with_accounts(where, "ana"))
    return where


async def with_accounts(url: str, *names: str) -> None:
    store = await open_store(url)
    async with store.begin() as db:
        for name in names:
            await add_creator(db, name=name, email=f"{name}@example.org", now=datetime.now(UTC), password_hash=None)
    await store.close()


def bundled(_: Config) -> dict[str, Persona]:
    return dict(PERSONAS)


def run(*argv: str) -> tuple[int, str]:
    said: list[str] = []
    return events_command(argv, bundled, said.append), "".join(said)


def good(*argv: str) -> str:
    code, said = run(*argv)
    assert code == 0
    return said


def planned(*options: str) -> str:
    """The id of a new event."""
    made: str = json.loads(good("plan", "Album night", "--json", *options))["id"]
    return made


def test_an_evening_from_its_plan_to_its_report(tmp_path: Path) -> None:
    said = good("plan", "Album night", "--opens-at", "2030-12-01T18:00+01:00", "--slot-s", "90", "--keepsakes")
    assert said.startswith("Album night (draft)\n")
    assert "1, each alone, 1 min 30 s each" in said
    event_id = re.search(r"id +(\w{16})", said)[1]  # type: ignore[index]
    listed = good("list")
    assert listed.startswith(f"{event_id}  draft  2030-")
    assert "Album night" in listed

    short = event_id[:6]
    assert f"http://127.0.0.1:8700/#event={event_id}" in good("open", short)
    maya, tom = good("tickets", "invite", short, "Maya", "Tom", "--party", "Blue door").splitlines()
    assert re.fullmatch(rf"Maya  http://127\.0\.0\.1:8700/#event={event_id}&ticket=\w{{16}}\.\S{{43}}", maya)
    assert tom.startswith("Tom   http")
    assert [line.split()[1] for line in good("tickets", "list", short).splitlines()] == ["issued", "issued"]
    assert {each["party"] for each in json.loads(good("tickets", "list", short, "--json"))["tickets"]} == {"blue door"}
    assert "(paused)" in good("pause", short)
    assert "(open)" in good("resume", short)
    assert "2 of 100: 2 issued" in good("show", short)
    assert "how to come   it is over" in good("close", short)

    table, picture = tmp_path / "album.csv", tmp_path / "album.png"
    assert good("report", short, "--csv", str(table), "--png", str(picture)) == "Album night\n  tickets: 2 issued\n"
    assert table.read_bytes().startswith(b"began_at,waited_s,")
    assert table.read_bytes().endswith(b"keepsake\r\n")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert good("delete", short, "--yes") == "“Album night” is deleted, and all that was kept of it\n"
    assert good("list") == 'no events yet; plan one with: stagedoor events plan "Album night"\n'


async def by_rest(url: str, path: str) -> object:
    """What ana's browser would be answered."""
    store = await open_store(url)
    app = app_of(house_over(store))
    async with store.begin() as db:
        row = await db.scalar(select(CreatorRow))
        assert row
        token = await open_login(db, row.id, datetime.now(UTC), 1)
    guest = Guest(app)
    guest.http.cookies.set(COOKIE, token)
    answer: object = await guest.get(path)
    await store.close()
    return answer


def test_json_is_what_the_rest_api_answers(url: str) -> None:
    event_id = planned("--places", "2")
    good("tickets", "invite", event_id, "Maya")
    for argv, path in (
        (("list",), "/events"),
        (("show", event_id), f"/events/{event_id}"),
        (("tickets", "list", event_id), f"/events/{event_id}/tickets"),
    ):
        assert json.loads(good(*argv, "--json")) == asyncio.run(by_rest(url, path))


def test_what_is_not_said_is_as_the_api_has_it() -> None:
    event = json.loads(good("plan", "Hello", "--json"))
    lasts = datetime.fromisoformat(event["closes_at"]) - datetime.fromisoformat(event["opens_at"])
    assert lasts == timedelta(hours=2)
    assert (event["persona_id"], event["places"], event["slot_s"], event["keepsakes"]) == ("nova", 1, 180.0, False)


def test_every_change_is_in_the_audit_as_if_it_came_over_rest(url: str) -> None:
    event_id = planned()
    good("change", event_id, "--slot-s", "60")
    for action in ("open", "pause", "resume"):
        good(action, event_id)
    good("tickets", "invite", event_id, "Maya")
    good("close", event_id)
    good("delete", event_id, "--yes")

    async def the_same_over_rest() -> list[tuple[str, str]]:
        store = await open_store(url)
        guest = await Guest(app_of(house_over(store))).sign_up("ben")
        event = await guest.event(opened=False)
        await guest.call("PATCH", f"/events/{event}", {"slot_s": 60})
        for action in ("open", "pause", "resume"):
            await guest.post(f"/events/{event}/{action}")
        await guest.ticket(event)
        await guest.post(f"/events/{event}/close")
        await guest.call("DELETE", f"/events/{event}")
        rows = await audit(store)
        await store.close()
        return rows

    rows = asyncio.run(the_same_over_rest())
    commanded = [action for actor, action in rows if actor == "command"]
    assert commanded == [action for actor, action in rows if actor.startswith("login:")]
    assert len(commanded) == 8


async def audit(store: Store) -> list[tuple[str, str]]:
    async with store.begin() as db:
        rows = await db.scalars(select(AuditRow).order_by(AuditRow.at, AuditRow.id))
        return [(row.actor, row.action) for row in rows]


@pytest.mark.parametrize(
    ("argv", "code", "complaint"),
    [
        (("pause", "EVENT"), 1, "to pause it, the event must be open; it is draft"),
        (("show", "nowhere"), 1, "there is no such event"),
        (("change", "EVENT", "--places", "65"), 2, "--places: Input should be less than or equal to 64"),
        (("plan", "x", "--persona-id", "nobody"), 1, "there is no persona 'nobody'"),
        (("plan", "x", "--opens-at", "2030-01-02", "--closes-at", "2030-01-01"), 2, "closes_at must be later"),
        (
            ("delete", "EVENT"),
            1,
            "would go for good, with its tickets, visits and keepsakes; if you mean that, add --y",
        ),
        (("tickets", "invite", "EVENT", "Maya", "Tom", "--ref", "shop-7"), 1, "invite one at a time"),
        (("list", "--creator", "ben@example.org"), 1, "there is no such account"),
    ],
)
def test_a_mistake_is_explained(capsys: Terminal, argv: tuple[str, ...], code: int, complaint: str) -> None:
    event_id = planned()
    assert run(*(event_id if word == "EVENT" else word for word in argv)) == (code, "")
    assert complaint in capsys.readouterr().err
    assert len(json.loads(good("list", "--json"))["events"]) == 1


def test_an_invitation_is_for_all_or_nobody(capsys: Terminal) -> None:
    event_id = planned("--max-tickets", "2")
    assert run("tickets", "invite", event_id, "Maya", "Tom", "Zoe") == (1, "")
    assert "all tickets are taken" in capsys.readouterr().err
    assert good("tickets", "list", event_id) == "no tickets yet\n"


def test_creators_are_as_far_apart_as_over_rest(url: str, capsys: Terminal) -> None:
    event_id = planned()
    asyncio.run(with_accounts(url, "ben"))
    assert run("list") == (1, ""), "whose events?"
    assert "--creator EMAIL" in capsys.readouterr().err
    assert event_id in good("list", "--creator", "Ana@example.org")
    assert "no events yet" in good("list", "--creator", "ben@example.org")
    for argv in (
        ("show", event_id),
        ("change", event_id, "--places", "2"),
        ("open", event_id),
        ("close", event_id),
        ("delete", event_id, "--yes"),
        ("tickets", "list", event_id),
        ("tickets", "invite", event_id, "Maya"),
        ("report", event_id),
    ):
        assert run(*argv, "--creator", "ben@example.org") == (1, ""), argv
        assert "there is no such event" in capsys.readouterr().err
    assert json.loads(good("show", event_id, "--json", "--creator", "ana@example.org"))["state"] == "draft"


def test_two_events_that_begin_alike_are_not_mixed_up(url: str, capsys: Terminal) -> None:
    async def alike() -> None:
        store = await open_store(url)
        async with store.begin() as db:
            for row, new in zip(await db.scalars(select(EventRow)), ("abc1", "abc2"), strict=True):
                row.id = new
        await store.close()

    planned()
    planned()
    asyncio.run(alike())
    assert run("open", "abc") == (1, "")
    assert "several events begin with 'abc'" in capsys.readouterr().err
    assert "(open)" in good("open", "abc2")


def test_deleting_takes_the_files_along(url: str, tmp_path: Path) -> None:
    event_id = planned()
    good("open", event_id)
    good("tickets", "invite", event_id, "Maya")
    kept = tmp_path / "house.files" / FOLDER / "kept"
    kept.mkdir(parents=True)
    (kept / "sound.m4a").write_bytes(b"sound")

    async def visit() -> None:
        store, now = await open_store(url), datetime.now(UTC)
        async with store.begin() as db:
            ticket = await db.scalar(select(TicketRow.id))
            db.add(VisitRow(id="v", ticket_id=ticket, event_id=event_id, session_id="s", began_at=now, consents={}))
            await db.flush()
            db.add(KeepsakeRow(visit_id="v", code_hash="c", path="kept", created_at=now, expires_at=now))
        await store.close()

    asyncio.run(visit())
    good("close", event_id)
    assert run("delete", event_id)[0] == 1
    assert kept.exists(), "not without --yes"
    good("delete", event_id, "--yes")
    assert not kept.exists()


def every_parser(top: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield top
    for action in top._actions:
        for below in (action.choices or {}).values() if isinstance(action, argparse._SubParsersAction) else ():
            yield from every_parser(below)


def test_every_option_says_what_it_is() -> None:
    for each in every_parser(parser()):
        wordless = [action.dest for action in each._actions if not action.help and action.option_strings]
        assert wordless == [], each.prog
        assert each.description or each.prog.endswith("tickets")
    assert "stagedoor events report 3f2a" in parser().format_help()
