"""One process at a time holds an event's desk: two would each give its seats away.

A row says which one, and until when. Every change of a ticket looks at it in its own transaction (ledger.py), so a
process that stood still for so long that another took over learns of it before it writes anything. Who died on this
machine is found out at once, by the number of its process; who died elsewhere, when the lease is stale. Clocks that
differ hand an event over too early or too late, never to two.
"""

import os
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from protocol.errors import ElsewhereError
from server.store.columns import new_id
from server.store.tables import DeskRow

LEASE_S: Final = 25.0  # a desk looks every 10 s, if nothing happens
RENEW_S: Final = 5.0  # not every change need prolong it


@cache
def this_machine() -> str:
    """Where numbers of processes mean the same: this machine since its start, or this container."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return platform.node()


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that serves events. `address`: where fans reach it, if that is known."""

    address: str = ""
    id: str = field(default_factory=new_id)
    machine: str = field(default_factory=this_machine)
    pid: int = field(default_factory=os.getpid)


async def take(db: AsyncSession, event_id: str, holder: Holder, now: float) -> None:
    """The event is this process's from now on. The caller holds the event locked. Raises ElsewhereError."""
    row = await _row(db, event_id)
    if row and row.process != holder.id and _instant(now) < row.until and not _is_dead(row):
        raise _elsewhere(row, holder)
    if row:
        await db.execute(delete(DeskRow).where(DeskRow.event_id == event_id))
    values = {"process": holder.id, "machine": holder.machine, "pid": holder.pid, "address": holder.address}
    await db.execute(insert(DeskRow).values(event_id=event_id, until=_instant(now + LEASE_S), **values))


async def keep(db: AsyncSession, event_id: str, holder: Holder, now: float) -> None:
    """It is still this process's, and stays so for a while. Raises ElsewhereError when another took over."""
    row = await _row(db, event_id)
    if row is None or row.process != holder.id:
        raise _elsewhere(row, holder)
    if row.until < _instant(now + LEASE_S - RENEW_S):
        await db.execute(update(DeskRow).where(DeskRow.event_id == event_id).values(until=_instant(now + LEASE_S)))


async def give_back(db: AsyncSession, event_id: str, holder: Holder) -> None:
    """Whoever comes next may have it at once; nothing happens when it was another's already."""
    await db.execute(delete(DeskRow).where(DeskRow.event_id == event_id, DeskRow.process == holder.id))


async def _row(db: AsyncSession, event_id: str) -> DeskRow | None:
    found = select(DeskRow).where(DeskRow.event_id == event_id).execution_options(populate_existing=True)
    return (await db.scalars(found)).one_or_none()


def _elsewhere(row: DeskRow | None, holder: Holder) -> ElsewhereError:
    if row and row.address and row.address != holder.address:
        return ElsewhereError(f"this event is held at {row.address}; come in there")
    return ElsewhereError("another process of this server holds this event; try again in a moment")


def _is_dead(row: DeskRow) -> bool:
    """Whether the process is known to be gone: a number that is ours now was another's before."""
    return row.machine == this_machine() and (row.pid == os.getpid() or not _runs(row.pid))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state not in "ZX"  # killed, and its parent has not looked yet


def _instant(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
