// The record: what the host did in this event, newest first. The server keeps the same, for good.

import { hour } from "../parts/times";
import type { Deed } from "./state";

/** `earlier`: what was done before this page was opened, oldest first. */
export function Record({ deeds, earlier }: { deeds: Deed[]; earlier: { at: string; words: string }[] }) {
  return (
    <section class="card record" aria-labelledby="record-title">
      <h2 id="record-title">What was done</h2>
      {deeds.length + earlier.length === 0 && <p class="dim">Nothing yet. Everything you do here is written down.</p>}
      <ol tabIndex={0}>
        {deeds.map(({ id, at, words, outcome, why }) => (
          <li key={id} data-outcome={outcome}>
            <time dateTime={at.toISOString()}>{hour(at.toISOString())}</time>
            <span>
              {words} {outcome !== "done" && <small>{outcome === "asked" ? "…" : `not done: ${why}`}</small>}
            </span>
          </li>
        ))}
        {earlier.toReversed().map(({ at, words }, k) => (
          <li key={`earlier ${k}`}>
            <time dateTime={at}>{hour(at)}</time>
            <span>{words}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
