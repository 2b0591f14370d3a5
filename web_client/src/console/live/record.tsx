// The record: what the host did in this event, newest first. The server keeps the same, for good.

import type { Deed } from "./state";

export function Record({ deeds }: { deeds: Deed[] }) {
  return (
    <section class="card record" aria-labelledby="record-title">
      <h2 id="record-title">What was done</h2>
      {deeds.length === 0 && <p class="dim">Nothing yet. Everything you do here is written down.</p>}
      <ol>
        {deeds.map(({ id, at, words, outcome, why }) => (
          <li key={id} data-outcome={outcome}>
            <time dateTime={at.toISOString()}>{at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" })}</time>
            <span>
              {words} {outcome !== "done" && <small>{outcome === "asked" ? "…" : `not done: ${why}`}</small>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
