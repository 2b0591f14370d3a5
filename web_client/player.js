// The avatar's voice: plays reply chunks and knows, to the sample, how much of a reply has reached the ear.
//
// The context runs at the rate of the reply, so one frame of it is one sample of the reply. The worklet says where it
// is every 20 ms; what is *heard* is that, less the way to the loudspeaker. face-track.js reads the face there.

const MARK_S = 0.1;
const KEEP_REPLIES = 4;
const KEEP_FRAMES_S = 2; // how far back reports are kept: the longest way to a loudspeaker that we believe

export class Player {
  #context = null;
  #node = null;
  #reports = [];
  #heard = { replyId: -1, position: 0, playing: false };
  #marked = { replyId: -1, position: 0 };
  #ends = []; // replies played to their end, whose last sample may still be on its way to the ear
  #newestId = -1;
  #received = new Map(); // reply_id -> samples received
  #cancelledId = -1;
  #onMark;

  /** `onMark(replyId, heardSamples)` is called about every 100 ms while a reply sounds, and at its end. */
  constructor(onMark) {
    this.#onMark = onMark;
  }

  /** Starts the audio output; call it from a click, or browsers keep it silent. */
  async open(rateHz) {
    this.#context = new AudioContext({ sampleRate: rateHz, latencyHint: "interactive" });
    await this.#context.audioWorklet.addModule("player-worklet.js");
    this.#node = new AudioWorkletNode(this.#context, "reply-player", { numberOfInputs: 0, outputChannelCount: [1] });
    this.#node.port.onmessage = ({ data }) => this.#learn(data);
    this.#node.connect(this.#context.destination);
    await this.#context.resume();
  }

  /** Phones pause the output when a call comes in; any touch of the page brings it back. */
  resume() {
    if (this.#context?.state === "suspended") this.#context.resume();
  }

  close() {
    this.#context?.close();
    this.#context = this.#node = null;
  }

  /** Takes a `reply.chunk`. False when it is late: of a reply that was cancelled, or older than the newest. */
  add({ reply_id: replyId, start_samples: start, audio, last }) {
    if (!this.#node || replyId < this.#newestId || replyId === this.#cancelledId) return false;
    const pcm = new DataView(audio.buffer, audio.byteOffset, audio.byteLength);
    const samples = Float32Array.from({ length: audio.byteLength >> 1 }, (_, i) => pcm.getInt16(2 * i, true) / 32768);
    this.#newestId = replyId;
    this.#received.set(replyId, start + samples.length);
    if (this.#received.size > KEEP_REPLIES) this.#received.delete(this.#received.keys().next().value);
    this.#node.port.postMessage({ replyId, start, samples, last }, [samples.buffer]);
    return true;
  }

  /** Silence, within one render quantum. Returns how many samples of the reply were heard. */
  cancel(replyId) {
    const { replyId: heardId, position, playing } = this.heard();
    this.#cancelledId = replyId;
    this.#node?.port.postMessage({ cancel: replyId });
    this.#reports = this.#reports.filter((report) => report.replyId !== replyId);
    this.#ends = this.#ends.filter((end) => end.replyId !== replyId);
    if (heardId !== replyId) return 0;
    this.#heard = { replyId, position, playing: false };
    if (playing) this.#mark(replyId, position);
    return position;
  }

  /** What reaches the ear now: {replyId, position in samples, playing}. The position of a reply never goes back. */
  heard() {
    if (!this.#context) return this.#heard;
    const frame = this.#frameAtEar();
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
  #frameAtEar() {
    const { currentTime, outputLatency, baseLatency, sampleRate } = this.#context;
    return (currentTime - (outputLatency || baseLatency || 0)) * sampleRate;
  }

  #learn(report) {
    if (!this.#context || report.replyId === this.#cancelledId) return;
    const oldest = report.frame - KEEP_FRAMES_S * this.#context.sampleRate;
    this.#reports = this.#reports.filter(({ frame }) => frame >= oldest);
    this.#reports.push(report);
    if (report.ended && this.#ends.at(-1)?.replyId !== report.replyId) this.#ends.push(report);
    this.#markProgress();
  }

  #markProgress() {
    const frame = this.#frameAtEar();
    while (this.#ends[0]?.frame <= frame) this.#mark(this.#ends[0].replyId, this.#ends.shift().position);
    const { replyId, position, playing } = this.heard();
    const since = this.#marked.replyId === replyId ? this.#marked.position : 0;
    if (playing && position - since >= MARK_S * this.#context.sampleRate) this.#mark(replyId, position);
  }

  #mark(replyId, position) {
    if (this.#marked.replyId === replyId && this.#marked.position === position) return;
    this.#marked = { replyId, position };
    this.#onMark(replyId, position);
  }
}
