"""Gestures that people make without deciding to: a wave with hello, a nod with yes, a shrug with "who knows". Pure.

Read from the words of a clause that has no gesture of its own. Only where the words leave little doubt: a body that
talks too much is worse than one that is still. What comes next: gestures.py begins each with its word.
"""

import re
from typing import Final

from avatar.emotion import GestureMark
from protocol.timeline import Gesture

_START: Final = r"^(?:(?:oh|well|ah|aw|and|so|wow)\b)?\W*"
_AGREES: Final = "yes|yeah|yep|exactly|absolutely|definitely|of course|i (?:completely )?agree|right"
_MOVED: Final = "love you|(?:with|from) (?:all )?my (?:whole )?heart|means (?:so much|the world|everything) to me"
_LEAVES: Final = (
    "bye|goodbye|see you (?:soon|later|tonight|tomorrow|there|again|next)|take care|farewell"
    "|thanks? (?:you )?for coming"
)
_NOT_SURE: Final = "who knows|no idea|i (?:really )?(?:don't|do not) know|hard to say|(?:that )?i can't (?:tell|say)"
#: The first that is found counts; the group is where the gesture begins.
_SAID: Final[tuple[tuple[Gesture, re.Pattern[str]], ...]] = (
    ("wave", re.compile(rf"{_START}(hi|hello|hey|hiya|welcome)\b", re.IGNORECASE)),
    ("wave", re.compile(rf"\b({_LEAVES})\b", re.IGNORECASE)),
    ("laugh", re.compile(r"\b(ha ?ha(?: ?ha)*|he ?he(?: ?he)*|lol)\b", re.IGNORECASE)),
    ("shrug", re.compile(rf"\b({_NOT_SURE})\b", re.IGNORECASE)),
    ("heart", re.compile(rf"\b({_MOVED})\b", re.IGNORECASE)),
    ("nod", re.compile(rf"{_START}({_AGREES})\b(?=[,.!])", re.IGNORECASE)),
    ("shake", re.compile(rf"{_START}(no|nope|never|not at all|not really)\b(?=[,.!])", re.IGNORECASE)),
)


def spoken_gestures(text: str) -> tuple[GestureMark, ...]:
    """The gesture that a clause calls for, with the word it begins at: one or none."""
    folded = text.replace("’", "'")
    for gesture, pattern in _SAID:
        if found := pattern.search(folded):
            return (GestureMark(gesture, len(folded[: found.start(1)].split())),)
    return ()
