"""What a fan said about themselves, picked out of their words by plain rules. Pure.

Rules and no model: what is kept must be what the fan said, word for word, and a small model that sums up makes things
up. A sentence is kept when it begins in the first person with something that lasts (what they are, have, love, do).
What is nobody's business is never kept: health, faith, politics, love life, origin, numbers and addresses. The lists
err on the side of forgetting. What comes next: memories.py stores the facts with the fan's consent.
"""

import re
from collections.abc import Iterable
from typing import Final

from avatar.dialogue import clean_text

MAX_FACTS: Final = 6
MAX_FACT_CHARS: Final = 90
MIN_WORDS: Final = 3

_BEING: Final = (
    r"an? |the |from |in |called |learning|studying|training|working|playing|writing|moving|into |\d+ years old"
)
_DOING: Final = (
    "live|work|study|teach|play|sing|dance|paint|draw|write|run|cook|bake|collect|make|build|drive|come from|grew up"
    r"|love|like|enjoy|prefer|adore|hate|dream of|want to (?:be|become|learn|visit)"
    r"|have (?:an?|two|three|four|my own|\d)"
    "|got (?:an?|two|three)|started|moved|speak"
)
_OWN: Final = (
    "name|cat|dog|pet|horse|rabbit|bird|sister|brother|mum|mom|mother|dad|father|son|daughter|kids?|children|husband|wife"
    r"|partner|friend|best friend|band|school|team|job|hobby|hometown|birthday|grand\w+|twins|favou?rite [a-z ]{3,24}"
)
_IS: Final = "is|are|was|has|have|plays?|lives?|works?|loves?|likes?|called"
_LASTING: Final = re.compile(
    rf"^(?:i'm|i am) (?:{_BEING})|^i (?:really )?(?:{_DOING})\b|^my (?:{_OWN})\b.{{0,40}}?\b(?:{_IS})\b"
)

_HEALTH: Final = (
    r"ill|sick|sickness|disease|disorder|cancer|hiv|aids|diabet\w*|depress\w*|anxi\w*|therap\w*|psych\w*|suicid\w*"
    r"|autis\w*|adhd|bipolar|medication|pills?|hospital|diagnos\w*|pregnan\w*|abortion|miscarriage|disab\w*|wheelchair"
    r"|addict\w*|alcoholic|sober|overdose|drugs?|died|dead|death|passed away|funeral"
)
_BELIEF: Final = (
    r"god|jesus|allah|church|mosque|synagogue|temple|pray\w*|christian|catholic|muslim|islam\w*|jew\w*|hindu\w*"
    r"|buddhis\w*|atheis\w*|religio\w*|vot(?:e|ed|ing)|democrats?|republicans?|labour|tory|tories|conservatives?"
    r"|liberals?|socialis\w*|communis\w*|union"
)
_LOVE_LIFE: Final = r"gay|lesbian|bisexual|trans|transgender|queer|straight|sex\w*|virgin|naked|nude"
_ORIGIN_AND_LAW: Final = (
    r"black|white|asian|latin\w*|roma|race|ethnic\w*|immigra\w*|refugee|visa|asylum|prison|jail|arrest\w*|convict\w*"
    r"|police|abus\w*|rape\w*|assault\w*"
)
_TO_REACH_OR_ROB: Final = (
    "password|passcode|pin|credit|card|bank|iban|salary|earn|debt|address|street|road|avenue|postcode|zip|phone|number"
    "|e-?mail|instagram|snapchat|tiktok|telegram|whatsapp"
)
_PRIVATE: Final = re.compile(
    rf"\b(?:{_HEALTH}|{_BELIEF}|{_LOVE_LIFE}|{_ORIGIN_AND_LAW}|{_TO_REACH_OR_ROB})\b|@|https?:|www\.|\d[\d -]{{4,}}"
)
_ABOUT_NOW: Final = re.compile(
    r"\b(?:you|your|yours|this call|right now|today|tonight|again|kidding|joking|sorry|here)\b"
    r"|^i'?m (?:a bit|a little|the one who)\b|^i (?:like|love|hate) (?:it|that|this|to hear)\b"
)
_SENTENCE: Final = re.compile(r"[^.!?…;]+[.!?…;]*")
_LEAD: Final = re.compile(
    r"^(?:and|but|so|well|oh|yes|yeah|no|because|also|actually|hi|hey|hello|um|uh|you know)[, ]+", re.I
)


def facts_said(lines: Iterable[str]) -> tuple[str, ...]:
    """The newest MAX_FACTS things the fan said about themselves, oldest first, each at most MAX_FACT_CHARS long.

    `lines` are the fan's turns in order. The same thing said twice is one fact.
    """
    found: dict[str, str] = {}
    for line in lines:
        for sentence in _SENTENCE.findall(clean_text(line)):
            fact = _fact(sentence)
            if fact:
                found.pop(fact.casefold(), None)
                found[fact.casefold()] = fact
    return tuple(found.values())[-MAX_FACTS:]


def merged(before: Iterable[str], new: Iterable[str]) -> tuple[str, ...]:
    """What was known and what is new; the newest MAX_FACTS, and nothing twice."""
    known: dict[str, str] = {}
    for fact in (*before, *new):
        known.pop(fact.casefold(), None)
        known[fact.casefold()] = fact
    return tuple(known.values())[-MAX_FACTS:]


def _fact(sentence: str) -> str:
    said = sentence.strip().replace("’", "'")
    if said.endswith("?"):
        return ""
    bare = said.rstrip(".!…;").strip()
    while (shorter := _LEAD.sub("", bare)) != bare:
        bare = shorter
    folded = bare.casefold()
    if len(bare.split()) < MIN_WORDS or len(bare) > MAX_FACT_CHARS or not _LASTING.search(folded):
        return ""
    if _PRIVATE.search(folded) or _ABOUT_NOW.search(folded):
        return ""
    return f"{bare[0].upper()}{bare[1:]}."
