"""Who of a group may speak with the avatar: one at a time, in fair turns. Pure; instants are arguments.

Whoever asks while nobody has the floor gets it, and keeps it until their turn is over. Who asks meanwhile waits; next
is the one whose last turn is longest ago, and a newcomer counts as one who has just had theirs: so nobody waits for
more turns than there are others. What comes next: table.py asks it before anything of a member reaches their
turn machine.
"""

from dataclasses import dataclass
from typing import Final

#: Who has had the floor for so long while another waits is not heard any more: the avatar answers what was said.
LONGEST_S: Final = 40.0


@dataclass(slots=True)
class _Member:
    turn: int  # the number of their last turn; at first of those before they came
    asked: int | None = None  # the number of their asking, while they wait


class Floor:
    """The floor of one group. Who is not a member is not known here: KeyError."""

    def __init__(self) -> None:
        self.holder: str | None = None
        self._members: dict[str, _Member] = {}
        self._count = 0  # turns and askings so far
        self._since = 0.0  # when the holder got it

    def join(self, member: str) -> None:
        """Somebody comes into the room."""
        self._members[member] = _Member(self._number())

    def leave(self, member: str) -> None:
        """Somebody goes: the floor is free if it was theirs, and they wait no more."""
        del self._members[member]
        if self.holder == member:
            self.holder = None

    def waiting(self) -> list[str]:
        """Those who asked, in the order in which they will get it."""
        asking = [
            (member.turn, member.asked, name) for name, member in self._members.items() if member.asked is not None
        ]
        return [name for _, _, name in sorted(asking)]

    def ask(self, member: str, now: float) -> bool:
        """Somebody wants to speak. True: the floor is theirs. While others wait for a free floor it is theirs first."""
        asking = self._members[member]
        if self.holder == member:
            return True
        if asking.asked is None:
            asking.asked = self._number()
        return self.holder is None and self.waiting()[0] == member and self._give(member, now)

    def withdraw(self, member: str) -> None:
        """They do not want to speak any more, or cannot: they wait no more, and the floor is free if it was theirs."""
        self._members[member].asked = None
        if self.holder == member:
            self.holder = None

    def pass_on(self, now: float) -> str | None:
        """The holder's turn is over: who has the floor now. None: nobody wants it."""
        self.holder = None
        waiting = self.waiting()
        if waiting:
            self._give(waiting[0], now)
        return self.holder

    def is_too_long(self, now: float) -> bool:
        """Whether the holder must come to an end, because others wait."""
        return self.holder is not None and bool(self.waiting()) and now - self._since > LONGEST_S

    def _give(self, member: str, now: float) -> bool:
        self.holder, self._since = member, now
        self._members[member] = _Member(self._number())
        return True

    def _number(self) -> int:
        self._count += 1
        return self._count
