"""The picture of a latency run: how the answers spread, and where the time goes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Picture

from bench.measures import TurnScore, stage_medians

INK, QUIET, GRID = "#1f2430", "#6b7280", "#e5e7eb"
COLOURS = {"language model": "#b4501f", "prepared": "#2563a8", "several fans at once": "#8a8f99"}
BEFORE_COMMIT = "#5b6b82"
AFTER_COMMIT = "#b4501f"
OUTSIDE_V2V = frozenset({"fan_speaks"})  # the fan's own time
TARGET_MS = 200
FEW = 5  # turns; the 95th percentile of fewer is no more than their maximum


def draw_v2v(figures: Mapping[str, Any], alone: Sequence[TurnScore], together: Sequence[TurnScore], path: Path) -> None:
    """Writes a PNG: the spread of voice-to-voice on the left, the median stages on the right."""
    picture = Picture(figsize=(14, 6), dpi=110, facecolor="white")
    spread, stages = picture.subplots(1, 2, gridspec_kw={"width_ratios": [1.25, 1]})
    groups = {
        "language model": [s.v2v_ms for s in alone if s.kind == "llm" and s.v2v_ms is not None],
        "prepared": [s.v2v_ms for s in alone if s.kind in ("prepared", "disclosure") and s.v2v_ms is not None],
        "several fans at once": [s.v2v_ms for s in together if s.v2v_ms is not None],
    }
    _draw_spread(spread, {name: values for name, values in groups.items() if values})
    _draw_stages(stages, stage_medians(alone))
    picture.suptitle(_title(figures), x=0.065, y=0.96, ha="left", fontsize=13, color=INK, linespacing=1.5)
    picture.subplots_adjust(left=0.065, right=0.97, top=0.86, bottom=0.1, wspace=0.3)
    picture.savefig(path)


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
        for q in (50, 95) if len(values) >= FEW else (50,):
            at_ms = float(np.percentile(values, q))
            panel.plot([at_ms, at_ms], [y - 0.24, y + 0.24], color=INK, linewidth=1.6)
            panel.text(at_ms, y + 0.27, f"p{q} {at_ms:.0f}", ha="center", va="bottom", fontsize=9, color=INK)
        panel.text(0.0, y + 0.43, f"{name} ({len(values)})", fontsize=10.5, color=COLOURS[name], weight="bold")
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


def _plain(panel: Any) -> None:
    panel.tick_params(left=False, labelleft=False, bottom=False, colors=QUIET)
    panel.grid(axis="x", color=GRID, linewidth=0.8)
    panel.set_axisbelow(True)
    for side in panel.spines.values():
        side.set_visible(False)
