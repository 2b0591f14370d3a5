"""`make bench-face`: how exact the mouth is, beside two public rules on the same speech; writes out/bench/face.json.

Speaks a fixed list of sentences with the server's own voice, gives every clause its face as a session would, and
measures it with face_measures.py. What comes next: face_strip.py draws one sentence.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from avatar.audio_visemes import BEHIND_MS
from avatar.blendshapes import N_WEIGHTS, Weights
from avatar.channels import as_weights
from avatar.emotion import feel
from avatar.face import Face, calm_cuts
from avatar.shown import Shown
from bench import face_measures as measures
from bench.face_rules import RULES
from bench.server_process import HOUSE
from protocol.timeline import OUTPUT_RATE_HZ, SAMPLES_PER_FACE_FRAME
from server.presence import SLICE_FRAMES, SLICE_S
from server.reply import CHUNK_FRAMES
from speech.engines.hibari import Hibari
from speech.tts import SpeechJob, SpokenChunk

#: (display in Hz, step in s of the audio position that the device reports)
DISPLAYS: Final = {"60 Hz": 60.0, "72 Hz (Quest)": 72.0, "90 Hz": 90.0}

#: None of these was used to choose a constant of avatar/blendshapes.py.
SENTENCES: Final = (
    "I never thought that five people from Baltimore would fly over for my show.",
    "Maybe we'll play the very first verse before the break.",
    "My mum bought me a piano when I was five, and I broke it.",
    "What beautiful flowers! Who gave you permission to be so lovely?",
    "Probably the best part of every festival is the bus ride home.",
    "Should I choose the purple jumpsuit or the fluffy yellow one?",
    "Nothing beats a warm bath after three hours of practice.",
    "He asked me to move the microphone a little further away.",
    "They found a photograph of my grandmother singing in Paris.",
    "Oh, I love that you noticed the bells at the end of the chorus!",
    "You know, every album begins with a map of the places I miss.",
    "Thank you for coming so far, and please bring your brother next time.",
    "Big problems become small when somebody makes a pot of coffee.",
    "Give me a moment to think about the voice in that vision.",
    "We shook hands, we laughed, and the judge chose the cheapest fish.",
    "Have you ever felt as if a song had been following you for years?",
)


def main(argv: Sequence[str]) -> int:
    """Measures and writes; returns 1 when a target that must never be missed is missed."""
    parser = argparse.ArgumentParser(prog="bench.face", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--out", type=Path, default=HOUSE / "out" / "bench")
    options = parser.parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    spoken = speak(SENTENCES)
    figures = {**session_figures(spoken), **rule_figures(spoken), **_of_emotion(options.out)}
    (options.out / "face.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    print(table(figures))
    return 0 if figures["closure_rate"] == figures["lip_teeth_rate"] == 1.0 else 1


def speak(sentences: Sequence[str], voice: str = "heart") -> list[SpokenChunk]:
    """Each sentence spoken by itself. Raises EngineError for one that cannot be."""
    spoken: list[SpokenChunk] = []
    for result in Hibari().run([SpeechJob(text, voice) for text in sentences]):
        if isinstance(result, Exception):
            raise result
        spoken.append(result)
    return spoken


def session_figures(spoken: Sequence[SpokenChunk]) -> dict[str, Any]:
    """The finished face, with feeling and blinks, as it goes on the wire: one reply of all sentences."""
    face, at = Face(seed=7), 0
    onsets: list[float] = []
    frames: list[Weights] = []
    cuts: list[int] = []
    closed: list[bool] = []
    touched: list[bool] = []
    clause_cuts, cpu_s = [], 0.0
    screen = Shown("arkit52")
    face.begin_reply()
    for text, chunk in zip(SENTENCES, spoken, strict=True):
        emotion, began = feel(text), time.process_time()
        made = face.clause(chunk.phonemes, chunk.pcm, at * SAMPLES_PER_FACE_FRAME, emotion)
        screen.speak(1, at * SAMPLES_PER_FACE_FRAME, made.frames.tobytes())
        cpu_s += time.process_time() - began
        weights = as_weights(made.frames)[:, :N_WEIGHTS]
        sounds = measures.sounds(chunk.phonemes)
        onsets += measures.onset_errors_ms(weights, sounds)
        closed += measures.contacts(weights, sounds, "PP")
        touched += measures.contacts(weights, sounds, "FF")
        clause_cuts.append(at)
        cuts += [at + cut for cut in calm_cuts(made.frames, CHUNK_FRAMES)]
        at += len(weights)
        frames.append(weights)
    reply = np.concatenate(frames)
    return {
        "n_sentences": len(spoken),
        "n_onsets": len(onsets),
        "n_closures": len(closed),
        "n_lip_teeth": len(touched),
        "viseme_onset_p50_ms": _percentile(np.abs(onsets), 50),
        "viseme_onset_p95_ms": _percentile(np.abs(onsets), 95),
        "viseme_onset_median_signed_ms": _percentile(np.array(onsets), 50),
        "closure_rate": round(float(np.mean(closed)), 4),
        "lip_teeth_rate": round(float(np.mean(touched)), 4),
        **_seam_figures(reply, cuts, clause_cuts),
        **_skew_figures(len(reply)),
        "face_core_share": round(cpu_s / (at * SAMPLES_PER_FACE_FRAME / OUTPUT_RATE_HZ), 5),
        "listening_core_share": _listening_share(face, screen),
        "audio_mouth_behind_ms": BEHIND_MS,
    }


def _listening_share(face: Face, screen: Shown, n_slices: int = 300) -> float:
    """What the face between replies costs, in seconds of one core a second."""
    began = time.process_time()
    for _ in range(n_slices):
        screen.listen(face.listen(SLICE_FRAMES, "listening").tobytes())
    return round((time.process_time() - began) / (n_slices * SLICE_S), 5)


def _seam_figures(reply: Weights, cuts: Sequence[int], clause_cuts: Sequence[int]) -> dict[str, float]:
    within = sorted(set(range(1, len(reply))) - set(cuts))
    return {
        "seam_jump_max": _rounded(measures.seam_jumps(reply, cuts).max()),
        "seam_jump_clause_max": _rounded(measures.seam_jumps(reply, clause_cuts).max()),
        "seam_jump_p95": _percentile(measures.seam_jumps(reply, cuts), 95),
        "frame_step_p95": _percentile(measures.seam_jumps(reply, within), 95),
        "frame_step_max": _rounded(measures.seam_jumps(reply, within).max()),
        "jitter": _rounded(measures.jitter(reply)),
    }


def _skew_figures(n_frames: int) -> dict[str, Any]:
    skews = {
        name: _percentile(measures.clock_skew_ms(n_frames / 60, hz, phase=0.37), 95) for name, hz in DISPLAYS.items()
    }
    return {"face_skew_p95_ms": max(skews.values()), "face_skew_p95_ms_by_display": skews}


def rule_figures(spoken: Sequence[SpokenChunk]) -> dict[str, Any]:
    """The mouth alone, for each rule, over the same clauses."""
    rules: dict[str, dict[str, float]] = {}
    exact = [RULES["exact"](chunk) for chunk in spoken]
    for name, rule in RULES.items():
        began = time.process_time()
        mouths = [rule(chunk) for chunk in spoken]
        cpu_s = time.process_time() - began
        sounds = [measures.sounds(chunk.phonemes) for chunk in spoken]
        pairs = list(zip(mouths, sounds, strict=True))
        onsets = np.array([e for mouth, said in pairs for e in measures.onset_errors_ms(mouth, said)])
        steps = np.concatenate([measures.seam_jumps(mouth, range(1, len(mouth))) for mouth in mouths])
        rules[name] = {
            "viseme_onset_p95_ms": _percentile(np.abs(onsets), 95),
            "onsets_seen": len(onsets),
            "closure_rate": _rounded(np.mean([c for m, s in pairs for c in measures.contacts(m, s, "PP")])),
            "lip_teeth_rate": _rounded(np.mean([c for m, s in pairs for c in measures.contacts(m, s, "FF")])),
            "frame_step_max": _rounded(steps.max()),
            "jitter": _rounded(np.mean([measures.jitter(mouth) for mouth in mouths])),
            "agreement": _rounded(
                np.mean([measures.shape_agreement(m, e) for m, e in zip(mouths, exact, strict=True)])
            ),
            "core_share": round(cpu_s / (sum(len(chunk.pcm) for chunk in spoken) / OUTPUT_RATE_HZ), 5),
        }
    return {"rules": rules}


def _of_emotion(out: Path) -> dict[str, Any]:
    """The text emotion figure, where bench/emotion.py has measured it."""
    path = out / "emotion.json"
    measured = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return {name: measured[name] for name in ("emotion_text_macro_f1",) if name in measured}


def table(figures: dict[str, Any]) -> str:
    """The figures in lines, then one row for each rule."""
    lines = [f"{name:<32} {value}" for name, value in figures.items() if not isinstance(value, dict)]
    columns = list(next(iter(figures["rules"].values())))
    lines += ["", f"{'rule':<14}" + "".join(f"{column:>22}" for column in columns)]
    lines += [f"{rule:<14}" + "".join(f"{row[c]:>22}" for c in columns) for rule, row in figures["rules"].items()]
    return "\n".join(lines)


def _percentile(values: Any, percent: float) -> float:
    return round(float(np.percentile(values, percent)), 2)


def _rounded(value: Any) -> float:
    return round(float(value), 4)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
