"""The shelf: everything that is kept of visits, rows and files, behind calls that never disturb a conversation.

A store that fails is logged and the conversation goes on without: nothing is remembered, nothing is kept. What comes
next: attendance.py asks it during a visit, archive.py at its end, pages.py for the fan who comes back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import structlog
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from avatar.affect import Affect
from protocol.messages import Consents
from server.after import kept, memories
from server.after.captions import Said
from server.after.facts import facts_said
from server.after.memories import Memory
from server.after.spool import Spools
from server.store.engine import Store
from server.store.tables import VisitRow

log = structlog.get_logger()


def utc_now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """What a visit belongs to. `fan_name`: as the fan is called. `keepsakes`: the creator's half of that consent."""

    visit_id: str
    event_title: str
    fan_id: str
    fan_name: str
    persona_id: str
    keepsakes: bool
    retention_days: int


@dataclass(frozen=True, slots=True)
class Figures:
    """A visit in numbers."""

    turns: int
    v2v_p50_ms: float | None
    v2v_p95_ms: float | None
    satisfaction: int | None


class Shelf:
    """One store, and the folder of its keepsakes. None of its calls raises."""

    def __init__(self, store: Store, folder: Path, now: Callable[[], datetime] = utc_now) -> None:
        self.store = store
        self.folder = folder
        self.spools = Spools(folder)
        self.now = now

    async def open(self, facts: VisitFacts, code: str) -> None:
        """The visit has begun; this code opens its page."""
        with Forgiving("opening_failed"):
            async with self.store.begin() as db:
                await kept.give_code(db, facts.visit_id, code)

    async def recall(self, facts: VisitFacts) -> Memory:
        """What the persona remembers of this fan; the caller has their consent."""
        with Forgiving("recall_failed"):
            async with self.store.begin() as db:
                return await memories.recall(db, facts.fan_id, facts.persona_id, self.now())
        return Memory()

    async def remember(self, facts: VisitFacts, said: Sequence[str], guesses: Sequence[Affect]) -> None:
        """Adds a visit to the memory; the caller has the fan's consent."""
        now = self.now()
        whose, until = (facts.fan_id, facts.persona_id), now + timedelta(days=facts.retention_days)
        with Forgiving("remembering_failed"):
            async with self.store.begin() as db:
                await memories.remember(db, whose, facts_said(said), guesses, until, now)

    async def forget(self, facts: VisitFacts) -> None:
        """The persona forgets this fan."""
        with Forgiving("forgetting_failed"):
            async with self.store.begin() as db:
                await memories.forget(db, facts.fan_id, facts.persona_id)

    async def count(self, facts: VisitFacts, figures: Figures, consents: Consents) -> None:
        """The visit in numbers. Stars that were given on the page stay when none were given here."""
        values = {
            "turns": figures.turns,
            "v2v_p50_ms": figures.v2v_p50_ms,
            "v2v_p95_ms": figures.v2v_p95_ms,
            "consents": msgspec.structs.asdict(consents),
            **({} if figures.satisfaction is None else {"satisfaction": figures.satisfaction}),
        }
        with Forgiving("counting_failed"):
            async with self.store.begin() as db:
                await db.execute(update(VisitRow).where(VisitRow.id == facts.visit_id).values(**values))

    async def keep(self, facts: VisitFacts, code: str, folder: str, lines: Sequence[Said]) -> bool:
        """The files in `folder` are this visit's keepsake. False: the store did not take it."""
        now = self.now()
        expires_at = now + timedelta(days=facts.retention_days)
        with Forgiving("keeping_failed"):
            async with self.store.begin() as db:
                await kept.write_kept(db, facts.visit_id, code, folder, lines, now, expires_at)
            return True
        return False


class Forgiving:
    """Logs what the store or the disk could not do, and goes on."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> bool:
        if not isinstance(error, SQLAlchemyError | OSError):
            return False
        log.error(self._what, error=type(error).__name__)  # not its text: it may quote what was to be written
        return True
