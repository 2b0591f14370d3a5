"""The alphabet of speech: what each letter of the IPA asks of the mouth, with its diacritics.

One table for every language: consonants, clicks and implosives, vowels, affricates, length, stress, tone, as the chart
of the International Phonetic Association (2020) has them, besides the misaki alphabet of hibari and Kokoro and what
espeak writes. Nothing is ever refused: a letter that the table does not know takes the shape of the letter it is made
from (its Unicode name says which), any other letter a half-open mouth, punctuation a pause. What comes next:
visemes.py shares the time of a sound among its letters.
"""

import unicodedata
from collections.abc import Iterator
from typing import Final, NamedTuple

from protocol.timeline import Viseme


class Letter(NamedTuple):
    """What one letter says: a shape, or (viseme None) that the neighbour lasts longer.

    opening: how much of the shape, 1.0 in full. stress: 1.0 or 0.5 of a stress mark. vowel: it carries a syllable, and
    so it has the stress, and lasts.
    """

    viseme: Viseme | None
    opening: float = 0.0
    stress: float = 0.0
    vowel: bool = False


SILENCE: Final = Letter("sil")
_HOLD: Final = Letter(None)

#: One letter, one sound, where the alphabets write a diphthong or an affricate as a single or a double letter.
_SPELLINGS: Final = {
    "A": "eɪ", "I": "aɪ", "O": "oʊ", "Q": "əʊ", "W": "aʊ", "Y": "ɔɪ", "T": "ɾ", "S": "ʃ", "@": "ə", "{": "æ",
    "tʃ": "ʧ", "dʒ": "ʤ", "ts": "ʦ", "dz": "ʣ", "tɕ": "ʨ", "dʑ": "ʥ", "tʂ": "ʧ", "dʐ": "ʤ", "ʈʂ": "ʧ", "ɖʐ": "ʤ",
    "cʝ": "ʝ", "ɟʝ": "ʝ", "ʷ": "w", "ᶣ": "ɥ", "ɜ˞": "ɝ", "ə˞": "ɚ",
}  # fmt: skip
_PAUSES: Final = frozenset({"", "sil", "sp", "spn"})  # as aligners write them

#: viseme -> {letters: how wide, 1.0 = the viseme in full}. Reduced vowels are the same shape, smaller. Lips that come
#: near but do not meet (Spanish "lobo", Japanese "fu") are a lip sound in part.
_LETTERS: Final[dict[Viseme, dict[str, float]]] = {
    "PP": {"pbmɓʙʘ": 1.0, "βɸ": 0.7},
    "FF": {"fvɱⱱ": 1.0, "ʋ": 0.8},
    "TH": {"θðǀ": 1.0},
    "DD": {"tdʈɖɗᶑɾɽǃǂ": 1.0, "rɺ": 0.8},
    "kk": {"kɡgŋɴqɢcɟʄɠʛ": 1.0, "xɣχʁʀħʕʜʢʡɰʟ": 0.8, "hɦʔ": 0.6},
    "CH": {"ʃʒʧʤɕʑʨʥʂʐꭧɧʆʓ": 1.0},
    "SS": {"szʦʣ": 1.0},
    "nn": {"nɲɳlɫɭʎɬɮǁ": 1.0},
    "RR": {"ɹɻ": 1.0, "ɝɚ": 1.0},
    "aa": {"aɑæ": 1.0, "ʌ": 0.75, "ɐ": 0.6, "ə": 0.45, "ᵊ": 0.3},
    "E": {"ɛ": 1.0, "e": 0.85, "ɜ": 0.75, "ɤ": 0.6, "ɘ": 0.5},
    "ih": {"i": 1.0, "ɪɩ": 0.9, "jçʝ": 0.8, "ɯ": 0.7, "ɨᵻ": 0.6, "ɿʅ": 0.5},
    "oh": {"ɔɒɶ": 1.0, "œ": 0.9, "o": 0.85, "ɞ": 0.75, "ɵ": 0.7},
    "ou": {"uwʍ": 1.0, "yɥøʉ": 0.9, "ʊʏɷʮʯ": 0.8, "ᵿ": 0.6},
}
_VOWELS: Final = frozenset("aɑæɶʌɐəᵊɛeɜɞɘɤiɪɩɯɨᵻɿʅɔɒœoɵuyøʉʊʏɷᵿʮʯɝɚ")
_SHAPES: Final[dict[str, Letter]] = {
    letter: Letter(viseme, opening, 0.0, letter in _VOWELS)
    for viseme, rows in _LETTERS.items()
    for letters, opening in rows.items()
    for letter in letters
}
_STRESSES: Final = {"ˈ": 1.0, "'": 1.0, "ˌ": 0.5}
_HOLDING: Final = frozenset({"Lm", "Mn", "Mc", "Sk", "Nd", "No"})  # length, release, tone: the sound before goes on
_JOINING: Final = frozenset("‿↑↓→↗↘")  # linked words, pitch that steps or glides
_PARTING: Final = frozenset('.-"')  # inside of a word they part syllables; alone they are punctuation
_SYLLABIC: Final = frozenset("\u0329\u030d")
_UNSYLLABIC: Final = frozenset("\u032f\u0311")
_VOICELESS: Final = frozenset("\u0325\u030a")
_VOICELESS_SHARE: Final = 0.6  # a whispered vowel, as in Japanese "suki", hardly opens


def letters(symbol: str) -> Iterator[Letter]:
    """What a written symbol asks of the mouth, letter by letter; the empty symbol is silence."""
    composed = unicodedata.normalize("NFC", symbol)
    bases, marks = _parts(composed.replace("ç", "ʝ"))  # its cedilla is no mark: German "ich" is no k
    if bases in _PAUSES:
        yield SILENCE
        return
    at = 0
    while at < len(bases):
        size = 2 if bases[at : at + 2] in _SPELLINGS and at + 1 < len(bases) else 1
        written = bases[at : at + size]
        at += size
        for base in _SPELLINGS.get(written, written):
            if base not in _PARTING or len(bases) == 1:
                yield _marked(_letter(base), marks[at - 1])


def _parts(symbol: str) -> tuple[str, list[str]]:
    """The letters of a symbol, and for each of them the marks above, below and through it."""
    bases, marks = "", list[str]()
    for character in unicodedata.normalize("NFD", symbol):
        if unicodedata.combining(character):
            marks[-1:] = [mark + character for mark in marks[-1:]]
        else:
            bases += character
            marks.append("")
    return bases, marks


def _marked(letter: Letter, marks: str) -> Letter:
    """A letter as its diacritics change it; those that the mouth does not show change nothing."""
    if letter.viseme is None or not marks:
        return letter
    if letter.vowel and _VOICELESS & set(marks):
        return letter._replace(opening=letter.opening * _VOICELESS_SHARE)
    if _SYLLABIC & set(marks):
        return letter._replace(vowel=True)
    return letter._replace(vowel=letter.vowel and not _UNSYLLABIC & set(marks))


def _letter(letter: str) -> Letter:
    if letter in _SHAPES:
        return _SHAPES[letter]
    if letter in _STRESSES:
        return Letter(None, stress=_STRESSES[letter])
    kind = unicodedata.category(letter)
    if kind in _HOLDING or letter in _JOINING:
        return _HOLD
    if not kind.startswith("L"):
        return SILENCE
    words = unicodedata.name(letter, "").lower().split()
    root = next((word for word in reversed(words) if len(word) == 1 and word in _SHAPES), "ə")
    return _SHAPES[root]
