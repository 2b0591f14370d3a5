"""What a host asks of the avatar in a conversation: directions for its next answer, topics that are off. Pure.

A direction steers an answer and is never read aloud: it stands behind the fan's words in one prompt, and a clause that
only recites it is not spoken. What comes next: server/steering.py keeps these for one session.
"""

from dataclasses import dataclass
from typing import Final

from avatar.dialogue import clean_text
from avatar.disclosure import plain
from avatar.persona import Boundary

DIRECTION_CHARS: Final = 300
_RECITED_WORDS: Final = range(2, 5)  # of its beginning: fewer may stand in an answer by chance, more need not
_TELLING: Final = ("i was asked to", "i was told to", "i am asked to", "i am told to")
_NO_CONTENT: Final = frozenset(
    "about also away been best does from give have here just like make mention need please say some speak talk tell"
    " than thank that their them then there these they this time very what when where which will wish with would your"
    " know want happy nice good more much into over".split()
)
INSTEAD: Final = "Tell me more about that!"  # when all of an answer was the direction itself
VETOED: Final = "Let's talk about something else."


@dataclass(frozen=True, slots=True)
class Wishes:
    """What one answer should heed. house: what the audience does just now."""

    directions: tuple[str, ...] = ()
    vetoed: tuple[str, ...] = ()
    house: str = ""

    def hint(self) -> str:
        """The lines for a prompt; empty when nothing is asked."""
        parts = [self.house]
        if self.vetoed:
            parts.append(f"Say nothing about {', nor about '.join(self.vetoed)}.")
        if self.directions:
            asked = ", and ".join(clean_text(text)[:DIRECTION_CHARS].rstrip(". ") for text in self.directions)
            parts.append(f"And please {asked} now.")  # in so few words: a small model recites a longer rule
        return " ".join(filter(None, parts))

    def recited(self, clause: str) -> bool:
        """Whether a clause reads a direction aloud, or tells that there is one."""
        said = plain(clause)
        told = any(phrase in said for phrase in _TELLING)
        return bool(self.directions) and (told or any(_holds(said, plain(text)) for text in self.directions))


def heeds(said: str, direction: str) -> bool:
    """Whether an answer brings a direction in, as far as its words tell: one of those that mean something is there. A
    direction without any ("be nice") is believed to be heeded.
    """
    words = plain(said).split()
    stems = [word[:5] for word in plain(direction).split() if len(word) > 3 and word not in _NO_CONTENT]
    return not stems or any(word.startswith(stem) for stem in stems for word in words)


def _holds(said: str, asked: str) -> bool:
    """Whether the beginning of a direction, its verb above all, stands in what was said; its end may well do."""
    begins = asked.split()[: _RECITED_WORDS[-1]]
    return len(begins) in _RECITED_WORDS and f" {' '.join(begins)} " in f" {said} "


def veto(topic: str) -> Boundary | None:
    """The topic as one that the persona does not talk about; every word that begins with its last one is meant. None:
    there is no word in it.
    """
    words = plain(topic)
    return Boundary(topic=clean_text(topic)[:80], phrases=(f"{words[:80]}*",), line=VETOED) if words else None
