"""The room: everything that sessions share, and the door that counts heads.

Without an event whoever comes may come in while there is a place. With one its desk says whose turn it is
(server/events/), and hosts and spectators go to the stage (server/stage/); both are put in by commands.py.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import structlog

from avatar.persona import Persona
from protocol.errors import TicketOverError, TokenError, UnsupportedError
from protocol.messages import PROTOCOL_VERSION, Hello, Limits
from server.admission import Door
from server.events.desk import Desk
from server.events.desks import Desks
from server.events.seats import Seat
from server.group.tables import Tables
from server.lanes import Lanes
from server.metrics import Metrics
from server.prepared import PreparedReplies, lines_for_fan, named_jobs, rehearse, say_once
from server.presence import Lips
from server.session import Session
from server.shared import SessionSettings, Shared
from server.tokens import JoinClaims, TokenSigner
from server.visits import Visits

if TYPE_CHECKING:
    from server.connection import Connection

Backstage = Callable[["Connection", JoinClaims, Hello], Awaitable[None]]

log = structlog.get_logger()

MAJOR = PROTOCOL_VERSION.partition(".")[0]
RETELL_S = 15.0  # those in line are told again when what they were told is no longer true


@dataclass(frozen=True, slots=True)
class RoomRules:
    """Who may come in, and how many."""

    default_persona: str
    max_sessions: int
    tokens_required: bool
    limits: Limits
    max_waiting: int = 0  # in line for a place; with 0 nobody waits
    visit_s: float = 300.0  # how long a visit is thought to last


class Room:
    """Opens sessions and closes them. Belongs to one event loop."""

    def __init__(
        self,
        lanes: Lanes,
        personas: Mapping[str, Persona],
        signer: TokenSigner,
        rules: RoomRules,
        settings: SessionSettings,
    ) -> None:
        self.lanes = lanes
        self.metrics = Metrics()
        self._shared = Shared(lanes, PreparedReplies(lanes.meaning), self.metrics, settings)
        self.rules = rules
        self.signer = signer
        self._personas = personas
        self._clock = asyncio.get_running_loop().time
        self.door = Door(rules.max_sessions, rules.max_waiting, rules.visit_s)
        self._moved = asyncio.Event()  # somebody left; a new one each time
        self._sessions: set[Session] = set()
        self.visits = Visits(rules.limits.max_away_s, self.metrics, self.close_session)
        self.desks: Desks | None = None
        self._tables = Tables()
        self.backstage: Backstage = _no_stage

    @property
    def n_sessions(self) -> int:
        """How many fans are in."""
        return len(self._sessions)

    def vitals(self) -> tuple[int, int]:
        """How many fans are in, and what a loaded server leaves out (speech/turn_state.py:Effort)."""
        return self.n_sessions, int(self._shared.load.effort(self._clock()))

    @property
    def lips(self) -> Lips:
        """What moves the avatar's lips."""
        return "exact" if self.lanes.timing == "exact" else "sound"

    def is_full(self) -> bool:
        """Whether the next fan would have to wait, or be turned away."""
        return not self.door.places

    def wait_s(self) -> float:
        """About how long the next fan would wait; 0 when there is a place."""
        return self.door.expected_wait_s(self.door.waiting + 1, self._clock()) if self.is_full() else 0.0

    async def rehearse(self) -> None:
        """Prepares every persona's fixed lines and prepared answers, behind all other work."""
        await rehearse(self.lanes.tts, self._shared.prepared, self._personas.values())

    def check(self, hello: Hello) -> JoinClaims:
        """What the token says. Raises UnsupportedError or TokenError."""
        if hello.version.partition(".")[0] != MAJOR:
            raise UnsupportedError(f"version {hello.version} is not spoken here; this is {PROTOCOL_VERSION}")
        if hello.token:
            return self.signer.check(hello.token)
        if self.rules.tokens_required:
            raise TokenError("a join link is needed to come in")
        return JoinClaims()

    async def admit(self, hello: Hello, tell: Callable[[str], Awaitable[None]]) -> Session:
        """Lets a fan in, as soon as there is a place; `tell` gets what those in line should know, whenever it changes.

        Raises TokenError, UnsupportedError, or BusyError when the line is too long.
        """
        claims = self.check(hello)
        if claims.event or claims.role != "fan":  # nobody walks past an event's line by another door
            raise TokenError("this join link is for an event; it is good at /ws")
        persona_id = claims.persona or self.rules.default_persona
        persona = self._personas.get(persona_id)
        if persona is None:
            raise TokenError(f"nobody called {persona_id!r} is here")
        if claims.name:
            hello = msgspec.structs.replace(hello, name=claims.name)
        self._make_place()
        if self.is_full():
            await self._wait(tell)
        return self.open_session(hello, persona)

    async def _wait(self, tell: Callable[[str], Awaitable[None]]) -> None:
        ticket, said = self.door.stand_in_line(), ""
        try:
            while not self.door.may_enter(ticket):
                moved, text = self._moved, self.door.announcement(ticket, self._clock())
                if text != said:
                    said = text
                    await tell(text)
                with suppress(TimeoutError):
                    async with asyncio.timeout(RETELL_S):  # wait_for of Python 3.11 may swallow a cancellation
                        await moved.wait()
        finally:
            self.door.step_out(ticket)
            self._move_up()

    def _move_up(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
        if self.desks:
            self.desks.stir()

    def _make_place(self) -> None:
        if self.is_full() and (away := self.visits.dismiss_longest_away()):
            self._sessions.discard(away)
            self.door.leave(away.id, self._clock())

    def open_session(self, hello: Hello, persona: Persona, seat: Seat | None = None) -> Session:
        """A session that takes one of the room's places until it is closed; `seat`: of an event. Raises
        UnsupportedError.
        """
        chair = self._tables.chair(seat, persona) if seat else None
        session = Session(secrets.token_hex(8), hello, persona, self._shared, chair)
        session.presence.lips = self.lips
        self._sessions.add(session)
        self.door.enter(session.id, self._clock())
        self.metrics.sessions.set(len(self._sessions))
        log.info("session_opened", session=session.id, persona=persona.id, client=hello.client)
        return session

    # --- what the desks of events need; see Hall in server/events/seats.py ---

    async def desk(self, event_id: str) -> Desk:
        """The desk of an event. Raises TicketOverError when there is none."""
        if self.desks is None:
            raise TicketOverError("there are no events here")
        return await self.desks.at(event_id)

    def free_places(self) -> int:
        """How many more fans could come in now."""
        return self.door.places

    async def rehearse_with(self, persona: Persona) -> None:
        """See Hall."""
        if self._personas.get(persona.id) is not persona:
            await rehearse(self.lanes.tts, self._shared.prepared, [persona])

    async def prepare(self, persona: Persona) -> None:
        """See Hall."""
        await say_once(self.lanes.tts, persona, lines_for_fan(persona))

    def forget(self, persona: Persona, plain: Persona) -> None:
        """See Hall."""
        self.lanes.forget_speech(named_jobs(persona, plain))

    def release(self, session: Session) -> None:
        """See Hall."""
        self.door.leave(session.id, self._clock())
        self._move_up()

    async def close(self) -> None:
        """Ends the visits that nobody is connected to; connections end the others."""
        await self.visits.close()
        if self.desks:
            await self.desks.close()

    async def close_session(self, session: Session) -> None:
        """Ends a session and frees its place."""
        self._sessions.discard(session)
        self.release(session)
        self.metrics.sessions.set(len(self._sessions))
        await session.close()
        log.info("session_closed", session=session.id)


async def _no_stage(connection: "Connection", claims: JoinClaims, hello: Hello) -> None:
    raise TicketOverError("there is no stage here")
