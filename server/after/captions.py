"""What was said and when, as captions (WebVTT) and as text. Pure.

What comes next: keepsake.py lays both beside the sound.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
    """Single words of one party, in order, gathered into captions: whole sentences where they are short enough."""
    gathered: list[Said] = []
    for word in words:
        last = gathered[-1] if gathered else None
        if last is None or _is_full(last, word):
            gathered.append(word)
        else:
            gathered[-1] = replace(last, text=f"{last.text} {word.text}", end_ms=word.end_ms)
    return gathered


def _is_full(cue: Said, word: Said) -> bool:
    return cue.text.endswith(_ENDS) or len(cue.text.split()) >= CUE_WORDS or word.start_ms - cue.end_ms > CUE_GAP_MS


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
