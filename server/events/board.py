"""The board of an event: the line as its fans are told it, and as its host sees it. It changes nothing.

What comes next: desk.py shows it after every change.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from avatar.persona import Persona
from server.events.line import EventRules, Line, expected_waits_s
from server.events.seats import QueueEntry, QueueView
from server.events.stay import Stay
from server.events.tickets import IN_LINE, Ticket
from server.events.waiting import Waiter
from server.events.words import place_in_line

_KEPT: Final = 0.8  # of the mean length of visits, when another has ended


class Board:
    """`line` is the newest; `now` gives seconds since 1970. Belongs to one event loop."""

    def __init__(self, event_id: str, persona: Persona, now: Callable[[], float]) -> None:
        self.line = Line(EventRules(event_id), ())
        self._persona = persona
        self._now = now
        self._visit_s: float | None = None  # how long visits last; None: as long as a slot, none has ended yet

    @property
    def rules(self) -> EventRules:
        """What the creator chose, as of the last look."""
        return self.line.rules

    def learn(self, used_s: float) -> None:
        """A visit has lasted so long."""
        self._visit_s = _KEPT * (self._visit_s or self.rules.slot_s) + (1 - _KEPT) * used_s

    def tell(self, waiters: Mapping[str, Waiter], stays: Mapping[str, Stay]) -> None:
        """Everybody's place, to those who are connected."""
        waiting, rules, now = self.line.waiting(), self.rules, self._now()
        for place, (ticket, wait_s) in enumerate(zip(waiting, self._waits_s(stays), strict=False), 1):
            too_late = rules.closes_at is not None and now + wait_s > rules.closes_at
            if waiter := waiters.get(ticket.id):
                waiter.inform(place_in_line(rules, self._persona, place, len(waiting), wait_s, too_late=too_late))

    def view(self, stays: Mapping[str, Stay]) -> QueueView:
        """The event as a host sees it."""
        place, entries, waits_s = 0, list[QueueEntry](), self._waits_s(stays)
        for ticket in self.line.tickets:
            in_line = ticket.state in IN_LINE
            place += in_line
            wait_s, left_s = next(waits_s) if in_line else 0.0, self._left_s(ticket, stays.get(ticket.id))
            shown = place if in_line else 0
            entries.append(
                QueueEntry(ticket.id, ticket.name, shown, ticket.state.value, round(wait_s, 1), round(left_s, 1))
            )
        return QueueView(self.rules.state, tuple(entries))

    def _left_s(self, ticket: Ticket, stay: Stay | None) -> float:
        return stay.left_s() if stay else self.rules.slot_s + ticket.extra_s - ticket.used_s

    def _waits_s(self, stays: Mapping[str, Stay]) -> Iterator[float]:
        """How long each in line will wait, the next one's first."""
        left_s = [stay.left_s() for stay in stays.values()]
        opens_in_s = max(0.0, self.rules.opens_at - self._now())
        visit_s = self._visit_s or self.rules.slot_s
        return (opens_in_s + wait_s for wait_s in expected_waits_s(left_s, len(self.line.free_seats()), visit_s))
