// Which face to show now: the reply's at the sample that is heard, else the listening frames, else an idle one.
//
// Inside a reply the weights are shown as they came, between two frames in proportion: any smoothing would make the
// mouth late. Only where the source changes (a reply begins, ends, is cancelled) is there a short cross-fade.

import type { Heard } from "../audio/player";
import type { Message } from "../talk/shapes";
import { Idle } from "./idle";

const FADE_MS = { reply: 50, cancelled: 60, otherwise: 160 };
const KEEP_REPLIES = 4; // those whose face may still be needed: one heard, one arriving, and some to spare
const HEAD_CHANNELS = 3; // pitch, yaw, roll
const HEAD_UNIT_RAD = Math.PI / 720; // a quarter of a degree

/** One face frame: the weights 0..1 in the order of `names`, then the head's pitch, yaw and roll in radians. */
type Frame = Float32Array;
type Chosen = { source: string; frame: number; frames: Frame[] | null };
type Cue = { replyId: number; name: string; at: number };
type PostureCue = Cue & { amount: number };

function isDue(cue: Cue, { replyId, position }: Heard): boolean {
  return cue.replyId < replyId || (cue.replyId === replyId && cue.at <= position);
}

export class FaceTrack {
  #names: string[];
  #fps: number;
  #samplesPerFrame: number;
  #replies = new Map<number, Frame[]>();
  #listening: { frames: Frame[]; since: number } = { frames: [], since: 0 };
  #cues: Cue[] = [];
  #postures: PostureCue[] = [];
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
    this.#shown = new Float32Array(names.length + HEAD_CHANNELS);
    this.#fade = { from: this.#shown.slice(), since: 0, ms: 1 };
  }

  addReply(chunk: Message<"reply.chunk">) {
    const { reply_id: replyId, start_samples: start } = chunk;
    const frames = this.#replies.get(replyId) ?? [];
    const first = Math.round(start / this.#samplesPerFrame);
    this.#split(chunk.face, chunk.head).forEach((frame, k) => (frames[first + k] = frame));
    this.#replies.set(replyId, frames);
    this.#cues.push(...chunk.gestures.map(({ name, start_samples: at }) => ({ replyId, name, at })));
    if (chunk.posture) this.#postures.push({ ...chunk.posture, replyId, at: chunk.posture.start_samples });
    if (this.#replies.size > KEEP_REPLIES) this.#replies.delete(Math.min(...this.#replies.keys()));
  }

  cancel(replyId: number, nowMs: number) {
    this.#replies.delete(replyId);
    this.#cues = this.#cues.filter((cue) => cue.replyId !== replyId);
    this.#postures = this.#postures.filter((cue) => cue.replyId !== replyId);
    if (this.#source === `reply ${replyId}`) this.#changeTo("idle", nowMs, FADE_MS.cancelled);
  }

  listen({ face, head, gestures, posture }: Message<"listening">, nowMs: number) {
    this.#listening = { frames: this.#split(face, head), since: nowMs };
    this.#cues.push(...gestures.map(({ name }) => ({ replyId: -1, name, at: 0 })));
    if (posture) this.#postures.push({ ...posture, replyId: -1, at: 0 });
  }

  /** Gestures whose moment has come since the last call. */
  dueGestures(heard: Heard): string[] {
    const due = this.#cues.filter((cue) => isDue(cue, heard));
    if (due.length > 0) this.#cues = this.#cues.filter((cue) => !isDue(cue, heard));
    return due.filter((cue) => cue.replyId === -1 || cue.replyId === heard.replyId).map((cue) => cue.name);
  }

  /** How the body is to be held from now on; null when nothing new was asked of it. */
  duePosture(heard: Heard): { name: string; amount: number } | null {
    const due = this.#postures.filter((cue) => isDue(cue, heard));
    if (due.length > 0) this.#postures = this.#postures.filter((cue) => !isDue(cue, heard));
    return due.at(-1) ?? null;
  }

  /** What to show at this moment, and where it comes from. `heard` is `Player.heard()`. */
  at(nowMs: number, heard: Heard): { weights: Float32Array; head: Float32Array; source: string; frame: number } {
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
      const target = before && after ? before[i] + (after[i] - before[i]) * (frame - whole) : (idle[i] ?? 0);
      this.#shown[i] = share < 1 ? this.#fade.from[i] + (target - this.#fade.from[i]) * share : target;
    }
    const size = this.#names.length;
    const [weights, head] = [this.#shown.subarray(0, size), this.#shown.subarray(size)];
    return { weights, head, source: this.#source, frame: whole };
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

  /** `head` has three signed bytes for each frame, or none at all. */
  #split(face: Uint8Array, head: Uint8Array): Frame[] {
    const size = this.#names.length;
    const turns = new Int8Array(head.buffer, head.byteOffset, head.byteLength);
    return Array.from({ length: Math.floor(face.length / size) }, (_, k) => {
      const frame = new Float32Array(size + HEAD_CHANNELS);
      for (let i = 0; i < size; i++) frame[i] = face[k * size + i] / 255;
      for (let i = 0; i < HEAD_CHANNELS; i++) frame[size + i] = (turns[k * HEAD_CHANNELS + i] ?? 0) * HEAD_UNIT_RAD;
      return frame;
    });
  }
}
