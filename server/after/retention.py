"""Nothing is kept longer than its event says, and nothing of whom nobody wants to know any more.

A visit's time counts from its end, a name's from the end of the event (names.py). `sweep` deletes what is over,
`overdue` proves that nothing is left: it looks for the rows and at the disk, and knows nothing of what the sweep did.
What comes next: opening.py sweeps now and then.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from sqlalchemy import ColumnElement, Select, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.after.kept import delete_kept, remove
from server.after.names import names_left, take_names
from server.after.spool import HOME, dead_homes
from server.store.audit import note
from server.store.tables import EventRow, FanRow, KeepsakeRow, MemoryRow, TicketRow, TranscriptRow, VisitRow

Owned = Literal["creator", "event", "fan"]

ORPHAN_S: Final = 3600.0  # a folder that no row names is left alone for so long: it may be being written


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep deleted."""

    visits: int = 0
    keepsakes: int = 0
    memories: int = 0
    names: int = 0
    orphans: int = 0


async def sweep(db: AsyncSession, folder: Path, now: datetime) -> Swept:
    """Deletes what is over, and writes into each creator's audit that it did. Raises OSError."""
    visits = keepsakes = 0
    for event_id, creator_id, days in await _events(db):
        ids = list(await db.scalars(_kept_until(event_id, now - timedelta(days=days), now)))
        if not ids:
            continue
        gone = await _delete_visits(db, folder, ids)
        note(db, creator_id, "server", "retention.sweep", event_id, {"visits": len(ids), "keepsakes": gone})
        visits, keepsakes = visits + len(ids), keepsakes + gone
    memories = (await db.execute(delete(MemoryRow).where(MemoryRow.expires_at <= now).returning(MemoryRow.id))).all()
    names = await take_names(db, now)
    orphans = await _orphans(db, folder, now)
    for name in orphans:
        remove(folder, name)
    return Swept(visits, keepsakes, len(memories), names, len(orphans))


async def overdue(db: AsyncSession, folder: Path, now: datetime) -> list[str]:
    """What should be gone and is not, in words; empty is the proof."""
    left: list[str] = []
    for event_id, _, days in await _events(db):
        visits = list(await db.scalars(_kept_until(event_id, now - timedelta(days=days), now)))
        left += [f"visit {visit_id} of event {event_id}" for visit_id in visits]
    left += [f"memory {row}" for row in await db.scalars(select(MemoryRow.id).where(MemoryRow.expires_at <= now))]
    left += await names_left(db, now)
    return left + [f"folder {name}" for name in await _orphans(db, folder, now)]


async def forget(db: AsyncSession, folder: Path, kind: Owned, owner_id: str) -> list[str]:
    """Deletes all that is kept of a creator's, an event's or a fan's visits, and what is remembered of the fans; the
    rows of visits and fans are the caller's. Returns the visits' ids. Raises OSError.
    """
    ids = list(await db.scalars(_visits_of(kind, owner_id)))
    await _delete_visits(db, folder, ids)
    if kind != "event":
        fans = select(FanRow.id).where((FanRow.creator_id if kind == "creator" else FanRow.id) == owner_id)
        await db.execute(delete(MemoryRow).where(MemoryRow.fan_id.in_(fans)))
    return ids


async def forget_ticket(db: AsyncSession, folder: Path, event_id: str, ticket_id: str) -> list[str] | None:
    """The same for one ticket's visits, and what the event's persona remembers of its fan. None: no such ticket."""
    ticket = await db.get(TicketRow, ticket_id)
    if ticket is None or ticket.event_id != event_id:
        return None
    ids = list(await db.scalars(select(VisitRow.id).where(VisitRow.ticket_id == ticket_id)))
    await _delete_visits(db, folder, ids)
    persona = select(EventRow.persona_id).where(EventRow.id == event_id).scalar_subquery()
    await db.execute(delete(MemoryRow).where(MemoryRow.fan_id == ticket.fan_id, MemoryRow.persona_id == persona))
    return ids


async def _delete_visits(db: AsyncSession, folder: Path, ids: Sequence[str]) -> int:
    gone = await delete_kept(db, folder, ids)
    await db.execute(update(VisitRow).where(VisitRow.id.in_(ids)).values(after_hash=None))
    return gone


async def _events(db: AsyncSession) -> list[tuple[str, str, int]]:
    found = await db.execute(select(EventRow.id, EventRow.creator_id, EventRow.retention_days))
    return [(event_id, creator_id, days) for event_id, creator_id, days in found]


def _kept_until(event_id: str, cutoff: datetime, now: datetime) -> Select[str]:
    """Visits of an event that ended by `cutoff`, or whose keepsake's promised time is over, and of which something is
    kept.
    """
    keepsake = exists().where(KeepsakeRow.visit_id == VisitRow.id)
    promised: ColumnElement[bool] = exists().where(KeepsakeRow.visit_id == VisitRow.id, KeepsakeRow.expires_at <= now)
    words = exists().where(TranscriptRow.visit_id == VisitRow.id)
    over = or_(func.coalesce(VisitRow.ended_at, VisitRow.began_at) <= cutoff, promised)
    return select(VisitRow.id).where(
        VisitRow.event_id == event_id, over, or_(keepsake, words, VisitRow.after_hash.is_not(None))
    )


def _visits_of(kind: Owned, owner_id: str) -> Select[str]:
    visits = select(VisitRow.id)
    if kind == "event":
        return visits.where(VisitRow.event_id == owner_id)
    if kind == "fan":
        return visits.join(TicketRow, TicketRow.id == VisitRow.ticket_id).where(TicketRow.fan_id == owner_id)
    return visits.join(EventRow, EventRow.id == VisitRow.event_id).where(EventRow.creator_id == owner_id)


async def _orphans(db: AsyncSession, folder: Path, now: datetime) -> list[str]:
    """What a server that was killed left: its spools, at once, and folders that no row names."""
    dead = await asyncio.to_thread(dead_homes, folder)
    old = await asyncio.to_thread(_older, folder, now.timestamp() - ORPHAN_S)
    known = set(await db.scalars(select(KeepsakeRow.path).where(KeepsakeRow.path.in_(old)))) if old else set()
    return sorted({*dead, *old} - known)


def _older(folder: Path, than: float) -> list[str]:
    kept = [path for path in folder.iterdir() if not path.name.startswith(HOME)] if folder.exists() else []
    return [path.name for path in kept if path.stat().st_mtime < than]
