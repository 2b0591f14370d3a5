"""The line of one event: who is next, who may be called into which seat, and how long the others wait. Pure.

A `Line` is a picture of the tickets at one moment. What it proposes are changed tickets; whoever asked writes them
down first (ledger.py), and only then anybody is told (desk.py).
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heapreplace
from typing import Final, Literal

from protocol.errors import IllegalStateError
from server.events.parties import Places, together
from server.events.tickets import IN_LINE, IN_SEAT, LIVE, Ticket, TicketState, call, end, go_away, interrupt, miss

QueueRule = Literal["first_come", "lottery", "invited"]
EventState = Literal["draft", "open", "paused", "closed", "deleted"]

CHANGE_S: Final = 6.0  # from one fan's goodbye to the next one's greeting


@dataclass(frozen=True, slots=True)
class EventRules:
    """What a creator chose for an event. Instants are seconds since 1970."""

    id: str
    title: str = ""
    persona_id: str = ""
    creator_id: str = ""
    state: EventState = "open"
    opens_at: float = 0.0
    closes_at: float | None = None
    places: int = 1
    group_size: int = 1  # fans who share a place
    slot_s: float = 180.0
    overtime_s: float = 30.0
    no_show_s: float = 30.0
    queue_rule: QueueRule = "first_come"
    spectators: bool = False
    keepsakes: bool = False  # the creator's half of that consent
    retention_days: int = 30

    @property
    def n_seats(self) -> int:
        """How many fans may be in at the same time."""
        return self.places * self.group_size

    def is_calling(self, now: float) -> bool:
        """Whether fans are called in at this moment."""
        return self.state == "open" and now >= self.opens_at and not self.is_over(now)

    def is_over(self, now: float) -> bool:
        """Whether nobody will be called any more."""
        return self.state in ("closed", "deleted") or (self.closes_at is not None and now >= self.closes_at)

    def admits(self, ticket: Ticket) -> bool:
        """Whether this ticket may stand in line."""
        return self.queue_rule != "invited" or ticket.invited


class Line:
    """The tickets of an event that are in line or in a seat."""

    def __init__(self, rules: EventRules, tickets: Iterable[Ticket]) -> None:
        self.rules = rules
        self._tickets = {ticket.id: ticket for ticket in tickets if ticket.state in LIVE}

    # --- as it is ---

    @property
    def tickets(self) -> Sequence[Ticket]:
        """Everybody: those in a seat first, then the line in its order."""
        return [*self.seated(), *self.in_line()]

    def seated(self) -> list[Ticket]:
        """Whoever has a seat, entered or not."""
        return sorted((t for t in self._tickets.values() if t.state in IN_SEAT), key=lambda t: t.seat or 0)

    def in_line(self) -> list[Ticket]:
        """Everybody in line, also those who are away, next one first."""
        return [ticket for group in self._together() for ticket in group]

    def _together(self) -> list[list[Ticket]]:
        ranked = sorted((t for t in self._tickets.values() if t.state in IN_LINE), key=_order)
        return together(ranked, self.rules.group_size)

    def waiting(self) -> list[Ticket]:
        """Those in line who are here."""
        return [ticket for ticket in self.in_line() if ticket.state is TicketState.WAITING]

    def free_seats(self) -> list[int]:
        """The seats that nobody has."""
        taken = {ticket.seat for ticket in self.seated()}
        return [seat for seat in range(self.rules.n_seats) if seat not in taken]

    def place(self, ticket_id: str) -> int:
        """1 is the next. Whoever is away is not counted: they are passed over. 0: not waiting."""
        return next((k for k, ticket in enumerate(self.waiting(), 1) if ticket.id == ticket_id), 0)

    def find(self, ticket_id: str) -> Ticket:
        """Raises IllegalStateError for a ticket that is neither in line nor in a seat."""
        ticket = self._tickets.get(ticket_id)
        if ticket is None:
            raise IllegalStateError("this ticket is neither in line nor in a seat")
        return ticket

    # --- what is due ---

    def due(self, now: float, *, calls_from: float = 0.0, room: int = 1_000_000) -> list[Ticket]:
        """What time alone brings: no-shows, the end of the event, and the next calls.

        Before `calls_from` nobody is called; not more than `room` are called at once.
        """
        changed = self._no_shows(now)
        line = self.after(changed)
        if self.rules.is_over(now):
            return [*changed, *(end(t, TicketState.MISSED, "the event is over", now) for t in line.in_line())]
        if now < calls_from or not self.rules.is_calling(now):
            return changed
        return [*changed, *line._calls(now, room)]

    def _calls(self, now: float, room: int) -> Iterator[Ticket]:
        """The next ones, each with a seat; not more than `room`."""
        places = Places(self.seated(), self.rules.places, self.rules.group_size)
        for group in self._together():
            if room <= 0 or places.is_full:
                return
            if group[0].state is TicketState.WAITING:
                for ticket, seat in places.place(group, room):
                    room -= 1
                    yield call(ticket, seat, now)

    def deadline(self, now: float) -> float | None:
        """When `due` may say something new although nothing happened. None: never."""
        called = [ticket.called_at for ticket in self.seated() if ticket.state is TicketState.CALLED]
        at = [called_at + self.rules.no_show_s for called_at in called if called_at is not None]
        at += [t for t in (self.rules.opens_at, self.rules.closes_at) if t is not None and t > now]
        return min(at, default=None)

    def _no_shows(self, now: float) -> list[Ticket]:
        called = (ticket for ticket in self.seated() if ticket.state is TicketState.CALLED)
        late = (ticket for ticket in called if now >= (ticket.called_at or 0.0) + self.rules.no_show_s)
        return [miss(ticket, self._rank_behind(self.rules.n_seats), now) for ticket in late]

    def after(self, changed: Iterable[Ticket]) -> "Line":
        """The line once these tickets are changed."""
        tickets = {**self._tickets, **{ticket.id: ticket for ticket in changed}}
        return Line(self.rules, tickets.values())

    # --- ranks ---

    def arrival_rank(self, ticket: Ticket) -> float:
        """The rank of somebody who comes for the first time: behind everybody, or where the lottery puts them."""
        drawn = self.rules.queue_rule == "lottery" and ticket.issued_at <= self.rules.opens_at
        return lot(self.rules.id, ticket.id) if drawn else self.last_rank()

    def last_rank(self) -> float:
        """A rank behind everybody."""
        return max((ticket.rank for ticket in self._tickets.values()), default=1.0) + 1.0

    def first_rank(self) -> float:
        """A rank before everybody."""
        return min((ticket.rank for ticket in self._tickets.values()), default=1.0) - 1.0

    def _rank_behind(self, n_waiting: int) -> float:
        """A rank behind so many who are here: behind everybody who could have come in meanwhile."""
        ranks = sorted(ticket.rank for ticket in self.waiting())
        if len(ranks) <= n_waiting:
            return self.last_rank()
        return (ranks[n_waiting - 1] + ranks[n_waiting]) / 2

    def reorder(self, ticket_id: str, place: int) -> list[Ticket]:
        """The changed tickets that bring this one to a place in the whole line (1 is the next; too far is the end).

        Raises IllegalStateError for somebody who is not in line.
        """
        ticket = self.find(ticket_id)
        if ticket.state not in IN_LINE:
            raise IllegalStateError("only somebody in line has a place in it")
        others = [other for other in self.in_line() if other.id != ticket_id]
        others.insert(min(max(place, 1), len(others) + 1) - 1, ticket)
        return [
            replace(other, rank=rank)
            for other, rank in zip(others, sorted(_distinct(t.rank for t in others)), strict=True)
            if other.rank != rank
        ]

    def to_the_end(self, ticket: Ticket) -> Ticket:
        """The host passes over somebody: behind everybody else. A seat is given back."""
        if ticket.state is TicketState.CALLED:
            return interrupt(ticket, self.last_rank(), ticket.used_s)
        return replace(ticket, rank=self.last_rank())

    def recovered(self) -> list[Ticket]:
        """What the death of the server changes: nobody is connected. Who had a seat is the next, with what was used."""
        rank = self.first_rank()
        back = [interrupt(t, rank - k, t.used_s) for k, t in enumerate(reversed(self.seated()))]
        lost = (t for t in self.in_line() if t.state is TicketState.WAITING)
        return [*back, *(go_away(t) for t in lost)]


def _order(ticket: Ticket) -> tuple[float, float, str]:
    return ticket.rank, ticket.arrived_at or 0.0, ticket.id


def _distinct(ranks: Iterable[float]) -> list[float]:
    """The same ranks; when two are equal all are numbered anew."""
    given = list(ranks)
    return given if len(set(given)) == len(given) else [float(k) for k in range(1, len(given) + 1)]


def lot(event_id: str, ticket_id: str) -> float:
    """A ticket's lot in an event, in (0, 1), lowest first: a hash of both ids, which the server made at random, so
    that nobody can choose it and anybody can check it.
    """
    digest = hashlib.sha256(f"{event_id}:{ticket_id}".encode()).digest()
    return (int.from_bytes(digest[:6]) + 1) / (2**48 + 1)


def expected_waits_s(left_s: Sequence[float], n_free: int, visit_s: float) -> Iterator[float]:
    """How long each place of the line waits, the next one's first and without end, when every visit lasts `visit_s`.

    left_s: what the fans in the seats still have, all in seconds.
    """
    free_in = [*(0.0 for _ in range(n_free)), *(max(0.0, left) + CHANGE_S for left in left_s)] or [visit_s]
    heapify(free_in)
    while True:
        yield free_in[0]
        heapreplace(free_in, free_in[0] + visit_s + CHANGE_S)
