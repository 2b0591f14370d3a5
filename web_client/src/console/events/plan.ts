// The plan of an event as its form has it: minutes instead of seconds, local times instead of UTC. Pure.

import type { EventPlan, QueueRule } from "../api";
import { fromLocalInput } from "../parts/times";

const HOUR_MS = 3_600_000;

/** What a new event begins with. */
export function freshPlan(personaId: string, nowMs: number): EventPlan {
  const opens = new Date(Math.ceil(nowMs / HOUR_MS + 1) * HOUR_MS);
  return {
    title: "",
    persona_id: personaId,
    opens_at: opens.toISOString(),
    closes_at: new Date(opens.getTime() + 2 * HOUR_MS).toISOString(),
    places: 1,
    max_tickets: 40,
    slot_s: 180,
    overtime_s: 30,
    no_show_s: 60,
    queue_rule: "first_come",
    group_size: 1,
    spectators: false,
    keepsakes: false,
    retention_days: 30,
  };
}

/** The form's fields back into a plan. */
export function planOf(form: FormData): EventPlan {
  const text = (name: string) => String(form.get(name) ?? "").trim();
  const number = (name: string) => Number(form.get(name));
  return {
    title: text("title"),
    persona_id: text("persona_id"),
    opens_at: fromLocalInput(text("opens_at")),
    closes_at: fromLocalInput(text("closes_at")),
    places: number("places"),
    max_tickets: number("max_tickets"),
    slot_s: Math.round(60 * number("slot_min")),
    overtime_s: number("overtime_s"),
    no_show_s: number("no_show_s"),
    queue_rule: text("queue_rule") as QueueRule,
    group_size: number("group_size"),
    spectators: form.get("spectators") !== null,
    keepsakes: form.get("keepsakes") !== null,
    retention_days: number("retention_days"),
  };
}

/** What is wrong with a plan, in words; nothing when it can be kept. */
export function faultOf(plan: EventPlan): string {
  if (!plan.title) return "The event needs a title.";
  if (plan.closes_at <= plan.opens_at) return "The event has to end after it begins.";
  return "";
}

/** How many fans the time is enough for, when everyone stays their whole slot. */
export function fansThatFit({ opens_at, closes_at, places, slot_s, overtime_s }: EventPlan): number {
  const seconds = (new Date(closes_at).getTime() - new Date(opens_at).getTime()) / 1000;
  return Math.max(0, Math.floor(seconds / (slot_s + overtime_s / 2)) * places);
}

