// What the link of this page asks for, and the join token that it is turned into. meet.ts says the token in `hello`.
//
// Everything stands in the fragment of the link, which browsers send to nobody, so no log ever holds it.

import { wordsForClose } from "../talk/words";

export type WayIn =
  | { kind: "join"; token: string }
  | { kind: "event"; event: string } // a ticket is still to be taken
  | { kind: "ticket"; event: string; ticket: string; secret: string }
  | { kind: "watch"; event: string };

const ANSWER_MS = 15_000; // a request that is not answered by then is not answered at all
const TICKETS = "stagedoor.tickets"; // by event, on this device: who comes back by the event's link is still in line

/** What a link's fragment says. */
export function wayInOf(hash: string): WayIn {
  const said = new URLSearchParams(hash.replace(/^#/, ""));
  const [event, watch] = [said.get("event") ?? "", said.get("watch") ?? ""];
  const [ticket = "", secret = ""] = (said.get("ticket") ?? "").split(".");
  if (watch) return { kind: "watch", event: watch };
  if (event && secret) return { kind: "ticket", event, ticket, secret };
  if (event) return { kind: "event", event };
  return { kind: "join", token: said.get("join") ?? "" };
}

/** The same for this page; a ticket taken here before is found again. */
export function wayIn(): WayIn {
  const way = wayInOf(location.hash);
  const kept = way.kind === "event" ? keptTickets()[way.event] : undefined;
  return kept ? wayInOf(kept) : way;
}

/** A join token that is good now. Throws Error with words for the person when there is none to be had. */
export async function joinToken(way: WayIn): Promise<string> {
  if (way.kind === "join") return way.token;
  if (way.kind === "ticket") {
    return (await post(`/events/${way.event}/tickets/${way.ticket}/claim`, { secret: way.secret })).token;
  }
  return (await post(`/events/${way.event}/spectator-token`, {})).token;
}

export type EventCard = {
  title: string;
  persona_name: string;
  about: string;
  opens_at: string;
  state: string;
  queue_rule: string;
  slot_s: number;
  group_size: number;
  tickets_left: number;
};

/** What anybody may know of an event; null when there is none. Throws Error with words for the person. */
export async function eventCard(event: string): Promise<EventCard | null> {
  const answer = await ask(`/events/${event}/card`);
  return answer.ok ? ((await answer.json()) as EventCard) : null;
}

/** Takes a ticket; from now on `wayIn` finds it. `party` is a word shared with friends, or "". Throws Error with words for the person. */
export async function takeTicket(event: string, name: string, party: string): Promise<void> {
  const { ticket_id, secret } = await post(`/events/${event}/tickets`, { name, party });
  const hash = `#event=${event}&ticket=${ticket_id}.${secret}`;
  localStorage.setItem(TICKETS, JSON.stringify({ ...keptTickets(), [event]: hash }));
  history.replaceState(null, "", hash);
}

/** A ticket that was taken here is of no use any more: another can be taken. An invitation's link stays what it is. */
export function dropTicket() {
  const way = wayIn();
  if (way.kind !== "ticket") return;
  const { [way.event]: taken, ...others } = keptTickets();
  if (!taken) return;
  localStorage.setItem(TICKETS, JSON.stringify(others));
  history.replaceState(null, "", `#event=${way.event}`);
}

function keptTickets(): Record<string, string> {
  return JSON.parse(localStorage.getItem(TICKETS) ?? "{}") as Record<string, string>;
}

async function post(path: string, body: object): Promise<{ token: string; ticket_id: string; secret: string }> {
  const headers = { "content-type": "application/json" };
  const answer = await ask(path, { method: "POST", headers, body: JSON.stringify(body) });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error?.message ?? `The server answered ${answer.status}.`);
  return said;
}

/** Throws Error with words for the person when no answer comes. */
async function ask(path: string, what: RequestInit = {}): Promise<Response> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), ANSWER_MS);
  try {
    return await fetch(`/api/v1${path}`, { ...what, signal: patience.signal });
  } catch {
    throw new Error(wordsForClose(false));
  } finally {
    clearTimeout(timer);
  }
}
