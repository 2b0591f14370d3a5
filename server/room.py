"""The room: everything that sessions share, and the door that counts heads."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import structlog

from avatar.persona import Persona
from protocol.errors import BusyError, TokenError, UnsupportedError
from protocol.messages import PROTOCOL_VERSION, Hello, Limits
from server.lanes import Lanes
from server.metrics import Metrics
from server.prepared import PreparedReplies, rehearse
from server.session import Session, SessionSettings
from server.tokens import JoinClaims, TokenSigner
from server.visits import Visits

log = structlog.get_logger()

MAJOR = PROTOCOL_VERSION.partition(".")[0]


@dataclass(frozen=True, slots=True)
class RoomRules:
    """Who may come in, and how many."""

    default_persona: str
    max_sessions: int
    tokens_required: bool
    limits: Limits


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
        self.rules = rules
        self.signer = signer
        self._personas = personas
        self._prepared = PreparedReplies(lanes.meaning)
        self._settings = settings
        self._sessions: set[Session] = set()
        self.visits = Visits(rules.limits.max_away_s, self.metrics, self.close_session)

    @property
    def n_sessions(self) -> int:
        """How many fans are in."""
        return len(self._sessions)

    def is_full(self) -> bool:
        """Whether the next fan would be turned away."""
        return len(self._sessions) >= self.rules.max_sessions

    async def rehearse(self) -> None:
        """Prepares every persona's fixed lines and prepared answers, behind all other work."""
        await rehearse(self.lanes.tts, self._prepared, self._personas.values())

    def open_session(self, hello: Hello) -> Session:
        """Lets a fan in. Raises TokenError, BusyError or UnsupportedError."""
        if hello.version.partition(".")[0] != MAJOR:
            raise UnsupportedError(f"version {hello.version} is not spoken here; this is {PROTOCOL_VERSION}")
        claims = self._claims(hello)
        if claims.name:
            hello = msgspec.structs.replace(hello, name=claims.name)
        if self.is_full() and (away := self.visits.dismiss_longest_away()):
            self._sessions.discard(away)
        if self.is_full():
            raise BusyError(f"all {self.rules.max_sessions} places are taken; try again in a minute")
        persona_id = claims.persona or self.rules.default_persona
        persona = self._personas.get(persona_id)
        if persona is None:
            raise TokenError(f"nobody called {persona_id!r} is here")
        session = Session(
            secrets.token_hex(8), hello, persona, self.lanes, self._prepared, self.metrics, self._settings
        )
        self._sessions.add(session)
        self.metrics.sessions.set(len(self._sessions))
        log.info("session_opened", session=session.id, persona=persona.id, client=hello.client)
        return session

    async def close_session(self, session: Session) -> None:
        """Ends a session and frees its place."""
        self._sessions.discard(session)
        self.metrics.sessions.set(len(self._sessions))
        await session.close()
        log.info("session_closed", session=session.id)

    def _claims(self, hello: Hello) -> JoinClaims:
        if hello.token:
            return self.signer.check(hello.token)
        if self.rules.tokens_required:
            raise TokenError("a join link is needed to come in")
        return JoinClaims()
