// The stream, for every example: one WebSocket, the voice through Web Audio, and the face for the sample that is heard.
//
// This is a small client on purpose. The page in web_client/ has a jitter buffer, reconnects and a microphone; here a
// fan types. Each example brings a rig and asks `Stream.face()` in every picture what to show.

const SUBPROTOCOL = "avatar.v1.json";
const START_AFTER_S = 0.06; // heard after the first chunk came, so that a late second one leaves no gap
const MARK_MS = 100;
const QUARTER_DEGREE = Math.PI / 720;

/** How far a look of 1.0 turns an eye, in radians. */
export const EYE_FULL = Math.PI / 6;

/** Connects and asks for a face format ("arkit52", "vrm", ...). Handlers: welcome, chunk, cancelled, notice. */
export class Stream {
  #socket;
  #on;
  #format = { names: [], fps: 60, centred: [] };
  #rateHz = 24_000;
  #voice = null;
  #frames = []; // of the newest reply, by number
  #replyId = -1;
  #listening = { frames: [], since: 0 };

  constructor(url, face, handlers = {}) {
    this.#on = handlers;
    this.#socket = new WebSocket(url, [SUBPROTOCOL]);
    this.#socket.onopen = () => this.#send("hello", { client: "stagedoor-example/1", face });
    this.#socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    setInterval(() => this.#mark(), MARK_MS);
  }

  /** The person was told that this is an AI. Call it from a click: browsers keep sound off until then. */
  async begin({ play = true } = {}) {
    if (play) {
      this.#voice = new Voice(this.#rateHz);
      await this.#voice.resume();
    }
    this.#send("disclosure.acknowledged");
  }

  say(text) {
    this.#send("text", { text });
  }

  /** Where the fan's head is: metres in the avatar's space, y up, z towards the fan. The avatar looks there. */
  look(x, y, z) {
    this.#send("fan.pose", { head: [x, y, z] });
  }

  /** For players that are not ours (TalkingHead's): so many samples of this reply were heard. */
  heard(replyId, samples) {
    this.#send("playback.mark", { reply_id: replyId, heard_samples: Math.round(samples) });
  }

  /** What to show now: weights by name (0..1), and the head's pitch, yaw and roll in radians. Null: nothing came yet. */
  face(nowMs = performance.now()) {
    const heard = this.#voice?.heard();
    if (heard) {
      const at = (heard.samples / this.#rateHz) * this.#format.fps;
      const shown = this.#between(this.#frames, at);
      if (shown) return shown;
    }
    const { frames, since } = this.#listening;
    return this.#between(frames, Math.min(((nowMs - since) * this.#format.fps) / 1000, frames.length - 1));
  }

  #between(frames, at) {
    const before = frames[Math.floor(at)];
    if (!before) return null;
    const after = frames[Math.floor(at) + 1] ?? before;
    const share = at - Math.floor(at);
    const mix = (a, b) => a + (b - a) * share;
    const weights = {};
    this.#format.names.forEach((name, i) => (weights[name] = mix(before.face[i], after.face[i]) / 255));
    const [pitch, yaw, roll] = [0, 1, 2].map((i) => mix(before.head[i], after.head[i]) * QUARTER_DEGREE);
    return { weights, pitch, yaw, roll };
  }

  #take(message) {
    switch (message.type) {
      case "hello":
        this.#format = message.face;
        this.#rateHz = message.audio_out.sample_rate_hz;
        this.#on.welcome?.(message);
        break;
      case "reply.chunk": {
        const pcm = bytes(message.audio);
        if (message.reply_id !== this.#replyId) {
          this.#replyId = message.reply_id;
          this.#frames = [];
          this.#voice?.begin(message.reply_id);
        }
        const first = Math.round((message.start_samples / this.#rateHz) * this.#format.fps);
        this.#split(message).forEach((frame, k) => (this.#frames[first + k] = frame));
        this.#voice?.add(new Int16Array(pcm.buffer, 0, pcm.length >> 1));
        this.#on.chunk?.(message, pcm);
        break;
      }
      case "reply.cancelled":
        if (message.reply_id === this.#replyId) {
          this.#voice?.stop();
          this.#frames = [];
        }
        this.#on.cancelled?.(message);
        break;
      case "listening":
        this.#listening = { frames: this.#split(message), since: performance.now() };
        break;
      case "notice":
        this.#on.notice?.(message);
    }
  }

  #split({ face, head }) {
    const [all, turns, size] = [bytes(face), new Int8Array(bytes(head ?? "").buffer), this.#format.names.length];
    const count = size ? Math.floor(all.length / size) : 0;
    return Array.from({ length: count }, (_, k) => ({
      face: all.subarray(k * size, (k + 1) * size),
      head: turns.length ? turns.subarray(3 * k, 3 * k + 3) : [0, 0, 0],
    }));
  }

  #mark() {
    const heard = this.#voice?.heard();
    if (heard) this.heard(heard.replyId, heard.samples);
  }

  #send(type, fields = {}) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type, ...fields }));
  }
}

/** Plays one reply at a time, chunk after chunk, and knows which sample is heard. */
class Voice {
  #context;
  #rateHz;
  #replyId = -1;
  #sources = new Set();
  #pieces = []; // {at: when it is heard (s), first: its first sample, length}
  #received = 0;

  constructor(rateHz) {
    this.#rateHz = rateHz;
    this.#context = new AudioContext({ sampleRate: rateHz, latencyHint: "interactive" });
  }

  resume() {
    return this.#context.resume();
  }

  begin(replyId) {
    this.stop();
    this.#replyId = replyId;
  }

  add(pcm) {
    if (!pcm.length) return;
    const buffer = this.#context.createBuffer(1, pcm.length, this.#rateHz);
    buffer.getChannelData(0).set(Float32Array.from(pcm, (sample) => sample / 32768));
    const last = this.#pieces.at(-1);
    const at = Math.max(last ? last.at + last.length / this.#rateHz : 0, this.#context.currentTime + (last ? 0 : START_AFTER_S));
    const source = new AudioBufferSourceNode(this.#context, { buffer });
    source.connect(this.#context.destination);
    source.start(at);
    this.#sources.add(source);
    source.onended = () => this.#sources.delete(source);
    this.#pieces.push({ at, first: this.#received, length: pcm.length });
    this.#received += pcm.length;
  }

  /** The reply that sounds and how many of its samples were heard; null when none sounds. */
  heard() {
    const now = this.#context.currentTime - (this.#context.outputLatency || 0);
    const piece = this.#pieces.findLast(({ at }) => at <= now);
    if (!piece) return null;
    const samples = piece.first + Math.min((now - piece.at) * this.#rateHz, piece.length);
    const over = samples >= this.#received && now > piece.at + piece.length / this.#rateHz + 0.3;
    return over ? null : { replyId: this.#replyId, samples };
  }

  stop() {
    for (const source of this.#sources) source.stop();
    this.#sources.clear();
    this.#pieces = [];
    this.#received = 0;
  }
}

/** Standard base64 as bytes. */
export function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** `?server=ws://...` of the page's address, else its own host; `?avatar=...` else `rig.glb`. */
export function options() {
  const asked = new URLSearchParams(location.search);
  return { server: asked.get("server") ?? `ws://${location.host}/ws`, avatar: asked.get("avatar") ?? "rig.glb" };
}

/** The little door that all examples share: the disclosure, a button that says "I understand", a line to type in. */
export function door(stream, begin) {
  const [button, form, line] = ["understand", "say", "line"].map((id) => document.getElementById(id));
  button.onclick = async () => {
    await begin();
    document.body.dataset.state = "talking";
    form.hidden = false;
    button.hidden = true;
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    if (line.value.trim()) stream.say(line.value.trim());
    line.value = "";
  };
  addEventListener("pointermove", ({ clientX, clientY }) => {
    const now = performance.now();
    if (form.hidden || now - (door.lookedAt ?? 0) < 100) return; // nothing before the talk; ten a second are enough
    door.lookedAt = now;
    stream.look(1.2 * (clientX / innerWidth - 0.5), 1.49 - 0.8 * (clientY / innerHeight - 0.5), 1);
  });
}
