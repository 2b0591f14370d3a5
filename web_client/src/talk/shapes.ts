// What this page reads of each message of the server, and of what kind it must be. wire.ts comes next.

import { EVENT_SHAPES } from "./event-shapes";
import { decodeBy, fields, list, many, optional, type MessageOf } from "./shape";

const AUDIO_FORMAT = fields({ encoding: "text", sample_rate_hz: "count", pre_skip_samples: optional("count", 0) });
const SPAN = { start_samples: "count", end_samples: "count" } as const;
const GESTURES = many(fields({ name: "text", start_samples: "count" }));
const POSTURE = optional(fields({ name: "text", start_samples: "count", amount: "number" }), null);

export const SHAPES = {
  hello: fields({
    persona: fields({ id: "text", name: "text", pronouns: "text", about: "text", look: optional("text", "") }),
    disclosure: "text",
    audio_in: AUDIO_FORMAT,
    audio_out: AUDIO_FORMAT,
    face: fields({ names: list("text"), fps: "count" }),
    limits: fields({ max_text_chars: "count", max_session_s: optional("count", 0), max_away_s: optional("count", 0) }),
    resume_token: optional("text", ""),
    resumed: optional("flag", false),
    role: optional("text", "fan"),
    event: optional(fields({ id: "text", title: "text", slot_s: "number", spectators: optional("flag", false) }), null),
  }),
  "reply.chunk": fields({
    reply_id: "count",
    start_samples: "count",
    audio: "bytes",
    face: "bytes",
    words: many(fields({ text: "text", ...SPAN })),
    visemes: many(fields({ viseme: "text", ...SPAN })),
    head: optional("bytes", new Uint8Array(0)),
    gestures: GESTURES,
    posture: POSTURE,
    last: optional("flag", false),
  }),
  "reply.cancelled": fields({ reply_id: "count", reason: "text", heard_samples: "count" }),
  "reply.duck": fields({ reply_id: "count", gain: "number", ramp_ms: "number" }),
  listening: fields({
    seq: "count",
    face: "bytes",
    head: optional("bytes", new Uint8Array(0)),
    gestures: GESTURES,
    posture: POSTURE,
  }),
  transcript: fields({
    turn_id: "count",
    text: "text",
    final: "flag",
    language: optional("text", "en"),
    speaker: optional("text", ""),
  }),
  "turn.report": fields({
    kind: "text",
    voice_to_voice_ms: "number",
    commit_to_face_ms: "number",
    stages: list(fields({ name: "text", start_ms: "number", end_ms: "number" })),
  }),
  notice: fields({ kind: "text", text: "text" }),
  pong: fields({ nonce: "count" }),
  error: fields({ code: "text", message: "text", fatal: optional("flag", false) }),
  ...EVENT_SHAPES,
};

export type MessageType = keyof typeof SHAPES;
export type Message<T extends MessageType> = MessageOf<typeof SHAPES, T>;
export type ServerMessage = { [T in MessageType]: Message<T> }[MessageType];

/** One message of the server, or null when it is not one that this page can use. Never throws. */
export const decode = (data: string) => decodeBy(SHAPES, data) as ServerMessage | null;
