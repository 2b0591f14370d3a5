"""Written words to the phonemes that the Hibari network reads, remembering which word each phoneme came from.

The network's alphabet is misaki's: IPA, with A I O W Y for the diphthongs of "day my go now boy" and Q for a British
"go", T for a flapped t, one letter for each of the affricates. What comes next: hibari.py has them spoken.
"""

from collections.abc import Collection
from difflib import SequenceMatcher
from typing import Final

from hibari import Hibari
from hibari.g2p import G2P
from hibari.g2p.normalize import normalize
from hibari.tts import MAX_PHONEMES

from speech.engines.timed import Reading

_CLAUSE_ENDS: Final = frozenset(",;:—.!?…")


def readings(text: str, g2p: G2P, alphabet: Collection[str]) -> list[Reading]:
    """The text sentence by sentence, none longer than the network takes; words count as in `text.split()`."""
    found: list[Reading] = []
    first_word = 0
    for sentence in Hibari.split_sentences(text):
        written = sentence.split()
        spelled = [(c, first_word + w) for c, w in _spell(sentence, written, g2p) if c in alphabet]
        first_word += len(written)
        found += [reading for reading in map(_reading, _cut(spelled)) if reading.speakable]
    return found


def _spell(sentence: str, written: list[str], g2p: G2P) -> list[tuple[str, int]]:
    """Phoneme characters and the index of the written word that each belongs to."""
    spoken = normalize(sentence)
    owners = _owners(written, spoken.split())
    spelled: list[tuple[str, int]] = []
    at = 0
    for token in g2p.phonemize_tokens(g2p.tokenize(spoken)):
        owner = owners[min(at, len(owners) - 1)]
        spelled += [(c, owner) for c in (token.phonemes or "") + token.whitespace]
        at += bool(token.whitespace)
    return spelled


def _owners(written: list[str], spoken: list[str]) -> list[int]:
    """For each spoken word the written one it came from: "3rd" may have become "the third of".

    Equal words meet; what was rewritten between them is shared out in order.
    """
    owners: list[int] = []
    matcher = SequenceMatcher(None, [w.lower() for w in written], [w.lower() for w in spoken], autojunk=False)
    for _, i1, i2, j1, j2 in matcher.get_opcodes():
        if i2 > i1:
            owners += [i1 + (j - j1) * (i2 - i1) // (j2 - j1) for j in range(j1, j2)]
        else:
            owners += [max(i1 - 1, 0)] * (j2 - j1)
    return owners


def _cut(spelled: list[tuple[str, int]]) -> list[list[tuple[str, int]]]:
    """Pieces of at most MAX_PHONEMES, ended at punctuation if possible, else between words."""
    pieces = []
    while len(spelled) > MAX_PHONEMES:
        window = [c for c, _ in spelled[:MAX_PHONEMES]]
        spaces = [i for i, c in enumerate(window) if c == " " and i]
        clauses = [i for i in spaces if window[i - 1] in _CLAUSE_ENDS]
        end = (clauses or spaces or [MAX_PHONEMES])[-1]
        pieces.append(spelled[:end])
        spelled = spelled[end:]
    return [*pieces, spelled]


def _reading(spelled: list[tuple[str, int]]) -> Reading:
    phonemes = "".join(c for c, _ in spelled)
    start = len(phonemes) - len(phonemes.lstrip())
    end = len(phonemes.rstrip())
    return Reading(phonemes[start:end], tuple(w for _, w in spelled[start:end]))
