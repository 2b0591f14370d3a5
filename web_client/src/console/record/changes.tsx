// Who changed what, and when: the audit of everything under this account, newest first, of all events or of one.

import type { ApiKey, Change, CreatorEvent } from "../api";
import { day, hour } from "../parts/times";
import { useAsked } from "../parts/use-asked";
import { linkTo } from "../route";
import { useChanges } from "./use-changes";
import { namesIn, whatInWords, whoInWords, type Names } from "./words";

/** `eventId`: the event that it is about; "" for everything. */
export function Changes({ eventId }: { eventId: string }) {
  const { changes, fault, more } = useChanges(eventId);
  const { value: events } = useAsked<{ events: CreatorEvent[] }>("/events");
  const { value: keys } = useAsked<{ keys: ApiKey[] }>("/keys");
  const names = namesIn(changes, {
    events: new Map(events?.events.map(({ id, title }) => [id, title])),
    keys: new Map(keys?.keys.map(({ prefix, label }) => [prefix, label])),
  });
  const days = new Map<string, Change[]>();
  for (const change of changes) days.set(day(change.at), [...(days.get(day(change.at)) ?? []), change]);
  return (
    <main class="page narrow changes">
      <h1>Record</h1>
      <p class="dim">Everything that was changed under your account, by whom and when. Nobody can change this record.</p>
      <EventChoice eventId={eventId} names={names} />
      {fault && <p class="fault">{fault}</p>}
      {!fault && changes.length === 0 && !more && <p class="card empty">Nothing was changed yet.</p>}
      {[...days].map(([on, those]) => (
        <Day key={on} on={on} changes={those} names={names} />
      ))}
      {more && (
        <p>
          <button type="button" onClick={more}>
            Show earlier ones
          </button>
        </p>
      )}
    </main>
  );
}

function EventChoice({ eventId, names }: { eventId: string; names: Names }) {
  const choose = (event: Event) => {
    location.hash = linkTo({ screen: "record", eventId: (event.currentTarget as HTMLSelectElement).value });
  };
  return (
    <label class="field">
      <span class="label">About</span>
      <select onChange={choose}>
        <option value="" selected={!eventId}>
          everything
        </option>
        {[...names.events].map(([id, title]) => (
          <option key={id} value={id} selected={id === eventId}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
}

function Day({ on, changes, names }: { on: string; changes: Change[]; names: Names }) {
  return (
    <section class="card record" aria-label={on}>
      <h2>{on}</h2>
      <ol>
        {changes.map((change) => (
          <li key={change.id}>
            <time dateTime={change.at}>{hour(change.at)}</time>
            <b>{whoInWords(change.actor, names)}</b>
            <span>{whatInWords(change, names)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
