"""What a session asks of where its fan sits. This one is alone with the avatar: everything happens at once.

What comes next: table.py has chairs for fans who share the avatar.
"""

from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING

from avatar.dialogue import Dialogue
from avatar.persona import Persona
from protocol.messages import Transcript
from server.steering import Whispers
from speech.turn_events import Event

if TYPE_CHECKING:
    from server.session import Session


class Chair:
    """One fan's, from the beginning of their session to its end."""

    @property
    def deaf(self) -> bool:
        """Whether what they say is heard as silence."""
        return False

    @property
    def avatar_speaks(self) -> bool:
        """Whether the avatar is speaking with somebody else."""
        return False

    @property
    def may_be_answered(self) -> bool:
        """Whether a turn of theirs gets an answer."""
        return True

    @property
    def holds(self) -> bool:
        """Whether something waits here that `lets` kept back."""
        return False

    def take(self, session: "Session") -> None:
        """The session whose chair this is."""

    def disclosure(self, persona: Persona) -> str:
        """What they must know before the first word."""
        return persona.disclosure

    def dialogue(self, persona: Persona, name: str, cache_key: str) -> Dialogue:
        """The conversation, as they take part in it."""
        return Dialogue(persona, name, cache_key=cache_key)

    def reply_numbers(self) -> Iterator[int]:
        """The numbers of replies, as the client sees them."""
        return count(1)

    def begin(self) -> None:
        """They know whom they talk with, and are in the room."""

    def lets(self, event: Event) -> bool:
        """Whether this may reach the turn machine now. A line or typed words that may not are kept, and come later."""
        return True

    def moved(self, *, idle: bool) -> None:
        """The turn machine did something; `idle`: nobody has the floor of this session any more."""

    @property
    def company(self) -> tuple["Session", ...]:
        """The sessions of the others at the table: what one is answered may hold what another said."""
        return ()

    def whispers(self) -> Whispers:
        """What the next answer should bring in."""
        return Whispers()

    def say_now(self, session: "Session", line: str) -> None:
        """A host's line, in place of what the avatar is saying."""
        session.interrupt()
        session.say(line)

    def address(self) -> str:
        """The name that the next answer begins with; usually none."""
        return ""

    def signed(self, transcript: Transcript) -> Transcript:
        """A transcript with who said it."""
        return transcript

    def away(self) -> None:
        """The connection was lost."""

    def back(self) -> None:
        """They are connected again."""

    def leave(self) -> None:
        """The session is over."""
