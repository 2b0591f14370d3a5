"""The tables: creators and how they come in, their personas and events, tickets, fans, visits, and what stays of them.

Everything belongs to one creator, by a chain of foreign keys that deletes downwards: what a creator owns goes with
them. Two creators' fans are never the same row. Rows stay inside the package that reads them; what leaves it is a
frozen dataclass. A column is added by a migration: see migrations/. What comes next: engine.py opens the store.
"""

from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from server.store.columns import IdText, Table, new_id

EventState = Literal["draft", "open", "paused", "closed", "deleted"]
QueueRule = Literal["first_come", "lottery", "invited"]
TicketState = Literal["issued", "waiting", "away", "called", "seated", "done", "left", "no_show", "banned", "missed"]
Speaker = Literal["fan", "avatar", "host"]

SHORT: Final = String(32)
NAME: Final = String(200)
LONG: Final = String(500)


def key() -> Mapped[str]:
    """A primary key that makes itself."""
    return mapped_column(IdText, primary_key=True, default=new_id)


def owned_by(column: str, *, index: bool = True) -> Mapped[str]:
    """A foreign key; the row goes when its owner goes."""
    return mapped_column(IdText, ForeignKey(column, ondelete="CASCADE"), index=index)


# --- creators, and how they come in ---


class CreatorRow(Table):
    __tablename__ = "creators"

    id: Mapped[str] = key()
    name: Mapped[str] = mapped_column(NAME)
    email: Mapped[str] = mapped_column(NAME, unique=True)  # in lower case
    password_hash: Mapped[str | None] = mapped_column(LONG)
    oidc_subject: Mapped[str | None] = mapped_column(LONG, unique=True)
    created_at: Mapped[datetime]


class ApiKeyRow(Table):
    __tablename__ = "api_keys"

    id: Mapped[str] = key()
    creator_id: Mapped[str] = owned_by("creators.id")
    label: Mapped[str] = mapped_column(NAME)
    prefix: Mapped[str] = mapped_column(SHORT, unique=True)
    key_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class LoginRow(Table):
    __tablename__ = "logins"

    id: Mapped[str] = key()
    creator_id: Mapped[str] = owned_by("creators.id")
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SigningKeyRow(Table):
    """A key that signs join tokens; a retired one still checks the tokens it signed."""

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(SHORT, primary_key=True, default=new_id)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class AuditRow(Table):
    """Who changed what. No foreign key: that something was deleted stays written."""

    __tablename__ = "audit"

    id: Mapped[str] = key()
    creator_id: Mapped[str] = mapped_column(IdText, index=True)
    actor: Mapped[str] = mapped_column(NAME)  # "login:<id>", "key:<prefix>", "command", "fan", ...
    at: Mapped[datetime] = mapped_column(index=True)
    action: Mapped[str] = mapped_column(String(64))  # "event.create"
    subject: Mapped[str] = mapped_column(NAME)  # the id of what was changed
    detail: Mapped[dict[str, Any]]


# --- what a creator makes ---


class PersonaRow(Table):
    __tablename__ = "personas"

    creator_id: Mapped[str] = mapped_column(IdText, ForeignKey("creators.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    toml: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime]


class EventRow(Table):
    __tablename__ = "events"

    id: Mapped[str] = key()
    creator_id: Mapped[str] = owned_by("creators.id")
    title: Mapped[str] = mapped_column(NAME)
    persona_id: Mapped[str] = mapped_column(String(64))  # the creator's own, or one that comes with the house
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    places: Mapped[int]
    max_tickets: Mapped[int]
    slot_s: Mapped[float]
    overtime_s: Mapped[float]
    no_show_s: Mapped[float]
    queue_rule: Mapped[QueueRule] = mapped_column(SHORT)
    group_size: Mapped[int]
    spectators: Mapped[bool]
    keepsakes: Mapped[bool]  # the creator's half of that consent
    retention_days: Mapped[int]
    state: Mapped[EventState] = mapped_column(SHORT, index=True)
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]  # retention counts from here


class DeskRow(Table):
    """Which process holds an event: see server/events/lease.py."""

    __tablename__ = "desks"

    event_id: Mapped[str] = mapped_column(IdText, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True)
    process: Mapped[str] = mapped_column(SHORT)
    machine: Mapped[str] = mapped_column(NAME)  # where `pid` means this process
    pid: Mapped[int]
    address: Mapped[str] = mapped_column(NAME)  # where fans reach it; empty: as whoever asks knows the server
    until: Mapped[datetime]


# --- fans ---


class FanRow(Table):
    """Somebody who came to one creator's events."""

    __tablename__ = "fans"

    id: Mapped[str] = key()
    creator_id: Mapped[str] = owned_by("creators.id")
    name: Mapped[str] = mapped_column(NAME)
    external_ref: Mapped[str | None] = mapped_column(NAME)  # who they are on the creator's own platform
    created_at: Mapped[datetime]

    __table_args__ = (Index("ix_fans_creator_id_external_ref", "creator_id", "external_ref", unique=True),)


class TicketRow(Table):
    """A fan's way into one event. `state` moves issued, waiting (or away), called, seated, done; or it ends early."""

    __tablename__ = "tickets"

    id: Mapped[str] = key()
    event_id: Mapped[str] = owned_by("events.id", index=False)
    fan_id: Mapped[str] = owned_by("fans.id")
    state: Mapped[TicketState] = mapped_column(SHORT)
    rank: Mapped[float] = mapped_column()  # the line's order; lower is earlier
    seat: Mapped[int | None]
    invited: Mapped[bool]
    party: Mapped[str] = mapped_column(String(64), default="", server_default="")  # of friends who want to sit together
    claim_hash: Mapped[str | None] = mapped_column(String(64))  # of the secret by which a fan gets back in
    issued_at: Mapped[datetime]
    arrived_at: Mapped[datetime | None]
    called_at: Mapped[datetime | None]
    seated_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    used_s: Mapped[float] = mapped_column(default=0.0, server_default="0")  # of the slot, before a crash
    extra_s: Mapped[float] = mapped_column(default=0.0, server_default="0")
    misses: Mapped[int] = mapped_column(default=0, server_default="0")
    end_reason: Mapped[str | None] = mapped_column(SHORT)

    __table_args__ = (
        Index("ix_tickets_event_id_state", "event_id", "state"),
        Index("ix_tickets_event_id_fan_id", "event_id", "fan_id", unique=True),
        Index(
            "ix_tickets_one_a_seat",
            "event_id",
            "seat",
            unique=True,
            sqlite_where=text("state in ('called', 'seated')"),
            postgresql_where=text("state in ('called', 'seated')"),
        ),
    )


class VisitRow(Table):
    """One stay in a seat."""

    __tablename__ = "visits"

    id: Mapped[str] = key()
    ticket_id: Mapped[str] = owned_by("tickets.id")
    event_id: Mapped[str] = owned_by("events.id")
    session_id: Mapped[str] = mapped_column(SHORT)
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(SHORT)
    consents: Mapped[dict[str, Any]]
    satisfaction: Mapped[int | None]  # 1 to 5
    turns: Mapped[int] = mapped_column(default=0, server_default="0")
    v2v_p50_ms: Mapped[float | None]
    v2v_p95_ms: Mapped[float | None]
    wait_s: Mapped[float] = mapped_column(default=0.0, server_default="0")
    after_hash: Mapped[str | None] = mapped_column(String(64), unique=True)  # of the code by which its fan comes back


class TranscriptRow(Table):
    """A line of a visit; written only with the fan's consent `recording`."""

    __tablename__ = "transcripts"

    id: Mapped[str] = key()
    visit_id: Mapped[str] = owned_by("visits.id")
    at_ms: Mapped[float] = mapped_column()  # since the visit began
    who: Mapped[Speaker] = mapped_column(SHORT)
    text: Mapped[str] = mapped_column(Text)


class KeepsakeRow(Table):
    __tablename__ = "keepsakes"

    id: Mapped[str] = key()
    visit_id: Mapped[str] = owned_by("visits.id")
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    path: Mapped[str] = mapped_column(LONG)  # its folder's random name, below the data folder
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class MemoryRow(Table):
    """What one persona remembers of a fan; written only with the fan's consent `memory`."""

    __tablename__ = "memories"

    id: Mapped[str] = key()
    fan_id: Mapped[str] = owned_by("fans.id", index=False)
    persona_id: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    affect: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (Index("ix_memories_fan_id_persona_id", "fan_id", "persona_id", unique=True),)


class HostActionRow(Table):
    """What a host did during an event."""

    __tablename__ = "host_actions"

    id: Mapped[str] = key()
    event_id: Mapped[str] = owned_by("events.id")
    visit_id: Mapped[str | None] = mapped_column(IdText, ForeignKey("visits.id", ondelete="SET NULL"))
    actor: Mapped[str] = mapped_column(NAME)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(SHORT)
    detail: Mapped[dict[str, Any]]
