"""One fan's chair at a table: what their session asks of it, the table answers.

What comes next: table.py knows who has the floor, and hands what one is answered to all.
"""

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from avatar.dialogue import Dialogue, clean_name
from avatar.persona import Persona
from protocol.messages import Transcript
from server.group.chair import Chair
from server.steering import Whispers
from speech.turn_events import Event, FanTyped, LineDue

if TYPE_CHECKING:
    from server.group.table import Table
    from server.session import Session

MAX_HELD: Final = 4  # typed words and lines that wait for one member's turn; the oldest is forgotten
TOGETHER: Final = (
    " You are here with other fans: they see your first name and what you say, and all of you hear the answers."
)


class Member(Chair):
    """`angle_deg`: where the chair stands around the avatar, over 0 to its left."""

    def __init__(self, table: "Table", member_id: str, name: str, angle_deg: float) -> None:
        self.id = member_id
        self.name = (clean_name(name).split() or ["Guest"])[0]
        self.angle_deg = angle_deg
        self.session: Session | None = None  # from the moment on that they are in the room
        self.is_away = False
        self.invited = False  # they were asked what they wanted to say
        self.over_avatar = False  # their voice began while the avatar spoke with somebody
        self.held: deque[FanTyped | LineDue] = deque(maxlen=MAX_HELD)
        self._taken: Session | None = None
        self._table = table

    @property
    def deaf(self) -> bool:
        return self._table.silences(self)

    @property
    def avatar_speaks(self) -> bool:
        return self._table.is_answering(but=self)

    @property
    def may_be_answered(self) -> bool:
        return self._table.holder is self

    @property
    def holds(self) -> bool:
        return bool(self.held)

    @property
    def company(self) -> tuple["Session", ...]:
        return self._table.company_of(self)

    @property
    def coming(self) -> "Session | None":
        """Their session, also while they are on their way in."""
        return self._taken

    def take(self, session: "Session") -> None:
        self._taken = session

    def disclosure(self, persona: Persona) -> str:
        return persona.disclosure + TOGETHER

    def dialogue(self, persona: Persona, name: str, cache_key: str) -> Dialogue:
        return self._table.dialogue.among(self.name, self._table.company)

    def reply_numbers(self) -> Iterator[int]:
        return self._table.reply_numbers

    def begin(self) -> None:
        if self.session is None and self._taken is not None:
            self.session = self._taken
            self._table.welcome(self, self.session)

    def lets(self, event: Event) -> bool:
        return self._table.lets(self, event)

    def moved(self, *, idle: bool) -> None:
        if idle and self._table.holder is self:
            self._table.turn_ended(self)

    def whispers(self) -> Whispers:
        return self._table.whispers

    def say_now(self, session: "Session", line: str) -> None:
        self._table.say_now(self, line)

    def address(self) -> str:
        return self._table.address(self)

    def signed(self, transcript: Transcript) -> Transcript:
        return self._table.show_words(self, transcript)

    def away(self) -> None:
        self._table.lose(self)

    def back(self) -> None:
        self._table.come_back(self)

    def leave(self) -> None:
        self._table.leave(self)
