// The avatar's voice: plays reply chunks and knows, to the sample, how much of a reply has reached the ear.
//
// The context runs at the rate of the reply, so one frame of it is one sample of the reply. The worklet says where it
// is every 20 ms; what is *heard* is that, less the way to the loudspeaker. face/track.ts reads the face there.

import type { Message } from "../talk/shapes";
import type { Chunk } from "./play-queue";
import type { PlayerOrder, PlayReport } from "./player-worklet";
import workletUrl from "./player-worklet.ts?worker&url";
import { unpackingOf, type Unpacking } from "./unpacking";

/** What reaches the ear now. */
export type Heard = { replyId: number; position: number; playing: boolean };

const MARK_S = 0.1;
const KEEP_REPLIES = 4;
const KEEP_FRAMES_S = 2; // how far back reports are kept: the longest way to a loudspeaker that we believe

export class Player {
  #context: AudioContext | null = null;
  #node: AudioWorkletNode | null = null;
  #unpacking: Unpacking | null = null;
  #reports: PlayReport[] = [];
  #heard: Heard = { replyId: -1, position: 0, playing: false };
  #marked = { replyId: -1, position: 0 };
  #ends: PlayReport[] = []; // replies played to their end, whose last sample may still be on its way to the ear
  #newestId = -1;
  #received = new Map<number, number>(); // reply_id -> samples received
  #cancelledId = -1;
  #onMark: (replyId: number, heardSamples: number) => void;

  /** `onMark(replyId, heardSamples)` is called about every 100 ms while a reply sounds, and at its end. */
  constructor(onMark: (replyId: number, heardSamples: number) => void) {
    this.#onMark = onMark;
  }

  /** Starts the audio output for sound of this format; call it from a click, or browsers keep it silent. */
  async open(format: Message<"hello">["audio_out"]): Promise<void> {
    const context = new AudioContext({ sampleRate: format.sample_rate_hz, latencyHint: "interactive" });
    this.#context = context;
    await context.audioWorklet.addModule(workletUrl);
    this.#node = new AudioWorkletNode(context, "reply-player", { numberOfInputs: 0, outputChannelCount: [1] });
    this.#node.port.onmessage = ({ data }) => this.#learn(data);
    this.#node.connect(context.destination);
    this.expect(format);
    await context.resume();
  }

  /** From now on sound comes like this: another connection, with streams of its own. */
  expect(format: Message<"hello">["audio_out"]) {
    this.#unpacking?.drop();
    this.#unpacking = unpackingOf(format, (chunk) => this.#queue(chunk));
  }

  /** The audio graph, for those who place the voice in a room: null while there is no sound. */
  get graph(): { context: AudioContext; voice: AudioNode } | null {
    return this.#context && this.#node ? { context: this.#context, voice: this.#node } : null;
  }

  /** Phones pause the output when a call comes in; any touch of the page brings it back. */
  resume() {
    if (this.#context?.state === "suspended") this.#context.resume();
  }

  close() {
    this.#unpacking?.drop();
    this.#context?.close();
    this.#context = this.#node = this.#unpacking = null;
  }

  /** Takes a `reply.chunk`. False when it is late: of a reply that was cancelled, or older than the newest. */
  add(chunk: Message<"reply.chunk">): boolean {
    if (!this.#node || chunk.reply_id < this.#newestId || chunk.reply_id === this.#cancelledId) return false;
    this.#newestId = chunk.reply_id;
    this.#unpacking?.add(chunk);
    return true;
  }

  /** Silence, within one render quantum. Returns how many samples of the reply were heard. */
  cancel(replyId: number): number {
    const { replyId: heardId, position, playing } = this.heard();
    this.#cancelledId = replyId;
    this.#order({ cancel: replyId });
    this.#reports = this.#reports.filter((report) => report.replyId !== replyId);
    this.#ends = this.#ends.filter((end) => end.replyId !== replyId);
    if (heardId !== replyId) return 0;
    this.#heard = { replyId, position, playing: false };
    if (playing) this.#mark(replyId, position);
    return position;
  }

  /** Plays this reply at this loudness from now on: 1 is as it came. */
  duck(replyId: number, gain: number, rampMs: number) {
    this.#order({ duck: replyId, gain, rampS: rampMs / 1000 });
  }

  /** Forgets what waits to be played, and says where the sound stands: the next connection goes on from there. */
  handOver(): { reply_id: number; heard_samples: number } {
    this.#unpacking?.drop();
    this.#order({ flush: true });
    const last = this.#reports.at(-1);
    if (!last) return { reply_id: 0, heard_samples: 0 };
    const position = this.#rendered(last);
    if (!last.ended) this.#received.set(last.replyId, position);
    return { reply_id: Math.max(0, last.replyId), heard_samples: position };
  }

  /** How the buffer does, for those who look: seconds that wait, seconds it aims at, gaps so far. */
  get buffer(): { waitingS: number; bufferS: number; nGaps: number } {
    return this.#reports.at(-1) ?? { waitingS: 0, bufferS: 0, nGaps: 0 };
  }

  /** What reaches the ear now: {replyId, position in samples, playing}. The position of a reply never goes back. */
  heard(): Heard {
    if (!this.#context) return this.#heard;
    const frame = this.#frameAtEar(this.#context);
    const at = this.#reports.findLastIndex((report) => report.frame <= frame);
    if (at < 0) return this.#heard;
    const { replyId, position, playing, frame: since } = this.#reports[at];
    const next = this.#reports[at + 1];
    const known = next?.replyId === replyId ? next.position : Infinity;
    const limit = Math.min(known, this.#received.get(replyId) ?? Infinity);
    const now = playing ? Math.min(Math.floor(position + frame - since), limit) : position;
    const before = this.#heard.replyId === replyId ? this.#heard.position : 0;
    this.#heard = { replyId, position: Math.max(now, before), playing };
    return this.#heard;
  }

  /** The frame of the context that reaches the ear now: what was rendered, less the way to the loudspeaker. */
  #frameAtEar({ currentTime, outputLatency, baseLatency, sampleRate }: AudioContext): number {
    return (currentTime - (outputLatency || baseLatency || 0)) * sampleRate;
  }

  /** Where the reply stands in what was rendered up to now; a busy page has not yet read the newest report. */
  #rendered({ replyId, position, playing, frame }: PlayReport): number {
    if (!this.#context || !playing) return position;
    const since = Math.floor(this.#context.currentTime * this.#context.sampleRate) - frame;
    return Math.max(position, Math.min(position + since, this.#received.get(replyId) ?? position));
  }

  #queue(chunk: Chunk) {
    const { replyId, start, samples } = chunk;
    if (replyId === this.#cancelledId) return; // it was still being unpacked
    this.#received.set(replyId, start + samples.length);
    if (this.#received.size > KEEP_REPLIES) this.#received.delete(Math.min(...this.#received.keys()));
    this.#order(chunk, [samples.buffer]);
  }

  #order(order: PlayerOrder, transfer: Transferable[] = []) {
    this.#node?.port.postMessage(order, transfer);
  }

  #learn(report: PlayReport) {
    if (!this.#context || report.replyId === this.#cancelledId) return;
    const oldest = report.frame - KEEP_FRAMES_S * this.#context.sampleRate;
    this.#reports = this.#reports.filter(({ frame }) => frame >= oldest);
    this.#reports.push(report);
    if (report.ended && this.#ends.at(-1)?.replyId !== report.replyId) this.#ends.push(report);
    this.#markProgress(this.#context);
  }

  #markProgress(context: AudioContext) {
    const frame = this.#frameAtEar(context);
    while (this.#ends.length > 0 && this.#ends[0].frame <= frame) {
      const { replyId, position } = this.#ends[0];
      this.#ends.shift();
      this.#mark(replyId, position);
    }
    const { replyId, position, playing } = this.heard();
    const since = this.#marked.replyId === replyId ? this.#marked.position : 0;
    if (playing && position - since >= MARK_S * context.sampleRate) this.#mark(replyId, position);
  }

  #mark(replyId: number, position: number) {
    if (this.#marked.replyId === replyId && this.#marked.position === position) return;
    this.#marked = { replyId, position };
    this.#onMark(replyId, position);
  }
}
