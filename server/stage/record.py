"""What hosts did, written down before it takes effect."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from server.store.engine import Store
from server.store.tables import HostActionRow


@dataclass(frozen=True, slots=True)
class Deed:
    """One act of a host. actor: whose token it was; detail: what was said with it."""

    event_id: str
    visit_id: str
    actor: str
    kind: str
    detail: dict[str, Any]


class Record(Protocol):
    """Where deeds are kept."""

    async def note(self, deed: Deed) -> None:
        """Writes it down. When this raises, the deed is not done."""


class StoredRecord:
    """The table host_actions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def note(self, deed: Deed) -> None:
        """See Record."""
        async with self._store.begin() as db:
            db.add(
                HostActionRow(
                    id=secrets.token_hex(8),
                    event_id=deed.event_id,
                    visit_id=deed.visit_id or None,
                    actor=deed.actor,
                    at=datetime.now(UTC),
                    kind=deed.kind,
                    detail=deed.detail,
                )
            )
