"""The keys that sign join tokens: made, rotated and forgotten, for every process that shares the store.

A new key is written some hours before it signs, so that whoever reads the keys every READ_EVERY_S knows it by then.
Instants are UTC; what to do is decided by `plan`, which is pure.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.store.columns import new_id
from server.store.tables import SigningKeyRow
from server.tokens import LONGEST_VALID_S, SigningKey

READ_EVERY_S: Final = 1800.0
SPREAD: Final = timedelta(hours=2)
KEPT: Final = timedelta(seconds=LONGEST_VALID_S) + SPREAD
SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class KeyAge:
    """One key: when it was made, and since when it signs no more."""

    kid: str
    created_at: datetime
    retired_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with the keys. `signs` is empty when there is none yet: the new one signs at once."""

    signs: str = ""
    make: bool = False
    retire: Sequence[str] = field(default=())
    forget: Sequence[str] = field(default=())


def plan(keys: Sequence[KeyAge], now: datetime, rotate_after: timedelta) -> Plan:
    """Which key signs, and which come and go. Raises nothing."""
    current = sorted((key for key in keys if not key.retired_at), key=lambda key: (key.created_at, key.kid))
    forget = [key.kid for key in keys if key.retired_at and key.retired_at + KEPT <= now]
    if not current:
        return Plan(make=True, forget=forget)
    spread = [key for key in current if key.created_at + SPREAD <= now]
    signing = spread[-1] if spread else current[0]
    return Plan(
        signs=signing.kid,
        make=current[-1].created_at + rotate_after <= now,
        retire=[key.kid for key in current if (key.created_at, key.kid) < (signing.created_at, signing.kid)],
        forget=forget,
    )


async def signing_keys(db: AsyncSession, rotate_after: timedelta, now: datetime | None = None) -> list[SigningKey]:
    """The keys after what `plan` asks for was done, the one that signs first."""
    now = now or datetime.now(UTC)
    rows = {row.kid: row for row in await db.scalars(select(SigningKeyRow).with_for_update())}
    todo = plan([KeyAge(row.kid, row.created_at, row.retired_at) for row in rows.values()], now, rotate_after)
    for kid in todo.retire:
        rows[kid].retired_at = now
    for kid in todo.forget:
        await db.delete(rows.pop(kid))
    if todo.make:
        made = SigningKeyRow(kid=new_id(), secret=secrets.token_bytes(SECRET_BYTES), created_at=now)
        db.add(made)
        rows[made.kid] = made
    first = todo.signs or made.kid
    return [SigningKey(kid, rows[kid].secret) for kid in (first, *(kid for kid in rows if kid != first))]
