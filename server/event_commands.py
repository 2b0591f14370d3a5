"""`stagedoor events`: an event from its plan to its report without a browser, for whoever has the store at hand.

Each action is the function behind a route of the REST API, called for the creator that `--creator` names: the same
rules, and the same rows in the audit, where the actor is "command". A server that is running looks at its events every
few seconds, so that nobody has to be told. What comes next: server/api/events.py and tickets.py; event_answers.py puts
what they answer into words.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy import select

from avatar.persona import Persona, PersonaError
from server.after import retention
from server.after.charts import draw
from server.after.opening import FOLDER
from server.after.report import as_csv, as_text, read_report
from server.api import events, tickets
from server.api.access import Caller
from server.api.bodies import EventChange, EventIn, EventOut, TicketIn, TicketMade
from server.api.errors import ApiError, MalformedRequestError, NotFoundError
from server.api.house import House, Owned
from server.api.opening import open_house
from server.config import Config, ConfigError, load_config
from server.event_answers import Answer, event_answer, events_answer, links_answer, tickets_answer
from server.event_options import parser
from server.store.engine import StoreError
from server.store.tables import CreatorRow, EventRow

Write = Callable[[str], object]
BuildPersonas = Callable[[Config], Mapping[str, Persona]]

MAX_EVENTS: Final = 1000
MAX_TICKETS: Final = 10_000  # an event has no more
LASTS: Final = timedelta(hours=2)  # an event, when nobody says how long


@dataclass(frozen=True, slots=True)
class Counter:
    """Where an operator stands: the house, the creator they act for, and the address that fans' links begin with."""

    house: House
    caller: Caller
    base_url: str
    persona: str  # who speaks when nobody says who


def events_command(argv: Sequence[str], build_personas: BuildPersonas, write: Write = sys.stdout.write) -> int:
    """Runs `stagedoor events`; answers 0, 1 for what cannot be done, or 2 for what was asked wrongly."""
    asked = parser().parse_args(argv)
    try:
        config = load_config(asked.config, os.environ)
        answer = asyncio.run(_ask(config, build_personas(config), asked))
    except ValidationError as error:
        for each in error.errors():
            sys.stderr.write(f"stagedoor: {_option(each['loc'])}: {each['msg'].removeprefix('Value error, ')}\n")
        return 2
    except (ConfigError, PersonaError, StoreError, ApiError, OSError) as error:
        sys.stderr.write(f"stagedoor: {error}\n")
        return 1
    write(answer.as_json() if asked.json else answer.text)
    return 0


async def _ask(config: Config, personas: Mapping[str, Persona], asked: argparse.Namespace) -> Answer:
    async with open_house(config, personas) as house:
        house.forget = partial(_forget_files, house)
        counter = Counter(
            house, Caller(await _creator_id(house, asked.creator), "command"), _base_url(config), config.server.persona
        )
        if "event" in asked:
            asked.event = await _event_id(counter, asked.event)
        return await _ACTIONS[asked.action](counter, asked)


async def _creator_id(house: House, email: str) -> str:
    """The creator of this address; without one, the only creator there is."""
    async with house.store.begin() as db:
        everybody = select(CreatorRow.id).limit(2)
        found = list(
            await db.scalars(everybody.where(CreatorRow.email == email.strip().lower()) if email else everybody)
        )
    if len(found) == 1:
        return found[0]
    if email or not found:
        raise NotFoundError("there is no such account; `stagedoor creators list` shows all, `creators add` makes one")
    raise MalformedRequestError("there are several accounts: say whose events with --creator EMAIL")


async def _event_id(counter: Counter, beginning: str) -> str:
    """The whole id of the creator's only event whose id begins so."""
    mine = select(EventRow.id).where(EventRow.creator_id == counter.caller.creator_id)
    async with counter.house.store.begin() as db:
        found = list(await db.scalars(mine.where(EventRow.id.startswith(beginning, autoescape=True)).limit(2)))
    if len(found) > 1:
        raise MalformedRequestError(f"several events begin with {beginning!r}; write more of the id")
    return found[0] if found else beginning  # which the route will not find


async def _forget_files(house: House, kind: Owned, owner_id: str) -> None:
    async with house.store.begin() as db:
        await retention.forget(db, house.store.folder / FOLDER, kind, owner_id)


def _base_url(config: Config) -> str:
    host = f"[{config.server.host}]" if ":" in config.server.host else config.server.host
    return config.access.public_url or f"http://{host}:{config.server.port}"


def _option(where: Sequence[int | str]) -> str:
    return " ".join(f"--{str(part).replace('_', '-')}" for part in where) or "this event"


# --- the actions ---


async def _list(counter: Counter, _: argparse.Namespace) -> Answer:
    return events_answer(await events.list_events(counter.caller, counter.house, MAX_EVENTS, 0))


async def _show(counter: Counter, asked: argparse.Namespace) -> Answer:
    return _shown(counter, await events.get_event(asked.event, counter.caller, counter.house))


async def _plan(counter: Counter, asked: argparse.Namespace) -> Answer:
    given = {"persona_id": counter.persona, "opens_at": datetime.now(UTC), **_given(asked, EventIn.model_fields)}
    given.setdefault("closes_at", given["opens_at"] + LASTS)
    return _shown(counter, await events.make_event(EventIn(**given), counter.caller, counter.house))


async def _change(counter: Counter, asked: argparse.Namespace) -> Answer:
    change = EventChange(**_given(asked, EventChange.model_fields))
    return _shown(counter, await events.change_event(asked.event, change, counter.caller, counter.house))


async def _move(move: Callable[..., Awaitable[EventOut]], counter: Counter, asked: argparse.Namespace) -> Answer:
    return _shown(counter, await move(asked.event, counter.caller, counter.house))


async def _delete(counter: Counter, asked: argparse.Namespace) -> Answer:
    event = await events.get_event(asked.event, counter.caller, counter.house)
    if not asked.yes:
        raise MalformedRequestError(
            f"“{event.title}” would go for good, with its tickets, visits and keepsakes; if you mean that, add --yes"
        )
    done = await events.delete_event(asked.event, counter.caller, counter.house)
    return Answer(f"“{event.title}” is deleted, and all that was kept of it\n", done.model_dump())


async def _tickets(counter: Counter, asked: argparse.Namespace) -> Answer:
    return tickets_answer(await tickets.list_tickets(asked.event, counter.caller, counter.house, MAX_TICKETS, 0))


async def _invite(counter: Counter, asked: argparse.Namespace) -> Answer:
    if asked.ref and len(asked.names) > 1:
        raise MalformedRequestError("--ref is who one fan is elsewhere: invite one at a time with it")
    fans = [TicketIn(name=name, external_ref=asked.ref, party=asked.party) for name in asked.names]
    made: list[tuple[str, TicketMade]] = []
    async with counter.house.store.begin() as db:  # all or none
        event = await events.own_event(db, counter.caller.creator_id, asked.event, lock=True)
        for fan in fans:
            ticket = await tickets.issue(db, event, fan, counter.house, counter.caller.actor)
            made.append((fan.name, tickets.ticket_made(counter.base_url, event.id, *ticket)))
    counter.house.changed(asked.event)
    return links_answer(made)


async def _report(counter: Counter, asked: argparse.Namespace) -> Answer:
    async with counter.house.store.begin() as db:
        report = await read_report(db, await events.own_event(db, counter.caller.creator_id, asked.event))
    if asked.csv:
        asked.csv.write_text(as_csv(report), "utf-8", newline="")
    if asked.png:
        asked.png.write_bytes(draw(report))
    return Answer(as_text(report), report.as_json())


def _shown(counter: Counter, event: EventOut) -> Answer:
    return event_answer(event, counter.base_url)


def _given(asked: argparse.Namespace, fields: Mapping[str, object]) -> dict[str, Any]:
    """What was said of these; what was not is left to the body's own defaults."""
    said = {name: getattr(asked, name, None) for name in fields}
    return {name: value for name, value in said.items() if value is not None}


_ACTIONS: Final[Mapping[str, Callable[[Counter, argparse.Namespace], Awaitable[Answer]]]] = {
    "list": _list,
    "show": _show,
    "plan": _plan,
    "change": _change,
    "open": partial(_move, events.open_event),
    "pause": partial(_move, events.pause_event),
    "resume": partial(_move, events.resume_event),
    "close": partial(_move, events.close_event),
    "delete": _delete,
    "tickets list": _tickets,
    "tickets invite": _invite,
    "report": _report,
}
