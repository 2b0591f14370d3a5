"""What is to be written when something is asked of the desk. Pure: a page of the ledger in, an entry out.

Each raises a coded error for what cannot be done, and then nothing is written. What comes next: desk.py adds what is
due at the same moment, and ledger.py writes both in one transaction.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from protocol.errors import EventClosedError, IllegalStateError, TicketOverError
from server.events import tickets as t
from server.events.ledger import Entry, Page, VisitBegun
from server.events.line import EventState
from server.events.tickets import ENDS, IN_LINE, IN_SEAT, TicketState

MAX_EXTRA_S: Final = 3600.0


def recover(page: Page) -> Entry:
    """The server starts anew: nobody is connected, and no visit is under way."""
    return Entry(page.line.recovered(), ended_visits=True, reason="lost")


def let_stand(page: Page, now: float) -> Entry:
    """A fan comes with a ticket. Raises TicketOverError or EventClosedError."""
    ticket, rules = page.ticket, page.rules
    if ticket is None or ticket.state in ENDS:
        raise TicketOverError("this ticket has been used")
    if rules.state == "draft":
        raise EventClosedError("this event is not open yet")
    if rules.is_over(now) and ticket.state not in IN_SEAT:
        raise EventClosedError("this event is over")
    if not rules.admits(ticket):
        raise TicketOverError("this event is for those who were invited")
    if ticket.state in (TicketState.WAITING, *IN_SEAT):
        return Entry()
    return Entry([t.arrive(ticket, page.line.arrival_rank(ticket), now)])


def lose(page: Page) -> Entry:
    """The connection of somebody in line is gone."""
    waiting = page.ticket is not None and page.ticket.state is TicketState.WAITING
    return Entry([t.go_away(page.ticket)] if page.ticket and waiting else ())


def leave(page: Page, now: float) -> Entry:
    """Somebody in line goes for good."""
    ticket = page.ticket
    if ticket is None or ticket.state not in IN_LINE:
        return Entry()
    return Entry([t.end(ticket, TicketState.LEFT, "left the line", now)])


def sit_down(page: Page, begun: VisitBegun, ended_visit: str, now: float) -> Entry:
    """A called fan enters, or comes back into their seat by a new connection."""
    ticket = page.ticket
    if ticket is None or ticket.state not in IN_SEAT:
        raise IllegalStateError("this seat is not yours any more")
    entered = [t.enter(ticket, now)] if ticket.state is TicketState.CALLED else []
    return Entry(entered, begun=begun, ended_visit=ended_visit, reason="came in anew")


def finish(page: Page, visit_id: str, reason: str, used_s: float, now: float) -> Entry:
    """A slot is over."""
    seated = page.ticket is not None and page.ticket.state is TicketState.SEATED
    done = [t.end(page.ticket, TicketState.DONE, reason, now, used_s)] if page.ticket and seated else []
    return Entry(done, ended_visit=visit_id, reason=reason)


def vacate(page: Page, visit_id: str, used_s: float, now: float, *, gone: str) -> Entry:
    """A fan's last connection is over before the slot. `gone`: why they do not come back; empty: they may."""
    ticket = page.ticket
    if ticket is None or ticket.state not in IN_SEAT:
        return Entry(ended_visit=visit_id, reason=gone or "lost")
    if gone:
        state = TicketState.LEFT if ticket.state is TicketState.CALLED else TicketState.DONE
        return Entry([t.end(ticket, state, gone, now, used_s)], ended_visit=visit_id, reason=gone)
    return Entry([t.interrupt(ticket, page.line.first_rank(), used_s)], ended_visit=visit_id, reason="lost")


def note_time(page: Page, used_s: Mapping[str, float]) -> Entry:
    """What the fans in the seats have used by now, so that a crash takes little from anybody."""
    seated = (ticket for ticket in page.line.seated() if ticket.state is TicketState.SEATED and ticket.id in used_s)
    return Entry([replace(ticket, used_s=used_s[ticket.id]) for ticket in seated])


# --- the host's ---


def become(page: Page, was: EventState, state: EventState) -> Entry:
    """The event changes its state. Raises IllegalStateError when it was not in the one expected."""
    if page.rules.state != was:
        raise IllegalStateError(f"this event is {page.rules.state}")
    return Entry(state=state)


def extend(page: Page, ticket_id: str, seconds: float) -> Entry:
    """More time for somebody, or less."""
    ticket = page.line.find(ticket_id)
    if abs(extra_s := ticket.extra_s + seconds) > MAX_EXTRA_S:
        raise IllegalStateError(f"no more than {MAX_EXTRA_S:.0f} s can be given")
    return Entry([replace(ticket, extra_s=extra_s)])


def ban(page: Page, visit_id: str, used_s: float | None, now: float) -> Entry:
    """A ticket is worth nothing any more."""
    if page.ticket is None or page.ticket.state in ENDS:
        raise IllegalStateError("this ticket is over already")
    banned = t.end(page.ticket, TicketState.BANNED, "banned by the host", now, used_s)
    return Entry([banned], ended_visit=visit_id, reason="banned")
