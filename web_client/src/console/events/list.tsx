// Every event of the creator: those that are on now first, then those to come, then what is over.

import type { CreatorEvent, EventState } from "../api";
import { moment } from "../parts/times";
import { useAsked } from "../parts/use-asked";
import { linkTo } from "../route";

const GROUPS: { title: string; states: EventState[] }[] = [
  { title: "On now", states: ["open", "paused"] },
  { title: "To come", states: ["draft"] },
  { title: "Over", states: ["closed"] },
];
export const STATE_WORDS: Record<EventState, string> = {
  draft: "not open yet",
  open: "open",
  paused: "paused",
  closed: "closed",
  deleted: "deleted",
};

export function EventList() {
  const { value, fault } = useAsked<{ events: CreatorEvent[] }>("/events");
  return (
    <main class="page">
      <div class="title-row">
        <h1>Your events</h1>
        <a class="button primary" href={linkTo({ screen: "new" })}>
          New event
        </a>
      </div>
      {fault && <p class="fault">{fault}</p>}
      {value?.events.length === 0 && (
        <p class="card empty">No event yet. Plan your first one: it takes a title, a time and a persona.</p>
      )}
      {GROUPS.map(({ title, states }) => {
        const events = value?.events.filter((event) => states.includes(event.state)) ?? [];
        return events.length > 0 && <Group key={title} title={title} events={events} />;
      })}
    </main>
  );
}

function Group({ title, events }: { title: string; events: CreatorEvent[] }) {
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <ul class="events">
        {events.map((event) => (
          <li key={event.id}>
            <a class="card" href={linkTo({ screen: "event", id: event.id, tab: event.state === "draft" ? "tickets" : event.state === "closed" ? "report" : "live" })}>
              <strong>{event.title}</strong>
              <span class="badge" data-state={event.state}>
                {STATE_WORDS[event.state]}
              </span>
              <small>
                {moment(event.opens_at)} · {Math.round(event.slot_s / 60)} min each · up to {event.max_tickets} fans
              </small>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
