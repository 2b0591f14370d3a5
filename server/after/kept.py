"""Which rows belong to a visit once it is over, and which files: found by its fan's code, written, and deleted.

A code is a secret that only the fan has; the store knows its hash. Files lie in a folder of random name under
`keepsakes` in the data folder. They are deleted before the rows that name them, so that no file is ever without a row
that a sweep would find. What comes next: archive.py and pages.py use it, retention.py deletes by date.
"""

import hashlib
import secrets
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.after.captions import Said
from server.store.tables import EventRow, KeepsakeRow, TicketRow, TranscriptRow, VisitRow


@dataclass(frozen=True, slots=True)
class KeptVisit:
    """A visit as its fan may see it afterwards. `folder`: where the keepsake's files lie; None: there are none."""

    id: str
    event_title: str
    fan_id: str
    persona_id: str
    ended_at: datetime | None
    expires_at: datetime
    satisfaction: int | None
    folder: str | None


def new_code() -> str:
    """A secret for an address: 144 bits."""
    return secrets.token_urlsafe(18)


def hash_of(code: str) -> str:
    """What the store knows of a code."""
    return hashlib.sha256(code.encode()).hexdigest()


async def find_visit(db: AsyncSession, code: str, now: datetime) -> KeptVisit | None:
    """The visit of this code. None: there is none, or its time is over."""
    query = (
        select(VisitRow, EventRow, TicketRow.fan_id, KeepsakeRow.path)
        .join(EventRow, EventRow.id == VisitRow.event_id)
        .join(TicketRow, TicketRow.id == VisitRow.ticket_id)
        .outerjoin(KeepsakeRow, KeepsakeRow.visit_id == VisitRow.id)
        .where(VisitRow.after_hash == hash_of(code))
    )
    found = (await db.execute(query)).first()
    if found is None:
        return None
    visit, event, fan_id, folder = found
    expires_at = (visit.ended_at or visit.began_at) + timedelta(days=event.retention_days)
    if expires_at <= now:
        return None
    return KeptVisit(
        visit.id, event.title, fan_id, event.persona_id, visit.ended_at, expires_at, visit.satisfaction, folder
    )


async def give_code(db: AsyncSession, visit_id: str, code: str) -> None:
    """From now on this code opens this visit."""
    await db.execute(update(VisitRow).where(VisitRow.id == visit_id).values(after_hash=hash_of(code)))


async def rate(db: AsyncSession, visit_id: str, stars: int) -> None:
    """The fan's stars; the newest count."""
    await db.execute(update(VisitRow).where(VisitRow.id == visit_id).values(satisfaction=stars))


async def write_kept(
    db: AsyncSession, visit_id: str, code: str, folder: str, lines: Sequence[Said], now: datetime, expires_at: datetime
) -> None:
    """The rows of a keepsake whose files are written."""
    db.add(KeepsakeRow(visit_id=visit_id, code_hash=hash_of(code), path=folder, created_at=now, expires_at=expires_at))
    db.add_all(TranscriptRow(visit_id=visit_id, at_ms=said.start_ms, who=said.who, text=said.text) for said in lines)


async def delete_kept(db: AsyncSession, folder: Path, visit_ids: Iterable[str]) -> int:
    """Deletes files, keepsakes and transcripts of these visits; the visits themselves stay, as numbers. Returns how
    many keepsakes that were.
    """
    ids = list(visit_ids)
    paths = list(await db.scalars(select(KeepsakeRow.path).where(KeepsakeRow.visit_id.in_(ids))))
    for path in paths:
        remove(folder, path)
    await db.execute(delete(KeepsakeRow).where(KeepsakeRow.visit_id.in_(ids)))
    await db.execute(delete(TranscriptRow).where(TranscriptRow.visit_id.in_(ids)))
    return len(paths)


def remove(folder: Path, name: str) -> None:
    """Deletes one keepsake's folder; one that is gone already is no mistake. Raises OSError."""
    inside = folder / Path(name).name
    if inside.exists():
        shutil.rmtree(inside)
