// The record that the server keeps of what hosts did in an event, oldest first.

import type { Action } from "../api";
import { inWords } from "../live/deeds";
import type { ActFields } from "../live/messages";
import { moment } from "../parts/times";
import { useAsked } from "../parts/use-asked";

/** The interventions among what the server wrote down, in words. */
export function inTheRecord(actions: Action[]): { at: string; words: string }[] {
  const told = actions.map(({ at, kind, detail }) => ({ at, words: inWords(kind, "a fan", detail as ActFields) }));
  return told.filter(({ words }) => words);
}

export function Actions({ eventId }: { eventId: string }) {
  const { value, fault } = useAsked<{ actions: Action[] }>(`/events/${eventId}/actions`);
  const told = value && inTheRecord(value.actions);
  return (
    <section class="card record" aria-labelledby="actions-title">
      <h2 id="actions-title">What was done by you</h2>
      {fault && <p class="fault">{fault}</p>}
      {told?.length === 0 && <p class="dim">Nothing: the avatar managed by itself.</p>}
      <ol>
        {told?.map(({ at, words }, k) => (
          <li key={k}>
            <time dateTime={at}>{moment(at)}</time>
            <span>{words}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
