// On the audio thread: reply chunks in, sound out, and word to player.js of which sample is at which moment.
//
// The queue holds what the server has sent ahead. It is bounded by the server, which never sends more than a reply;
// when it runs dry the sound pauses, waits for a little more than at the start, and goes on where it was.

const START_S = 0.04;
const RESUME_S = 0.1;
const QUANTA_PER_REPORT = 4; // about 20 ms
const QUIET_REPORTS = 50; // reports go on for a second after the sound: the loudspeaker is that much behind at most

class ReplyPlayer extends AudioWorkletProcessor {
  queue = []; // {replyId, start, samples, last}, in the order of the wire
  offset = 0; // samples of the first chunk already played
  replyId = 0;
  position = 0; // samples of the reply already played
  playing = false;
  ended = true;
  dry = false; // ran out in the middle of the reply
  stopping = false;
  quanta = 0;
  quietReports = QUIET_REPORTS;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => (data.samples ? this.queue.push(data) : this.cancel(data.cancel));
  }

  cancel(replyId) {
    if (this.replyId === replyId && this.playing) this.stopping = true;
    else this.drop(replyId);
  }

  drop(replyId) {
    if (this.queue[0]?.replyId === replyId) this.offset = 0;
    this.queue = this.queue.filter((chunk) => chunk.replyId !== replyId);
    if (this.replyId === replyId) this.dry = false;
  }

  isReady() {
    const [head] = this.queue;
    if (!head) return false;
    const mine = this.queue.filter((chunk) => chunk.replyId === head.replyId);
    const buffered = mine.reduce((sum, chunk) => sum + chunk.samples.length, -this.offset);
    const complete = mine.at(-1).last || mine.length < this.queue.length; // the next reply ends one left unfinished
    return complete || buffered >= (this.dry ? RESUME_S : START_S) * sampleRate;
  }

  /** Fills `out` as far as there is sound. A reply that ends, ends the quantum with it. */
  play(out) {
    let filled = 0;
    while (filled < out.length) {
      const chunk = this.queue[0];
      if (!chunk) {
        this.playing = false;
        this.dry = true;
        return;
      }
      const part = chunk.samples.subarray(this.offset, this.offset + out.length - filled);
      out.set(part, filled);
      filled += part.length;
      this.offset += part.length;
      this.replyId = chunk.replyId;
      this.position = chunk.start + this.offset;
      this.ended = false;
      if (this.offset < chunk.samples.length) return;
      this.queue.shift();
      this.offset = 0;
      if (chunk.last) {
        this.playing = this.dry = false;
        this.ended = true;
        return;
      }
    }
  }

  /** The last quantum of a cancelled reply, faded so that the cut makes no click. */
  stop(out) {
    for (let i = 0; i < out.length; i++) out[i] *= 1 - (i + 1) / out.length;
    this.drop(this.replyId);
    this.stopping = this.playing = false;
    this.ended = true;
  }

  process(_inputs, [[out]]) {
    const before = this.state;
    if (!this.playing && this.isReady()) this.playing = true;
    if (this.playing) this.play(out);
    if (this.stopping) this.stop(out);
    this.report(out.length, before !== this.state);
    return true;
  }

  get state() {
    return `${this.replyId} ${this.playing} ${this.ended}`;
  }

  report(quantum, changed) {
    if (this.playing || changed) this.quietReports = 0;
    this.quanta += 1;
    if (!changed && (this.quanta % QUANTA_PER_REPORT !== 0 || this.quietReports >= QUIET_REPORTS)) return;
    this.quietReports += 1;
    const { replyId, position, playing, ended } = this;
    this.port.postMessage({ frame: currentFrame + quantum, replyId, position, playing, ended });
  }
}

registerProcessor("reply-player", ReplyPlayer);
