"""The report of an event: its figures, its table, its charts, and who may see them."""

import csv
import io
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from server.after.charts import DPI, SIZE_IN, draw, figure_of
from server.after.report import COLUMNS, VisitFigures, as_csv, as_text, read_report, report_of
from server.store.engine import Store
from server.store.tables import EventRow, FanRow, HostActionRow, KeepsakeRow, TicketRow, VisitRow
from tests.session.meeting import NOON, meeting_in


def visit(minute: int = 0, **values: object) -> VisitFigures:
    given = {
        "began_at": NOON + timedelta(minutes=minute), "waited_s": 60.0, "stayed_s": 120.0, "turns": 4, "stars": None,
        "answered_p50_ms": 400.0, "answered_p95_ms": 700.0, "ended_by": "slot", "keepsake": False,
    }  # fmt: skip
    return VisitFigures(**{**given, **values})


def test_figures_of_an_evening() -> None:
    visits = [
        visit(5, stars=5, waited_s=30.0), visit(0, stars=4, turns=8, answered_p50_ms=300.0, keepsake=True),
        visit(9, turns=0, answered_p50_ms=None, answered_p95_ms=None, stayed_s=None),
    ]  # fmt: skip
    report = report_of("Album night", visits, {"done": 2, "no_show": 1}, {"say": 2})
    assert (report.visits, report.turns, report.no_shows, report.keepsakes) == (3, 12, 1, 1)
    assert (report.satisfaction_mean, report.satisfaction_n, report.stars) == (4.5, 2, [0, 0, 0, 1, 1])
    assert (report.wait_p50_s, report.stayed_p50_s) == (60.0, 120.0)
    assert report.v2v_p50_ms == 300.0, "eight turns at 300 ms outweigh four at 400"
    assert [row["began_at"] for row in report.as_json()["each"]] == sorted(
        r["began_at"] for r in report.as_json()["each"]
    )


def test_of_nothing_there_is_nothing_to_tell() -> None:
    report = report_of("", [], {}, {})
    assert report.wait_p50_s is report.satisfaction_mean is report.v2v_p50_ms is None
    assert as_csv(report).splitlines() == [",".join(COLUMNS)]


@given(st.lists(st.builds(visit, st.integers(0, 600), stars=st.none() | st.integers(1, 5), turns=st.integers(0, 30))))
def test_the_table_has_every_visit_and_adds_up_to_the_figures(visits: list[VisitFigures]) -> None:
    report = report_of("Album night", visits, {}, {})
    rows = list(csv.DictReader(io.StringIO(as_csv(report))))
    assert len(rows) == report.visits == len(visits)
    assert sum(int(row["turns"]) for row in rows) == report.turns
    given_stars = [int(row["stars"]) for row in rows if row["stars"]]
    assert [given_stars.count(n) for n in range(1, 6)] == report.stars


@pytest.mark.parametrize(
    "report",
    [
        report_of("", [], {}, {}),
        report_of("Costs $5 or $\\frac{1}{0}$", [visit(stars=5)], {"done": 1}, {"take_over": 1}),
        report_of("Night", [visit(n, answered_p95_ms=None, stars=1 + n % 5) for n in range(300)], {"no_show": 9}, {}),
    ],
    ids=["nobody", "mathematics", "crowd"],
)  # fmt: skip
def test_charts_are_drawn_of_anything(report) -> None:
    with Image.open(io.BytesIO(draw(report))) as picture:
        assert picture.size == (int(SIZE_IN[0] * DPI), int(SIZE_IN[1] * DPI))
        assert len(np.unique(np.asarray(picture.convert("L")))) > 20, "something is on it"


@pytest.mark.parametrize("n_visits", [1, 2, 40])
def test_no_chart_shows_time_before_the_beginning_or_runs_into_another(n_visits: int) -> None:
    visits = [visit(n, waited_s=3.0 * n, stayed_s=1.0 + 2 * n, stars=5) for n in range(n_visits)]
    figure = figure_of(report_of("Night", visits, {"done": n_visits}, {"say": 1}))
    figure.draw_without_rendering()
    charts = figure.axes
    for chart in charts[1:3]:
        assert chart.get_xlim()[0] == 0, chart.get_title(loc="left")
        assert all("\N{MINUS SIGN}" not in label.get_text() for label in chart.get_xticklabels())
        counted = round(sum(bar.get_height() for bar in chart.patches))
        assert counted == n_visits, "every visit is on it"
    tops = [max(bar.get_window_extent().height for bar in chart.patches) for chart in (charts[1], charts[4])]
    if n_visits == 1:
        assert all(top < chart.bbox.height / 2 for top, chart in zip(tops, (charts[1], charts[4]), strict=True))
    titles = [chart._left_title.get_window_extent() for chart in charts]
    for left, right in ((0, 1), (1, 2), (3, 4), (4, 5)):
        assert titles[left].x1 < titles[right].x0


def test_a_terminal_is_told_the_same_in_words() -> None:
    one = report_of("Album night", [visit(stars=5, turns=1)], {"done": 1}, {"take_over": 2})
    assert as_text(one).splitlines() == [
        "Album night",
        "  1 visit with 1 turn",
        "  stayed 2:00 min (median)",
        "  waited 1:00 min (median), 1:00 min (95%)",
        "  5.0 of 5 stars from 1",
        "  answered in 400.0 ms (median), 700.0 ms (95%)",
        "  tickets: 1 done",
        "  the host: 2 take over",
    ]
    assert as_text(report_of("Album night", [], {}, {})) == "Album night\n  nobody has come yet\n"


async def test_it_is_read_out_of_the_store(store: Store, tmp_path: Path) -> None:
    async with meeting_in(store, tmp_path / "keepsakes"), store.begin() as db:
        for n in range(3):
            db.add(FanRow(id=f"f{n}", creator_id="c1", name="Maya", created_at=NOON))
            await db.flush()
            state = "no_show" if n == 2 else "done"
            ticket = TicketRow(id=f"t{n}", event_id="e1", fan_id=f"f{n}", state=state, rank=0.0, invited=False)
            ticket.issued_at = NOON
            db.add(ticket)
        await db.flush()
        for n in range(2):
            row = VisitRow(id=f"v{n}", ticket_id=f"t{n}", event_id="e1", session_id=f"v{n}", consents={}, wait_s=30.0)
            row.began_at, row.ended_at, row.turns, row.satisfaction = NOON, NOON + timedelta(seconds=90), 3, 4
            db.add(row)
        await db.flush()
        db.add(KeepsakeRow(visit_id="v0", code_hash="x", path="x", created_at=NOON, expires_at=NOON))
        for kind in ("say", "say", "extend", "watch"):
            db.add(HostActionRow(event_id="e1", actor="host", at=NOON, kind=kind, detail={}))
        await db.flush()
        report = await read_report(db, await db.get(EventRow, "e1"))
    assert (report.visits, report.no_shows, report.keepsakes) == (2, 1, 1)
    assert (report.stayed_p50_s, report.wait_p50_s, report.satisfaction_mean) == (90.0, 30.0, 4.0)
    assert report.interventions == {"say": 2, "extend": 1}, "looking at a visit is no stepping in"
    assert "Maya" not in as_csv(report) + str(report.as_json()), "no names in it"
