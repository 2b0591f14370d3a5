// On the audio thread: runs the play queue, and tells player.ts which sample is at which moment.

import { PlayQueue, type Chunk } from "./play-queue";

const QUANTA_PER_REPORT = 4; // about 20 ms
const QUIET_REPORTS = 50; // reports go on for a second after the sound: the loudspeaker is that much behind at most

/** What player.ts asks for. */
export type PlayerOrder = Chunk | { cancel: number } | { flush: true } | { duck: number; gain: number; rampS: number };

/** What player.ts is told: where the queue is once the quantum that ends at `frame` was played. */
export type PlayReport = {
  frame: number;
  replyId: number;
  position: number;
  playing: boolean;
  ended: boolean;
  bufferS: number;
  waitingS: number;
  nGaps: number;
};

class ReplyPlayer extends AudioWorkletProcessor {
  #queue = new PlayQueue(sampleRate);
  #quanta = 0;
  #quietReports = QUIET_REPORTS;

  constructor() {
    super();
    this.port.onmessage = ({ data }: { data: PlayerOrder }) => this.#obey(data);
  }

  #obey(order: PlayerOrder) {
    if ("samples" in order) this.#queue.add(order);
    else if ("cancel" in order) this.#queue.cancel(order.cancel);
    else if ("flush" in order) this.#queue.flush();
    else this.#queue.duck(order.duck, order.gain, order.rampS);
  }

  process(_inputs: Float32Array[][], [[out]]: Float32Array[][]): boolean {
    const before = { ...this.#queue.state };
    this.#queue.fill(out);
    const { replyId, playing, ended } = this.#queue.state;
    this.#report(out.length, before.replyId !== replyId || before.playing !== playing || before.ended !== ended);
    return true;
  }

  #report(quantum: number, changed: boolean) {
    const { state, bufferS, waitingS, nGaps } = this.#queue;
    if (state.playing || changed) this.#quietReports = 0;
    this.#quanta += 1;
    if (!changed && (this.#quanta % QUANTA_PER_REPORT !== 0 || this.#quietReports >= QUIET_REPORTS)) return;
    this.#quietReports += 1;
    const report: PlayReport = { frame: currentFrame + quantum, ...state, bufferS, waitingS, nGaps };
    this.port.postMessage(report);
  }
}

registerProcessor("reply-player", ReplyPlayer);
