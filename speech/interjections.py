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
    r"|that's so(?=\W*$)"  # the word after it is not yet said
    r"|makes sense|uh huh|mm hmm|you know|thank you|thanks"
    r")\b"
)
#: Words with which people take the turn: one is enough.
_STOPS: Final = frozenset(
    "stop wait hold hang sorry excuse pause shush quiet enough but actually what who when where why how can could"
    " do does did".split()
)
STOP_WORTH: Final = 2

# What a recogniser makes of hums and laughs are words too, but it is less sure of them. Mean log-probabilities a
# token, measured by bench/overlap_words.py (docs/decisions/0017).
CLAIM_WORDS: Final = 2  # words worth this much take the turn at once ...
CLAIM_LOGPROB: Final = -0.8  # ... if they are so sure; "oh nice" is heard as "all night" at -0.9
ONE_WORD_LOGPROB: Final = -0.7  # one alone, when the sound is over; "mm-hm" is heard as "Mama" at -0.9
HEARD_LOGPROB: Final = -1.3  # less sure ones do, when two looks agreed on them, or when they are worth
MANY_WORDS: Final = 3


def takes_turn(text: str, *, agreed: str, mean_logprob: float, final: bool) -> bool:
    """Whether a sound over the avatar's voice takes the turn. `text`: what it is heard as now; `agreed`: the words that
    two looks in a row began with. `final`: the sound is over.
    """
    claimed = claim(text)
    if mean_logprob >= CLAIM_LOGPROB and claimed >= CLAIM_WORDS:
        return True
    if final and mean_logprob >= ONE_WORD_LOGPROB and claimed:
        return True
    return mean_logprob >= HEARD_LOGPROB and (claim(agreed) >= CLAIM_WORDS or claimed >= MANY_WORDS)


def claim(text: str) -> int:
    """How strongly these words claim the turn: the number of different words that are no backchannel; words that stop
    a speaker count STOP_WORTH. 0: a cough, a laugh, "uh-huh", "oh wow". (Some laughs are heard as "so so so" or "T.C.")
    """
    bare = _PHRASES.sub(" ", text.casefold().replace("’", "'"))
    words = {word for word in _WORD.findall(bare) if len(word) > 1 or word == "i" or word.isdigit()} - _BACKCHANNELS
    return sum(STOP_WORTH if word in _STOPS else 1 for word in words)


def is_echo(text: str, spoken: Sequence[str]) -> bool:
    """Whether every word of `text` was among the words that the avatar was just saying, in that order."""
    heard = [word.casefold() for word in _WORD.findall(text)]
    said = iter(word.casefold() for each in spoken for word in _WORD.findall(each))
    return bool(heard) and all(word in said for word in heard)
