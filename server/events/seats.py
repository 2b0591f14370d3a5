"""What the desk of an event tells others: a seat and whose it is, the line as a host sees it, and who may come along.

What comes next: desk.py makes these; stage/ and after/ are companions of a visit, events/desks.py gives them to all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from avatar.persona import Persona
from server.events.line import EventRules
from server.session import Session


@dataclass(frozen=True, slots=True)
class Seat:
    """A place of an event that is a fan's now. `persona` greets them by their name; `wait_s`: how long they stood."""

    event: EventRules
    ticket_id: str
    fan_id: str
    name: str
    seat: int
    slot_s: float
    persona: Persona
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class LiveVisit:
    """A fan who talks with the avatar just now."""

    seat: Seat
    session: Session
    visit_id: str


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One fan as a host sees them. `place` counts from 1, also those who are away; 0 for somebody in a seat."""

    ticket_id: str
    name: str
    place: int
    state: str
    wait_s: float  # how long they will still wait, about
    left_s: float  # of their slot; negative in overtime


@dataclass(frozen=True, slots=True)
class QueueView:
    """The event as a host sees it: those in the seats first, then the line."""

    state: str
    entries: Sequence[QueueEntry] = ()


class Companion(Protocol):
    """Somebody who comes along with every visit of an event. Must not raise, and not keep the fan waiting."""

    async def attend(self, live: LiveVisit) -> None:
        """The fan sits down; the avatar has not said a word yet."""

    async def part(self, live: LiveVisit) -> None:
        """The visit is over for good, and its session closed."""


class Hall(Protocol):
    """What a desk needs of the server around it."""

    def free_places(self) -> int:
        """How many more fans the machine can serve."""

    async def rehearse_with(self, persona: Persona) -> None:
        """Learns a persona's prepared answers and speaks its fixed lines, behind all other work; not for the house's
        own, which are known.
        """

    async def prepare(self, persona: Persona) -> None:
        """The same for what it says first and last, which is another thing for each fan."""

    def forget(self, persona: Persona, plain: Persona) -> None:
        """That will not be said any more: the fan came, and went. What `plain` says too stays ready."""

    def release(self, session: Session) -> None:
        """Nothing more is said in it: its place may be given away."""
