// What is played next, sample by sample: reply chunks in, quanta out. player-worklet.ts runs it on the audio thread.
//
// The queue holds what the server has sent ahead; the server bounds it, because it never sends more than a reply. When
// it runs dry the sound pauses and goes on where it was: nothing is skipped and nothing repeated. How much must be
// there before the sound starts adapts: it doubles when the queue ran dry, and shrinks with every reply that comes through.

export type Chunk = { replyId: number; start: number; samples: Float32Array; last: boolean };
export type PlayState = { replyId: number; position: number; playing: boolean; ended: boolean };

export const MIN_BUFFER_S = 0.02;
export const MAX_BUFFER_S = 0.12;
const FIRST_BUFFER_S = 0.04;
const GROWTH = 2; // after a gap: a fan who heard one does not want to hear the next
const SHRINK_S = 0.01; // less of a buffer for every reply that came through whole

export class PlayQueue {
  state: PlayState = { replyId: 0, position: 0, playing: false, ended: true };
  bufferS = FIRST_BUFFER_S; // how much must be there before the sound starts
  nGaps = 0; // how often the sound had to wait in the middle of a reply
  #queue: Chunk[] = []; // in the order of the wire
  #offset = 0; // samples of the first chunk already played
  #dry = false; // ran out in the middle of the reply
  #stopping = false;
  #gapsBefore = 0; // gaps when this reply began
  #gain = { now: 1, target: 1, step: 0 };
  #rateHz: number;

  constructor(rateHz: number) {
    this.#rateHz = rateHz;
  }

  /** Seconds of sound that wait to be played. */
  get waitingS(): number {
    return this.#queue.reduce((sum, chunk) => sum + chunk.samples.length, -this.#offset) / this.#rateHz;
  }

  add(chunk: Chunk) {
    this.#queue.push(chunk);
  }

  /** Silence for this reply from the next quantum on. */
  cancel(replyId: number) {
    if (this.state.replyId === replyId && this.state.playing) this.#stopping = true;
    else this.#drop(replyId);
  }

  /** Forgets what waits: another connection will bring it again, from where the sound stands. */
  flush() {
    this.#queue = [];
    this.#offset = 0;
  }

  /** Plays the reply that sounds at this loudness, reached in a straight line. */
  duck(replyId: number, gain: number, rampS: number) {
    if (replyId !== this.state.replyId) return;
    const target = Math.max(0, Math.min(1, gain));
    const samples = Math.max(1, rampS * this.#rateHz);
    this.#gain = { now: this.#gain.now, target, step: (target - this.#gain.now) / samples };
  }

  /** Fills one quantum; `out` is silence when it is given. */
  fill(out: Float32Array) {
    if (!this.state.playing && this.#isReady()) {
      this.state.playing = true;
      this.#dry = false;
    }
    if (this.state.playing) this.#play(out);
    this.#applyGain(out);
    if (this.#stopping) this.#stop(out);
  }

  #isReady(): boolean {
    const head = this.#queue[0];
    if (!head) return false;
    const mine = this.#queue.filter((chunk) => chunk.replyId === head.replyId);
    const buffered = mine.reduce((sum, chunk) => sum + chunk.samples.length, -this.#offset);
    const complete = mine.some((chunk) => chunk.last) || mine.length < this.#queue.length; // the next reply ends one
    return complete || buffered >= this.bufferS * this.#rateHz;
  }

  /** Fills `out` as far as there is sound. A reply that ends, ends the quantum with it. */
  #play(out: Float32Array) {
    let filled = 0;
    while (filled < out.length) {
      const chunk = this.#queue[0];
      if (!chunk) return this.#runDry();
      if (chunk.replyId !== this.state.replyId) this.#begin();
      const part = chunk.samples.subarray(this.#offset, this.#offset + out.length - filled);
      out.set(part, filled);
      filled += part.length;
      this.#offset += part.length;
      Object.assign(this.state, { replyId: chunk.replyId, position: chunk.start + this.#offset, ended: false });
      if (this.#offset < chunk.samples.length) return;
      this.#queue.shift();
      this.#offset = 0;
      if (chunk.last) return this.#end();
    }
  }

  #begin() {
    this.#gain = { now: 1, target: 1, step: 0 };
    this.#gapsBefore = this.nGaps;
  }

  #end() {
    Object.assign(this.state, { playing: false, ended: true });
    if (this.nGaps === this.#gapsBefore) this.bufferS = Math.max(MIN_BUFFER_S, this.bufferS - SHRINK_S);
  }

  #runDry() {
    this.state.playing = false;
    if (this.#dry) return;
    this.#dry = true;
    this.nGaps += 1;
    this.bufferS = Math.min(MAX_BUFFER_S, this.bufferS * GROWTH);
  }

  #applyGain(out: Float32Array) {
    const gain = this.#gain;
    if (gain.now === 1 && gain.target === 1) return;
    for (let i = 0; i < out.length; i++) {
      const next = gain.now + gain.step;
      gain.now = gain.step < 0 ? Math.max(gain.target, next) : Math.min(gain.target, next);
      out[i] *= gain.now;
    }
  }

  /** The last quantum of a cancelled reply, faded so that the cut makes no click. */
  #stop(out: Float32Array) {
    for (let i = 0; i < out.length; i++) out[i] *= 1 - (i + 1) / out.length;
    this.#drop(this.state.replyId);
    this.#stopping = false;
    Object.assign(this.state, { playing: false, ended: true });
  }

  #drop(replyId: number) {
    if (this.#queue[0]?.replyId === replyId) this.#offset = 0;
    this.#queue = this.#queue.filter((chunk) => chunk.replyId !== replyId);
    if (this.state.replyId === replyId) this.#dry = false;
  }
}
