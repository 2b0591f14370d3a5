"""Friends with tickets of their own who want to share the avatar: where they stand in line, and where they sit. Pure.

A party is a word that friends agree on. Those of one who are here come forward to the first of them, as many as share a
place, and are called together to a table with room for all. If there is none they are next all the same: the table
whose fans came in longest ago is kept for them and nobody else is called to it, so they wait no longer than a visit
lasts. Whoever comes when their friends are in sits with them if a chair is free by then.
What comes next: line.py calls them.
"""

from collections.abc import Iterable, Iterator, Sequence

from server.events.tickets import Ticket, TicketState

MAX_PARTY_CHARS = 40


def party_of(word: str) -> str:
    """The party that somebody's word for it means: upper case and spaces do not matter. Empty: none."""
    return " ".join(word.casefold().split())[:MAX_PARTY_CHARS]


def together(line: Iterable[Ticket], size: int) -> list[list[Ticket]]:
    """The line in its order, those beside each other who are called together; each who is away is alone."""
    groups: list[list[Ticket]] = []
    open_: dict[str, list[Ticket]] = {}  # the party's group that is not full
    for ticket in line:
        group = open_.get(ticket.party) if ticket.state is TicketState.WAITING else None
        if group is None:
            groups.append(group := [])
            if ticket.party and ticket.state is TicketState.WAITING:
                open_[ticket.party] = group
        group.append(ticket)
        if len(group) >= size:
            open_.pop(ticket.party, None)
    return groups


class Places:
    """The tables of an event, as groups are shown to them one after the other."""

    def __init__(self, seated: Sequence[Ticket], n_tables: int, size: int) -> None:
        taken = {ticket.seat for ticket in seated}
        self._seated = seated
        self._size = size
        self._free = {
            table: [seat for seat in range(table * size, (table + 1) * size) if seat not in taken]
            for table in range(n_tables)
        }

    @property
    def is_full(self) -> bool:
        """Whether nobody else is called now."""
        return not any(self._free.values())

    def place(self, group: Sequence[Ticket], room: int) -> Iterator[tuple[Ticket, int]]:
        """Who of them sits where. Nobody: a table is kept for them, or the server has room for fewer than they are."""
        if room < len(group) and self._seated:
            self._free.clear()  # whoever passed them here would take the room that they wait for
            return
        table = self._table(group)
        if table is None:
            self._free.pop(min(self._free, key=self._since), None)
            return
        for ticket, _ in zip(group, range(room), strict=False):
            yield ticket, self._free[table].pop(0)

    def _table(self, group: Sequence[Ticket]) -> int | None:
        """The table where their friends sit, or else the fullest that has a chair for each; None: there is none."""
        able = [table for table, seats in self._free.items() if len(seats) >= len(group)]
        friends = {self._at(ticket) for ticket in self._seated if group[0].party and ticket.party == group[0].party}
        return min(able, key=lambda table: (table not in friends, len(self._free[table]), table), default=None)

    def _since(self, table: int) -> tuple[float, int]:
        """When the last of its fans was called: who came in longest ago leaves first."""
        return max((t.called_at or 0.0 for t in self._seated if self._at(t) == table), default=0.0), table

    def _at(self, ticket: Ticket) -> int:
        return (ticket.seat or 0) // self._size
