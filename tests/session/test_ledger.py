"""The ledger on both databases: what is written is read, seats are given once, and what fails leaves nothing."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from protocol.errors import IllegalStateError, TicketOverError
from server.events import decisions
from server.events.ledger import Entry, Ledger, Page, VisitBegun
from server.events.personas import find_persona
from server.events.tickets import TicketState, call, end
from server.store.engine import Store
from server.store.tables import PersonaRow, VisitRow
from tests.session.evening import plan
from tests.session.world import PERSONAS

NOW = float(int(time.time()))  # whole seconds survive a database exactly


async def in_line(store: Store, names: list[str], **event: object) -> tuple[Ledger, dict[str, str]]:
    """A ledger in which these stand in line, in this order."""
    event_id, tickets = await plan(store, names, **event)
    ledger = Ledger(store, event_id, time.time)
    await ledger.open()
    for ticket_id in tickets.values():
        await ledger.change("arrive", lambda page: decisions.let_stand(page, NOW + 1), ticket_id)
    return ledger, tickets


async def page_of(ledger: Ledger, ticket_id: str = "") -> Page:
    page = await ledger.read(ticket_id)
    assert page is not None
    return page


async def test_what_is_written_is_read(store: Store) -> None:
    ledger, tickets = await in_line(store, ["Maya", "Tom"], slot_s=60.0, places=2)
    page = await page_of(ledger)
    assert (page.rules.slot_s, page.rules.places, page.rules.state) == (60.0, 2, "open")
    assert [ticket.name for ticket in page.line.waiting()] == ["Maya", "Tom"]
    maya = call(page.line.find(tickets["Maya"]), 1, NOW + 2)
    maya = replace(maya, used_s=12.5, extra_s=30.0, misses=1)
    await ledger.change("call", lambda _: Entry([maya]))
    assert (await page_of(ledger)).line.find(maya.id) == maya
    done = end(replace(maya, state=TicketState.SEATED), TicketState.DONE, "slot", NOW + 9, 60.0)
    await ledger.change("finish", lambda _: Entry([done]))
    assert (await page_of(ledger, maya.id)).ticket == done
    assert [ticket.name for ticket in (await page_of(ledger)).line.tickets] == ["Tom"]


async def test_seats_are_given_once_however_many_ask_at_a_time(store: Store) -> None:
    ledger, _ = await in_line(store, ["Maya", "Tom", "Ana", "Ben"], places=2)
    many = [replace(ledger) for _ in range(5)]
    await asyncio.gather(*(one.change("look", lambda page: Entry(page.line.due(time.time() + 1))) for one in many))
    line = (await page_of(ledger)).line
    assert [(ticket.name, ticket.seat) for ticket in line.seated()] == [("Maya", 0), ("Tom", 1)]
    assert [ticket.name for ticket in line.waiting()] == ["Ana", "Ben"]


async def test_the_store_itself_refuses_two_on_one_seat(store: Store) -> None:
    ledger, _ = await in_line(store, ["Maya", "Tom"])
    with pytest.raises(IntegrityError):
        await ledger.change("call", lambda page: Entry([call(ticket, 0, NOW) for ticket in page.line.waiting()]))
    assert len((await page_of(ledger)).line.waiting()) == 2


async def test_a_seat_may_change_hands_in_one_entry(store: Store) -> None:
    ledger, tickets = await in_line(store, ["Maya", "Tom"])
    await ledger.change("look", lambda page: Entry(page.line.due(time.time() + 1)))

    def swap(page: Page) -> Entry:
        maya, tom = (page.line.find(tickets[name]) for name in ("Maya", "Tom"))
        return Entry([call(tom, 0, NOW + 6), page.line.to_the_end(maya)])

    await ledger.change("swap", swap)
    assert [ticket.name for ticket in (await page_of(ledger)).line.seated()] == ["Tom"]


@pytest.mark.parametrize(
    "decide",
    [
        lambda page: decisions.become(page, "paused", "open"),
        lambda page: decisions.extend(page, page.line.waiting()[0].id, 10_000.0),
        lambda page: decisions.ban(page, "", None, NOW),
    ],
)
async def test_what_cannot_be_done_is_refused_and_writes_nothing(
    sqlite_store: Store, decide: Callable[[Page], Entry]
) -> None:
    ledger, _ = await in_line(sqlite_store, ["Maya"])
    before = (await page_of(ledger)).line.tickets
    with pytest.raises(IllegalStateError):
        await ledger.change("try", decide)
    assert (await page_of(ledger)).line.tickets == before


async def test_a_visit_begins_and_ends_with_its_ticket(store: Store) -> None:
    ledger, tickets = await in_line(store, ["Maya"])
    await ledger.change("look", lambda page: Entry(page.line.due(time.time() + 1)))
    begun = VisitBegun("v1", tickets["Maya"], "s1", 5.0, {"memory": True})
    await ledger.change("enter", lambda page: decisions.sit_down(page, begun, "", NOW + 6), tickets["Maya"])
    await ledger.change("finish", lambda page: decisions.finish(page, "v1", "slot", 60.0, NOW + 9), tickets["Maya"])
    async with store.begin() as db:
        (visit,) = await db.scalars(select(VisitRow))
    assert (visit.ticket_id, visit.session_id, visit.wait_s) == (tickets["Maya"], "s1", 5.0)
    assert visit.consents == {"memory": True}
    assert visit.end_reason == "slot"
    assert visit.ended_at is not None


async def test_tickets_and_events_that_are_not_there(sqlite_store: Store) -> None:
    ledger, _ = await in_line(sqlite_store, ["Maya"])
    with pytest.raises(TicketOverError):
        await ledger.read("nothing")
    nowhere = Ledger(sqlite_store, "nothing", time.time)
    assert await nowhere.read() is None
    with pytest.raises(TicketOverError):
        await nowhere.change("look", lambda _: Entry())


async def test_a_creators_own_persona_goes_before_the_houses_and_is_nobody_elses(sqlite_store: Store) -> None:
    event_id, _ = await plan(sqlite_store, [])
    rules = (await page_of(Ledger(sqlite_store, event_id, time.time))).rules
    assert await find_persona(sqlite_store, PERSONAS, rules) is PERSONAS["nova"]
    with pytest.raises(TicketOverError):
        await find_persona(sqlite_store, {}, rules)
    text = (
        'name = "Nova II"\npronouns = "she/her"\nlanguage = "en"\nvoice = "heart"\nabout = "a singer"\n'
        'greeting = "Hi!"\ngoodbye = "Bye!"\ndisclosure = "I am an AI."\nwait = "Wait."\n'
        '[manners]\nstyle = []\nwarmth = 0.5\nenergy = 0.5\n[[facts]]\ntext = "I sing."\n'
    )
    async with sqlite_store.begin() as db:
        row = {"creator_id": rules.creator_id, "id": "nova", "toml": text, "updated_at": datetime.now(UTC)}
        await db.execute(insert(PersonaRow).values(row))
    own = await find_persona(sqlite_store, PERSONAS, rules)
    assert own.name == "Nova II"
    assert own.id not in PERSONAS
    assert own.greeting_by_name == ""
