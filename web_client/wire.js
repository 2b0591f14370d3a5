// The wire: one WebSocket that speaks `avatar.v1.json`, checked on arrival. mic.js and player.js come next.
//
// JSON carries sound as base64, a third larger than msgpack: about 45 kB/s up and 65 kB/s down, which any line that
// carries a call can bear, and the page needs no library. Native clients use `avatar.v1.msgpack`.

const SUBPROTOCOL = "avatar.v1.json";
const CONGESTED_BYTES = 64 * 1024; // about a second and a half of microphone that the network did not take
const GOODBYE_MS = 1000; // how long the server may take to close after `leave`

const list = (of) => ({ list: of });
const optional = (of, fallback) => ({ optional: of, fallback });
const SAMPLES = "count";

// What this page reads of each message, and of what kind it must be. Fields that are not listed are ignored.
const SHAPES = {
  hello: {
    persona: { id: "text", name: "text", pronouns: "text", about: "text" },
    disclosure: "text",
    audio_in: { encoding: "text", sample_rate_hz: "count" },
    audio_out: { encoding: "text", sample_rate_hz: "count" },
    face: { names: list("text"), fps: "count" },
    limits: { max_text_chars: "count" },
  },
  "reply.chunk": {
    reply_id: "count",
    start_samples: SAMPLES,
    audio: "bytes",
    face: "bytes",
    words: optional(list({ text: "text", start_samples: SAMPLES, end_samples: SAMPLES }), []),
    last: optional("flag", false),
  },
  "reply.cancelled": { reply_id: "count", reason: "text", heard_samples: SAMPLES },
  listening: { seq: "count", face: "bytes" },
  transcript: { turn_id: "count", text: "text", final: "flag", language: optional("text", "en") },
  "turn.report": {
    kind: "text",
    voice_to_voice_ms: "number",
    commit_to_face_ms: "number",
    stages: list({ name: "text", start_ms: "number", end_ms: "number" }),
  },
  notice: { kind: "text", text: "text" },
  pong: { nonce: "count" },
  error: { code: "text", message: "text", fatal: optional("flag", false) },
};

const KINDS = {
  text: (value) => typeof value === "string",
  flag: (value) => typeof value === "boolean",
  number: (value) => Number.isFinite(value),
  count: (value) => Number.isSafeInteger(value) && value >= 0,
  bytes: (value) => typeof value === "string",
};

/** The part of `value` that `shape` describes, bytes decoded. Throws TypeError where it does not fit. */
function fit(value, shape) {
  if (typeof shape === "string") {
    if (!KINDS[shape](value)) throw new TypeError(`expected ${shape}`);
    return shape === "bytes" ? fromBase64(value) : value;
  }
  if (shape.optional) return value === undefined ? shape.fallback : fit(value, shape.optional);
  if (shape.list) {
    if (!Array.isArray(value)) throw new TypeError("expected a list");
    return value.map((item) => fit(item, shape.list));
  }
  if (typeof value !== "object" || value === null) throw new TypeError("expected an object");
  return Object.fromEntries(Object.entries(shape).map(([name, inner]) => [name, fit(value[name], inner)]));
}

/** One message of the server, or null when it is not one that this page can use. Never throws. */
export function decode(data) {
  try {
    const raw = JSON.parse(data);
    return Object.hasOwn(SHAPES, raw.type) ? { type: raw.type, ...fit(raw, SHAPES[raw.type]) } : null;
  } catch {
    return null; // a torn or strange message costs that message, never the conversation
  }
}

function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Bytes as standard base64 with padding. */
export function toBase64(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** One connection. `onMessage` gets decoded messages; `onClose` is called once, with the close code. */
export class Wire {
  #socket;

  constructor(url, { onOpen, onMessage, onClose }) {
    this.#socket = new WebSocket(url, [SUBPROTOCOL]);
    this.#socket.onopen = onOpen;
    this.#socket.onclose = (event) => onClose(event.code);
    this.#socket.onmessage = ({ data }) => {
      const message = decode(data);
      if (message) onMessage(message);
      else console.warn("A message from the server was not understood and was ignored.");
    };
  }

  /** Sends one message; after the connection has closed there is nobody to tell, and nothing happens. */
  send(type, fields = {}) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type, ...fields }));
  }

  /** True while the network does not keep up: sound from the microphone is then better dropped than late. */
  get congested() {
    return this.#socket.bufferedAmount > CONGESTED_BYTES;
  }

  /** Says goodbye; the server closes, and if it does not, this side does. */
  leave() {
    this.send("leave");
    setTimeout(() => this.#socket.close(1000), GOODBYE_MS);
  }
}
