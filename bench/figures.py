"""The pictures of a run: how answers spread, where the time goes, what stopped the avatar, which targets are met."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from matplotlib.figure import Figure as Picture

from bench.measures import TurnScore, stage_medians
from bench.overlap import OverlapScore

INK, QUIET, GRID = "#1f2430", "#6b7280", "#e5e7eb"
COLOURS = {
    "language model": "#b4501f", "opening": "#b7791f", "the model's words behind it": "#7c5cb8", "prepared": "#2563a8",
    "several fans at once": "#8a8f99", "Stagedoor": "#b4501f", "Pipecat, fast": "#8a8f99",
}  # fmt: skip
RIGHT, WRONG = "#0f766e", "#c2410c"
SOUNDS = {
    "words": "words: must stop it", "backchannel": "“uh-huh”, “wow”", "laugh": "laughs", "cough": "coughs",
    "noise": "noise", "echo": "its own echo",
}  # fmt: skip
PAPER = {"facecolor": "white", "alpha": 0.9, "linewidth": 0, "pad": 0.8}  # behind text that a line may cross
LONGEST_BAR = 4.0  # times the target; what is longer is cut there, its number stands beside
BEFORE_COMMIT = "#5b6b82"
AFTER_COMMIT = "#b4501f"
OUTSIDE_V2V = frozenset({"fan_speaks"})  # the fan's own time
TARGET_MS = 200
FEW = 5  # turns; the 95th percentile of fewer is no more than their maximum


class Turns(Protocol):
    """The turns of a run."""

    alone: list[TurnScore]
    prepared: list[TurnScore]
    together: list[TurnScore]


def draw_v2v(figures: Mapping[str, Any], alone: Sequence[TurnScore], together: Sequence[TurnScore], path: Path) -> None:
    """Writes a PNG: the spread of voice-to-voice on the left, the median stages on the right."""
    picture = Picture(figsize=(14, 6), dpi=110, facecolor="white")
    spread, stages = picture.subplots(1, 2, gridspec_kw={"width_ratios": [1.25, 1]})
    _draw_spread(spread, _groups(alone, (), together))
    _draw_stages(stages, stage_medians(alone))
    picture.suptitle(_title(figures), x=0.065, y=0.96, ha="left", fontsize=13, color=INK, linespacing=1.5)
    picture.subplots_adjust(left=0.065, right=0.97, top=0.86, bottom=0.1, wspace=0.3)
    picture.savefig(path)


def draw_ears(
    figures: Mapping[str, Any], targets: Mapping[str, float], turns: Turns, overlaps: Sequence[OverlapScore], path: Path
) -> None:
    """Writes a PNG: spread and stages above, interruptions and targets below."""
    picture = Picture(figsize=(15, 12), dpi=110, facecolor="white")
    panels: Any = picture.subplots(2, 2, gridspec_kw={"width_ratios": [1.25, 1]})
    _draw_spread(panels[0, 0], _groups(turns.alone, turns.prepared, turns.together))
    _draw_stages(panels[0, 1], stage_medians(turns.alone))
    _draw_overlaps(panels[1, 0], overlaps)
    _draw_targets(panels[1, 1], figures, targets)
    picture.suptitle(_title(figures), x=0.08, y=0.975, ha="left", fontsize=13, color=INK, linespacing=1.5)
    picture.subplots_adjust(left=0.08, right=0.97, top=0.915, bottom=0.06, wspace=0.36, hspace=0.22)
    picture.savefig(path)


def draw_peer(figures: Mapping[str, Any], ours: Sequence[float], theirs: Sequence[float], path: Path) -> None:
    """Writes a PNG: every turn of both systems on one axis."""
    picture = Picture(figsize=(12, 4.5), dpi=110, facecolor="white")
    panel: Any = picture.subplots()
    _draw_spread(panel, {name: values for name, values in (("Stagedoor", ours), ("Pipecat, fast", theirs)) if values})
    ratio = figures.get("peer_ratio_p50")
    said = "nothing to compare" if ratio is None else f"p50 is {ratio:.2f} of Pipecat's, 1/{1 / max(ratio, 1e-3):.1f}"
    picture.suptitle(
        f"Voice to voice, same harness, clips, models and machine: {said}\n"
        f"of {figures['ours_turns']} and {figures['pipecat_turns']} turns cut off {figures['ours_cut_off']} and "
        f"{figures['pipecat_cut_off']}, unanswered {figures['ours_no_reply']} and {figures['pipecat_no_reply']}",
        x=0.04, y=0.96, ha="left", fontsize=12.5, color=INK, linespacing=1.5,
    )  # fmt: skip
    picture.subplots_adjust(left=0.04, right=0.97, top=0.8, bottom=0.13)
    picture.savefig(path)


def _groups(
    alone: Sequence[TurnScore], prepared: Sequence[TurnScore], together: Sequence[TurnScore]
) -> dict[str, list[float]]:
    """What is drawn as a row of dots each; a row of nothing is left out."""
    ready = [s for s in (*alone, *prepared) if s.kind in ("prepared", "disclosure")]
    groups = {
        "prepared": [s.v2v_ms for s in ready],
        "opening": [s.v2v_ms for s in alone if s.kind == "opening"],
        "the model's words behind it": [s.llm_words_ms for s in alone if s.kind == "opening"],
        "language model": [s.v2v_ms for s in alone if s.kind == "llm"],
        "several fans at once": [s.v2v_ms for s in together],
    }
    known = {name: [value for value in values if value is not None] for name, values in groups.items()}
    return {name: values for name, values in known.items() if values}


def _title(figures: Mapping[str, Any]) -> str:
    def ms(name: str) -> str:
        return "–" if figures.get(name) is None else f"{figures[name]:.0f}"

    def share(name: str) -> str:
        return "–" if figures.get(name) is None else f"{figures[name]:.0%}"

    return (
        f"Voice to voice: p50 {ms('v2v_p50_ms')} ms, p95 {ms('v2v_p95_ms')} ms;  cut off in a pause "
        f"{share('cutoff_rate')}, missed {share('missed_turn_rate')}\n"
        f"{figures['n_turns']} turns of one fan ({figures['n_synthetic']} synthetic clips), {figures['cores']} cores, "
        f"other work on them {figures['other_cpu_cores']:.1f} cores"
    )


def _draw_spread(panel: Any, groups: Mapping[str, Sequence[float]]) -> None:
    """One row a group: every turn a dot, the median and the 95th percentile as ticks."""
    rng = np.random.default_rng(3)
    for row, (name, values) in enumerate(groups.items()):
        y = len(groups) - 1 - row
        panel.scatter(
            values, y + rng.uniform(-0.13, 0.13, len(values)), s=34, color=COLOURS[name], alpha=0.65, linewidth=0
        )
        shown = [f"{name} ({len(values)})"]
        for q in (50, 95) if len(values) >= FEW else (50,):
            at_ms = float(np.percentile(values, q))
            panel.plot([at_ms, at_ms], [y - 0.24, y + 0.24], color=INK, linewidth=1.6)
            shown.append(f"p{q} {at_ms:.0f}")
        panel.text(
            0.0, y + 0.36, "   ".join(shown), fontsize=10.5, color=COLOURS[name], weight="bold", bbox=PAPER, zorder=3
        )
    longest_ms = max((max(values) for values in groups.values()), default=1000.0)
    panel.axvline(TARGET_MS, color=QUIET, linewidth=1, linestyle=(0, (4, 2)))
    panel.text(TARGET_MS, -0.47, f" {TARGET_MS} ms, a human gap", fontsize=9, color=QUIET, va="bottom")
    panel.set_xlim(0, 1.08 * longest_ms)
    panel.set_ylim(-0.5, max(1, len(groups)) - 0.3)
    panel.set_xlabel("ms from the fan's last voiced sample to the first audible one of the reply", color=QUIET)
    _plain(panel)


def _draw_stages(panel: Any, medians: Mapping[str, float]) -> None:
    """A bar a stage, in the order of the report. They overlap in time: their sum is not the latency."""
    shown = [(name.replace("_", " "), ms) for name, ms in medians.items() if name not in OUTSIDE_V2V]
    for row, (name, ms) in enumerate(shown):
        y = len(shown) - 1 - row
        panel.barh(y, ms, height=0.6, color=AFTER_COMMIT if name == "commit to face" else BEFORE_COMMIT)
        panel.text(ms, y, f"  {ms:.0f}", va="center", fontsize=10, color=INK)
    panel.set_yticks(range(len(shown)), [name for name, _ in reversed(shown)], fontsize=10.5, color=INK)
    panel.set_xlim(0, 1.15 * max((ms for _, ms in shown), default=1.0))
    panel.set_xlabel("median length in ms, one fan; stages overlap in time", color=QUIET)
    _plain(panel)
    panel.tick_params(axis="y", labelleft=True)


def _draw_overlaps(panel: Any, scores: Sequence[OverlapScore]) -> None:
    """A row a kind of sound: when each fell silent (a dot) or was made fainter (a tick), and how many went on."""
    rows = [kind for kind in SOUNDS if any(score.sound == kind for score in scores)]
    rng = np.random.default_rng(5)
    for row, kind in enumerate(rows):
        own = [score for score in scores if score.sound == kind]
        y = len(rows) - 1 - row
        lift = y + rng.uniform(-0.14, 0.14, len(own))
        stopped = [(s.silent_ms, at) for s, at in zip(own, lift, strict=True) if s.stopped and s.silent_ms is not None]
        ducked = [(s.duck_ms, at) for s, at in zip(own, lift, strict=True) if s.duck_ms is not None]
        colour = RIGHT if kind == "words" else WRONG
        panel.scatter(*zip(*ducked, strict=True), s=46, color=QUIET, marker="|") if ducked else None
        panel.scatter(*zip(*stopped, strict=True), s=34, color=colour, alpha=0.7, linewidth=0) if stopped else None
        panel.text(0.0, y + 0.27, SOUNDS[kind], fontsize=10.5, color=INK, weight="bold", bbox=PAPER)
        wrong = len(own) - len(stopped) if kind == "words" else len(stopped)
        verdict = f"{len(stopped)} of {len(own)} stopped it"
        panel.text(1.0, y + 0.27, verdict, transform=panel.get_yaxis_transform(), ha="right", fontsize=9.5,
                   color=WRONG if wrong else RIGHT)  # fmt: skip
    longest_ms = max((max(s.silent_ms or 0.0, s.duck_ms or 0.0) for s in scores), default=0.0)
    panel.axvline(TARGET_MS, color=QUIET, linewidth=1, linestyle=(0, (4, 2)))
    panel.set_xlim(0, max(2.0 * TARGET_MS, 1.08 * longest_ms))
    panel.set_ylim(-0.5, max(1, len(rows)) - 0.3)
    panel.set_xlabel("ms from the fan's first voiced sample; dot: silent, tick: fainter", color=QUIET)
    _plain(panel)


def _draw_targets(panel: Any, figures: Mapping[str, Any], targets: Mapping[str, float]) -> None:
    """A bar a target: how many times its limit the figure is."""
    for row, (name, limit) in enumerate(targets.items()):
        y, value = len(targets) - 1 - row, figures.get(name)
        if not isinstance(value, float | int):
            panel.text(0.04, y, "not measured", va="center", fontsize=9.5, color=QUIET, bbox=PAPER)
            continue
        bar = min(value / limit, LONGEST_BAR)
        panel.barh(y, bar, height=0.6, color=RIGHT if value <= limit else WRONG)
        told = f"{value:.0f}" if limit >= 10 else f"{value:.2g}"
        panel.text(max(bar, 1.0) + 0.05, y, f"{told} of {limit:g}", va="center", fontsize=9.5, color=INK)
    panel.axvline(1.0, color=INK, linewidth=1.2)
    names = [name.removesuffix("_ms").replace("_", " ") for name in targets]
    panel.set_yticks(range(len(targets)), names[::-1], fontsize=10, color=INK)
    panel.set_xlim(0, LONGEST_BAR + 1.1)
    panel.set_ylim(-0.6, len(targets) - 0.4)
    panel.set_xlabel("times the target; left of the line: met", color=QUIET)
    _plain(panel)
    panel.tick_params(axis="y", labelleft=True)


def _plain(panel: Any) -> None:
    panel.tick_params(left=False, labelleft=False, bottom=False, colors=QUIET)
    panel.grid(axis="x", color=GRID, linewidth=0.8)
    panel.set_axisbelow(True)
    for side in panel.spines.values():
        side.set_visible(False)
