"""The tables of all events that put several fans in one room with the avatar.

An event of so many places and so many fans in a group has places times fans seats: those who sit in the seats of one
table are a group. Each has a ticket, a slot and a session of their own, so a chair that gets free is the next one's.
What comes next: room.py gives the chair to the fan's session.
"""

from avatar.persona import Persona
from server.events.seats import Seat
from server.group.chair import Chair
from server.group.table import Table


class Tables:
    """Of one room. Belongs to one event loop."""

    def __init__(self) -> None:
        self._tables: dict[tuple[str, int], Table] = {}

    def chair(self, seat: Seat, persona: Persona) -> Chair:
        """Where this fan sits; alone in an event without groups."""
        n_chairs = seat.event.group_size
        if n_chairs < 2:
            return Chair()
        number, index = divmod(seat.seat, n_chairs)
        key = (seat.event.id, number)
        table = self._tables.get(key)
        if table is None:
            table = self._tables[key] = Table(persona, f"{seat.event.id}.{number}", n_chairs, lambda: self._clear(key))
        return table.chair(index, seat.ticket_id, seat.name)

    def _clear(self, key: tuple[str, int]) -> None:
        self._tables.pop(key, None)
