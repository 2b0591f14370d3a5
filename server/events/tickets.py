"""A ticket: a fan's right to a slot, and how it may change. Pure: one table, and one function for each change.

    issued -> waiting <-> away -> called -> seated -> done
                                    |          |
                                    +----------+--> away, when a connection was lost for good or the server died

and from every state before `done` to an end: left, no_show, banned, missed. Nothing leads out of an end. Instants are
seconds since 1970. What comes next: line.py says whose turn it is, ledger.py writes changes down.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from protocol.errors import IllegalStateError

MAX_MISSES: Final = 2  # a fan who was called so often and did not come is not called again
MIN_LEFT_S: Final = 20.0  # of a slot; with less than this, or a fifth, nobody is called once more


class TicketState(StrEnum):
    ISSUED = "issued"  # the fan has it and did not come yet
    WAITING = "waiting"  # in line, and connected
    AWAY = "away"  # in line, but not connected: keeps the rank and is passed over
    CALLED = "called"  # has a seat, and is expected to enter
    SEATED = "seated"
    DONE = "done"
    LEFT = "left"
    NO_SHOW = "no_show"
    BANNED = "banned"
    MISSED = "missed"  # the event closed before their turn came


_S = TicketState
ENDS: Final = frozenset({_S.DONE, _S.LEFT, _S.NO_SHOW, _S.BANNED, _S.MISSED})
IN_LINE: Final = frozenset({_S.WAITING, _S.AWAY})
IN_SEAT: Final = frozenset({_S.CALLED, _S.SEATED})
LIVE: Final = IN_LINE | IN_SEAT

_ALWAYS: Final = frozenset({_S.LEFT, _S.BANNED})
MOVES: Final[Mapping[TicketState, frozenset[TicketState]]] = {
    _S.ISSUED: frozenset({_S.WAITING, _S.MISSED}) | _ALWAYS,
    _S.WAITING: frozenset({_S.AWAY, _S.CALLED, _S.MISSED}) | _ALWAYS,
    _S.AWAY: frozenset({_S.WAITING, _S.MISSED}) | _ALWAYS,
    _S.CALLED: frozenset({_S.SEATED, _S.AWAY, _S.NO_SHOW}) | _ALWAYS,
    _S.SEATED: frozenset({_S.DONE, _S.AWAY, _S.BANNED}),
    **{end: frozenset() for end in ENDS},
}


@dataclass(frozen=True, slots=True)
class Ticket:
    """One fan's ticket as it is now. `rank` orders the line, lowest first; `seat` is held in IN_SEAT only."""

    id: str
    fan_id: str = ""
    name: str = ""
    state: TicketState = _S.ISSUED
    rank: float = 0.0
    seat: int | None = None
    invited: bool = False
    party: str = ""  # of friends who want to share the avatar
    issued_at: float = 0.0
    arrived_at: float | None = None
    called_at: float | None = None
    seated_at: float | None = None
    ended_at: float | None = None
    used_s: float = 0.0  # of the slot, before the present visit
    extra_s: float = 0.0  # given by the host
    misses: int = 0
    end_reason: str = ""


def move(ticket: Ticket, to: TicketState, **changes: Any) -> Ticket:
    """The ticket in another state. Raises IllegalStateError for a step that the table does not have."""
    if to not in MOVES[ticket.state]:
        raise IllegalStateError(f"this ticket is {ticket.state}; it cannot become {to}")
    seat = ticket.seat if to in IN_SEAT else None
    return replace(ticket, **{"state": to, "seat": seat, **changes})


def arrive(ticket: Ticket, rank: float, now: float) -> Ticket:
    """The fan is here, for the first time with this rank. Whoever was here before keeps theirs."""
    if ticket.arrived_at is not None:
        return move(ticket, _S.WAITING)
    return move(ticket, _S.WAITING, rank=rank, arrived_at=now)


def go_away(ticket: Ticket) -> Ticket:
    """The connection of somebody in line was lost."""
    return move(ticket, _S.AWAY)


def call(ticket: Ticket, seat: int, now: float) -> Ticket:
    """It is their turn, and this seat is theirs from now on."""
    return move(ticket, _S.CALLED, seat=seat, called_at=now)


def enter(ticket: Ticket, now: float) -> Ticket:
    """They came in: the slot begins."""
    return move(ticket, _S.SEATED, seated_at=now)


def interrupt(ticket: Ticket, rank: float, used_s: float) -> Ticket:
    """The connection of somebody in a seat was lost for good: they may come back with this rank for the rest of it."""
    return move(ticket, _S.AWAY, rank=rank, used_s=used_s)


def miss(ticket: Ticket, rank: float, now: float) -> Ticket:
    """Called, and did not enter in time: back in line with this rank, or not called again."""
    misses = ticket.misses + 1
    if misses >= MAX_MISSES:
        return end(replace(ticket, misses=misses), _S.NO_SHOW, "not there", now)
    return move(ticket, _S.AWAY, rank=rank, misses=misses)


def end(ticket: Ticket, to: TicketState, reason: str, now: float, used_s: float | None = None) -> Ticket:
    """It is over for this ticket."""
    used_s = ticket.used_s if used_s is None else used_s
    return move(ticket, to, ended_at=now, end_reason=reason, used_s=used_s)
