"""An event's report as one picture of six charts. Blocking, and matplotlib is no friend of threads: one at a time.

What comes next: report_routes.py sends it.
"""

import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from server.after.report import EventReport, VisitFigures, number_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAPER, INK, SOFT, LINE = "#fffaf3", "#24141a", "#6b4a4f", "#e3cdb8"
WARM, DEEP, GOLD = "#c8694a", "#5b3a63", "#d9a441"
SIZE_IN: Final = (13.0, 7.4)
DPI: Final = 120
FULL: Final = 4  # so many make a bar as long as it gets: one visit alone should not look like a crowd
END_WORDS: Final[Mapping[str, str]] = {"": "not over yet"}


def draw(report: EventReport) -> bytes:
    """A PNG of SIZE_IN at DPI."""
    file = io.BytesIO()
    figure_of(report).savefig(file, format="png", facecolor=PAPER)
    return file.getvalue()


def figure_of(report: EventReport) -> "Figure":
    """The six charts, not rendered yet."""
    from matplotlib.figure import Figure  # noqa: PLC0415  (half a second, and only when somebody looks)
    from matplotlib.layout_engine import ConstrainedLayoutEngine  # noqa: PLC0415

    room = ConstrainedLayoutEngine(w_pad=0.22, h_pad=0.2, wspace=0.02, hspace=0.03)  # inches, then shares
    picture = Figure(figsize=SIZE_IN, dpi=DPI, facecolor=PAPER, layout=room)
    picture.suptitle(f"{_plain(report.title)}\n{_headline(report)}", color=INK, fontsize=14, fontfamily="DejaVu Serif")
    axes = picture.subplots(2, 3).flat
    _bars(axes[0], "Stars", [str(n) for n in range(1, 6)], report.stars, GOLD)
    _histogram(axes[1], "Wait in line (minutes)", [visit.waited_s / 60 for visit in report.each], WARM)
    stays = [visit.stayed_s / 60 for visit in report.each if visit.stayed_s is not None]
    _histogram(axes[2], "Time with the avatar (minutes)", stays, WARM)
    _answers(axes[3], report.each)
    ends = {END_WORDS.get(state, state.replace("_", " ")): count for state, count in sorted(report.tickets.items())}
    _across(axes[4], "Tickets", ends, DEEP)
    _across(axes[5], "The host stepped in", {k.replace("_", " "): n for k, n in report.interventions.items()}, DEEP)
    return picture


def _headline(report: EventReport) -> str:
    parts = [number_of("visit", report.visits), number_of("turn", report.turns)]
    if report.satisfaction_mean is not None:
        parts.append(f"{report.satisfaction_mean:.1f} of 5 stars from {report.satisfaction_n}")
    if report.v2v_p50_ms is not None:
        parts.append(f"answered in {report.v2v_p50_ms:.0f} ms")
    return "  ·  ".join(parts)


def _plain(title: str) -> str:
    """A title in which nothing is mathematics."""
    return title.replace("$", r"\$")


def _dress(axes: Any, title: str) -> None:
    axes.set_title(title, color=INK, fontsize=11, loc="left", pad=10)
    axes.set_facecolor(PAPER)
    axes.tick_params(colors=SOFT, labelsize=9, length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(LINE)


def _nothing(axes: Any) -> None:
    axes.text(0.5, 0.5, "nothing to show", color=SOFT, ha="center", va="center", transform=axes.transAxes)
    axes.set_xticks([])
    axes.set_yticks([])


def _bars(axes: Any, title: str, names: Sequence[str], counts: Sequence[int], colour: str) -> None:
    _dress(axes, title)
    if not any(counts):
        _nothing(axes)
        return
    axes.bar_label(axes.bar(names, counts, color=colour, width=0.7), color=INK, fontsize=9, padding=2)
    axes.set_yticks([])
    axes.set_ylim(0, 1.15 * max(FULL, *counts))


def _across(axes: Any, title: str, counts: Mapping[str, int], colour: str) -> None:
    _dress(axes, title)
    if not counts:
        _nothing(axes)
        return
    most = sorted(counts.items(), key=lambda item: (item[1], item[0]))[-8:]
    bars = axes.barh([name for name, _ in most], [count for _, count in most], color=colour, height=0.6)
    axes.bar_label(bars, color=INK, fontsize=9, padding=3)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.set_xlim(0, 1.12 * max(FULL, *counts.values()))
    axes.set_ylim(min(0, len(most) - FULL) - 0.5, len(most) - 0.5)  # few bars stand at the top, none is a wall


def _histogram(axes: Any, title: str, values: Sequence[float], colour: str) -> None:
    _dress(axes, title)
    if not values:
        _nothing(axes)
        return
    until = float(max(1, math.ceil(max(values))))
    heights, _, _ = axes.hist(
        values, bins=min(12, max(5, len(set(values)))), range=(0.0, until), color=colour, rwidth=0.92
    )
    axes.set_xlim(0, until)
    axes.set_ylim(0, 1.05 * max(FULL, *heights))
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.grid(axis="y", color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)


def _answers(axes: Any, each: Sequence[VisitFigures]) -> None:
    """Each visit's median as a dot, and a line up to its 95th percentile."""
    _dress(axes, "Time to answer (ms)")
    known = [(v.answered_p50_ms, v.answered_p95_ms) for v in each if v.answered_p50_ms is not None]
    if not known:
        _nothing(axes)
        return
    numbers = range(1, len(known) + 1)
    medians = [median for median, _ in known]
    highs = [high if high is not None else median for median, high in known]
    axes.vlines(numbers, medians, highs, color=LINE, linewidth=3)
    axes.plot(numbers, medians, "o", color=WARM, markersize=4.5)
    axes.set_xlabel("each visit's median, and a line to its 95th percentile", color=SOFT, fontsize=9)
    axes.set_xlim(0.5, max(FULL, len(known)) + 0.5)
    axes.set_ylim(0, 1.1 * max(highs))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(axis="y", color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
