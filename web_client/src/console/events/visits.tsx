// Every visit of an event as a line of a table: what the charts show, for eyes and screen readers that want the numbers.

import { clock, hour } from "../parts/times";
import type { VisitFigures } from "./figures";

/** The server's word for it, and how it is said here. */
const ENDS: Record<string, string> = {
  slot: "the end of their time",
  left: "the fan",
  lost: "a lost connection",
  "ended by the host": "you",
  banned: "you, for good",
  "the event is over": "the end of the event",
};

export function Visits({ visits }: { visits: VisitFigures[] }) {
  return (
    <section class="card" aria-labelledby="visits-title">
      <h2 id="visits-title">Visit by visit</h2>
      <div class="table" role="region" aria-labelledby="visits-title" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {["Began", "In line", "With the avatar", "Turns", "Stars", "Answered in", "Ended by"].map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {visits.map((visit, k) => (
              <Row key={k} visit={visit} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Row({ visit }: { visit: VisitFigures }) {
  return (
    <tr>
      <th scope="row">
        <time dateTime={visit.began_at}>{hour(visit.began_at)}</time>
      </th>
      <td>{clock(visit.waited_s)}</td>
      <td>{visit.stayed_s === null ? "still here" : clock(visit.stayed_s)}</td>
      <td>{visit.turns}</td>
      <td>{visit.stars ?? "–"}</td>
      <td>{visit.answered_p50_ms === null ? "–" : `${Math.round(visit.answered_p50_ms)} ms`}</td>
      <td>{ENDS[visit.ended_by] ?? (visit.ended_by || "–")}</td>
    </tr>
  );
}
