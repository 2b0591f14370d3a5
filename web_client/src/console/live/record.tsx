// The record: what the host did in this event, newest first. The server keeps the same, for good.

import type { Deed } from "./state";

const WHY: Record<string, string> = {
  offline: "the connection was lost",
  no_answer: "the server did not answer",
  not_found: "they had left already",
};
const OUTCOMES: Record<Deed["outcome"], string> = { asked: "…", done: "", refused: "not done" };

/** Why something was not done, in words. */
export function whyNot(code: string): string {
  return WHY[code] ?? code.replaceAll("_", " ");
}

export function Record({ deeds }: { deeds: Deed[] }) {
  return (
    <section class="card record" aria-labelledby="record-title">
      <h2 id="record-title">What was done</h2>
      {deeds.length === 0 && <p class="dim">Nothing yet. Everything you do here is written down.</p>}
      <ol>
        {deeds.map(({ id, at, words, outcome, code }) => (
          <li key={id} data-outcome={outcome}>
            <time dateTime={at.toISOString()}>{at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" })}</time>
            <span>
              {words} {OUTCOMES[outcome] && <small>{outcome === "refused" ? `not done: ${whyNot(code)}` : OUTCOMES[outcome]}</small>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
