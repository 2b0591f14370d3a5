"""What `stagedoor events` says: for people as text, for scripts as JSON with the names of the REST API. Pure.

Instants are shown in the time zone of this machine.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from server.api.bodies import EventOut, Events, TicketMade, TicketOut, Tickets

NO_EVENTS: Final = 'no events yet; plan one with: stagedoor events plan "Album night"\n'
NO_TICKETS: Final = "no tickets yet\n"
RULES: Final[Mapping[str, str]] = {
    "first_come": "whoever comes first",
    "lottery": "by lot",
    "invited": "only who is invited",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The same twice: `text` ends with a new line, `data` is made of what JSON knows."""

    text: str
    data: Any

    def as_json(self) -> str:
        """For scripts."""
        return json.dumps(self.data, indent=1, ensure_ascii=False) + "\n"


def events_answer(found: Events) -> Answer:
    """A line for each event."""
    rows = [(event.id, event.state, local(event.opens_at), f"{_taken(event)} tickets", event.title)
            for event in found.events]  # fmt: skip
    return Answer(table(rows) or NO_EVENTS, found.model_dump(mode="json"))


def event_answer(event: EventOut, base_url: str) -> Answer:
    """One event, and what its fans need to come."""
    fans = "each alone" if event.group_size == 1 else f"{event.group_size} fans at a table"
    rows = [
        ("id", event.id),
        ("persona", event.persona_id),
        ("opens", local(event.opens_at)),
        ("closes", local(event.closes_at)),
        ("places", f"{event.places}, {fans}, {_duration(event.slot_s)} each"),
        ("who comes", RULES[event.queue_rule]),
        ("tickets", _tickets(event)),
        ("others watch", "yes, where the fan agrees" if event.spectators else "no"),
        ("keepsakes", "yes, where the fan agrees" if event.keepsakes else "no"),
        ("kept for", f"{event.retention_days} days after each visit"),
        ("how to come", _way_in(event, base_url)),
    ]
    text = f"{event.title} ({event.state})\n" + table([("", *row) for row in rows])
    return Answer(text, event.model_dump(mode="json"))


def tickets_answer(found: Tickets) -> Answer:
    """A line for each ticket."""
    rows = [(ticket.id, ticket.state, _when(ticket), ticket.name, ticket.external_ref or "")
            for ticket in found.tickets]  # fmt: skip
    return Answer(table(rows) or NO_TICKETS, found.model_dump(mode="json"))


def links_answer(made: Sequence[tuple[str, TicketMade]]) -> Answer:
    """A link for each fan, which nobody can read again."""
    text = table([(name, ticket.link) for name, ticket in made])
    return Answer(text, {"tickets": [{"name": name, **ticket.model_dump()} for name, ticket in made]})


def table(rows: Sequence[Sequence[str]]) -> str:
    """The columns one below the other, two blanks between them."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def local(at: datetime) -> str:
    """2026-11-22 18:00 CET."""
    return f"{at.astimezone():%Y-%m-%d %H:%M %Z}"


def _way_in(event: EventOut, base_url: str) -> str:
    if event.state == "draft":
        return f"stagedoor events open {event.id}"
    if event.state == "closed":
        return "it is over"
    if event.queue_rule == "invited":
        return f"stagedoor events tickets invite {event.id} NAME"
    return f"{base_url}/#event={event.id}"


def _taken(event: EventOut) -> str:
    return f"{sum(event.tickets.values())} of {event.max_tickets}"


def _tickets(event: EventOut) -> str:
    states = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in sorted(event.tickets.items()))
    return _taken(event) + (f": {states}" if states else "")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{rest} s" if not minutes else f"{minutes} min {rest} s" if rest else f"{minutes} min"


def _when(ticket: TicketOut) -> str:
    return local(ticket.ended_at or ticket.seated_at or ticket.called_at or ticket.arrived_at or ticket.issued_at)
