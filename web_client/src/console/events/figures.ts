// The numbers of an event's report in words. Pure; report.tsx shows them.

import { about } from "../parts/times";

/** What `GET /events/{id}/report` says, as far as it is shown here. What there is no number for is null. */
export type Report = {
  visits: number;
  no_shows: number;
  wait_p50_s: number | null;
  wait_p95_s: number | null;
  satisfaction_mean: number | null;
  satisfaction_n: number;
  v2v_p50_ms: number | null;
  v2v_p95_ms: number | null;
  interventions: Record<string, number>;
  each: VisitFigures[];
};
export type VisitFigures = {
  began_at: string;
  waited_s: number;
  stayed_s: number | null; // null while it goes on
  turns: number;
  stars: number | null;
  answered_p50_ms: number | null;
  ended_by: string;
};
export type Figure = { label: string; figure: string; help?: string };

export function figuresOf(report: Report): Figure[] {
  const { watch: _watched, ...deeds } = report.interventions; // looking on is no intervention
  const steps = Object.values(deeds).reduce((sum, n) => sum + n, 0);
  const figures: (Figure | null)[] = [
    { label: "Visits", figure: String(report.visits), help: report.no_shows ? `${report.no_shows} did not come when called` : "" },
    report.wait_p50_s === null
      ? null
      : { label: "Wait in line", figure: about(report.wait_p50_s), help: report.visits > 1 ? `the longest ones ${about(report.wait_p95_s ?? 0)}` : "" },
    report.satisfaction_mean === null
      ? { label: "Stars", figure: "–", help: "nobody gave any" }
      : { label: "Stars", figure: report.satisfaction_mean.toFixed(1), help: `of 5, from ${report.satisfaction_n === 1 ? "one fan" : `${report.satisfaction_n} fans`}` },
    report.v2v_p50_ms === null
      ? null
      : { label: "Answered in", figure: `${Math.round(report.v2v_p50_ms)} ms`, help: report.v2v_p95_ms === null ? "" : `19 of 20 within ${Math.round(report.v2v_p95_ms)} ms` },
    { label: "You stepped in", figure: ["never", "once", "twice"][steps] ?? `${steps} times` },
  ];
  return figures.filter((figure) => figure !== null);
}
