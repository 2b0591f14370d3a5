"""An event in numbers, for its creator: who came, how long they waited, how they liked it, how quick the avatar was.

No names and no words in it: it may lie on a desk. `report_of` is pure; `read_report` asks the store. What comes next:
charts.py draws it, report_routes.py hands it out.
"""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.store.tables import EventRow, HostActionRow, KeepsakeRow, TicketRow, VisitRow

COLUMNS = (
    "began_at", "waited_s", "stayed_s", "turns", "stars", "answered_p50_ms", "answered_p95_ms", "ended_by", "keepsake",
)  # fmt: skip
WATCHING = "watch"  # of what a host did, the one thing that concerns nobody else


@dataclass(frozen=True, slots=True)
class VisitFigures:
    """One visit. `stayed_s` None: it has not ended. `stars`: 1 to 5. Answers: from the fan's last sound to the avatar's
    first.
    """

    began_at: datetime
    waited_s: float
    stayed_s: float | None
    turns: int
    stars: int | None
    answered_p50_ms: float | None
    answered_p95_ms: float | None
    ended_by: str
    keepsake: bool


@dataclass(frozen=True, slots=True)
class EventReport:
    """An event's figures; None where there is nothing to tell. `tickets`: how many are in each state. `interventions`:
    what the host did, by kind. `stars`: how often 1, 2, ... 5 were given. The answers' percentiles are over visits,
    each counting as often as it had turns: the median of their medians, and the 95th percentile of their own.
    """

    title: str
    visits: int
    turns: int
    no_shows: int
    keepsakes: int
    tickets: Mapping[str, int]
    wait_p50_s: float | None
    wait_p95_s: float | None
    stayed_p50_s: float | None
    satisfaction_mean: float | None
    satisfaction_n: int
    stars: Sequence[int]
    v2v_p50_ms: float | None
    v2v_p95_ms: float | None
    interventions: Mapping[str, int]
    each: Sequence[VisitFigures]

    def as_json(self) -> dict[str, Any]:
        """For JSON: the same names."""
        whole = asdict(self)
        whole["each"] = [{**visit, "began_at": visit["began_at"].isoformat()} for visit in whole["each"]]
        return whole


def report_of(
    title: str, each: Sequence[VisitFigures], tickets: Mapping[str, int], interventions: Mapping[str, int]
) -> EventReport:
    """The figures of these visits, tickets and acts of the host."""
    each = sorted(each, key=lambda visit: visit.began_at)
    stars = Counter(visit.stars for visit in each if visit.stars)
    n_stars = stars.total()
    waits = [visit.waited_s for visit in each]
    stays = [visit.stayed_s for visit in each if visit.stayed_s is not None]
    return EventReport(
        title=title,
        visits=len(each),
        turns=sum(visit.turns for visit in each),
        no_shows=tickets.get("no_show", 0),
        keepsakes=sum(visit.keepsake for visit in each),
        tickets=dict(tickets),
        wait_p50_s=percentile(waits, 50),
        wait_p95_s=percentile(waits, 95),
        stayed_p50_s=percentile(stays, 50),
        satisfaction_mean=round(sum(n * count for n, count in stars.items()) / n_stars, 2) if n_stars else None,
        satisfaction_n=n_stars,
        stars=[stars[n] for n in range(1, 6)],
        v2v_p50_ms=percentile(_by_turns([(visit.answered_p50_ms, visit.turns) for visit in each]), 50),
        v2v_p95_ms=percentile(_by_turns([(visit.answered_p95_ms, visit.turns) for visit in each]), 95),
        interventions=dict(interventions),
        each=each,
    )


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Rounded to a tenth; None of nothing."""
    return round(float(np.percentile(values, percent)), 1) if values else None


def _by_turns(visits: Sequence[tuple[float | None, int]]) -> list[float]:
    return [value for value, turns in visits if value is not None for _ in range(max(1, turns))]


def as_csv(report: EventReport) -> str:
    """One line a visit, in the order of COLUMNS; empty where there is nothing to tell."""
    file = io.StringIO()
    lines = csv.writer(file, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    for visit in report.each:
        row = asdict(visit) | {"began_at": visit.began_at.isoformat(), "keepsake": int(visit.keepsake)}
        lines.writerow("" if row[column] is None else row[column] for column in COLUMNS)
    return file.getvalue()


def as_text(report: EventReport) -> str:
    """For a terminal; what there is nothing to tell of is left out."""
    lines = [
        (report.visits, f"{number_of('visit', report.visits)} with {number_of('turn', report.turns)}"),
        (report.stayed_p50_s, f"stayed {_minutes(report.stayed_p50_s)} (median)"),
        (report.wait_p50_s, f"waited {_minutes(report.wait_p50_s)} (median), {_minutes(report.wait_p95_s)} (95%)"),
        (report.satisfaction_n, f"{report.satisfaction_mean} of 5 stars from {report.satisfaction_n}"),
        (report.v2v_p50_ms, f"answered in {report.v2v_p50_ms} ms (median), {report.v2v_p95_ms} ms (95%)"),
        (report.keepsakes, number_of("keepsake", report.keepsakes)),
        (report.tickets, f"tickets: {_counted(report.tickets)}"),
        (report.interventions, f"the host: {_counted(report.interventions)}"),
    ]
    said = [line for told, line in lines if told] or ["nobody has come yet"]
    return "\n  ".join([report.title, *said]) + "\n"


def number_of(noun: str, count: int) -> str:
    """1 visit, 2 visits."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _minutes(seconds: float | None) -> str:
    minutes, rest = divmod(round(seconds or 0), 60)
    return f"{minutes}:{rest:02d} min"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(counts.items()))


async def read_report(db: AsyncSession, event: EventRow) -> EventReport:
    """The report of an event; the caller has checked whose it is."""
    kept = exists().where(KeepsakeRow.visit_id == VisitRow.id)
    visits = await db.execute(select(VisitRow, kept).where(VisitRow.event_id == event.id))
    tickets = select(TicketRow.state, func.count()).where(TicketRow.event_id == event.id).group_by(TicketRow.state)
    acts = select(HostActionRow.kind, func.count()).group_by(HostActionRow.kind)
    acts = acts.where(HostActionRow.event_id == event.id, HostActionRow.kind != WATCHING)
    return report_of(
        event.title,
        [_figures(visit, keepsake=keepsake) for visit, keepsake in visits],
        dict((await db.execute(tickets)).all()),
        dict((await db.execute(acts)).all()),
    )


def _figures(visit: VisitRow, *, keepsake: bool) -> VisitFigures:
    return VisitFigures(
        began_at=visit.began_at,
        waited_s=round(visit.wait_s, 1),
        stayed_s=round((visit.ended_at - visit.began_at).total_seconds(), 1) if visit.ended_at else None,
        turns=visit.turns,
        stars=visit.satisfaction,
        answered_p50_ms=visit.v2v_p50_ms,
        answered_p95_ms=visit.v2v_p95_ms,
        ended_by=visit.end_reason or "",
        keepsake=keepsake,
    )
