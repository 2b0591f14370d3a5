// The REST API as this page uses it: one function that asks, and the shapes it answers with (server/api/).

const BASE = "/api/v1";

export type Creator = { id: string; name: string; email: string };
export type EventState = "draft" | "open" | "paused" | "closed" | "deleted";
export type QueueRule = "first_come" | "lottery" | "invited";

/** What a creator decides about an event. Times are ISO 8601 in UTC. */
export type EventPlan = {
  title: string;
  persona_id: string;
  opens_at: string;
  closes_at: string;
  places: number;
  max_tickets: number;
  slot_s: number;
  overtime_s: number;
  no_show_s: number;
  queue_rule: QueueRule;
  group_size: number;
  spectators: boolean;
  keepsakes: boolean;
  retention_days: number;
};
export type CreatorEvent = EventPlan & { id: string; state: EventState };
export type Ticket = { id: string; name: string; state: string; invited: boolean; party: string; end_reason: string | null };
export type Action = { at: string; actor: string; kind: string; visit_id: string | null; detail: Record<string, unknown> };
export type Persona = { id: string; name: string; about: string; own: boolean };
export type Change = { id: string; at: string; actor: string; action: string; subject: string; detail: Record<string, unknown> };
export type ApiKey = { id: string; label: string; prefix: string; created_at: string };

/** The server said no. `code` is stable, `message` is for people. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

let csrf = "";

/** What the server wants to see in the header of every request that changes something. */
export function rememberCsrf(token: string) {
  csrf = token;
}

/** Called when the server does not know, or does not know any more, who asks. */
let onSignedOut: () => void = () => {};

export function whenSignedOut(act: () => void) {
  onSignedOut = act;
}

/** Asks the server. Throws ApiError when it says no, and one with the code `offline` when it cannot be reached. */
export async function ask<T>(method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: object): Promise<T> {
  const headers: Record<string, string> = method === "GET" ? {} : { "x-csrf-token": csrf };
  if (body) headers["content-type"] = "application/json";
  const asking = fetch(BASE + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
  const answer = await asking.catch(() => {
    throw new ApiError(0, "offline", "The server could not be reached. Please try again in a moment.");
  });
  if (answer.status === 401) onSignedOut();
  const text = await answer.text();
  const said = (text ? parse(text) : {}) as T & { error?: { code: string; message: string } };
  if (!answer.ok) {
    const { code = "internal", message = `The server answered ${answer.status}.` } = said?.error ?? {};
    throw new ApiError(answer.status, code, message);
  }
  return said;
}

/** The address of something that the API serves as a file: a picture, a table. */
export function fileOf(path: string): string {
  return BASE + path;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {}; // a proxy's own page of error; its status says enough
  }
}
