"""Phonemes in, mouth shapes out: which of the 15 Oculus visemes each sound asks for, and when.

Reads the misaki alphabet of hibari and Kokoro, plain IPA and what espeak writes. Nothing is ever refused: a letter
that no table knows takes the shape of the letter it is made from (its Unicode name says which), any other letter a
half-open mouth, punctuation a pause. What comes next: blendshapes.py moves the face through the targets.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, get_args

from protocol.timeline import OUTPUT_RATE_HZ, SAMPLES_PER_FACE_FRAME, PhonemeSpan, Viseme, VisemeSpan

VISEMES: Final[tuple[Viseme, ...]] = get_args(Viseme)

#: Shapes in which lip meets lip or lip meets teeth. A viewer sees at once when one is missing.
CONTACTS: Final[frozenset[Viseme]] = frozenset({"PP", "FF"})

#: A gap between words shorter than this is no pause: the mouth moves on without coming to rest.
PAUSE_SAMPLES: Final = OUTPUT_RATE_HZ * 90 // 1000

#: Sounds whose hiss fills the gap before them.
_HISSES: Final[frozenset[Viseme]] = frozenset({"FF", "SS", "CH"})

#: One letter, one sound, where the alphabets write a diphthong or an affricate as a single or a double letter.
_SPELLINGS: Final = {
    "A": "eɪ", "I": "aɪ", "O": "oʊ", "Q": "əʊ", "W": "aʊ", "Y": "ɔɪ", "T": "ɾ", "S": "ʃ", "@": "ə", "{": "æ",
    "tʃ": "ʧ", "dʒ": "ʤ", "ts": "ʦ", "dz": "ʣ", "tɕ": "ʨ", "dʑ": "ʥ", "sp": "", "spn": "", "sil": "",
}  # fmt: skip

#: viseme -> {letters: how wide, 1.0 = the viseme in full}. Reduced vowels are the same shape, smaller.
_LETTERS: Final[dict[Viseme, dict[str, float]]] = {
    "PP": {"pbmɓʙʘβɸ": 1.0},
    "FF": {"fvɱʋⱱ": 1.0},
    "TH": {"θð": 1.0},
    "DD": {"tdʈɖɗɾɽ": 1.0},
    "kk": {"kɡgŋɴqɢcɟ": 1.0, "xɣχʁʀħʕɰ": 0.8, "hɦʔ": 0.6},
    "CH": {"ʃʒʧʤɕʑʨʥʂʐꭧ": 1.0},
    "SS": {"szʦʣ": 1.0},
    "nn": {"nɲɳlɫɭʎʟɬɮ": 1.0},
    "RR": {"ɹɻrɺ": 1.0, "ɝɚ": 1.0},
    "aa": {"aɑæɶ": 1.0, "ʌ": 0.75, "ɐ": 0.6, "ə": 0.45, "ᵊ": 0.3},
    "E": {"ɛ": 1.0, "e": 0.85, "ɜɞ": 0.75, "ɘ": 0.5},
    "ih": {"i": 1.0, "ɪ": 0.9, "jçʝ": 0.8, "ɯ": 0.7, "ɨᵻ": 0.6},
    "oh": {"ɔɒ": 1.0, "œ": 0.9, "o": 0.85, "ɤɵ": 0.7},
    "ou": {"uwʍ": 1.0, "yɥøʉ": 0.9, "ʊʏ": 0.8},
}

_VOWELS: Final = frozenset("aɑæɶʌɐəᵊɛeɜɞɘiɪɯɨᵻɔɒœoɤɵuyøʉʊʏɝɚ")
_SHAPES: Final[dict[str, tuple[Viseme, float]]] = {
    letter: (viseme, opening)
    for viseme, rows in _LETTERS.items()
    for letters, opening in rows.items()
    for letter in letters
}
_STRESS: Final = {"ˈ": 1.0, "'": 1.0, "ˌ": 0.5}
_SILENCE: Final = ("sil", 0.0)


@dataclass(frozen=True, slots=True)
class MouthTarget:
    """Where the mouth is headed in [start_samples, end_samples): a viseme and how much of it.

    `stress` is 1.0 on the vowel of a stressed syllable, 0.5 on a lesser one, 0.0 elsewhere.
    """

    viseme: Viseme
    opening: float
    start_samples: int
    end_samples: int
    stress: float = 0.0

    @property
    def length_samples(self) -> int:
        return self.end_samples - self.start_samples


class _Letter(NamedTuple):
    """What one letter says: a shape, or (viseme None) that the neighbour lasts longer."""

    viseme: Viseme | None
    opening: float
    stress: float
    vowel: bool


def visemes(phonemes: Sequence[PhonemeSpan]) -> tuple[VisemeSpan, ...]:
    """The mouth shapes of a clause: contiguous, in order, no two alike side by side.

    Covers what the phonemes cover and nothing else. A bilabial or lip-teeth sound is given at least one face frame,
    taken from its neighbours, as long as there is time to take.
    """
    return merged(mouth_targets(phonemes))


def merged(targets: Sequence[MouthTarget]) -> tuple[VisemeSpan, ...]:
    """Targets as they go on the wire: neighbours of the same viseme are one span."""
    spans: list[VisemeSpan] = []
    for target in targets:
        if spans and spans[-1].viseme == target.viseme:
            spans[-1] = VisemeSpan(target.viseme, spans[-1].start_samples, target.end_samples)
        else:
            spans.append(VisemeSpan(target.viseme, target.start_samples, target.end_samples))
    return tuple(spans)


def mouth_targets(phonemes: Sequence[PhonemeSpan], n_samples: int | None = None) -> tuple[MouthTarget, ...]:
    """Phonemes as contiguous targets of the mouth, diphthongs in two, short word gaps shared by their neighbours.

    With `n_samples` the targets cover exactly [0, n_samples): a silence fills what is missing, the rest is cut off.
    """
    targets = _absorb_gaps(_in_order(phonemes, n_samples))
    return tuple(target for target in _protect_contacts(targets) if target.length_samples > 0)


def _in_order(phonemes: Sequence[PhonemeSpan], n_samples: int | None) -> list[MouthTarget]:
    """Every span's letters on one rising clock; gaps become silence, overlaps are cut."""
    limit = n_samples if n_samples is not None else max((p.end_samples for p in phonemes), default=0)
    targets: list[MouthTarget] = []
    at = 0 if n_samples is not None or not phonemes else min(max(phonemes[0].start_samples, 0), limit)
    stress, held_since = 0.0, None  # a stress mark lends its time to the next sound
    for phoneme in phonemes:
        start = min(max(phoneme.start_samples, at), limit)
        end = min(max(phoneme.end_samples, start), limit)
        if start > at and held_since is None:
            targets.append(MouthTarget("sil", 0.0, at, start))
        letters = list(_letters(phoneme.symbol))
        sounds = [letter for letter in letters if letter.viseme is not None]
        stress = max([stress, *(letter.stress for letter in letters)])
        if sounds:
            begin = start if held_since is None else held_since
            targets += _share(sounds, begin, end, stress)
            if any(sound.vowel for sound in sounds):
                stress = 0.0
            held_since = None
        elif targets and held_since is None and not any(letter.stress for letter in letters):
            targets[-1] = replace(targets[-1], end_samples=end)  # a length mark: the sound before goes on
        else:
            held_since = start if held_since is None else held_since
        at = end
    rest = at if held_since is None else held_since
    if rest < limit:
        targets.append(MouthTarget("sil", 0.0, rest, limit))
    return targets


def _letters(symbol: str) -> Iterator[_Letter]:
    """What a written symbol asks of the mouth, letter by letter; the empty symbol is silence."""
    symbol = symbol.replace("ç", "ʝ")  # its cedilla would be taken off as a mark; German "ich" is no k
    plain = "".join(c for c in unicodedata.normalize("NFD", symbol) if not unicodedata.combining(c))
    plain = _SPELLINGS.get(plain, plain)
    if not plain:
        yield _Letter(*_SILENCE, 0.0, False)
    while plain:
        size = 2 if plain[:2] in _SPELLINGS else 1
        for letter in _SPELLINGS.get(plain[:size], plain[:size]):
            yield _letter(letter)
        plain = plain[size:]


def _letter(letter: str) -> _Letter:
    if letter in _STRESS:
        return _Letter(None, 0.0, _STRESS[letter], False)
    if letter in _SHAPES:
        return _Letter(*_SHAPES[letter], 0.0, letter in _VOWELS)
    kind = unicodedata.category(letter)
    if kind in {"Lm", "Mn", "Mc", "Sk", "Nd"}:  # length, aspiration, tone: the sound before goes on
        return _Letter(None, 0.0, 0.0, False)
    if not kind.startswith("L"):
        return _Letter(*_SILENCE, 0.0, False)
    words = unicodedata.name(letter, "").lower().split()
    root = next((word for word in reversed(words) if len(word) == 1 and word in _SHAPES), "ə")
    return _Letter(*_SHAPES[root], 0.0, root in _VOWELS)


def _share(sounds: Sequence[_Letter], start: int, end: int, stress: float) -> Iterator[MouthTarget]:
    """Splits a span among its sounds: a vowel lasts twice as long as a consonant."""
    parts = [2 if sound.vowel else 1 for sound in sounds]
    done, at = 0, start
    for sound, part in zip(sounds, parts, strict=True):
        done += part
        until = start + (end - start) * done // sum(parts)
        yield MouthTarget(sound.viseme or "sil", sound.opening, at, until, stress if sound.vowel else 0.0)
        at = until


def _absorb_gaps(targets: Sequence[MouthTarget]) -> list[MouthTarget]:
    """Shares a short silence between two sounds among them, so that the mouth does not fall to rest.

    It is seldom silent: in 1,473 word gaps of hibari's the second half mostly sounded like the sound that follows, and
    where a hiss follows so did the first.
    """
    joined: list[MouthTarget] = []
    for target in targets:
        if joined and target.viseme == joined[-1].viseme == "sil":
            joined[-1] = replace(joined[-1], end_samples=target.end_samples)
        else:
            joined.append(target)
    for i in range(1, len(joined) - 1):
        gap = joined[i]
        if gap.viseme == "sil" and gap.length_samples < PAUSE_SAMPLES:
            own = gap.length_samples // 2 if joined[i + 1].viseme not in _HISSES else 0
            middle = gap.start_samples + own
            joined[i - 1] = replace(joined[i - 1], end_samples=middle)
            joined[i + 1] = replace(joined[i + 1], start_samples=middle)
            joined[i] = replace(gap, start_samples=middle, end_samples=middle)
    return joined


def _protect_contacts(targets: Sequence[MouthTarget]) -> list[MouthTarget]:
    """Gives every contact at least one face frame of the nearest neighbours' time, never more than half of theirs."""
    lengths = [target.length_samples for target in targets]
    for i, target in enumerate(targets):
        if target.viseme not in CONTACTS or lengths[i] >= SAMPLES_PER_FACE_FRAME:
            continue
        neighbours = sorted((j for j in range(len(targets)) if j != i), key=lambda j: abs(j - i))
        for j in neighbours:
            missing = SAMPLES_PER_FACE_FRAME - lengths[i]
            if missing <= 0:
                break
            keep = SAMPLES_PER_FACE_FRAME if targets[j].viseme in CONTACTS else lengths[j] // 2
            lent = min(missing, max(0, lengths[j] - keep))
            lengths[i] += lent
            lengths[j] -= lent
    at = targets[0].start_samples if targets else 0
    moved: list[MouthTarget] = []
    for target, length in zip(targets, lengths, strict=True):
        moved.append(replace(target, start_samples=at, end_samples=at + length))
        at += length
    return moved
