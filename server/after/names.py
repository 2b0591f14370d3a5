"""Nobody is known by name for longer than their events say. Figures stay, without a person.

A fan's name counts from the end of the last event they hold a ticket of: its retention time later the name, what the
creator's platform calls them, the word they shared with friends, their link, and what hosts typed are taken out of the
store. Who is still remembered by a persona keeps theirs until that ends. What comes next: retention.py sweeps.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, case, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.events.tickets import LIVE
from server.store.audit import note
from server.store.tables import EventRow, FanRow, HostActionRow, MemoryRow, TicketRow

NAMELESS: Final = "a fan"

_over_at = case((EventRow.closed_at < EventRow.closes_at, EventRow.closed_at), else_=EventRow.closes_at)
_has_words = HostActionRow.detail.is_distinct_from({})


async def take_names(db: AsyncSession, now: datetime) -> int:
    """Takes the names out whose time is over, and says so in each creator's audit. Returns how many fans that were."""
    current = await _current(db, now)
    fans = (await db.execute(_named(current))).all()
    ids = [fan_id for fan_id, _ in fans]
    await db.execute(update(FanRow).where(FanRow.id.in_(ids)).values(name=NAMELESS, external_ref=None))
    await db.execute(update(TicketRow).where(TicketRow.fan_id.in_(ids)).values(party="", claim_hash=None))
    await db.execute(update(HostActionRow).where(HostActionRow.id.in_(_typed(current))).values(detail={}))
    for creator_id, count in Counter(creator_id for _, creator_id in fans).items():
        note(db, creator_id, "server", "retention.names", creator_id, {"fans": count})
    return len(fans)


async def names_left(db: AsyncSession, now: datetime) -> list[str]:
    """Whose name should be gone and is not, and which act of a host still says something, in words."""
    current = await _current(db, now)
    fans = [f"name of fan {fan_id}" for fan_id, _ in await db.execute(_named(current))]
    return fans + [f"words of host action {action_id}" for action_id in await db.scalars(_typed(current))]


async def _current(db: AsyncSession, now: datetime) -> list[str]:
    """The events whose retention time goes on."""
    found = await db.execute(select(EventRow.id, EventRow.retention_days, _over_at))
    return [event_id for event_id, days, over_at in found if over_at + timedelta(days=days) > now]


def _named(current: Sequence[str]) -> Select[str, str]:
    """Fans with a name and without a ticket that still counts."""
    counts = or_(TicketRow.event_id.in_(current), TicketRow.state.in_([state.value for state in LIVE]))
    holds: ColumnElement[bool] = exists().where(and_(TicketRow.fan_id == FanRow.id, counts))
    remembered: ColumnElement[bool] = exists().where(MemoryRow.fan_id == FanRow.id)
    known = or_(FanRow.name != NAMELESS, FanRow.external_ref.is_not(None))
    return select(FanRow.id, FanRow.creator_id).where(known, ~holds, ~remembered)


def _typed(current: Sequence[str]) -> Select[str]:
    return select(HostActionRow.id).where(HostActionRow.event_id.not_in(current), _has_words)
