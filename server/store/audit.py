"""The audit: one row for every change, written in the transaction that makes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.store.tables import AuditRow


@dataclass(frozen=True, slots=True)
class Change:
    """Who changed what, and when."""

    id: str
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


def note(
    db: AsyncSession, creator_id: str, actor: str, action: str, subject: str, detail: Mapping[str, Any] | None = None
) -> None:
    """Writes that `actor` ("login:<id>", "key:<prefix>", "command", "fan", "server") did `action` ("event.create").

    `subject` is the id of what was changed. No secret and nothing that a fan said belongs in `detail`.
    """
    db.add(
        AuditRow(
            creator_id=creator_id,
            actor=actor,
            at=datetime.now(UTC),
            action=action,
            subject=subject,
            detail=dict(detail or {}),
        )
    )


async def changes_of(
    db: AsyncSession, creator_id: str, *, before: str | None, limit: int, event_id: str | None = None
) -> list[Change] | None:
    """What was changed of one creator's, newest first; `event_id`: of this event and its tickets only; `before`: after
    the change with this id, also where several were made at one instant. None: there is no such change.
    """
    query = select(AuditRow).where(AuditRow.creator_id == creator_id)
    if event_id is not None:
        query = query.where(or_(AuditRow.subject == event_id, AuditRow.detail["event"].as_string() == event_id))
    if before:
        last = await db.get(AuditRow, before)
        if last is None or last.creator_id != creator_id:
            return None
        query = query.where(or_(AuditRow.at < last.at, and_(AuditRow.at == last.at, AuditRow.id > last.id)))
    rows = await db.scalars(query.order_by(AuditRow.at.desc(), AuditRow.id).limit(limit))
    return [Change(row.id, row.at, row.actor, row.action, row.subject, row.detail) for row in rows]
