"""How well feelings are read: from words on GoEmotions, from voices of actors; and what reading them costs.

    python -m bench.emotion --data folder              # goemotions_ekman_test.tsv (or _dev.tsv) in it
    python -m bench.emotion --data folder --voices folder   # and rav_*.wav: RAVDESS, for evaluation only

Writes out/bench/emotion.json. Macro-F1 counts each of the seven groups the same; a text may have several, and counts
as having those above their thresholds. On the dev part, which the thresholds were chosen on, they are chosen anew on
one half and counted on the other. What comes next: bench/README.md explains the figures.
"""

import argparse
import json
import statistics
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from avatar.affect import CALM, voice_cue
from avatar.emotion import feel
from avatar.text_emotion import FEELINGS, load_weights, read
from bench.clips import ClipError, load_clips, read_clip
from bench.emotion_fit import best_thresholds, macro_f1, read_rows
from protocol.timeline import INPUT_RATE_HZ
from speech.prosody import Prosody, VoiceTone
from speech.vad import FRAME_SAMPLES

LINES: Final = Path(__file__).resolve().parents[1] / "tests" / "unit" / "emotion_lines.toml"
SPEECH_DB: Final = 35.0  # frames this much below the loudest are not speech
CALM_VOICES: Final = frozenset({"neutral", "calm"})
STIRRED_VOICES: Final = frozenset({"angry", "fearful", "happy", "surprised", "disgust"})

Floats = NDArray[np.float64]


# --- words ------------------------------------------------------------------------------------------------------


def score_texts(texts: Sequence[str], labels: Sequence[Sequence[int]], *, tuned_on: bool) -> dict[str, Any]:
    """The classifier on texts with label numbers of FEELINGS; `tuned_on`: its thresholds were chosen on these."""
    wanted = np.zeros((len(texts), len(FEELINGS)))
    for row, numbers in enumerate(labels):
        wanted[row, numbers] = 1.0
    readings = [read(text) for text in texts]
    probs = np.array([[reading.probs[feeling] for feeling in FEELINGS] for reading in readings])
    thresholds = np.tile(load_weights().thresholds, (len(texts), 1))
    if tuned_on:
        odd = np.arange(len(texts)) % 2 == 1
        thresholds[odd] = best_thresholds(probs[~odd], wanted[~odd])
        thresholds[~odd] = best_thresholds(probs[odd], wanted[odd])
    best = np.array([[reading.feeling == feeling for feeling in FEELINGS] for reading in readings])
    single = wanted.sum(axis=1) == 1
    return {
        "n_texts": len(texts),
        "several": macro_f1(probs >= thresholds, wanted),
        "only_the_best_of_texts_with_one": macro_f1(best[single], wanted[single]),
    }


def text_figures(data: Path) -> dict[str, Any]:
    """The figures of the held-out part of GoEmotions, or of its dev part where that is not there."""
    part = "test" if (data / "goemotions_ekman_test.tsv").exists() else "dev"
    texts, labels = read_rows(data / f"goemotions_ekman_{part}.tsv")
    scores = score_texts(texts, labels, tuned_on=part == "dev")
    return {"emotion_text_macro_f1": scores["several"]["macro"], "part": part, **scores}


def line_figures() -> dict[str, str]:
    """How many of our own fans' and avatars' lines get a feeling that fits."""
    parts: Mapping[str, Mapping[str, Sequence[Sequence[str]]]] = tomllib.loads(LINES.read_text("utf-8"))
    return {
        f"{part}, {who}": f"{sum(feel(text).category in fitting for text, *fitting in lines)}/{len(lines)}"
        for part, by in parts.items()
        for who, lines in by.items()
    }


def microseconds(work: Callable[[str], object], texts: Sequence[str]) -> float:
    """The median time for one text."""
    times = []
    for text in texts:
        begin = time.perf_counter()
        work(text)
        times.append(time.perf_counter() - begin)
    return round(statistics.median(times) * 1e6, 1)


# --- voices -----------------------------------------------------------------------------------------------------


def frames_of(pcm: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Whole frames [k, FRAME_SAMPLES] of a clip, and 1 for each that is loud enough to be speech, else 0."""
    frames = pcm[: len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    db = 10 * np.log10(np.square(frames).mean(axis=1) + 1e-10)
    return frames, (db > db.max(initial=-100.0) - SPEECH_DB).astype(np.float32)


def prosody_core_share(clips: Sequence[NDArray[np.float32]]) -> float:
    """CPU seconds for a second of audio, fed as the server does: three frames (96 ms) at a time."""
    prosody, audio_s = Prosody(), 0.0
    begin = time.process_time()
    for pcm in clips:
        frames, probs = frames_of(pcm)
        for at in range(0, len(frames), 3):
            prosody.feed(frames[at : at + 3], probs[at : at + 3])
        prosody.end_turn("so many words")
        audio_s += len(pcm) / INPUT_RATE_HZ
    return round((time.process_time() - begin) / audio_s, 5)


def tone_after(usual: NDArray[np.float32], heard: NDArray[np.float32]) -> VoiceTone | None:
    """How a clip sounds to one who knows this voice from another."""
    prosody = Prosody()
    prosody.feed(*frames_of(usual))
    prosody.end_turn("the same words")
    prosody.feed(*frames_of(heard))
    return prosody.tone("the same words")


def voice_figures(folder: Path) -> dict[str, Any]:
    """RAVDESS clips of the same actor in pairs, one calm and one stirred: is the stirred one heard as that?"""
    takes = [(path, path.name.split("_")[1], path.stem.split("-")[-1]) for path in sorted(folder.glob("rav_*.wav"))]
    right = wrong = unsure = 0
    for (first, before, actor), (second, after, other) in permutations(takes, 2):
        stirred = before in CALM_VOICES and after in STIRRED_VOICES
        calmed = before in STIRRED_VOICES and after in CALM_VOICES
        if actor != other or not (stirred or calmed):
            continue
        tone = tone_after(read_clip(first).pcm, read_clip(second).pcm)
        arousal = cue_of(tone) if tone else CALM
        rose = arousal - CALM if stirred else CALM - arousal
        right, wrong, unsure = right + (rose > 0.05), wrong + (rose < -0.05), unsure + (abs(rose) <= 0.05)
    return {"pairs": right + wrong + unsure, "right": right, "wrong": wrong, "unsure": unsure}


def cue_of(tone: VoiceTone) -> float:
    """The arousal that a tone speaks for."""
    cue = voice_cue(
        pitch_semitones=tone.pitch_semitones,
        liveliness_semitones=tone.liveliness_semitones,
        loudness_db=tone.loudness_db,
        pace=tone.pace,
        known=1.0,
    )
    return CALM if cue.arousal is None else cue.arousal


# --- the command ------------------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="how well feelings are read")
    parser.add_argument("--data", type=Path, required=True, help="a folder with goemotions_ekman_{test,dev}.tsv")
    parser.add_argument("--voices", type=Path, help="a folder with rav_*.wav (RAVDESS, non-commercial)")
    parser.add_argument("--clips", type=Path, default=Path("tests/clips"), help="whose prosody is timed")
    parser.add_argument("--out", type=Path, default=Path("out/bench/emotion.json"))
    options = parser.parse_args(argv)
    try:
        figures = text_figures(options.data)
        clips = [clip.pcm for clip in load_clips(options.clips) if clip.voiced]
    except (OSError, ClipError) as error:
        parser.exit(1, f"bench.emotion: {error}\n")
    lines = tomllib.loads(LINES.read_text("utf-8"))["held_out"]
    figures["own_lines"] = line_figures()
    figures["feel_us"] = microseconds(feel, [text for rows in lines.values() for text, *_ in rows] * 20)
    figures["prosody_core_share"] = prosody_core_share(clips)
    if options.voices:
        figures["voices"] = voice_figures(options.voices)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
