"""What was said and when, as captions (WebVTT) and as text. Pure.

What comes next: keepsake.py lays both beside the sound.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Final, Literal

Who = Literal["fan", "avatar", "host"]

CUE_WORDS: Final = 12  # two short lines of captions
CUE_GAP_MS: Final = 700.0  # a pause of this length begins a new cue
_ENDS: Final = (".", "!", "?", "…")


@dataclass(frozen=True, slots=True)
class Said:
    """Words of one party, in ms since the recording began."""

    who: Who
    text: str
    start_ms: float
    end_ms: float


def cues(words: Iterable[Said]) -> list[Said]:
    """Single words of one party, in order, gathered into captions: sentences, and long ones in even parts."""
    sentences: list[list[Said]] = []
    for word in words:
        before = sentences[-1][-1] if sentences else None
        if before is None or before.text.endswith(_ENDS) or word.start_ms - before.end_ms > CUE_GAP_MS:
            sentences.append([])
        sentences[-1].append(word)
    return [_together(part) for sentence in sentences for part in _even_parts(sentence)]


def _even_parts(sentence: Sequence[Said]) -> Iterator[Sequence[Said]]:
    """Of at most CUE_WORDS: no last word stands alone on the screen."""
    size = ceil(len(sentence) / ceil(len(sentence) / CUE_WORDS))
    yield from (sentence[begin : begin + size] for begin in range(0, len(sentence), size))


def _together(words: Sequence[Said]) -> Said:
    return replace(words[0], text=" ".join(word.text for word in words), end_ms=words[-1].end_ms)


def shifted(said: Iterable[Said], by_ms: float) -> list[Said]:
    """The same, so much later: something stands before the recording."""
    return [replace(each, start_ms=each.start_ms + by_ms, end_ms=each.end_ms + by_ms) for each in said]


def as_vtt(said: Sequence[Said], names: Mapping[Who, str], note: str) -> str:
    """WebVTT; each cue names its speaker. `note` says what this is, and is not shown."""
    blocks = ["WEBVTT", f"NOTE {_escaped(note)}"]
    for cue in in_order(said):
        end_ms = max(cue.end_ms, cue.start_ms + 1)
        times = f"{clock(cue.start_ms)} --> {clock(end_ms)}"
        blocks.append(f"{times}\n<v {_escaped(names[cue.who])}>{_escaped(cue.text)}")
    return "\n\n".join(blocks) + "\n"


def as_text(said: Sequence[Said], names: Mapping[Who, str], note: str) -> str:
    """Plain text: a line for each caption, the time before it; `note` is the first line."""
    lines = [f"[{clock(cue.start_ms)[3:8]}] {names[cue.who]}: {_line(cue.text)}" for cue in in_order(said)]
    return "\n".join([_line(note), "", *lines]) + "\n"


def in_order(said: Iterable[Said]) -> list[Said]:
    """By when they began."""
    return sorted(said, key=lambda cue: cue.start_ms)


def clock(at_ms: float) -> str:
    """HH:MM:SS.mmm, as WebVTT wants it."""
    whole_ms = max(0, round(at_ms))
    minutes, ms = divmod(whole_ms, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{ms // 1000:02d}.{ms % 1000:03d}"


def _line(text: str) -> str:
    return " ".join(text.split())


def _escaped(text: str) -> str:
    """One line in which nothing is markup, and no arrow ends a cue."""
    return _line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
