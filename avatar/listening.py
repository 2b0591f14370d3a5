"""When a listener nods: at the ends of the partner's clauses, not too often, and never at everything. Pure.

Listeners nod where the speaker pauses or ends a clause (N. Ward and W. Tsukahara, 2000; J. Gratch and others, 2006):
after at least 0.7 s of speech, and with some time since the nod before. What comes next: server/presence.py puts the
nod on the face.
"""

import re
from typing import Final

import numpy as np

_CLAUSE_END: Final = re.compile(r"[,.;:!?…](?=\s+\w)")
_APART_S: Final = 2.2
_AFTER_SPEECH_S: Final = 0.7
_NOD_PROB: Final = 0.75


class Listener:
    """What one avatar has nodded at in its partner's turn. Times are the caller's seconds."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng([seed, 5])
        self._clauses = 0
        self._began_at = 0.0
        self._nodded_at = -_APART_S
        self._due = False

    def begin_turn(self, now: float) -> None:
        """The partner has begun to speak."""
        self._clauses, self._began_at, self._due = 0, now, False

    def hear(self, partial: str, now: float) -> None:
        """What is understood of the turn so far. A clause counts once another has begun: how a text ends is a guess."""
        clauses = len(_CLAUSE_END.findall(partial))
        if clauses > self._clauses:
            self._want(now)
        self._clauses = max(clauses, self._clauses)

    def pause(self, now: float) -> None:
        """The partner has fallen silent, for a moment or for good."""
        self._want(now)

    def takes_nod(self) -> bool:
        """Whether to nod now; asked once, the nod is taken."""
        due, self._due = self._due, False
        return due

    def _want(self, now: float) -> None:
        early = now - self._began_at < _AFTER_SPEECH_S or now - self._nodded_at < _APART_S
        if not early and self._rng.random() < _NOD_PROB:
            self._due, self._nodded_at = True, now
