"""Which message is legal when: one table, no I/O.

A connection is NEW until the client said `hello`, UNDISCLOSED until the person acknowledged that they talk with
an AI, OPEN for the conversation, and CLOSED after it. A `hello` that resumes a visit leads to OPEN at once: only
visits whose disclosure was acknowledged can be resumed. A join token of a spectator leads to WATCHING, one of a host
to HOSTING: nobody of these talks with the AI. What the table does not list is refused with a coded error
and changes nothing. The diagram in PROTOCOL.md is drawn from this table.
"""

from enum import Enum
from typing import Final

from .errors import DisclosureRequiredError, IllegalStateError, NotAllowedError
from .event_messages import HostAct, Reaction
from .messages import (
    AudioChunk,
    ClientMessage,
    ConsentChange,
    DisclosureAcknowledged,
    FanFace,
    FanPose,
    Hello,
    Interrupt,
    Leave,
    Ping,
    PlaybackMark,
    TextInput,
)
from .visit_messages import ForgetMemory, Satisfaction


class Phase(Enum):
    NEW = "new"
    UNDISCLOSED = "undisclosed"
    OPEN = "open"
    WATCHING = "watching"
    HOSTING = "hosting"
    CLOSED = "closed"


LEGAL: dict[tuple[Phase, type[ClientMessage]], Phase] = {
    (Phase.NEW, Hello): Phase.UNDISCLOSED,
    (Phase.NEW, Ping): Phase.NEW,
    (Phase.NEW, Leave): Phase.CLOSED,
    (Phase.UNDISCLOSED, DisclosureAcknowledged): Phase.OPEN,
    (Phase.UNDISCLOSED, ConsentChange): Phase.UNDISCLOSED,
    (Phase.UNDISCLOSED, Ping): Phase.UNDISCLOSED,
    (Phase.UNDISCLOSED, Leave): Phase.CLOSED,
    (Phase.OPEN, AudioChunk): Phase.OPEN,
    (Phase.OPEN, TextInput): Phase.OPEN,
    (Phase.OPEN, PlaybackMark): Phase.OPEN,
    (Phase.OPEN, FanPose): Phase.OPEN,
    (Phase.OPEN, FanFace): Phase.OPEN,
    (Phase.OPEN, Interrupt): Phase.OPEN,
    (Phase.OPEN, ConsentChange): Phase.OPEN,
    (Phase.OPEN, Satisfaction): Phase.OPEN,
    (Phase.OPEN, ForgetMemory): Phase.OPEN,
    (Phase.OPEN, Ping): Phase.OPEN,
    (Phase.OPEN, Leave): Phase.CLOSED,
    (Phase.WATCHING, Reaction): Phase.WATCHING,
    (Phase.WATCHING, DisclosureAcknowledged): Phase.WATCHING,
    (Phase.WATCHING, PlaybackMark): Phase.WATCHING,
    (Phase.WATCHING, FanPose): Phase.WATCHING,
    (Phase.WATCHING, Ping): Phase.WATCHING,
    (Phase.WATCHING, Leave): Phase.CLOSED,
    (Phase.HOSTING, HostAct): Phase.HOSTING,
    (Phase.HOSTING, AudioChunk): Phase.HOSTING,
    (Phase.HOSTING, DisclosureAcknowledged): Phase.HOSTING,
    (Phase.HOSTING, PlaybackMark): Phase.HOSTING,
    (Phase.HOSTING, FanPose): Phase.HOSTING,
    (Phase.HOSTING, Ping): Phase.HOSTING,
    (Phase.HOSTING, Leave): Phase.CLOSED,
}

RESUMED = Phase.OPEN  # where a `hello` with `resume` leads
ROLES: Final[dict[str, Phase]] = {"spectator": Phase.WATCHING, "host": Phase.HOSTING}  # ... and one with their token
_ROLES: Final = {Phase.OPEN: "fan", **{phase: role for role, phase in ROLES.items()}}


class Handshake:
    """The phase of one connection. Starts NEW."""

    def __init__(self) -> None:
        self.phase = Phase.NEW

    def take_role(self, role: str) -> None:
        """The join token of `hello` said who this is; a fan goes on as they are."""
        self.phase = ROLES.get(role, self.phase)

    def receive(self, message: ClientMessage) -> Phase:
        """Moves on, and returns the new phase.

        Raises DisclosureRequiredError for speech or text before the acknowledgement, NotAllowedError for what is
        another role's, IllegalStateError otherwise.
        """
        after = LEGAL.get((self.phase, type(message)))
        if after is Phase.UNDISCLOSED and isinstance(message, Hello) and message.resume:
            after = RESUMED
        if after is None:
            kind = message.__struct_config__.tag
            if self.phase is Phase.UNDISCLOSED and isinstance(message, AudioChunk | TextInput):
                raise DisclosureRequiredError(f"{kind} before disclosure.acknowledged was dropped")
            if isinstance(message, HostAct | Reaction) and (role := _ROLES.get(self.phase)):
                raise NotAllowedError(f"{kind} is not for a {role}")
            raise IllegalStateError(f"{kind} is not legal while {self.phase.value}")
        self.phase = after
        return after
