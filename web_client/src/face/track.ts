// Which face to show now: the reply's at the sample that is heard, else the listening frames, else an idle one.
//
// Inside a reply the weights are shown as they came, between two frames in proportion: any smoothing would make the
// mouth late. Only where the source changes (a reply begins, ends, is cancelled) is there a short cross-fade.

import type { Heard } from "../audio/player";
import { Idle } from "./idle";

type Frames = Uint8Array[];
type Chosen = { source: string; frame: number; frames: Frames | null };

const FADE_MS = { reply: 50, cancelled: 60, otherwise: 160 };
const KEEP_REPLIES = 4; // those whose face may still be needed: one heard, one arriving, and some to spare

export class FaceTrack {
  #names: string[];
  #fps: number;
  #samplesPerFrame: number;
  #replies = new Map<number, Frames>(); // reply_id -> frames by number
  #listening: { frames: Frames; since: number } = { frames: [], since: 0 };
  #idle: Idle;
  #source = "idle";
  #fade: { from: Float32Array; since: number; ms: number };
  #shown: Float32Array;

  /** `names` and `fps` as in `hello`; `rateHz` is that of the reply's audio. */
  constructor(names: string[], fps: number, rateHz: number) {
    this.#names = names;
    this.#fps = fps;
    this.#samplesPerFrame = rateHz / fps;
    this.#idle = new Idle(names);
    this.#shown = new Float32Array(names.length);
    this.#fade = { from: this.#shown.slice(), since: 0, ms: 1 };
  }

  addReply(chunk: { reply_id: number; start_samples: number; face: Uint8Array }) {
    const { reply_id: replyId, start_samples: start, face } = chunk;
    const frames = this.#replies.get(replyId) ?? [];
    const first = Math.round(start / this.#samplesPerFrame);
    this.#split(face).forEach((frame, k) => (frames[first + k] = frame));
    this.#replies.set(replyId, frames);
    if (this.#replies.size > KEEP_REPLIES) this.#replies.delete(Math.min(...this.#replies.keys()));
  }

  cancel(replyId: number, nowMs: number) {
    this.#replies.delete(replyId);
    if (this.#source === `reply ${replyId}`) this.#changeTo("idle", nowMs, FADE_MS.cancelled);
  }

  listen({ face }: { face: Uint8Array }, nowMs: number) {
    this.#listening = { frames: this.#split(face), since: nowMs };
  }

  /** The weights 0..1 to show, and where they come from: {weights, source, frame}. `heard` is `Player.heard()`. */
  at(nowMs: number, heard: Heard) {
    const { source, frame, frames } = this.#choose(nowMs, heard);
    if (source !== this.#source) {
      this.#changeTo(source, nowMs, source.startsWith("reply") ? FADE_MS.reply : FADE_MS.otherwise);
    }
    // Into a reply by its own clock: however late the first picture is, it shows the mouth of what is heard.
    const sinceMs = source.startsWith("reply") ? (1000 * frame) / this.#fps : nowMs - this.#fade.since;
    const share = Math.min(1, sinceMs / this.#fade.ms);
    const whole = Math.floor(frame);
    const idle = this.#idle.at(nowMs);
    const before = frames?.[whole];
    const after = frames?.[whole + 1] ?? before;
    for (let i = 0; i < this.#shown.length; i++) {
      const target = before && after ? (before[i] + (after[i] - before[i]) * (frame - whole)) / 255 : idle[i];
      this.#shown[i] = share < 1 ? this.#fade.from[i] + (target - this.#fade.from[i]) * share : target;
    }
    return { weights: this.#shown, source: this.#source, frame: whole };
  }

  #choose(nowMs: number, { replyId, position, playing }: Heard): Chosen {
    const reply = this.#replies.get(replyId);
    const at = position / this.#samplesPerFrame;
    if (playing && reply?.[Math.floor(at)]) return { source: `reply ${replyId}`, frame: at, frames: reply };
    const { frames, since } = this.#listening;
    const k = Math.max(0, ((nowMs - since) * this.#fps) / 1000); // a picture's time may lie just before its message
    // The last frame is held for half a second: the next message may be late, and a face that jumps looks away.
    if (frames.length > 0 && k < frames.length + this.#fps / 2) {
      return { source: "listening", frame: Math.min(k, frames.length - 1), frames };
    }
    return { source: "idle", frame: 0, frames: null };
  }

  #changeTo(source: string, nowMs: number, fadeMs: number) {
    this.#source = source;
    this.#fade = { from: this.#shown.slice(), since: nowMs, ms: fadeMs };
  }

  #split(bytes: Uint8Array): Frames {
    const size = this.#names.length;
    const count = Math.floor(bytes.length / size);
    return Array.from({ length: count }, (_, k) => bytes.subarray(k * size, (k + 1) * size));
  }
}
