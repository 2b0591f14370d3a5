"""A keepsake: sound, captions, words and a picture in one folder, each saying that an AI avatar spoke.

The sound begins with a spoken disclosure; one that could not be spoken is never left out: then there is no keepsake.
Files are written beside the spool and moved into place when all are whole. Blocking. What comes next: archive.py runs
this in a thread that gives way, and writes the rows.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from protocol.timeline import OUTPUT_RATE_HZ
from server.after.captions import Said, Who, as_text, as_vtt, shifted
from server.after.mixdown import Track, blocks, mixed
from server.after.recording import SAMPLES_PER_MS, Recording
from server.after.sound import write_m4a

SOUND, CAPTIONS, WORDS, PICTURE, ABOUT = "sound.m4a", "captions.vtt", "words.txt", "picture.png", "about.json"
PAUSE_S: Final = 0.7  # between the disclosure and the conversation
PRIVATE: Final = 0o700
MEDIA_OF_AI: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


@dataclass(frozen=True, slots=True)
class Occasion:
    """Who met whom, where and when."""

    persona: str
    fan: str
    event: str
    on: datetime

    def spoken(self) -> str:
        """The disclosure that is heard first; the same for every fan, so its voice lies ready."""
        return (
            f"This is a conversation with an AI avatar of {self.persona}. "
            "Its voice and its words were made by a computer."
        )

    def written(self) -> str:
        """The disclosure that stands in every file."""
        return (
            f"A conversation between {self.fan} and an AI avatar of {self.persona}, recorded at “{self.event}” on "
            f"{self.on:%d %B %Y} with the consent of both sides. The avatar's voice and words were made by a computer."
        )

    def names(self) -> Mapping[Who, str]:
        """How the captions call them."""
        return {"fan": self.fan, "avatar": f"{self.persona} (AI)", "host": self.persona}


def write_keepsake(
    folder: Path,
    name: str,
    occasion: Occasion,
    recording: Recording,
    disclosure: NDArray[np.float32],
    picture: bytes | None,
) -> None:
    """Writes the folder `name` in `folder`. `disclosure`: Occasion.spoken as sound, float32 [n] at OUTPUT_RATE_HZ.

    Raises OSError.
    """
    folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    recording.spool.wait()
    part = recording.spool.folder / "made"
    part.mkdir(mode=PRIVATE)
    lead = np.concatenate([disclosure, np.zeros(int(PAUSE_S * OUTPUT_RATE_HZ), np.float32)])
    first = Said("avatar", occasion.spoken(), 0.0, len(disclosure) / SAMPLES_PER_MS)
    captions, lines = ([first, *_after(lead, said)] for said in (recording.captions(), recording.lines()))
    _write_sound(part / SOUND, occasion, recording, lead)
    (part / CAPTIONS).write_text(as_vtt(captions, occasion.names(), occasion.written()), "utf-8")
    (part / WORDS).write_text(as_text(lines, occasion.names(), occasion.written()), "utf-8")
    (part / ABOUT).write_text(json.dumps(_about(occasion, lines)), "utf-8")
    if picture:
        (part / PICTURE).write_bytes(picture)
    part.replace(folder / name)


def add_picture(folder: Path, name: str, picture: bytes) -> None:
    """Puts a picture into a keepsake that is written already. Raises OSError."""
    part = folder / name / f".{PICTURE}.part"
    part.write_bytes(picture)
    part.replace(folder / name / PICTURE)


def files_of(folder: Path, name: str) -> list[Path]:
    """What there is of a keepsake for people: sound, captions, words, picture."""
    inside = folder / Path(name).name
    return [path for file in (SOUND, CAPTIONS, WORDS, PICTURE) if (path := inside / file).is_file()]


def read_about(folder: Path, name: str) -> Mapping[str, Any] | None:
    """What the page shows of a keepsake: persona, fan, event, on, written, said. None: it is not there."""
    try:
        about: Mapping[str, Any] = json.loads((folder / name / ABOUT).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return about


def _after(lead: NDArray[np.float32], said: list[Said]) -> list[Said]:
    return shifted(said, len(lead) / SAMPLES_PER_MS)


def _write_sound(path: Path, occasion: Occasion, recording: Recording, lead: NDArray[np.float32]) -> None:
    spool = recording.spool
    fan = Track(spool.pieces("fan"), spool.samples("fan"), recording.fan_rate_hz)
    avatar = Track(spool.pieces("avatar"), spool.samples("avatar"), OUTPUT_RATE_HZ)
    title = f"{occasion.fan} with {occasion.persona} (AI avatar)"
    comment = f"{occasion.written()} {MEDIA_OF_AI}"
    about = {"title": title, "artist": f"{occasion.persona} (AI avatar)", "comment": comment}
    write_m4a(path, chain([mixed(lead)], blocks(fan, avatar)), about)


def _about(occasion: Occasion, said: list[Said]) -> dict[str, Any]:
    return {
        "persona": occasion.persona,
        "fan": occasion.fan,
        "event": occasion.event,
        "on": occasion.on.isoformat(),
        "written": occasion.written(),
        "said": [{"who": each.who, "text": each.text, "at_ms": round(each.start_ms)} for each in said],
    }
