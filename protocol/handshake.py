"""Which message is legal when: one table, no I/O.

A connection is NEW until the client said `hello`, UNDISCLOSED until the person acknowledged that they talk with
an AI, OPEN for the conversation, and CLOSED after it. A `hello` that resumes a visit leads to OPEN at once: only
visits whose disclosure was acknowledged can be resumed. What the table does not list is refused with a coded error
and changes nothing. The diagram in PROTOCOL.md is drawn from this table.
"""

from enum import Enum

from .errors import DisclosureRequiredError, IllegalStateError
from .messages import (
    AudioChunk,
    ClientMessage,
    ConsentChange,
    DisclosureAcknowledged,
    FanFace,
    FanPose,
    ForgetMemory,
    Hello,
    Interrupt,
    Leave,
    Ping,
    PlaybackMark,
    Satisfaction,
    TextInput,
)


class Phase(Enum):
    NEW = "new"
    UNDISCLOSED = "undisclosed"
    OPEN = "open"
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
}

RESUMED = Phase.OPEN  # where a `hello` with `resume` leads


class Handshake:
    """The phase of one connection. Starts NEW."""

    def __init__(self) -> None:
        self.phase = Phase.NEW

    def receive(self, message: ClientMessage) -> Phase:
        """Moves on, and returns the new phase.

        Raises DisclosureRequiredError for speech or text before the acknowledgement, IllegalStateError otherwise.
        """
        after = LEGAL.get((self.phase, type(message)))
        if after is Phase.UNDISCLOSED and isinstance(message, Hello) and message.resume:
            after = RESUMED
        if after is None:
            kind = message.__struct_config__.tag
            if self.phase is Phase.UNDISCLOSED and isinstance(message, AudioChunk | TextInput):
                raise DisclosureRequiredError(f"{kind} before disclosure.acknowledged was dropped")
            raise IllegalStateError(f"{kind} is not legal while {self.phase.value}")
        self.phase = after
        return after
