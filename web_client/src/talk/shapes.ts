// What this page reads of each message of the server, and of what kind it must be. wire.ts comes next.
//
// The types follow from the table, so there is one place to change. Fields that are not listed are ignored.

type Kind = "text" | "flag" | "number" | "count" | "bytes";
type Shape = Kind | { list: Shape } | { optional: Shape; fallback: unknown } | { fields: { [name: string]: Shape } };

type Read<S> = S extends "text"
  ? string
  : S extends "flag"
    ? boolean
    : S extends "number" | "count"
      ? number
      : S extends "bytes"
        ? Uint8Array
        : S extends { list: infer Item }
          ? Read<Item>[]
          : S extends { optional: infer Inner; fallback: infer Otherwise }
            ? Read<Inner> | Otherwise
            : S extends { fields: infer Fields }
              ? { [Name in keyof Fields]: Read<Fields[Name]> }
              : never;

const fields = <const F extends { [name: string]: Shape }>(inner: F) => ({ fields: inner });
const list = <const S extends Shape>(inner: S) => ({ list: inner });
const optional = <const S extends Shape, T>(inner: S, fallback: T) => ({ optional: inner, fallback });
const many = <const S extends Shape>(inner: S) => optional(list(inner), [] as never[]); // a list that may be left out

const AUDIO_FORMAT = fields({ encoding: "text", sample_rate_hz: "count" });
const SPAN = { start_samples: "count", end_samples: "count" } as const;
const GESTURES = many(fields({ name: "text", start_samples: "count" }));
const POSTURE = optional(fields({ name: "text", start_samples: "count", amount: "number" }), null);

const SHAPES = {
  hello: fields({
    persona: fields({ id: "text", name: "text", pronouns: "text", about: "text", look: optional("text", "") }),
    disclosure: "text",
    audio_in: AUDIO_FORMAT,
    audio_out: AUDIO_FORMAT,
    face: fields({ names: list("text"), fps: "count" }),
    limits: fields({ max_text_chars: "count", max_session_s: optional("count", 0), max_away_s: optional("count", 0) }),
    resume_token: optional("text", ""),
    resumed: optional("flag", false),
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
  transcript: fields({ turn_id: "count", text: "text", final: "flag", language: optional("text", "en") }),
  "turn.report": fields({
    kind: "text",
    voice_to_voice_ms: "number",
    commit_to_face_ms: "number",
    stages: list(fields({ name: "text", start_ms: "number", end_ms: "number" })),
  }),
  notice: fields({ kind: "text", text: "text" }),
  pong: fields({ nonce: "count" }),
  error: fields({ code: "text", message: "text", fatal: optional("flag", false) }),
};

export type MessageType = keyof typeof SHAPES;
export type Message<T extends MessageType> = { type: T } & Read<(typeof SHAPES)[T]>;
export type ServerMessage = { [T in MessageType]: Message<T> }[MessageType];

const IS_KIND: Record<Kind, (value: unknown) => boolean> = {
  text: (value) => typeof value === "string",
  flag: (value) => typeof value === "boolean",
  number: (value) => Number.isFinite(value),
  count: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  bytes: (value) => typeof value === "string",
};

/** The part of `value` that `shape` describes, bytes decoded. Throws TypeError where it does not fit. */
function fit(value: unknown, shape: Shape): unknown {
  if (typeof shape === "string") {
    if (!IS_KIND[shape](value)) throw new TypeError(`expected ${shape}`);
    return shape === "bytes" ? fromBase64(value as string) : value;
  }
  if ("optional" in shape) return value === undefined || value === null ? shape.fallback : fit(value, shape.optional);
  if ("list" in shape) {
    if (!Array.isArray(value)) throw new TypeError("expected a list");
    return value.map((item) => fit(item, shape.list));
  }
  if (typeof value !== "object" || value === null) throw new TypeError("expected an object");
  const found = value as Record<string, unknown>;
  return Object.fromEntries(Object.entries(shape.fields).map(([name, inner]) => [name, fit(found[name], inner)]));
}

/** One message of the server, or null when it is not one that this page can use. Never throws. */
export function decode(data: string): ServerMessage | null {
  try {
    const raw = JSON.parse(data);
    if (!Object.hasOwn(SHAPES, raw.type)) return null;
    const type = raw.type as MessageType;
    return { type, ...(fit(raw, SHAPES[type]) as object) } as ServerMessage;
  } catch {
    return null; // a torn or strange message costs that message, never the conversation
  }
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
