"""Phonemes in, mouth shapes out: which of the 15 Oculus visemes each sound asks for, and when.

ipa.py says what each written letter asks for; here the letters of a sound share its time, short gaps are closed and
lips that must meet get their moment. What comes next: blendshapes.py moves the face through the targets.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, get_args

from avatar.ipa import Letter, letters
from protocol.timeline import OUTPUT_RATE_HZ, SAMPLES_PER_FACE_FRAME, PhonemeSpan, Viseme, VisemeSpan

VISEMES: Final[tuple[Viseme, ...]] = get_args(Viseme)

#: Shapes in which lip meets lip or lip meets teeth. A viewer sees at once when one is missing.
CONTACTS: Final[frozenset[Viseme]] = frozenset({"PP", "FF"})

#: A gap between words shorter than this is no pause: the mouth moves on without coming to rest.
PAUSE_SAMPLES: Final = OUTPUT_RATE_HZ * 90 // 1000

#: Sounds whose hiss fills the gap before them.
_HISSES: Final[frozenset[Viseme]] = frozenset({"FF", "SS", "CH"})


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
        written = list(letters(phoneme.symbol))
        sounds = [letter for letter in written if letter.viseme is not None]
        stress = max([stress, *(letter.stress for letter in written)])
        if sounds:
            begin = start if held_since is None else held_since
            targets += _share(sounds, begin, end, stress)
            if any(sound.vowel for sound in sounds):
                stress = 0.0
            held_since = None
        elif targets and held_since is None and not any(letter.stress for letter in written):
            targets[-1] = replace(targets[-1], end_samples=end)  # a length mark: the sound before goes on
        else:
            held_since = start if held_since is None else held_since
        at = end
    rest = at if held_since is None else held_since
    if rest < limit:
        targets.append(MouthTarget("sil", 0.0, rest, limit))
    return targets


def _share(sounds: Sequence[Letter], start: int, end: int, stress: float) -> Iterator[MouthTarget]:
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
