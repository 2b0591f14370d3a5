"""Waiting against cutting off: what each rule for the end of a turn costs, on recorded speech.

`python -m bench.endpointing --clips tests/clips ../shared/data` listens to every English clip as the server does
(VAD frame by frame, Segmenter; at each pause notice Whisper, Smart Turn and the ending model) and asks every rule how
long it would have waited: at the true end that is delay, in a pause inside the turn it decides whether the fan is cut
off. Writes endpointing.json (flat), endpointing.png and the table of pauses, endpointing_pauses.json, from which the
next run starts: listening takes minutes. What comes next: endpointing_fit.py fits the weights of
speech/endpointing.py.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Picture
from numpy.typing import NDArray

from bench.clips import Clip, ClipError, load_clips, whole_turns, with_pauses
from bench.measures import percentile, rate
from bench.pauses import Listener, Pause
from bench.server_process import HOUSE
from protocol.errors import StagedoorError
from server.model_store.store import ModelError
from speech.endpointing import Thought, required_silence_ms, thought

INNER_PAUSE_MS = 250.0  # a shorter gap is a stop consonant or a breath
LONG_PAUSE_MS = 700.0  # what counts as a long one: the clips' pauses were widened to 0.8-2.0 s, by their own measure
WIDENED_MS = (800.0, 1000.0, 1200.0, 1600.0, 2000.0)
NOTICED_MS = 64.0  # a voice that goes on is noticed this much later, so a pause must be survived for longer
SAME_WORDS = 4  # takes of one sentence that are heard; the emotional clips say two of them 38 times

SOUNDS_COMPLETE = 0.7  # Smart Turn's probability from which its line waits no longer

Rule = Callable[[Pause], float]


# --- rules ----------------------------------------------------------------------------------------------------


def silence_only(pause: Pause, *, patience: float) -> float:
    """The same for everybody."""
    return 1000 * patience


def smart_turn_only(pause: Pause, *, patience: float) -> float:
    """From 200 ms up to `patience` s more, by sound alone."""
    return 200 + 1000 * patience * float(np.interp(pause.complete_prob, (0.0, SOUNDS_COMPLETE), (1.0, 0.0)))


def ending_only(pause: Pause, *, patience: float) -> float:
    """From 200 ms up to `patience` s more, by the language model's idea of the sentence's end alone."""
    return 200 + 1000 * patience * float(np.interp(pause.ending_prob or 0.0, (0.0, 0.3), (1.0, 0.0)))


def without_models(pause: Pause, *, patience: float) -> float:
    """As the server under load or in another language, by the kind and number of words."""
    return patience * required_silence_ms(pause.text, ending_prob=None, complete_prob=None)


def fusion(pause: Pause, *, patience: float = 0.0) -> float:
    """As the server; `patience` is taken off the log-odds, 0 is what it does."""
    return required_silence_ms(
        pause.text, ending_prob=pause.ending_prob, complete_prob=pause.complete_prob, caution=patience
    )


RULES: Mapping[str, tuple[Callable[..., float], NDArray[np.float64]]] = {
    "silence only": (silence_only, np.linspace(0.1, 2.2, 43)),
    "Smart Turn only": (smart_turn_only, np.linspace(0.0, 4.0, 41)),
    "sentence end only": (ending_only, np.linspace(0.0, 4.0, 41)),
    "words without models": (without_models, np.linspace(0.15, 3.0, 58)),
    "all together": (fusion, np.linspace(-2.5, 3.0, 56)),
}


# --- figures --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Evidence:
    """The ends of turns, and the pauses inside turns that are worth the name."""

    ends: Sequence[Pause]
    inner: Sequence[Pause]

    @classmethod
    def of(cls, pauses: Iterable[Pause], keep: Callable[[Pause], bool] = lambda pause: True) -> "Evidence":
        kept = [pause for pause in pauses if keep(pause)]
        inner = [pause for pause in kept if (pause.silent_ms or 0) >= INNER_PAUSE_MS]
        return cls([pause for pause in kept if pause.true_end], inner)

    def delays_ms(self, rule: Rule) -> list[float]:
        """The silence that each true end has to wait for."""
        return [rule(end) for end in self.ends]

    def cutoff_rate(self, rule: Rule, at_least_ms: float = INNER_PAUSE_MS) -> float | None:
        """Share of the turns with such a pause that would be answered before they go on; pauses as they were."""
        cut: dict[str, bool] = {}
        for pause in self.inner:
            if pause.silent_ms is not None and pause.silent_ms >= at_least_ms:
                answered = rule(pause) < pause.silent_ms + NOTICED_MS
                cut[pause.clip] = cut.get(pause.clip, False) or answered
        return rate(cut.values())

    def widened_cutoff_rate(self, rule: Rule, lengths_ms: Sequence[float] = WIDENED_MS) -> float | None:
        """Share of the pauses in which the fan would be cut off, were each as long as these in turn."""
        return rate(rule(pause) < length + NOTICED_MS for pause in self.inner for length in lengths_ms)


def figures_of(evidence: Evidence, rule: Rule = fusion) -> dict[str, float | None]:
    """What one rule does to one set of pauses."""
    delays = evidence.delays_ms(rule)
    questions = [rule(end) for end in evidence.ends if thought(end.text) is Thought.QUESTION]
    return {
        "cutoff_rate": evidence.cutoff_rate(rule, LONG_PAUSE_MS),
        "cutoff_rate_any_pause": evidence.cutoff_rate(rule),
        "cutoff_rate_widened": evidence.widened_cutoff_rate(rule),
        **{f"cutoff_rate_widened_{ms:.0f}ms": evidence.widened_cutoff_rate(rule, [ms]) for ms in WIDENED_MS},
        "end_delay_p50_ms": percentile(delays, 50),
        "end_delay_p95_ms": percentile(delays, 95),
        "end_delay_mean_ms": round(float(np.mean(delays)), 1) if delays else None,
        "question_delay_p50_ms": percentile(questions, 50),
        "n_ends": len(evidence.ends),
        "n_pauses": len(evidence.inner),
        "n_long_pauses": sum((pause.silent_ms or 0) >= LONG_PAUSE_MS for pause in evidence.inner),
    }


def summarise(pauses: Sequence[Pause]) -> dict[str, float | None]:
    """The figures of people, of both halves of them, and of the synthetic clips; what a second look would bring."""
    people = [pause for pause in pauses if not pause.synthetic]
    parts = {
        "": Evidence.of(people),
        "fit_": Evidence.of(people, lambda pause: pause.in_fit_half),
        "check_": Evidence.of(people, lambda pause: not pause.in_fit_half),
        "synthetic_": Evidence.of(pauses, lambda pause: pause.synthetic),
    }
    figures = {f"{name}{key}": value for name, part in parts.items() for key, value in figures_of(part).items()}
    kinds = Counter(f"n_ends_{thought(end.text).name.lower()}" for end in parts[""].ends)
    kinds.update(f"n_pauses_{thought(pause.text).name.lower()}" for pause in parts[""].inner)
    return {**figures, **dict(sorted(kinds.items())), **_second_look(parts[""])}


def _second_look(evidence: Evidence) -> dict[str, float | None]:
    """How often Smart Turn ranks a true end above an inner pause: when it is noticed, and 300 ms after it began."""
    ends = [end for end in evidence.ends if end.later_prob is not None]
    inner = [pause for pause in evidence.inner if pause.later_prob is not None]
    if not ends or not inner:
        return {}
    looks = {
        "first": ([p.complete_prob for p in ends], [p.complete_prob for p in inner]),
        "second": ([p.later_prob or 0.0 for p in ends], [p.later_prob or 0.0 for p in inner]),
    }
    return {f"ranked_right_{name}_look": _ranked_right(*probs) for name, probs in looks.items()}


def _ranked_right(ends: Sequence[float], inner: Sequence[float]) -> float:
    difference = np.subtract.outer(ends, inner)
    return round(float((difference > 0).mean() + (difference == 0).mean() / 2), 3)


# --- the picture ----------------------------------------------------------------------------------------------

INK, QUIET, GRID = "#1f2430", "#6b7280", "#e5e7eb"
LINES = {
    "silence only": "#9aa0ab",
    "Smart Turn only": "#2563a8",
    "sentence end only": "#3f8f5b",
    "words without models": "#a67c1b",
    "all together": "#b4501f",
}
SHOWN_DELAY_MS = 2000.0


def draw(pauses: Sequence[Pause], path: Path) -> None:
    """Writes a PNG: cut-offs against delay for each rule, people on the left, synthetic fans on the right."""
    panels = {
        "people: read speech, meetings, acted": Evidence.of(pauses, lambda pause: not pause.synthetic),
        "synthetic fans": Evidence.of(pauses, lambda pause: pause.synthetic),
    }
    panels = {name: part for name, part in panels.items() if part.ends and part.inner}
    picture = Picture(figsize=(7 * len(panels), 5.6), dpi=110, facecolor="white")
    axes = picture.subplots(1, len(panels), squeeze=False)[0]
    for panel, (name, part) in zip(axes, panels.items(), strict=True):
        _draw_panel(panel, name, part)
    picture.suptitle(
        "Cut off or kept waiting: pauses inside a turn, widened to 0.8-2.0 s, against the silence at true ends",
        x=0.02, ha="left", fontsize=12.5, color=INK,
    )  # fmt: skip
    picture.tight_layout(rect=(0, 0, 1, 0.97))
    picture.savefig(path)


def _draw_panel(panel: Any, name: str, part: Evidence) -> None:
    for label, (rule, patiences) in RULES.items():
        rules = [partial(rule, patience=float(patience)) for patience in patiences]
        mean_ms = [float(np.mean(part.delays_ms(each))) for each in rules]
        cut = [100 * (part.widened_cutoff_rate(each) or 0.0) for each in rules]
        panel.plot(mean_ms, cut, color=LINES[label], linewidth=2.2, label=label)
    delays = part.delays_ms(fusion)
    at_ms, at_cut = float(np.mean(delays)), 100 * (part.widened_cutoff_rate(fusion) or 0.0)
    p50, p95 = np.percentile(delays, (50, 95))
    panel.plot([at_ms], [at_cut], "o", color=INK, markersize=8, zorder=5)
    panel.annotate(
        f"chosen: {at_cut:.0f} % at {at_ms:.0f} ms\n(p50 {p50:.0f}, p95 {p95:.0f} ms)",
        (at_ms, at_cut), (12, 12), textcoords="offset points", fontsize=10, color=INK,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8},
    )  # fmt: skip
    panel.set_title(f"{name}: {len(part.ends)} ends, {len(part.inner)} pauses", loc="left", fontsize=11, color=INK)
    panel.set_xlim(0, SHOWN_DELAY_MS)
    panel.set_ylim(0, 102)
    panel.set_xlabel("mean silence that a true end must wait for (ms)", color=QUIET)
    panel.set_ylabel("cut off in a pause (%)", color=QUIET)
    panel.legend(frameon=False, loc="upper right", labelcolor=INK)
    panel.tick_params(colors=QUIET, length=0)
    panel.grid(color=GRID, linewidth=0.8)
    panel.set_axisbelow(True)
    for side in panel.spines.values():
        side.set_visible(False)


# --- the command ----------------------------------------------------------------------------------------------


def main(argv: Sequence[str]) -> int:
    """Listens to what it has not heard yet, and writes the files; 1 when clips or models are missing."""
    options = _parser().parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        clips = _varied(clip for folder in options.clips for clip in load_clips(folder))
        pauses = _pauses_of(clips, options.out / "endpointing_pauses.json", fresh=options.fresh)
    except (ClipError, ModelError, StagedoorError) as error:
        print(f"endpointing: {error}", file=sys.stderr)
        return 1
    figures = summarise(pauses)
    (options.out / "endpointing.json").write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    draw(pauses, options.out / "endpointing.png")
    width = max(map(len, figures))
    print("\n".join(f"  {name:<{width}}  {value}" for name, value in figures.items()))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.endpointing", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--clips", type=Path, nargs="+", default=[HOUSE / "tests" / "clips"], help="with manifest.csv")
    parser.add_argument("--out", type=Path, default=HOUSE / "out" / "bench")
    parser.add_argument("--fresh", action="store_true", help="listen again to what was heard before")
    return parser


def _varied(clips: Iterable[Clip]) -> list[Clip]:
    """Turns and pauses, each name once, each sentence at most SAME_WORDS times."""
    by_name = {clip.name: clip for clip in clips}
    takes: Counter[str] = Counter()
    chosen = []
    for clip in (*whole_turns(list(by_name.values())), *with_pauses(list(by_name.values()))):
        takes[clip.text] += 1
        if not clip.text or takes[clip.text] <= SAME_WORDS:
            chosen.append(clip)
    return chosen


def _pauses_of(clips: Sequence[Clip], table: Path, *, fresh: bool) -> list[Pause]:
    """From the table of an earlier run where it has them."""
    rows = json.loads(table.read_text("utf-8")) if table.exists() and not fresh else []
    known = [Pause(**row) for row in rows]
    names = {pause.clip for pause in known}
    unheard = [clip for clip in clips if clip.name not in names]
    if unheard:
        listener = Listener()
        for done, clip in enumerate(unheard, 1):
            known += listener.pauses(clip)
            print(f"\r  listened to {done}/{len(unheard)} clips", end="", flush=True)
        listener.close()
        print()
        table.write_text(json.dumps([asdict(pause) for pause in known], indent=1, ensure_ascii=False) + "\n", "utf-8")
    asked = {clip.name for clip in clips}
    return [pause for pause in known if pause.clip in asked]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
