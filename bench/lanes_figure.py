"""The picture of a run of lanes.py: gains of batching, the curve of fans, waits in the lanes, memory."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure as Picture

from bench.batches import SIZES
from bench.figures import GRID, INK, QUIET
from bench.load import LEVELS, V2V_BOUND_MS

COLOURS = {
    "asr": "#2563a8", "vad": "#7c5cb8", "turn": "#3f8f3f", "meaning": "#b7791f", "tts": "#0f766e", "llm": "#b4501f",
    "ending": "#8a8f99",
}  # fmt: skip


def draw_lanes(figures: Mapping[str, Any], path: Path) -> None:
    """Writes a PNG with four panels; what was not measured stays empty."""
    picture = Picture(figsize=(14, 10), dpi=110, facecolor="white")
    panels: Any = picture.subplots(2, 2)
    _draw_gains(panels[0, 0], figures)
    _draw_curve(panels[0, 1], figures)
    _draw_waits(panels[1, 0], figures)
    _draw_memory(panels[1, 1], figures)
    picture.subplots_adjust(left=0.07, right=0.97, top=0.94, bottom=0.07, wspace=0.22, hspace=0.32)
    picture.savefig(path)


def _levels(figures: Mapping[str, Any]) -> list[int]:
    return [fans for fans in LEVELS if f"fans{fans}_v2v_p50_ms" in figures]


def _draw_gains(panel: Any, figures: Mapping[str, Any]) -> None:
    _begin(panel, "Jobs in one call, against one by one", "jobs in a call", "times as many jobs a second")
    shown = {
        name: [float(figures[f"{name}_batch{size}_speedup"]) for size in SIZES]
        for name in COLOURS
        if f"{name}_batch1_speedup" in figures
    }
    low = 0.0
    for name, gains in sorted(shown.items(), key=lambda item: item[1][-1]):
        panel.plot(SIZES, gains, marker="o", color=COLOURS[name], linewidth=1.8)
        low = max(gains[-1], low + 0.05 * max(each[-1] for each in shown.values()))  # labels never lie on each other
        panel.text(SIZES[-1] * 1.06, low, name, color=COLOURS[name], va="center", fontsize=10)
    panel.axhline(1.0, color=QUIET, linewidth=0.8, linestyle=(0, (4, 2)))
    panel.set_xscale("log", base=2)
    panel.set_xticks(SIZES, [str(size) for size in SIZES])
    panel.set_xlim(0.95, 12)
    panel.set_ylim(bottom=0)


def _draw_curve(panel: Any, figures: Mapping[str, Any]) -> None:
    capacity = figures.get("capacity_fans", 0)
    title = f"This machine serves {capacity} fan{'s' * (capacity != 1)} within {V2V_BOUND_MS:.0f} ms"
    _begin(panel, title, "fans at once", "voice to voice (ms)")
    fans = _levels(figures)
    for q, colour, label in ((50, "#2563a8", "p50"), (95, "#b4501f", "p95")):
        values = [figures[f"fans{n}_v2v_p{q}_ms"] or 0.0 for n in fans]
        panel.plot(fans, values, marker="o", color=colour, linewidth=1.8)
        if fans:
            panel.text(fans[-1], values[-1], f"  {label}", color=colour, va="center", fontsize=10)
    panel.axhline(V2V_BOUND_MS, color=QUIET, linewidth=1.0, linestyle=(0, (4, 2)))
    panel.set_xticks(fans)
    panel.set_xlim(0.7, max(fans, default=1) + 0.8)
    panel.set_ylim(bottom=0)


def _draw_waits(panel: Any, figures: Mapping[str, Any]) -> None:
    _begin(panel, "Waiting in the lanes", "fans at once", "mean wait (ms)")
    fans = _levels(figures)
    for lane, colour in COLOURS.items():
        waits = [figures.get(f"fans{n}_{lane}_wait_ms", 0.0) for n in fans]
        if max(waits, default=0.0) > 0.0:
            panel.plot(fans, waits, marker="o", color=colour, linewidth=1.6, label=lane)
    panel.set_xticks(fans)
    panel.set_ylim(bottom=0)
    if fans:
        panel.legend(frameon=False, fontsize=9, labelcolor=INK, ncols=2)


def _draw_memory(panel: Any, figures: Mapping[str, Any]) -> None:
    talk = figures.get("soak_minutes_of_talk", 0)
    _begin(panel, f"Memory over {talk} minutes' worth of talk", "seconds", "server and engines (MB)")
    memory = figures.get("soak_memory", [])
    panel.plot([at for at, _ in memory], [mb for _, mb in memory], color="#0f766e", linewidth=1.6)
    panel.set_ylim(bottom=0)


def _begin(panel: Any, title: str, x: str, y: str) -> None:
    panel.set_title(title, loc="left", fontsize=12, color=INK)
    panel.set_xlabel(x, color=QUIET)
    panel.set_ylabel(y, color=QUIET)
    panel.grid(color=GRID, linewidth=0.8)
    panel.set_axisbelow(True)
    panel.tick_params(colors=QUIET, left=False, bottom=False)
    for side in panel.spines.values():
        side.set_visible(False)
