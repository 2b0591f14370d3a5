"""What is decided outside the language model: "are you real?", claims to be human, and closed topics. Pure.

A small model asked "are you real?" says yes, so it is never asked. The rules (disclosure_rules.py) look at plain
words, because a recogniser writes punctuation, case and accents as it likes. They lean towards disclosing: telling
a fan once too often costs a second, telling them too late costs their trust.
What comes next: the hallway says the persona's line instead of asking dialogue.py for a prompt.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from avatar.disclosure_rules import ASKS, CLAIMS, DISOWNED, NAME
from avatar.persona import Boundary, Persona

_SPELLINGS: Final = tuple(  # contractions, and what recognisers and thumbs make of words
    (re.compile(rf"\b{pattern}\b"), spelling)
    for pattern, spelling in (
        (r"(you|they|we)re", r"\1 are"),
        (r"your(?= (?:not|an?|just|fake|human)\b)", "you are"),
        (r"u", "you"),
        (r"r(?= you\b)", "are"),
        (r"im", "i am"),
        (r"(it|that|this|there|he|she|what|who)s", r"\1 is"),
        (r"(are|is|do|did|was|could|ca|wo)nt", r"\1 not"),
        (r"ca not|cannot", "can not"),
        (r"wo not", "will not"),
        (r"a i", "ai"),
        (r"chat (bot|gpt)", r"chat\1"),
        (r"pre (recorded|recording)", r"pre\1"),
        (r"deep fake", "deepfake"),
    )
)


def plain(text: str) -> str:
    """The words alone: lower case, without accents and punctuation, contractions written out."""
    folded = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss"))
    kept = "".join(c for c in folded if not unicodedata.combining(c) and c not in "'’`´")
    words = re.sub(r"[\W_]+", " ", kept).strip()
    for pattern, spelling in _SPELLINGS:
        words = pattern.sub(spelling, words)
    return words


def asks_if_real(text: str, name: str = "") -> bool:
    """Whether a fan's words ask what they are talking to. `name` is the persona's, for "is this really Nova?"."""
    return ASKS.search(_unnamed(text, name)) is not None


def claims_to_be_human(text: str, name: str = "") -> bool:
    """Whether words of the language model deny that an AI speaks; such a clause must not be spoken."""
    return CLAIMS.search(DISOWNED.sub(" ", _unnamed(text, name))) is not None


def declines(persona: Persona, text: str) -> str | None:
    """The line the persona says instead when the words touch a topic it does not discuss; None when they do not."""
    boundary = touched(persona.not_discussed, text)
    return boundary.line if boundary else None


def touched(bounds: Iterable[Boundary], text: str) -> Boundary | None:
    """The first of these topics that the words touch."""
    words = plain(text)
    for boundary in bounds:
        for phrase in boundary.phrases:
            stem = re.escape(plain(phrase)) + (r"\w*" if phrase.endswith("*") else "")
            if re.search(rf"\b{stem}\b", words):
                return boundary
    return None


def _unnamed(text: str, name: str) -> str:
    """Plain words with the persona's name, whole or in part, replaced by a mark that the rules know."""
    words = plain(text)
    parts = [re.escape(part) for part in plain(name).split()]
    return re.sub(rf"\b(?:{'|'.join(parts)})(?: (?:{'|'.join(parts)}))*\b", NAME, words) if parts else words
