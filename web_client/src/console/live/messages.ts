// What a host's connection carries: the messages it reads and the acts it sends. protocol/PROTOCOL.md has them all.

import { decodeBy, fields, list, many, optional, type MessageOf } from "../../talk/shape";
import { SHAPES } from "../../talk/shapes";

const CONSENTS = fields({
  recording: optional("flag", false),
  memory: optional("flag", false),
  emotion_sensing: optional("flag", false),
  audience: optional("flag", false),
});
const LINE = { line: "count", who: "text", text: "text", final: "flag", at_ms: "number" } as const;
const ENTRY = fields({
  ticket_id: "text",
  name: "text",
  place: "count",
  state: "text",
  wait_s: optional("number", null),
  left_s: optional("number", null),
});

export const HOST_SHAPES = {
  hello: SHAPES.hello,
  "reply.chunk": SHAPES["reply.chunk"],
  "reply.cancelled": SHAPES["reply.cancelled"],
  "reply.duck": SHAPES["reply.duck"],
  listening: SHAPES.listening,
  notice: SHAPES.notice,
  error: SHAPES.error,
  stage: SHAPES.stage,
  reactions: SHAPES.reactions,
  "host.visit": fields({
    visit_id: "text",
    ticket_id: optional("text", ""),
    name: optional("text", ""),
    state: "text",
    consents: optional(CONSENTS, null),
    left_s: optional("number", null),
    table: many("text"),
  }),
  "host.transcript": fields({ visit_id: "text", ...LINE }),
  "host.lines": fields({ visit_id: "text", lines: list(fields(LINE)) }),
  "host.mood": fields({
    visit_id: "text",
    category: "text",
    valence: "number",
    arousal: "number",
    confidence: "number",
    reason: optional("text", ""),
  }),
  "host.queue": fields({ entries: list(ENTRY), of: optional("count", 0), paused: optional("flag", false) }),
  "host.health": fields({
    v2v_p50_ms: optional("number", null),
    v2v_p95_ms: optional("number", null),
    effort: optional("count", 0),
    spectators: optional("count", 0),
  }),
  "host.topic": fields({ visit_id: "text", topic: "text", state: "text" }),
  "host.done": fields({ action_id: "text", ok: "flag", code: optional("text", ""), message: optional("text", "") }),
};

export type HostMessageType = keyof typeof HOST_SHAPES;
export type Told<T extends HostMessageType> = MessageOf<typeof HOST_SHAPES, T>;
export type HostMessage = { [T in HostMessageType]: Told<T> }[HostMessageType];

/** One message for a host, or null when it is not one that this page can use. Never throws. */
export const readHostMessage = (data: string) => decodeBy(HOST_SHAPES, data) as HostMessage | null;

export type ActKind =
  | ("direct" | "say" | "topic" | "take_over" | "hand_back" | "mute" | "unmute" | "watch")
  | ("skip" | "end" | "extend" | "pause" | "resume" | "reorder" | "ban");

/** What an act is about; which fields count depends on its kind. */
export type ActFields = {
  visit_id?: string;
  ticket_id?: string;
  text?: string;
  seconds?: number;
  place?: number;
  allow?: boolean;
};
