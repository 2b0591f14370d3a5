"""Everything that is kept of one creator, one event or one fan, as plain rows; hashes and secrets stay here."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.store.columns import Table
from server.store.tables import (
    ApiKeyRow,
    AuditRow,
    CreatorRow,
    EventRow,
    FanRow,
    HostActionRow,
    KeepsakeRow,
    LoginRow,
    MemoryRow,
    PersonaRow,
    TicketRow,
    TranscriptRow,
    VisitRow,
)

Rows = dict[str, list[dict[str, Any]]]


async def rows_of_creator(db: AsyncSession, creator_id: str) -> Rows:
    """Of a creator: the account and all that belongs to it."""
    of_events = select(EventRow.id).where(EventRow.creator_id == creator_id)
    of_fans = select(FanRow.id).where(FanRow.creator_id == creator_id)
    return {
        "creators": await _rows(db, CreatorRow, CreatorRow.id == creator_id),
        "api_keys": await _rows(db, ApiKeyRow, ApiKeyRow.creator_id == creator_id),
        "logins": await _rows(db, LoginRow, LoginRow.creator_id == creator_id),
        "personas": await _rows(db, PersonaRow, PersonaRow.creator_id == creator_id),
        "fans": await _rows(db, FanRow, FanRow.creator_id == creator_id),
        "memories": await _rows(db, MemoryRow, MemoryRow.fan_id.in_(of_fans)),
        "audit": await _rows(db, AuditRow, AuditRow.creator_id == creator_id),
        **await _of_events(db, EventRow.id.in_(of_events)),
    }


async def rows_of_event(db: AsyncSession, event_id: str) -> Rows:
    """Of an event: its tickets, their fans, the visits and what the hosts did."""
    of_fans = select(TicketRow.fan_id).where(TicketRow.event_id == event_id)
    return {
        "fans": await _rows(db, FanRow, FanRow.id.in_(of_fans)),
        **await _of_events(db, EventRow.id == event_id),
    }


async def rows_of_fan(db: AsyncSession, fan_id: str) -> Rows:
    """Of a fan: their tickets and visits, and what they allowed to keep."""
    tickets = TicketRow.fan_id == fan_id
    return {
        "fans": await _rows(db, FanRow, FanRow.id == fan_id),
        "memories": await _rows(db, MemoryRow, MemoryRow.fan_id == fan_id),
        **await _of_tickets(db, tickets),
    }


async def _of_events(db: AsyncSession, which: ColumnElement[bool]) -> Rows:
    ids = select(EventRow.id).where(which)
    return {
        "events": await _rows(db, EventRow, which),
        "host_actions": await _rows(db, HostActionRow, HostActionRow.event_id.in_(ids)),
        **await _of_tickets(db, TicketRow.event_id.in_(ids)),
    }


async def _of_tickets(db: AsyncSession, which: ColumnElement[bool]) -> Rows:
    visits = select(VisitRow.id).where(VisitRow.ticket_id.in_(select(TicketRow.id).where(which)))
    return {
        "tickets": await _rows(db, TicketRow, which),
        "visits": await _rows(db, VisitRow, VisitRow.id.in_(visits)),
        "transcripts": await _rows(db, TranscriptRow, TranscriptRow.visit_id.in_(visits)),
        "keepsakes": await _rows(db, KeepsakeRow, KeepsakeRow.visit_id.in_(visits)),
    }


async def _rows(db: AsyncSession, table: type[Table], which: ColumnElement[bool]) -> list[dict[str, Any]]:
    columns = [column.key for column in table.__table__.columns if not _is_secret(column.key)]
    found: Iterable[Table] = await db.scalars(select(table).where(which))
    return [{key: _plain(getattr(row, key)) for key in columns} for row in found]


def _is_secret(column: str) -> bool:
    return column.endswith("_hash") or column == "secret"


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
