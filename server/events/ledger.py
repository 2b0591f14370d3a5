"""The ledger of one event: every change of a ticket is read, decided and written in one transaction.

The store is the truth, and what the desk holds in memory is only who is connected. So a server that dies at any
moment has either changed a ticket or not, and nobody was told before it was written.
What comes next: desk.py decides by line.py what to write, and tells those whom it concerns afterwards.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from protocol.errors import TicketOverError
from server.events.lease import Holder, give_back, keep, take
from server.events.line import EventRules, EventState, Line
from server.events.tickets import LIVE, Ticket, TicketState
from server.store.engine import Store
from server.store.tables import EventRow, FanRow, TicketRow, VisitRow

_STORED: Final = ("state", "rank", "seat", "used_s", "extra_s", "misses")
_INSTANTS: Final = ("arrived_at", "called_at", "seated_at", "ended_at")
_READ: Final = ("id", "fan_id", "invited", "party", "issued_at", "end_reason", *_STORED, *_INSTANTS)
_COLUMNS: Final = [getattr(TicketRow, name) for name in _READ]  # columns alone: a line may be long, and is read often


@dataclass(frozen=True, slots=True)
class Page:
    """What the ledger says at one moment: the rules, the line, and the ticket in question if one was asked for."""

    rules: EventRules
    line: Line
    ticket: Ticket | None = None


@dataclass(frozen=True, slots=True)
class VisitBegun:
    """A fan sits down: the row of their visit."""

    id: str
    ticket_id: str
    session_id: str
    wait_s: float
    consents: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written: changed tickets (the last change of each counts), a visit that begins or ends with them,
    another state of the event. `ended_visits`: all that are open.
    """

    tickets: Sequence[Ticket] = ()
    begun: VisitBegun | None = None
    ended_visit: str = ""
    ended_visits: bool = False
    reason: str = ""
    state: EventState | None = None


Decide = Callable[[Page], Entry]


@dataclass(frozen=True, slots=True)
class Ledger:
    """One event's tickets in the store, changed by whoever holds the event. `fault` is told each step of each change,
    for tests that pull the plug.
    """

    store: Store
    event_id: str
    clock: Callable[[], float]
    holder: Holder = field(default_factory=Holder)
    fault: Callable[[str], None] = field(default=lambda step: None)

    async def open(self) -> None:
        """The event is this process's. Raises TicketOverError when there is none, ElsewhereError for another's."""
        async with self.store.begin() as db:
            if await read_event(db, self.event_id, lock=True) is None:
                raise TicketOverError("this event is not there any more")
            await take(db, self.event_id, self.holder, self.clock())

    async def close(self) -> None:
        """Another process may have it at once."""
        async with self.store.begin() as db:
            await give_back(db, self.event_id, self.holder)

    async def read(self, ticket_id: str = "") -> Page | None:
        """As it is now. None: there is no such event. Raises TicketOverError for an unknown ticket."""
        async with self.store.begin() as db:
            rules = await read_event(db, self.event_id)
            return await _page(db, rules, ticket_id) if rules else None

    async def change(self, name: str, decide: Decide, ticket_id: str = "") -> tuple[Page, Entry]:
        """What `decide` made of the page, written down. Nothing is written when it raises.

        Raises TicketOverError for an event or a ticket that is not there, ElsewhereError when another process took
        the event over.
        """
        async with self.store.begin() as db:
            rules = await read_event(db, self.event_id, lock=True)
            if rules is None:
                raise TicketOverError("this event is not there any more")
            await keep(db, self.event_id, self.holder, self.clock())
            page = await _page(db, rules, ticket_id)
            entry = decide(page)
            await self._write(db, entry)
            self.fault(f"{name} is written")
        self.fault(f"{name} is committed")
        return page, entry

    async def _write(self, db: AsyncSession, entry: Entry) -> None:
        changed = {ticket.id: ticket for ticket in entry.tickets}
        for ticket in sorted(changed.values(), key=lambda ticket: ticket.seat is not None):  # seats are freed first
            await db.execute(update(TicketRow).where(TicketRow.id == ticket.id).values(**_values(ticket)))
        now = _instant(self.clock())
        if begun := entry.begun:
            await db.execute(
                insert(VisitRow).values(
                    id=begun.id,
                    ticket_id=begun.ticket_id,
                    event_id=self.event_id,
                    session_id=begun.session_id,
                    began_at=now,
                    consents=begun.consents,
                    wait_s=begun.wait_s,
                )
            )
        if entry.ended_visit or entry.ended_visits:
            which = VisitRow.event_id == self.event_id if entry.ended_visits else VisitRow.id == entry.ended_visit
            ended = {"ended_at": now, "end_reason": entry.reason or None}
            await db.execute(update(VisitRow).where(which, VisitRow.ended_at.is_(None)).values(**ended))
        if entry.state:
            await db.execute(update(EventRow).where(EventRow.id == self.event_id).values(state=entry.state))


async def read_event(db: AsyncSession, event_id: str, *, lock: bool = False) -> EventRules | None:
    """An event's rules. With `lock` nobody else changes its tickets until the transaction ends."""
    asked = select(EventRow).where(EventRow.id == event_id, EventRow.state != "deleted")
    row = await db.scalar(asked.with_for_update() if lock else asked)
    if row is None:
        return None
    return EventRules(
        id=row.id,
        title=row.title,
        persona_id=row.persona_id,
        creator_id=row.creator_id,
        state=row.state,
        opens_at=row.opens_at.timestamp(),
        closes_at=row.closes_at.timestamp(),
        places=row.places,
        group_size=row.group_size,
        slot_s=row.slot_s,
        overtime_s=row.overtime_s,
        no_show_s=row.no_show_s,
        queue_rule=row.queue_rule,
        keepsakes=row.keepsakes,
        retention_days=row.retention_days,
        spectators=row.spectators,
    )


async def _page(db: AsyncSession, rules: EventRules, ticket_id: str) -> Page:
    whose = TicketRow.state.in_(LIVE) | (TicketRow.id == ticket_id)
    asked = (
        select(*_COLUMNS, FanRow.name)
        .join(FanRow, FanRow.id == TicketRow.fan_id)
        .where(TicketRow.event_id == rules.id, whose)
    )
    tickets = [_ticket(row._asdict()) for row in await db.execute(asked)]
    ticket = next((ticket for ticket in tickets if ticket.id == ticket_id), None)
    if ticket_id and ticket is None:
        raise TicketOverError("there is no such ticket for this event")
    return Page(rules, Line(rules, tickets), ticket)


def _ticket(read: Mapping[str, Any]) -> Ticket:
    instants = {key: _seconds(read[key]) for key in _INSTANTS}
    state, issued_at = TicketState(read["state"]), read["issued_at"].timestamp()
    return Ticket(
        **{**read, **instants, "state": state, "issued_at": issued_at, "end_reason": read["end_reason"] or ""}
    )


def _values(ticket: Ticket) -> dict[str, Any]:
    """A ticket as its row's columns."""
    stored = {key: getattr(ticket, key) for key in _STORED}
    instants = {key: _instant(getattr(ticket, key)) for key in _INSTANTS}
    return {**stored, **instants, "state": ticket.state.value, "end_reason": ticket.end_reason or None}


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def _instant(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)
