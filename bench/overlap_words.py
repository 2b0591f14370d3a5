"""Which sounds over the avatar's voice take the turn, by what is heard of them? Without a server or a clock.

`python -m bench.overlap_words --clips tests/clips` plays words (plain, soft, noisy) and harmless sounds (plain, soft)
through the detector and the recogniser, looks at them as the turn machine would, and asks
`speech/interjections.py:takes_turn`. The limits in there were chosen with it (docs/decisions/0017). Takes minutes.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench import sounds
from bench.clips import Clip, ClipError, load_clips, only_noise, whole_turns
from bench.measures import percentile, rate
from bench.server_process import HOUSE
from protocol.timeline import INPUT_RATE_HZ
from server.model_store.store import open_store
from speech.asr import PRE_ROLL_S, TAIL_S, AsrJob, LocalAgreement
from speech.engines.silero import SileroVad
from speech.engines.whisper import Whisper
from speech.interjections import takes_turn
from speech.turn_rules import FIRST_LOOK_S, LOOK_EVERY_S, OVERLAP_S
from speech.vad import FRAME_SAMPLES, Segmenter, SpeechStarted, VadJob

Floats = NDArray[np.float32]

ANSWER_S: Final = 0.13  # a look takes so long on a quiet machine
SOFT: Final = 0.25
NOISE_DB: Final = 8.0
HISS: Final = 0.0005
LEAD_S, TRAIL_S = 0.5, 1.0
NOISE_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """took_ms: from the moment the sound was noticed until it took the turn; None: the avatar went on."""

    name: str
    harmless: bool
    took_ms: float | None
    heard: str


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a sound: when (seconds since it was noticed), how long it was by then, its audio, is it over?"""

    at_s: float
    length_s: float
    pcm: Floats
    final: bool


class Listener:
    """The detector and the recogniser, as a session uses them."""

    def __init__(self) -> None:
        store = open_store()
        self._vad = SileroVad(store.path("silero-vad") / "model.onnx")
        self._asr = Whisper(store.path("whisper-base"), threads=1, workers=1, compute_type="int8", device="cpu")

    def outcome(self, name: str, pcm: Floats, *, harmless: bool) -> Outcome:
        """What this sound does to a reply."""
        agreement = LocalAgreement()
        for look in self._looks(pcm):
            (heard,) = self._asr.run([AsrJob(look.pcm, "en", quick=not look.final)])
            if isinstance(heard, Exception):
                raise heard
            shown, stable = agreement.feed(heard.text)
            agreed = " ".join(shown.split()[:stable])
            taken = takes_turn(heard.text, agreed=agreed, mean_logprob=heard.mean_logprob, final=look.final)
            if taken or look.length_s >= OVERLAP_S:
                return Outcome(name, harmless, 1000 * (look.at_s + ANSWER_S), heard.text)
        return Outcome(name, harmless, None, "")

    def _looks(self, pcm: Floats) -> Iterator[Look]:
        state, segmenter = self._vad.new_state(), Segmenter()
        onset, noticed, look_at_s = 0, 0, float("inf")
        for end in range(FRAME_SAMPLES, len(pcm) + 1, FRAME_SAMPLES):
            (answer,) = self._vad.run([VadJob(pcm[None, end - FRAME_SAMPLES : end], state)])
            if isinstance(answer, Exception):
                raise answer
            state = answer.state
            for event in segmenter.feed(answer.probs):
                if isinstance(event, SpeechStarted):
                    onset, noticed = (onset, noticed) if noticed else (event.at_samples, end)
                    look_at_s = end / INPUT_RATE_HZ + FIRST_LOOK_S
                else:
                    look_at_s = float("inf")
                    yield _look(pcm, onset, noticed, end, event.at_samples)
            if end / INPUT_RATE_HZ >= look_at_s:
                look_at_s = end / INPUT_RATE_HZ + ANSWER_S + LOOK_EVERY_S
                yield _look(pcm, onset, noticed, end, None)


def _look(pcm: Floats, onset: int, noticed: int, now: int, voice_end: int | None) -> Look:
    end = now if voice_end is None else min(now, voice_end + int(TAIL_S * INPUT_RATE_HZ))
    window = pcm[max(0, onset - int(PRE_ROLL_S * INPUT_RATE_HZ)) : end]
    length = (now if voice_end is None else voice_end) - onset
    return Look((now - noticed) / INPUT_RATE_HZ, length / INPUT_RATE_HZ, window, voice_end is not None)


def make_sounds(clips: Sequence[Clip]) -> Iterator[tuple[str, Floats, bool]]:
    """Every sound with its name; True: it is harmless."""
    rng = np.random.default_rng(1)
    noises = [clip.pcm[: int(NOISE_S * INPUT_RATE_HZ)] for clip in only_noise(clips)]
    spoken = [clip for clip in whole_turns(clips) if clip.language == "en"]
    listened = [*sounds.backchannels(24), *sounds.laughs(12), *sounds.coughs(6)]

    def dressed(pcm: Floats) -> Floats:
        quiet = np.pad(pcm, (int(LEAD_S * INPUT_RATE_HZ), int(TRAIL_S * INPUT_RATE_HZ)))
        return (quiet + rng.normal(0, HISS, len(quiet))).astype(np.float32)

    for clip in spoken:
        level = float(np.sqrt(np.mean(np.square(clip.pcm))))
        yield clip.name, dressed(clip.pcm), False
        yield f"{clip.name}, soft", dressed(SOFT * clip.pcm), False
        noise = rng.normal(0, level * 10 ** (-NOISE_DB / 20), len(clip.pcm)).astype(np.float32)
        yield f"{clip.name}, in noise", dressed(clip.pcm + noise), False
    for clip in listened:
        yield clip.name, dressed(clip.pcm), True
        yield f"{clip.name}, soft", dressed(SOFT * clip.pcm), True
    for i, pcm in enumerate(noises):
        yield f"noise {i}", dressed(pcm), True


def main(argv: Sequence[str]) -> int:
    """Prints what went wrong, and writes the figures to out/bench/overlap_words.json."""
    parser = argparse.ArgumentParser(prog="bench.overlap_words", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--clips", type=Path, default=HOUSE / "tests" / "clips", help="folder with manifest.csv")
    parser.add_argument("--out", type=Path, default=HOUSE / "out" / "bench", help="folder for overlap_words.json")
    options = parser.parse_args(argv)
    try:
        clips = load_clips(options.clips)
    except ClipError as error:
        print(f"overlap_words: {error}", file=sys.stderr)
        return 1
    listener = Listener()
    outcomes = [listener.outcome(name, pcm, harmless=harmless) for name, pcm, harmless in make_sounds(clips)]
    words = [outcome for outcome in outcomes if not outcome.harmless]
    harmless = [outcome for outcome in outcomes if outcome.harmless]
    for outcome in outcomes:
        if outcome.harmless == (outcome.took_ms is not None):
            print(f"  WRONG {outcome.name}: {outcome.heard!r}")
    figures = {
        **{f"words_took_p{q}_ms": percentile([o.took_ms for o in words if o.took_ms is not None], q) for q in (50, 95)},
        "words_missed_rate": rate(o.took_ms is None for o in words),
        "false_turn_rate": rate(o.took_ms is not None for o in harmless),
        "n_words": len(words),
        "n_harmless": len(harmless),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "overlap_words.json").write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    print(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
