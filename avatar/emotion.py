"""What the avatar feels while it says a clause: marks the language model wrote, else a reading of the words.

Marks such as `[joy]`, `(laughs)`, `*waves*` or an emoji are taken out of the text, because nobody wants to hear them
read; what they say moves the face. What comes next: the clean text is spoken, expression.py shows the Emotion.
"""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple, get_args

from avatar.text_emotion import Reading, is_shouted, read
from protocol.timeline import EmotionCategory, EmotionCue, Gesture

#: valence -1..1 and arousal 0..1 that a category has when only its name is known.
CATEGORIES: Final[dict[EmotionCategory, tuple[float, float]]] = {
    "neutral": (0.0, 0.3), "joy": (0.8, 0.65), "sadness": (-0.7, 0.25), "anger": (-0.7, 0.75),
    "fear": (-0.6, 0.7), "surprise": (0.2, 0.8), "affection": (0.8, 0.4),
}  # fmt: skip
GESTURES: Final[tuple[Gesture, ...]] = get_args(Gesture)


@dataclass(frozen=True, slots=True)
class Emotion:
    """A feeling: its name, valence -1..1 (bad..good) and arousal 0..1 (calm..excited)."""

    category: EmotionCategory = "neutral"
    valence: float = 0.0
    arousal: float = 0.3

    @classmethod
    def named(cls, category: EmotionCategory) -> "Emotion":
        """The category at its usual strength."""
        return cls(category, *CATEGORIES[category])

    def cue(self, start_samples: int) -> EmotionCue:
        """The feeling as it goes on the reply's clock."""
        return EmotionCue(start_samples, self.category, self.valence, self.arousal)


class GestureMark(NamedTuple):
    """A gesture, and the word it goes with: the index in `text.split()` of the one its mark stands before.

    The number of words when none follows.
    """

    name: Gesture
    word: int


#: Words inside marks, by their stem: "laughs", "laughing" and "laughed" are all `laugh`.
_MARK_FEELS: Final[dict[EmotionCategory, str]] = {
    "neutral": "neutral calm pause think thoughtful",
    "joy": "joy joyful happy happi cheer cheerful laugh giggl chuckl smil grin beam excit excitedly enthusiastic"
    " playful playfully amus proud celebrat clap danc",
    "sadness": "sad sadness sadly sigh cry sob tear disappoint melancholy sorry sorrow",
    "anger": "anger angry angri annoy frown glar frustrat scowl",
    "fear": "fear afraid scar nervous nervously worr worri anxious gulp trembl",
    "surprise": "surpris shock gasp amaz astonish wow",
    "affection": "affection affectionate affectionately love loving tender tenderly warm warmly gentl gently soft"
    " softly blush hug heart wink kiss grateful",
}
_MARK_GESTURES: Final[dict[Gesture, str]] = {
    "wave": "wav wave",
    "nod": "nod",
    "shake": "shak shake",
    "laugh": "laugh giggl chuckl",
    "heart": "heart",
    "shrug": "shrug",
    "point": "point",
}
_FEEL_OF: Final = {stem: category for category, stems in _MARK_FEELS.items() for stem in stems.split()}
_GESTURE_OF: Final = {stem: gesture for gesture, stems in _MARK_GESTURES.items() for stem in stems.split()}

_PICTURES: Final[dict[EmotionCategory, str]] = {
    "joy": "😀😃😄😁😆😅😂🤣😊🙂😋😎🥳🤩🎉✨🙌👏🎶🎵",
    "affection": "🥰😍😘❤♥💕💖💗💓💞💙💚💛💜🧡🤍🤗😉🙏☺",
    "sadness": "😢😭😞😔☹🙁😥💔🥺",
    "anger": "😠😡🤬😤💢",
    "fear": "😨😱😰😟😬",
    "surprise": "😮😲😯🤯😳",
}
_PICTURE_FEEL: Final = {picture: category for category, row in _PICTURES.items() for picture in row}
_PICTURE_GESTURE: Final[dict[str, Gesture]] = {
    "👋": "wave", "😂": "laugh", "🤣": "laugh", "😆": "laugh", "🤷": "shrug", "👉": "point", "👈": "point",
    "☝": "point", "🫵": "point", "🫶": "heart", "❤": "heart", "♥": "heart", "💖": "heart",
}  # fmt: skip
_TYPED: Final = {":)": "🙂", ":-)": "🙂", ":D": "😄", ":-D": "😄", "xD": "😆", ":(": "🙁", ":-(": "🙁", ";)": "😉",
                 ":'(": "😢", "<3": "❤", ":o": "😮", ":O": "😮"}  # fmt: skip

_STRONG = re.compile(r"(\*\*|__)(?=\S)([^*_]{1,200}?)(?<=\S)\1")
_MARK = re.compile(
    r"\[(?P<square>[^\[\]]{0,400})\]?"
    r"|\((?P<round>[^()]{1,40})\)"
    r"|(?<![\w*])\*(?=\S)(?P<star>[^*]{1,80})(?<=\S)\*"
    r"|(?<![\w_])_(?=\S)(?P<line>[^_]{1,80})(?<=\S)_(?!\w)"
    r"|(?<![\w*])\*(?P<cut>\w[^*]{0,80})$"
)
_FACE = re.compile(r"(?<!\w)(?:" + "|".join(re.escape(t) for t in sorted(_TYPED, key=len, reverse=True)) + r")(?!\w)")
_PICTURE = re.compile(
    "[\U0001f000-\U0001faff\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u2600-\u27bf\u2b00-\u2bff\u200d\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f]"
)
_ENDING = re.compile(r"(?:ingly|edly|ing|ies|es|ed|ly|s|e)$")
_HERE: Final = "\ue000"  # where a mark stood, while the others are taken out: a character that no text has
_NOT_STAGE: Final = frozenset(
    "always this was is does has yes us ours his its perhaps sometimes as plus unless".split()
)


def split_marks(text: str) -> tuple[str, Emotion | None, tuple[GestureMark, ...]]:
    """The text to be spoken, the feeling its marks name (the first one; None without marks), and its gestures.

    Square brackets and stage directions in asterisks or underscores are dropped even when nobody knows them;
    round brackets only when they hold a stage direction: what else stands in them is speech. `**bold**` and a single
    stressed *word* inside a sentence keep their words.
    """
    marks = _Marks()
    text = _STRONG.sub(r"\2", text.replace(_HERE, " "))
    text = _MARK.sub(marks.take_mark, text)
    text = _FACE.sub(lambda found: _TYPED[found[0]], text)
    text = _PICTURE.sub(marks.take_picture, text)
    text = re.sub(r"[*\[\]]+", " ", text)  # what is left of a mark that was cut in two
    before, *pieces = text.split(_HERE)
    gestures: dict[Gesture, int] = {}
    for piece in pieces:
        place, _, rest = piece.partition(" ")
        gestures.setdefault(GESTURES[int(place)], len(_tidy(before).split()))
        before += rest
    feeling = Emotion.named(marks.feels[0]) if marks.feels else None
    return _tidy(before), feeling, tuple(GestureMark(*found) for found in gestures.items())


def _tidy(text: str) -> str:
    """One space between words, none before punctuation."""
    return re.sub(r"\s+([,.!?;:…])", r"\1", re.sub(r"\s+", " ", text)).strip()


class _Marks:
    """What the marks of one text say; its methods are the replacements of the patterns above. A gesture leaves a
    trace of its place: _HERE, its index in GESTURES, a space.
    """

    def __init__(self) -> None:
        self.feels: list[EmotionCategory] = []

    def take_mark(self, found: re.Match[str]) -> str:
        inside = found[found.lastgroup or 0]
        if found.lastgroup == "round" and not _is_direction(inside):
            return found[0]
        stems = [stem for word in re.findall(r"[a-z']+", inside.lower()) for stem in (word, _ENDING.sub("", word))]
        feels = [_FEEL_OF[stem] for stem in stems if stem in _FEEL_OF]
        gestures = [_GESTURE_OF[stem] for stem in stems if stem in _GESTURE_OF]
        self.feels += feels
        if feels or gestures or found.lastgroup == "square":
            return " " + "".join(map(_trace, gestures))
        return inside if found.lastgroup == "cut" or _is_stressed_word(found, inside) else " "

    def take_picture(self, found: re.Match[str]) -> str:
        if found[0] in _PICTURE_FEEL:
            self.feels.append(_PICTURE_FEEL[found[0]])
        gesture = _PICTURE_GESTURE.get(found[0])
        return " " if gesture is None else " " + _trace(gesture)


def _trace(gesture: Gesture) -> str:
    return f"{_HERE}{GESTURES.index(gesture)} "


def _is_direction(inside: str) -> bool:
    """Whether a round bracket holds a stage direction: "(laughs)", "(softly)", "(sad)", not "(love you all)"."""
    words = inside.lower().split()
    if not words or len(words) > 4:
        return False
    stem = _ENDING.sub("", words[0])
    known = any(s in _FEEL_OF or s in _GESTURE_OF for s in (words[0], stem))
    return known and (len(words) == 1 or (stem != words[0] and not words[0].endswith("e")))


def _is_stressed_word(found: re.Match[str], inside: str) -> bool:
    """Whether `*word*` is emphasis: one word within a sentence that does not look like a verb of the stage."""
    word = inside.lower()
    if not re.fullmatch(r"[\w'’-]+", word) or (word.endswith("s") and word not in _NOT_STAGE):
        return False
    before, after = found.string[: found.start()].rstrip(), found.string[found.end() :].lstrip()
    return bool(before and (before[-1].isalnum() or before[-1] in ",;:'")) or bool(after and after[0].islower())


#: What people tell of that is sad however they say it; the classifier's texts have little of it.
_SORROWS = re.compile(
    r"\b(?:died|dead|death|dying|passed away|funeral|buried|grief|widow(?:ed)?|cancer|hospital|divorced?|heartbroken"
    r"|broke(?:n)? up|left me|lonely|nobody (?:came|likes?|cares?|loves?)|failed|got fired|lost my (?!mind|voice)"
    r"|feeling (?:down|low|empty)|crying|cried|homesick)\b"
)
#: ... and what is glad.
_JOYS = re.compile(
    r"\b(?:(?:i|we) (?:just |finally |really )?(?:passed|graduated|won|made it|did it|got (?:the job|married|engaged"
    r"|accepted|promoted|into))|(?:having|had) a baby|(?:best|happiest) (?:\w+ )?(?:day|night|moment|time) of my life"
    r"|dreams? (?:came?|come) true|can't stop smiling|(?:we're|i'm|we are|i am) (?:engaged|pregnant|getting married))\b"
)
_NEGATED: Final = r"\b(?:not|no|never|hardly|without|\w+n't)(?: \w+){0,2} "
_FAINT: Final = 0.4  # a feeling less probable than this gives way to plain news
_NEEDED: Final = 0.5  # of the probability of the whole group: then its shade is what is meant


@dataclass(frozen=True, slots=True)
class Felt:
    """What a text feels like, how sure that is, 0..1, and the words that say it (may be empty)."""

    emotion: Emotion
    strength: float
    because: str


def feel(text: str) -> Emotion:
    """What a clause without marks feels like. Neutral when nothing speaks."""
    return felt(text).emotion


def felt(text: str) -> Felt:
    """What a text feels like, by the classifier of text_emotion.py, and why.

    Asking is not surprise and saying no is not anger on a face. Two things are read by rule because the classifier is
    weak in them: news told plainly, glad or sad, and a feeling that is denied ("I'm not happy").
    """
    reading = read(text)
    category, because = _category(reading), reading.because
    strength, faint = min(1.0, max(0.5, reading.strength / 0.8)), category == "neutral" or reading.strength < _FAINT
    folded = text.lower().replace("’", "'")
    if category in {"joy", "affection"} and because and (denied := re.search(_NEGATED + re.escape(because), folded)):
        category, strength, because = "sadness", 0.6, denied[0]
    elif (faint or category == "sadness") and (sorrow := _SORROWS.search(folded)):
        category, strength, because = "sadness", max(strength, 0.8), because if category == "sadness" else sorrow[0]
    elif faint and (joy := _JOYS.search(folded)):
        category, strength, because = "joy", 0.8, joy[0]
    shouting = min(3, text.count("!") + is_shouted(text))
    if category == "neutral":
        return Felt(Emotion(arousal=0.3 + 0.1 * shouting), strength, because)
    valence, arousal = CATEGORIES[category]
    shown = strength * (1.0 if shouting else 0.85)
    excitement = min(1.0, arousal * (0.7 + 0.3 * shown) + 0.1 * shouting)
    return Felt(Emotion(category, round(valence * shown, 3), round(excitement, 3)), strength, because)


def _category(reading: Reading) -> EmotionCategory:
    """The category that a face shows for what a text says."""
    needed = _NEEDED * reading.strength
    match reading.feeling:
        case "joy" if reading.affection >= needed:
            return "affection"
        case "surprise" if reading.interest >= needed:
            return "neutral"
        case "anger" if reading.disapproval >= needed:
            return "neutral"
        case "disgust":
            return "anger"
        case feeling:
            return feeling
