"""What the host asks of one conversation: who speaks in it, what the next answer should bring, which topics are off.

The session asks it before each reply. What comes next: session.py; the host's wishes come from server/stage/.
"""

from collections.abc import Callable
from typing import Literal

from avatar.direction import Wishes, heeds, veto
from avatar.disclosure import touched
from avatar.persona import Boundary
from protocol.errors import UnsupportedError

Voice = Literal["avatar", "nobody", "host"]
CREATOR_SPEAKS = "The creator is speaking now."  # the disclosure while the voice is the host's
MUTED = "The host has paused this conversation for a moment; nobody is heard."
UNMUTED = "The conversation goes on."
MAX_DIRECTIONS = 3  # that wait for an answer; the oldest is forgotten
TRIES = 3  # answers in which a direction is asked for
MAX_TOPICS = 50


class Whispers:
    """What the next answer should bring in, to whomever it goes: fans who share the avatar share these."""

    def __init__(self) -> None:
        self.house = ""  # what the audience does just now
        self._directions: dict[str, int] = {}  # and in how many answers each may still be asked for

    @property
    def directions(self) -> tuple[str, ...]:
        """The oldest first."""
        return tuple(self._directions)

    def direct(self, text: str) -> None:
        """An answer that the language model makes should bring this in."""
        self._directions[text] = TRIES
        while len(self._directions) > MAX_DIRECTIONS:
            del self._directions[next(iter(self._directions))]

    def answered(self, wishes: Wishes, said: str) -> None:
        """An answer that was made with these is over. Small models overlook a direction now and then: one that its
        words do not show is asked for again, a few times.
        """
        for text in wishes.directions:
            left = self._directions.get(text, 1) - 1
            if left and not heeds(said, text):
                self._directions[text] = left
            else:
                self._directions.pop(text, None)
        if wishes.house == self.house:
            self.house = ""


class Steering:
    """One conversation's."""

    def __init__(
        self,
        not_discussed: tuple[Boundary, ...],
        bound: Callable[[tuple[Boundary, ...]], None],
        whispers: Whispers,
    ) -> None:
        """`bound` is told which topics the persona does not discuss from now on."""
        self.voice: Voice = "avatar"
        self.farewell = False  # the last words are being said: the fan is not heard any more
        self._bound = bound
        self._not_discussed = not_discussed
        self._vetoed: dict[str, Boundary] = {}
        self._whispers = whispers

    @property
    def deaf(self) -> bool:
        """Whether the fan is not heard."""
        return self.farewell or self.voice == "nobody"

    def disclosure(self, of_ai: str) -> str:
        """Who speaks; `of_ai` is the persona's."""
        return CREATOR_SPEAKS if self.voice == "host" else of_ai

    def moderation(self, before: Voice) -> str:
        """What the fan is told now that somebody else speaks than before; empty: nothing of this kind."""
        if self.voice == "nobody":
            return MUTED
        return UNMUTED if (before, self.voice) == ("nobody", "avatar") and not self.farewell else ""

    def join(self, other: "Steering") -> None:
        """The fan comes to a conversation that goes on: what is off there is off here."""
        self._vetoed.update(other._vetoed)
        self._tell()

    @property
    def topics(self) -> dict[str, bool]:
        """What the persona is asked not to discuss: true for what the host vetoed, false for its own bounds."""
        return {b.topic: False for b in self._not_discussed} | dict.fromkeys(self._vetoed, True)

    def direct(self, text: str) -> None:
        """The next answer that the language model makes brings this in, in the persona's own words."""
        self._whispers.direct(text)

    def tell_of_house(self, line: str) -> None:
        """What the audience does just now, for the next answer; the newest counts."""
        self._whispers.house = line

    def forbid(self, topic: str) -> None:
        """From now on the persona declines it. Raises UnsupportedError for no words, or too many topics."""
        boundary = veto(topic)
        if boundary is None or len(self._vetoed) >= MAX_TOPICS:
            raise UnsupportedError("a topic needs a word or two, and there may be fifty of them")
        self._vetoed[boundary.topic] = boundary
        self._tell()

    def allow(self, topic: str) -> None:
        """The persona may discuss it in this conversation, though the host vetoed it before or its own bounds did."""
        self._vetoed.pop(topic, None)
        self._not_discussed = tuple(b for b in self._not_discussed if b.topic != topic)
        self._tell()

    def touched(self, text: str) -> str | None:
        """The topic that these words touch, of those that are off. None: none."""
        boundary = touched(self._bounds(), text)
        return boundary.topic if boundary else None

    def wishes(self) -> Wishes:
        """What the next answer should heed."""
        return Wishes(self._whispers.directions, tuple(self._vetoed), self._whispers.house)

    def answered(self, wishes: Wishes, said: str) -> None:
        """An answer that was made with these is over."""
        self._whispers.answered(wishes, said)

    def _bounds(self) -> tuple[Boundary, ...]:
        return (*self._vetoed.values(), *self._not_discussed)

    def _tell(self) -> None:
        self._bound(self._bounds())
