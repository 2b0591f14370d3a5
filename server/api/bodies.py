"""What is sent and answered, as the OpenAPI document shows it. Instants carry a time zone; durations are seconds."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from server.api.errors import ApiErrorCode
from server.api.passwords import MAX_LENGTH, MIN_LENGTH
from server.store.tables import EventState, QueueRule, TicketState
from server.tokens import Role

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Email = Annotated[
    str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[^@\s]+@[^@\s]+$", max_length=200)
]
Password = Annotated[str, StringConstraints(min_length=MIN_LENGTH, max_length=MAX_LENGTH)]
GivenPassword = Annotated[str, StringConstraints(max_length=MAX_LENGTH)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=100)]
PersonaId = Annotated[str, StringConstraints(pattern="^[a-z0-9][a-z0-9_-]{0,39}$")]

MAX_PERSONA_CHARS = 50_000


class Body(BaseModel):
    """The root: a key that is not known is a mistake, not a wish."""

    model_config = ConfigDict(extra="forbid")


class Problem(Body):
    code: ApiErrorCode
    message: str


class Refusal(Body):
    """Every answer that is not 2xx or 3xx."""

    error: Problem


# --- accounts ---


class WaysIn(Body):
    sign_up: bool = Field(description="whether anybody may make an account with a password")
    oidc: bool = Field(description="whether GET /login/oidc leads somewhere")


class NewCreator(Body):
    name: Name
    email: Email
    password: Password


class Login(Body):
    email: Email
    password: GivenPassword


class NewPassword(Body):
    current: GivenPassword = Field(description="the password until now")
    password: Password


class CreatorOut(Body):
    id: str
    name: str
    email: str


class Me(Body):
    creator: CreatorOut
    csrf: str = Field(description="send it as X-CSRF-Token with every change; empty for an API key")


class NewKey(Body):
    label: Name


class KeyOut(Body):
    id: str
    label: str
    prefix: str
    created_at: datetime


class KeyMade(KeyOut):
    key: str = Field(description="shown this once; the server keeps a hash of it")


class Keys(Body):
    keys: list[KeyOut]


# --- personas ---


class PersonaIn(Body):
    toml: Annotated[str, StringConstraints(min_length=1, max_length=MAX_PERSONA_CHARS)]


class PersonaShort(Body):
    id: str
    name: str
    about: str
    own: bool = Field(description="false for those that come with the server, which cannot be changed")


class PersonaOut(PersonaShort):
    toml: str


class Personas(Body):
    personas: list[PersonaShort]


# --- events ---


class EventIn(Body):
    title: Title = Field(description="as fans read it")
    persona_id: PersonaId = Field(description="who speaks: one of your personas, or one that comes with the server")
    opens_at: AwareDatetime = Field(description="from when on fans are called in")
    closes_at: AwareDatetime = Field(description="from when on nobody is called any more")
    places: int = Field(1, ge=1, le=64, description="fans who talk at the same time, each with the avatar alone")
    max_tickets: int = Field(100, ge=1, le=10_000, description="how many fans may come")
    slot_s: float = Field(180, ge=15, le=3600, description="a fan's time with the avatar")
    overtime_s: float = Field(15, ge=0, le=600, description="until a visit whose time is over ends by itself")
    no_show_s: float = Field(45, ge=10, le=600, description="until somebody who was called loses their place")
    queue_rule: QueueRule = Field("first_come", description="who may come, and in which order")
    group_size: int = Field(1, ge=1, le=4, description="fans who share a place and the avatar")
    spectators: bool = Field(False, description="whether anybody may watch; fans say for themselves whether they may")
    keepsakes: bool = Field(False, description="the creator's half of the consent to record; each fan has the other")
    retention_days: int = Field(
        30, ge=0, le=365, description="how long what fans allowed to keep is kept, and after the event their names"
    )

    @model_validator(mode="after")
    def _closes_later(self) -> "EventIn":
        if self.closes_at <= self.opens_at:
            raise ValueError("closes_at must be later than opens_at")
        return self


class EventChange(Body):
    """Only what is named changes."""

    title: Title | None = None
    persona_id: PersonaId | None = None
    opens_at: AwareDatetime | None = None
    closes_at: AwareDatetime | None = None
    places: int | None = Field(None, ge=1, le=64)
    max_tickets: int | None = Field(None, ge=1, le=10_000)
    slot_s: float | None = Field(None, ge=15, le=3600)
    overtime_s: float | None = Field(None, ge=0, le=600)
    no_show_s: float | None = Field(None, ge=10, le=600)
    queue_rule: QueueRule | None = None
    group_size: int | None = Field(None, ge=1, le=4)
    spectators: bool | None = None
    keepsakes: bool | None = None
    retention_days: int | None = Field(None, ge=0, le=365)


class EventOut(Body):
    id: str
    title: str
    persona_id: str
    opens_at: datetime
    closes_at: datetime
    places: int
    max_tickets: int
    slot_s: float
    overtime_s: float
    no_show_s: float
    queue_rule: QueueRule
    group_size: int
    spectators: bool
    keepsakes: bool
    retention_days: int
    state: EventState
    created_at: datetime
    closed_at: datetime | None
    tickets: dict[TicketState, int] = Field(description="how many there are in each state")


class Events(Body):
    events: list[EventOut]


class EventCard(Body):
    """What anybody may know of an event that is not a draft."""

    id: str
    title: str
    persona_name: str
    about: str
    look: str
    opens_at: datetime
    closes_at: datetime
    state: EventState
    queue_rule: QueueRule
    slot_s: float
    group_size: int
    spectators: bool
    tickets_left: int


# --- tickets and tokens ---


PARTY = "a word that friends agree on: where fans share the avatar, those who gave it sit together"


class TicketIn(Body):
    """`external_ref` is who the fan is on the creator's platform: the same one is the same fan. Only for creators."""

    name: Name
    external_ref: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    party: Annotated[str, StringConstraints(max_length=40), Field(description=PARTY)] = ""


class TicketOut(Body):
    id: str
    fan_id: str
    name: str
    external_ref: str | None
    state: TicketState
    seat: int | None
    invited: bool
    party: str
    issued_at: datetime
    arrived_at: datetime | None
    called_at: datetime | None
    seated_at: datetime | None
    ended_at: datetime | None
    extra_s: float
    misses: int
    end_reason: str | None


class Tickets(Body):
    tickets: list[TicketOut]


class TicketMade(Body):
    ticket_id: str
    secret: str = Field(description="the fan's own key to this ticket, shown this once; the link holds it too")
    link: str = Field(description="for the fan; it may be opened again and again")


class Claim(Body):
    secret: Secret


class JoinToken(Body):
    """`url` opens the fans' page with the token; `ws_url` is where a client of one's own connects."""

    token: str
    role: Role
    url: str
    ws_url: str
    valid_s: int


class Action(Body):
    at: datetime
    actor: str
    kind: str
    visit_id: str | None
    detail: dict[str, Any]


class Actions(Body):
    actions: list[Action]


# --- fans and the audit ---


class FanOut(Body):
    id: str
    name: str
    external_ref: str | None
    created_at: datetime


class Fans(Body):
    fans: list[FanOut]


class ChangeOut(Body):
    id: str
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


class Audit(Body):
    changes: list[ChangeOut]


class Done(Body):
    ok: Literal[True] = True
