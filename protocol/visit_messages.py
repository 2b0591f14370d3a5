"""The messages of a fan's visit to an event: the line, the slot, what is kept and remembered of it.

What comes next: messages.py counts them among all messages; server/events/ and server/after/ send them.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from .roots import Count, Message, PersonaCard

# --- client to server -----------------------------------------------------------------------------------------


class Satisfaction(Message, tag="satisfaction", frozen=True):
    """How the fan liked the visit, in stars. The newest counts; outside an event nobody asks, and it is ignored."""

    stars: Annotated[int, Meta(ge=1, le=5)]


class ForgetMemory(Message, tag="memory.forget", frozen=True):
    """The fan wants to be forgotten: what the persona remembers of them is deleted, and answered with an empty
    `memory`.
    """


# --- server to client -----------------------------------------------------------------------------------------


class EventCard(Struct, frozen=True):
    """The event that a visit belongs to. slot_s: how long a fan's time is."""

    id: str
    title: str
    slot_s: float
    spectators: bool = False


class QueuePlace(Message, tag="queue", frozen=True):
    """Where a fan of an event stands in line; sent before the server's `hello`, each time it changes.

    place: 1 is the next, of so many who wait; 0 when called. wait_s: about how long. text: the same in a sentence. The
    rest is what a lobby may show; the disclosure may be acknowledged, and consents given, while waiting.
    """

    state: Literal["waiting", "called", "paused", "closed"]
    place: Count = 0
    of: Count = 0
    wait_s: float = 0.0
    text: str = ""
    title: str = ""
    persona: PersonaCard | None = None
    disclosure: str = ""
    spectators: bool = False


class SlotTime(Message, tag="slot", frozen=True):
    """A fan's time with the avatar enters another phase, or is changed by the host; count down from `left_s`.

    overtime: the time is used up, and nobody is cut off in a sentence. over: the goodbye was heard; the connection
    stays for a little while, and nothing more is said.
    """

    phase: Literal["running", "last_minute", "overtime", "over"]
    left_s: float


class KeepsakeState(Message, tag="keepsake", frozen=True):
    """What is kept of this visit of an event, and where its fan finds it: said at its start and at every change.

    url: a page of this server for this fan alone, whose address is its key; it works until `expires_at` (ISO 8601,
    UTC). state: `none`, nothing is recorded; `recording`, with the consents of both sides; `deleted`, the fan took it
    back.
    """

    url: str
    state: Literal["none", "recording", "deleted"]
    expires_at: str


class Remembered(Message, tag="memory", frozen=True):
    """What the persona remembers of this fan from visits before: said at the start of a visit with the consent
    `memory`, and empty once it is forgotten. Show it, with a way to send `memory.forget`.

    facts: the fan's own words. mood: how they seemed then, or nothing.
    """

    facts: tuple[str, ...] = ()
    mood: str = ""
