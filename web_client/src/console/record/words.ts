// One entry of the audit in words: who it was and what they changed. Pure; changes.tsx shows it.

import type { Change } from "../api";
import { moment } from "../parts/times";

/** What ids stand for: titles by event, labels by the prefix of an API key. */
export type Names = { events: Map<string, string>; keys: Map<string, string> };

/** The names that the entries themselves tell, also of what is deleted by now, beside those that are known. */
export function namesIn(changes: Change[], known: Names): Names {
  const events = new Map<string, string>();
  const keys = new Map<string, string>();
  for (const { action, subject, detail } of changes.toReversed()) {
    if (action.startsWith("event.") && detail.title) events.set(subject, String(detail.title));
    if (action === "key.create") keys.set(String(detail.prefix), String(detail.label));
  }
  return { events: new Map([...events, ...known.events]), keys: new Map([...keys, ...known.keys]) };
}

/** The id of the event that a change belongs to; "" for what belongs to none. */
function eventOf({ action, subject, detail }: Change): string {
  if (/^(event\.|host\.|retention\.)/.test(action)) return subject;
  return typeof detail.event === "string" ? detail.event : "";
}

export function whoInWords(actor: string, { keys }: Names): string {
  const [kind, id = ""] = actor.split(":");
  const words: Record<string, string> = {
    login: "You",
    visitor: "You",
    key: `Your key “${keys.get(id) ?? `sd_${id}_…`}”`,
    fan: "A fan",
    command: "Who runs the server",
    server: "The server, by itself",
  };
  return words[kind] ?? actor;
}

export function whatInWords(change: Change, { events, keys }: Names): string {
  const { action, subject, detail } = change;
  const known = events.get(eventOf(change));
  const title = known ? `“${known}”` : "an event";
  const key = detail.label ?? keys.get(String(detail.prefix)) ?? `sd_${detail.prefix}_…`;
  const words: Record<string, string> = {
    "creator.sign_up": "Made this account",
    "creator.create": "Made this account",
    "creator.password": "Changed the password",
    "creator.export": "Downloaded everything that is kept",
    "login.open": "Signed in",
    "login.oidc": "Signed in with the organisation",
    "login.close": "Signed out",
    "key.create": `Made the API key “${key}”`,
    "key.revoke": `Revoked the API key “${key}”`,
    "persona.write": `Wrote the persona “${subject}”`,
    "persona.delete": `Deleted the persona “${subject}”`,
    "event.create": `Planned ${title}`,
    "event.change": `Changed the plan of ${title}${termsInWords(detail)}`,
    "event.open": `Opened the doors of ${title}`,
    "event.pause": `Paused the line of ${title}`,
    "event.resume": `Let the line of ${title} go on`,
    "event.close": `Closed ${title}`,
    "event.delete": `Deleted ${title} and all that was kept of it`,
    "event.export": `Downloaded everything that is kept of ${title}`,
    "ticket.issue": `${change.actor === "fan" ? "Took" : "Gave out"} a ticket for ${title}`,
    "ticket.delete": `Took back a ticket for ${title}`,
    "ticket.join": `Made a link for a ticket of ${title}`,
    "host.join": `Opened the live view of ${title}`,
    "fan.export": "Downloaded everything that is kept of a fan",
    "fan.delete": "Deleted a fan and all that was kept of them",
    "kept.delete": "Deleted what was kept of a fan’s visits",
    "retention.sweep": `Deleted what was kept of ${counted(detail.visits, "visit")} of ${title}: its time was over`,
  };
  return words[action] ?? action;
}

const TERMS: Record<string, string> = {
  title: "title",
  persona_id: "persona",
  opens_at: "opens",
  closes_at: "closes",
  places: "at the same time",
  max_tickets: "tickets at most",
  slot_s: "for each fan",
  overtime_s: "overtime",
  no_show_s: "no-show after",
  queue_rule: "who is next",
  group_size: "fans together",
  spectators: "spectators",
  keepsakes: "recordings",
  retention_days: "deleted after",
};

/** ": closes 20 Nov 2026, 20:00; for each fan 150 s": what the plan says from then on. */
function termsInWords(detail: Change["detail"]): string {
  const terms = Object.entries(detail).map(([key, value]) => `${TERMS[key] ?? key} ${valueInWords(key, value)}`);
  return terms.length > 0 ? `: ${terms.join("; ")}` : "";
}

function valueInWords(key: string, value: unknown): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (key.endsWith("_at")) return moment(String(value));
  if (key.endsWith("_s")) return `${value} s`;
  if (key.endsWith("_days")) return `${value} days`;
  return String(value).replaceAll("_", " ");
}

function counted(n: unknown, word: string): string {
  return n === 1 ? `one ${word}` : `${n} ${word}s`;
}
