"""A cough, a "wow", or somebody who wants to speak? What a sound over the avatar's voice means, by its words. Pure.

What comes next: turns.py lets the reply go on, or stops it.
"""

import re
from collections.abc import Sequence
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")

#: What listeners say without taking the turn (backchannels; Yngve 1970), and how Whisper writes laughs and hums.
_BACKCHANNELS: Final = frozenset(
    "yeah yes yep yup ya uh-huh uhuh mm-hmm mm-hm mhm mm hm hmm hmmm mmm uh um ah aha aah oh ooh oooh wow whoa woah ok"
    " okay right sure cool nice great awesome amazing sweet really exactly totally true yay aw aww haha hahaha ha hah"
    " hehe heh lol huh gosh god well c'mon please".split()
)
#: ... and those that need more than one word.
_PHRASES: Final = re.compile(
    r"\b(?:"
    r"no way|come on|oh my (?:god|gosh|goodness)|my (?:god|gosh|goodness)|i see|of course|for sure|go on|got it"
    r"|that's (?:so )?(?:cool|nice|great|amazing|awesome|sweet|funny|true|right)|so (?:cool|nice|sweet|true)"
    r"|makes sense|uh huh|mm hmm|you know|thank you|thanks"
    r")\b"
)
#: Words with which people take the turn: one is enough.
_STOPS: Final = frozenset(
    "stop wait hold hang sorry excuse pause shush quiet enough but actually what who when where why how can could"
    " do does did".split()
)
STOP_WORTH: Final = 2


def claim(text: str) -> int:
    """How strongly these words claim the turn: the number of words that are no backchannel; words that stop a speaker
    count STOP_WORTH. 0: a cough, a laugh, "uh-huh", "oh wow".
    """
    bare = _PHRASES.sub(" ", text.casefold().replace("’", "'"))
    return sum(STOP_WORTH if word in _STOPS else 1 for word in _WORD.findall(bare) if word not in _BACKCHANNELS)


def is_echo(text: str, spoken: Sequence[str]) -> bool:
    """Whether every word of `text` was among the words that the avatar was just saying, in that order."""
    heard = [word.casefold() for word in _WORD.findall(text)]
    said = iter(word.casefold() for each in spoken for word in _WORD.findall(each))
    return bool(heard) and all(word in said for word in heard)
