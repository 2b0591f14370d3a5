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
};
export type Figure = { label: string; figure: string; help?: string };

export function figuresOf(report: Report): Figure[] {
  const deeds = Object.values(report.interventions).reduce((sum, n) => sum + n, 0);
  const figures: (Figure | null)[] = [
    { label: "Visits", figure: String(report.visits), help: report.no_shows ? `${report.no_shows} did not come when called` : "" },
    report.wait_p50_s === null
      ? null
      : { label: "Wait in line", figure: about(report.wait_p50_s), help: `the longest ones ${about(report.wait_p95_s ?? 0)}` },
    report.satisfaction_mean === null
      ? { label: "Stars", figure: "–", help: "nobody gave any" }
      : { label: "Stars", figure: report.satisfaction_mean.toFixed(1), help: `of 5, from ${report.satisfaction_n === 1 ? "one fan" : `${report.satisfaction_n} fans`}` },
    report.v2v_p50_ms === null
      ? null
      : { label: "Answered in", figure: `${Math.round(report.v2v_p50_ms)} ms`, help: `the slowest in ${Math.round(report.v2v_p95_ms ?? 0)} ms` },
    { label: "You stepped in", figure: deeds === 1 ? "once" : `${deeds} times` },
  ];
  return figures.filter((figure) => figure !== null);
}
