"""The first words of a reply, known beforehand: what did the fan just do, and how does this persona begin then?

An opening is the beginning of the answer, not a noise that fills the gap: it says something true ("Oh no, I'm so
sorry."), or opens the sentence that the language model ends ("As far as I know, ..."). When it is not clear what the
fan did there is none. Pure; English. What comes next: reply.py says it and lets the model go on from it.
"""

import re
from enum import Enum
from typing import Final

from avatar.persona import Persona


class Act(Enum):
    """What the fan's last words do. The values are the keys of a persona's [openings]."""

    SAD_NEWS = "sad_news"
    GOOD_NEWS = "good_news"
    NERVOUS = "nervous"
    PRAISE = "praise"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    GREETING = "greeting"
    REQUEST = "request"
    OPINION = "opinion"
    FACT = "fact"
    TOLD = "told"


CHEERFUL: Final = frozenset({Act.GOOD_NEWS, Act.TOLD})  # their lines are glad: not for somebody who may be sad


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


_NOT: Final = _any(r"\b(?:not|no|never|hardly|isn't|wasn't|don't|didn't|can't|won't|doesn't|without|stop|hate)\b")
_VERY: Final = r"(?: (?!not\b|never\b)\w+){0,3}"  # "really so very"
_GOOD_WORD: Final = (
    r"(?:amazing|awesome|incredible|wonderful|talented|inspiring|beautiful|great|fantastic|favou?rite|the best)"
)

# What is looked for in one sentence (lower case, straight apostrophes); the first kind that fits is meant.
_SAD: Final = _any(
    r"\bmy (?:\w+ ){0,2}(?:\w+ )?(?:just )?(?:died|passed away|is dying|has cancer|left me|broke up with me)\b",
    r"\bmy (?:\w+ ){1,3}is (?:very |really )?(?:ill|sick|in hospital)\b",
    r"\bi (?:just |recently )?lost my (?!mind|voice|keys?|phone|way)",
    r"\bi (?:just )?(?:failed|got fired|got dumped)\b",
    r"\bwe (?:just )?broke up\b",
    rf"\bi(?:'m| am| feel|'ve been| have been){_VERY} (?:sad|lonely|depressed|heartbroken|miserable)\b",
    r"\bi(?:'ve been| was) bullied\b",
)
_HARD: Final = _any(r"\b(?:hard|rough|terrible|awful|difficult) (?:year|time|week|day|month)s?\b")
_NERVOUS: Final = _any(
    rf"\b(?:i'm|i am|i feel|i get){_VERY} (?:nervous|shy|shaking|anxious|scared|starstruck)\b",
    r"\bmy hands are shaking\b",
    r"\bi don't know what to say\b",
)
_GOOD: Final = _any(
    r"\bi (?:just |finally )?got (?:into|in to|engaged|married|promoted|accepted|the job|my (?:first|driving|dream))",
    r"\bi (?:just |finally )?(?:graduated|passed my|won\b|finished my)",
    rf"\b(?:we're|we are|i'm|i am){_VERY} (?:getting married|engaged|having a baby|pregnant)\b",
    r"\b(?:it's|it is|today is) my birthday\b",
)
_PRAISE: Final = _any(
    r"\bi (?:really |just |so |absolutely |totally )*(?:loved?|adore|admire|enjoyed) (?:you|your|that|this|the way)\b",
    rf"\byou(?:'re| are){_VERY} (?:{_GOOD_WORD}|hero|idol|inspiration|legend)\b",
    r"\bbig(?:gest)? fan\b",
    rf"\byou (?:look|sound|sing|play){_VERY} {_GOOD_WORD}\b",
    r"\byour (?:\w+ ){1,3}(?:made me|makes me|always make me) (?:\w+ )?(?:laugh|smile|cry|happy|feel)\b",
    rf"\byour (?:\w+ ){{1,2}}(?:is|are|was|were)(?: \w+){{0,2}} {_GOOD_WORD}\b",
    r"\b(?:music|songs?|album|voice|show|concert)(?: \w+){0,2} (?:helped|saved|means|meant|got me|changed my)\b",
    r"\bi(?:'ve been| have been) (?:listening|a fan|following)\b",
)
_THANKS: Final = _any(r"\b(?:thank you|thanks)\b")
_GOODBYE: Final = _any(
    r"\b(?:good ?bye|bye(?: bye)?|see you|take care|good night|i(?:'ve got| have| need) to go|farewell)\b"
)
_GREETING: Final = _any(
    r"^(?:oh |so |well )?(?:hi|hello|hey|good (?:morning|evening|afternoon))\b",
    r"\b(?:nice|great|happy) to (?:meet|see) you\b",
    r"\b(?:my name is|you can call me)\b",
)
_REQUEST: Final = _any(
    r"^(?:please |so |and |hey |nova |well )*(?:can|could|will|would) you (?:please |maybe |just )*"
    r"(?:sing|tell|say|give|show|play|share|explain|describe|teach|sign|do)\b",
    r"^(?:please )?(?:tell|sing|show|teach|give) (?:me|us)\b",
)
_OPINION: Final = _any(
    r"\b(?:favou?rite|would you|what if|if you could|should i|advice|how (?:do|does|did) (?:you|it) feel)\b",
    r"\bdo you (?:like|think|believe|love|prefer|enjoy|miss|feel|dream|want|wish)\b",
    r"\bwhat (?:do|did) you (?:think|like|love|miss|feel|enjoy)\b",
)
_QUESTION: Final = _any(
    r"^(?:(?:and|so|but|well|oh|also|nova|then|okay) )*(?:who|what|when|where|why|which|whose|how)\b",
    r"^(?:(?:and|so|but|well|oh|also|nova|then|okay) )*(?:do|does|did|are|is|was|were|have|has|had)\b",
)
_HOW_ARE_YOU: Final = _any(
    r"\bhow (?:are|is|have|was)\b.*\b(?:you|going|day|tour|things)\b", r"\bhow's\b", r"\bwhat's up\b"
)
_TOLD: Final = _any(
    r"\b(?:i|we|i'm|i've|we're|we've|i'd) (?:\w+ ){0,2}(?:play|sing|write|draw|paint|make|made|live|work|study|come"
    r"|came|drove|flew|travell?ed|moved|grew|started|have|had|got|brought|wrote|learned|went|saw|met|named"
    r"|flew|was at|was in|was there|from)\b",
    r"\bi(?:'m| am) (?:from|a|an|studying|learning|working|writing|here with)\b",
)
FACT_WORDS: Final = 4  # "Who is it?" asks back
MIN_WORDS: Final = 2  # of a whole turn: a single word says too little


def act(text: str) -> Act | None:
    """What the fan just did. None: not clear enough to say anything before the language model has read it."""
    plain = " ".join(text.casefold().replace("’", "'").split())
    sentences = [part.strip(" ,;:-—") for part in re.findall(r"[^.?!]+[.?!]*", plain) if part.strip(" .?!,;:-—")]
    if not sentences or len(plain.split()) < MIN_WORDS:
        return None
    if any(_SAD.search(each) and not each.endswith("?") for each in sentences):
        return Act.SAD_NEWS
    last = sentences[-1]
    if last.endswith("?") or _QUESTION.search(last) or _REQUEST.search(last):
        return _asked(last)
    return _stated(last) or (_stated(sentences[-2]) if len(sentences) > 1 and len(last.split()) <= MIN_WORDS else None)


def _asked(sentence: str) -> Act | None:
    if _REQUEST.search(sentence):
        return Act.REQUEST
    if _HOW_ARE_YOU.search(sentence):
        return None  # small talk wants an answer, not an introduction to one
    if _OPINION.search(sentence):
        return Act.OPINION
    return Act.FACT if _QUESTION.search(sentence) and len(sentence.split()) >= FACT_WORDS else None


def _stated(sentence: str) -> Act | None:
    doubtful = _NOT.search(sentence) is not None
    for found, meant in (
        (_NERVOUS.search(sentence), Act.NERVOUS),
        (_GOOD.search(sentence) and not doubtful, Act.GOOD_NEWS),
        (_GOODBYE.search(sentence), Act.GOODBYE),
        (_THANKS.search(sentence), Act.THANKS),
        (_PRAISE.search(sentence) and not doubtful, Act.PRAISE),
        (_HARD.search(sentence) and not doubtful, Act.SAD_NEWS),
        (_GREETING.search(sentence), Act.GREETING),
        (_TOLD.search(sentence) and not doubtful, Act.TOLD),
    ):
        if found:
            return meant
    return None


class Openings:
    """The openings of one conversation: each act's lines in turn, so that none is heard twice in a row."""

    def __init__(self, persona: Persona) -> None:
        self._lines = persona.openings
        self._heard: dict[Act, int] = {}

    def choose(self, text: str) -> tuple[Act, str] | None:
        """How to begin the answer to these words; changes nothing, guesses may be thrown away."""
        meant = act(text)
        lines = self._lines.get(meant.value, ()) if meant else ()
        return (meant, lines[self._heard.get(meant, 0) % len(lines)]) if meant and lines else None

    def heard(self, meant: Act) -> None:
        """The fan heard the beginning of this act's line."""
        self._heard[meant] = self._heard.get(meant, 0) + 1
