"""What an audience does, counted: hearts, applause, laughs, "wow". Pure: time is an argument.

Each spectator may do a few things a second; what is more is not counted. Every half second the counts go to all. When
a good part of the audience does the same, the avatar notices it: with a gesture, and for strong applause in its next
answer. What comes next: stage.py sends the counts and tells the avatar.
"""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from protocol.event_messages import ReactionCounts, ReactionKind
from protocol.timeline import Gesture

TELL_EVERY_S: Final = 0.5
NOTICED_S: Final = 4.0  # reactions of the last few seconds make an impression together
NOTICED_SHARE: Final = 0.1  # of those who watch, ...
NOTICED_MIN: Final = 2  # ... and at least so many reactions
STRONG_SHARE: Final = 0.3  # as much applause makes the avatar speak of it
STRONG_MIN: Final = 4
CALM_S: Final = 8.0  # between two gestures for the audience
GESTURES: Final[Mapping[ReactionKind, Gesture]] = {
    "heart": "heart", "applause": "wave", "laugh": "laugh", "wow": "nod",
}  # fmt: skip
APPLAUSE: Final = "The audience is applauding you."


@dataclass(frozen=True, slots=True)
class Impression:
    """What the avatar notices. `strong`: worth a word in the next answer."""

    kind: ReactionKind
    strong: bool

    @property
    def gesture(self) -> Gesture:
        return GESTURES[self.kind]


class Audience:
    """The reactions of one event's spectators."""

    def __init__(self) -> None:
        self._untold: Counter[ReactionKind] = Counter()
        self._recent: deque[tuple[float, ReactionKind]] = deque(maxlen=2000)  # seconds' worth; old ones leave first
        self._noticed_at = float("-inf")

    def react(self, kind: ReactionKind, now: float) -> None:
        """A spectator did this."""
        self._untold[kind] += 1
        self._recent.append((now, kind))

    def counts(self) -> ReactionCounts | None:
        """What was not told yet; None: nothing."""
        told, self._untold = self._untold, Counter()
        if not told:
            return None
        return ReactionCounts(told["heart"], told["applause"], told["laugh"], told["wow"])

    def impression(self, now: float, watching: int) -> Impression | None:
        """What the avatar notices now, at most once in CALM_S."""
        while self._recent and self._recent[0][0] < now - NOTICED_S:
            self._recent.popleft()
        if now - self._noticed_at < CALM_S or not self._recent:
            return None
        kind, many = Counter(kind for _, kind in self._recent).most_common(1)[0]
        if many < max(NOTICED_MIN, NOTICED_SHARE * watching):
            return None
        self._noticed_at = now
        strong = kind == "applause" and many >= max(STRONG_MIN, STRONG_SHARE * watching)
        return Impression(kind, strong)
