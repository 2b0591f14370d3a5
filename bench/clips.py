"""Recorded fans: 16 kHz clips with their words, and where their voice ends.

What comes next: fan.py says them to a server.
"""

import csv
import re
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protocol.timeline import INPUT_RATE_HZ

WINDOW_SAMPLES = INPUT_RATE_HZ // 100  # 10 ms
HOP_SAMPLES = INPUT_RATE_HZ // 200
CLICK_SAMPLES = 3 * INPUT_RATE_HZ // 100  # a sound shorter than 30 ms is a click
RANGE_DB = 35.0  # windows this much below the loudest are not voice ...
VAD_LATE_S = 0.05  # a voice begins so much before a voice detector says, at most
FLOOR = 0.003  # ... nor is anything below this RMS

#: Kinds of clips that are one finished turn; an unfinished one, noise or a foreign language is not.
WHOLE_TURNS = frozenset("question statement conversation noisy clean style expressive emotional".split()) | {"one word"}


class ClipError(Exception):
    """A clip or its manifest cannot be used."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording: float32 [n] at 16 kHz. `voice_begin_samples` and `voice_end_samples`: its first and its last
    voiced sample, or of all samples when nobody speaks in it (`voiced` is False then).
    """

    name: str
    pcm: NDArray[np.float32]
    voice_end_samples: int
    voiced: bool = True
    text: str = ""
    kind: str = ""
    language: str = "en"
    synthetic: bool = False
    voice_begin_samples: int = 0

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.pcm) / INPUT_RATE_HZ


def voiced_span(pcm: NDArray[np.float32]) -> tuple[int, int] | None:
    """The first and the last sample of the voice in float32 [n] at 16 kHz, or None.

    A 10 ms window is voiced when its RMS is within RANGE_DB of the loudest one; runs of them that are as short as a
    click do not count.
    """
    starts = np.arange(0, len(pcm) - WINDOW_SAMPLES + 1, HOP_SAMPLES)
    if not len(starts):
        return None
    energy = np.concatenate(([0.0], np.cumsum(np.square(pcm, dtype=np.float64))))
    rms = np.sqrt(np.maximum(energy[starts + WINDOW_SAMPLES] - energy[starts], 0.0) / WINDOW_SAMPLES)
    voiced = rms > max(rms.max() * 10 ** (-RANGE_DB / 20), FLOOR)
    changes = np.flatnonzero(np.diff(np.concatenate(([False], voiced, [False]))))
    runs = changes.reshape(-1, 2)  # first voiced window, first unvoiced one after it
    long_enough = runs[(runs[:, 1] - 1 - runs[:, 0]) * HOP_SAMPLES >= CLICK_SAMPLES]
    if not len(long_enough):
        return None
    return int(starts[long_enough[0, 0]]), int(starts[long_enough[-1, 1] - 1]) + WINDOW_SAMPLES - 1


def last_voiced_sample(pcm: NDArray[np.float32]) -> int | None:
    """The index of the last voiced sample, or None; see voiced_span."""
    span = voiced_span(pcm)
    return None if span is None else span[1]


def read_clip(path: Path, **known: Any) -> Clip:
    """Reads a mono PCM16 WAV file at 16 kHz; `known`: what clip_of may be told. Raises ClipError for anything else."""
    try:
        with wave.open(str(path), "rb") as file:
            form = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            data = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise ClipError(f"cannot read {path}: {error}") from error
    if form != (1, 2, INPUT_RATE_HZ):
        channels, width, rate_hz = form
        raise ClipError(f"{path}: {channels} x {8 * width} bit at {rate_hz} Hz; a clip is 1 x 16 bit at 16000 Hz")
    if not data:
        raise ClipError(f"{path}: no audio in it")
    pcm = np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768)
    return clip_of(path.stem, pcm, **known)


def clip_of(
    name: str, pcm: NDArray[np.float32], *, within_s: tuple[float, float] = (0.0, float("inf")), **known: Any
) -> Clip:
    """A clip of float32 [n] at 16 kHz, n > 0; `known` are fields of Clip. Nothing outside of `within_s` is voice: in a
    noisy recording the noise is nearly as loud, and would go on to the last sample.
    """
    first = max(0, int(within_s[0] * INPUT_RATE_HZ))
    last = min(len(pcm), int(min(within_s[1] * INPUT_RATE_HZ, len(pcm))))
    span = voiced_span(pcm[first:last])
    begin, end = (first + span[0], first + span[1]) if span else (0, len(pcm) - 1)
    return Clip(name, pcm, end, span is not None, voice_begin_samples=begin, **known)


def load_clips(folder: Path) -> list[Clip]:
    """The clips that `manifest.csv` in `folder` lists, beside it or in `audio/`. Raises ClipError."""
    manifest = folder / "manifest.csv"
    try:
        with manifest.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise ClipError(f"cannot read {manifest}: {error.strerror}") from error
    return [_clip_of(folder, row) for row in rows]


def _clip_of(folder: Path, row: dict[str, str]) -> Clip:
    notes = row.get("notes", "")
    kind = row.get("kind") or notes
    path = folder / row["file"]
    return read_clip(
        path if path.exists() else folder / "audio" / row["file"],
        text=row.get("transcript", ""),
        kind=first[0] if (first := re.match(r"one word|[a-z-]+", kind)) else "",
        language=row.get("language", ""),
        synthetic=row.get("synthetic") == "yes" or "SYNTHETIC" in notes,
        within_s=_labelled_s(row),
    )


def _labelled_s(row: dict[str, str]) -> tuple[float, float]:
    """Where the manifest's voice detector heard the voice. It is late to begin, and holds on a little at the end."""
    begin, end = row.get("vad_start"), row.get("vad_end")
    return (float(begin) - VAD_LATE_S, float(end)) if begin and end else (0.0, float("inf"))


def whole_turns(clips: Sequence[Clip]) -> list[Clip]:
    """Those that a fan would want an answer to."""
    return [clip for clip in clips if clip.voiced and clip.language == "en" and clip.kind in WHOLE_TURNS]


def with_pauses(clips: Sequence[Clip]) -> list[Clip]:
    """Those with a long pause inside the turn: whoever answers in it cuts the fan off."""
    return [clip for clip in clips if clip.voiced and clip.language == "en" and clip.kind == "pause"]


def only_noise(clips: Sequence[Clip]) -> list[Clip]:
    """Those in which nobody speaks."""
    return [clip for clip in clips if clip.kind in ("noise", "noise-bed") and not clip.text and not clip.language]


def spread(clips: Sequence[Clip], limit: int | None) -> list[Clip]:
    """At most `limit` of them, evenly spread over the list so that every group of it is heard."""
    if limit is None or limit >= len(clips):
        return list(clips)
    return [clips[i * len(clips) // limit] for i in range(limit)]
