// What the host knows of the event at this moment, learnt message by message. Pure; connection.ts feeds it, view.tsx shows it.

import { inWords } from "./deeds";
import type { ActFields, ActKind, HostMessage, Told } from "./messages";

const KEEP_LINES = 300;
const KEEP_DEEDS = 200;

/** `line` counts those of a visit from 1. `who` "gap": between two numbers, words are missing. `at_ms`: the server's clock. */
export type Line = { line: number; who: string; text: string; final: boolean; at_ms: number };
/** A line as it is shown: which visit's it is, and who the fan is. */
export type Shown = Line & { visitId: string; name: string };
export type Mood = Omit<Told<"host.mood">, "type" | "visit_id">;
export type Visit = Omit<Told<"host.visit">, "type"> & {
  toldAt: number; // ms, the page's clock: when left_s was true
  lines: Line[];
  mood: Mood | null;
  topics: { topic: string; state: string }[];
};
export type Deed = { id: string; at: Date; words: string; outcome: "asked" | "done" | "refused"; why: string };
export type Live = {
  visits: Visit[];
  unsure: string[]; // ids of visits from before the connection was lost, of which nothing was heard since
  queue: Told<"host.queue">["entries"];
  inLine: number; // how many wait, whether or not they are all in `queue`
  paused: boolean;
  health: Omit<Told<"host.health">, "type"> | null;
  stage: { visitId: string; state: string };
  reactions: Record<string, number>;
  deeds: Deed[];
};

export const NOTHING_YET: Live = {
  visits: [],
  unsure: [],
  queue: [],
  inLine: 0,
  paused: false,
  health: null,
  stage: { visitId: "", state: "empty" },
  reactions: {},
  deeds: [],
};

/** The event after one more message. */
export function learn(live: Live, message: HostMessage, nowMs: number): Live {
  switch (message.type) {
    case "host.visit":
      return {
        ...live,
        visits: withVisit(live.visits, message, nowMs),
        unsure: live.unsure.filter((id) => id !== message.visit_id),
      };
    case "host.transcript":
      return changed(live, message.visit_id, (visit) => ({ lines: withLine(visit.lines, message) }));
    case "host.lines":
      return changed(live, message.visit_id, (visit) => ({ lines: withLines(visit.lines, message.lines) }));
    case "host.mood": {
      const { type: _type, visit_id: visitId, ...mood } = message;
      return changed(live, visitId, () => ({ mood }));
    }
    case "host.topic":
      return changed(live, message.visit_id, ({ topics }) => ({ topics: withTopic(topics, message) }));
    case "host.queue":
      return { ...live, queue: message.entries.filter(({ place }) => place > 0), inLine: inLine(message), paused: message.paused };
    case "host.health": {
      const { type: _type, ...health } = message;
      const visits = live.visits.filter(({ visit_id: id }) => !live.unsure.includes(id)); // told last of all
      return { ...live, visits, unsure: [], health };
    }
    case "stage":
      return { ...live, stage: { visitId: message.visit_id, state: message.state } };
    case "reactions":
      return { ...live, reactions: added(live.reactions, message.counts) };
    case "host.done":
      return { ...live, deeds: live.deeds.map((deed) => (deed.id === message.action_id ? done(deed, message) : deed)) };
    default:
      return live;
  }
}

/** The event when the connection is back: all stays on the screen until the server tells anew. */
export function rejoined(live: Live): Live {
  return { ...live, unsure: live.visits.map(({ visit_id: id }) => id) };
}

/** The event after the host asked for something. */
export function asked(live: Live, id: string, kind: ActKind, fields: ActFields, at: Date): Live {
  const words = inWords(kind, nameOf(live, fields), fields);
  const deeds = words ? [{ id, at, words, outcome: "asked" as const, why: "" }, ...live.deeds] : live.deeds;
  return { ...live, deeds: deeds.slice(0, KEEP_DEEDS) };
}

/** Topics that came up and wait for a word of the host. */
export function proposedIn({ topics }: Visit): string[] {
  return topics.filter(({ state }) => state === "proposed").map(({ topic }) => topic);
}

/** Seconds left of a visit now; null when it has no end. */
export function leftNow({ left_s: leftS, toldAt }: Visit, nowMs: number): number | null {
  return leftS === null ? null : Math.max(0, leftS - (nowMs - toldAt) / 1000);
}

/** All that is said where this visit is: at a table, in the visits of all who share the avatar. */
export function talkOf(visits: Visit[], visit: Visit): Shown[] {
  const ids = new Set<string>([visit.visit_id, ...visit.table]);
  const table = visits.filter(({ visit_id: id }) => ids.has(id));
  const shown = table.flatMap(({ visit_id: visitId, name, lines }) => lines.map((line) => ({ ...line, visitId, name })));
  return table.length > 1 ? shown.sort((a, b) => a.at_ms - b.at_ms) : shown;
}

function withVisit(visits: Visit[], message: Told<"host.visit">, nowMs: number): Visit[] {
  const { type: _type, ...told } = message;
  if (told.state === "ended") return visits.filter((visit) => visit.visit_id !== told.visit_id);
  const known = visits.find((visit) => visit.visit_id === told.visit_id);
  const visit = { lines: [], mood: null, topics: [], ...known, ...told, toldAt: nowMs };
  if (!told.consents?.emotion_sensing) visit.mood = null; // taken back: nothing of it stays on the screen
  return known ? visits.map((other) => (other === known ? visit : other)) : [...visits, visit];
}

/** A line takes the place that its number has; one without text was nothing. The oldest go when there are too many. */
function withLine(lines: Line[], { line, who, text, final, at_ms }: Told<"host.transcript">): Line[] {
  const before = lines.findLastIndex((known) => known.line < line) + 1;
  const replaced = lines[before]?.line === line ? 1 : 0;
  return lines.toSpliced(before, replaced, ...(text ? [{ line, who, text, final, at_ms }] : [])).slice(-KEEP_LINES);
}

/** What was known before the first of `told` stays; from there on they know better. */
function withLines(lines: Line[], told: Line[]): Line[] {
  const first = told[0]?.line ?? Infinity;
  const before = lines.filter(({ line, final }) => line < first && final);
  const missed = before.length > 0 && told.length > 0 && before[before.length - 1].line < first - 1;
  const gap = missed ? [{ line: first - 0.5, who: "gap", text: "", final: true, at_ms: told[0].at_ms - 1 }] : [];
  return [...before, ...gap, ...told].slice(-KEEP_LINES);
}

/** Those on stage come first among the entries, with no place; they do not wait. */
function inLine({ entries, of }: Told<"host.queue">): number {
  return of - entries.filter(({ place }) => place === 0).length;
}

function withTopic(topics: Visit["topics"], { topic, state }: Told<"host.topic">): Visit["topics"] {
  return [...topics.filter((known) => known.topic !== topic), { topic, state }];
}

function changed(live: Live, visitId: string, change: (visit: Visit) => Partial<Visit>): Live {
  return { ...live, visits: live.visits.map((visit) => (visit.visit_id === visitId ? { ...visit, ...change(visit) } : visit)) };
}

function done(deed: Deed, { ok, message }: Told<"host.done">): Deed {
  return { ...deed, outcome: ok ? "done" : "refused", why: message };
}

function added(before: Record<string, number>, more: Record<string, number>): Record<string, number> {
  const kinds = new Set([...Object.keys(before), ...Object.keys(more)]);
  return Object.fromEntries([...kinds].map((kind) => [kind, (before[kind] ?? 0) + (more[kind] ?? 0)]));
}

/** Whom an act is about. */
function nameOf(live: Live, { visit_id: visitId, ticket_id: ticketId }: ActFields): string {
  const visit = live.visits.find((visit) => visit.visit_id === visitId || (ticketId && visit.ticket_id === ticketId));
  return visit?.name || live.queue.find((entry) => entry.ticket_id === ticketId)?.name || "the fan";
}
