// The fan's microphone: opened on request, closed for real (the browser's light goes out), muted to silence.

const WORDS = {
  NotAllowedError: "The browser did not allow the microphone. You can allow it in the address bar, or type instead.",
  NotFoundError: "No microphone was found. You can type instead.",
  NotReadableError: "Another program is using the microphone. Close it there and try again, or type instead.",
};

export class Mic {
  #context = null;
  #stream = null;
  #onChunk;

  /** `onChunk` gets Int16Array chunks of 20 ms at the rate given to `open`. */
  constructor(onChunk) {
    this.#onChunk = onChunk;
  }

  get isOpen() {
    return this.#stream !== null;
  }

  /** Asks for the microphone. Throws Error with words for the person when there is none to be had. */
  async open(rateHz) {
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        // Echo cancellation lets the fan interrupt without headphones. Noise is left in: the recogniser was trained
        // on noise, and not on what noise removal leaves of a voice.
        audio: { channelCount: 1, echoCancellation: true, noiseSuppression: false, autoGainControl: true },
      });
    } catch (error) {
      throw new Error(WORDS[error.name] ?? `The microphone could not be opened (${error.name}). You can type instead.`);
    }
    this.#stream = stream;
    this.#context = new AudioContext({ latencyHint: "interactive" });
    await this.#context.audioWorklet.addModule("mic-worklet.js");
    const node = new AudioWorkletNode(this.#context, "microphone", {
      numberOfOutputs: 0,
      processorOptions: { rateHz },
    });
    node.port.onmessage = ({ data }) => this.isOpen && this.#onChunk(data);
    this.#context.createMediaStreamSource(stream).connect(node);
    await this.#context.resume();
  }

  /** Muted, the microphone goes on as silence, so that a sentence cut short still comes to its end. */
  mute(muted) {
    for (const track of this.#stream?.getTracks() ?? []) track.enabled = !muted;
  }

  close() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#context?.close();
    this.#stream = this.#context = null;
  }
}

/** How loud a chunk is, 0..1 on the decibel scale between a quiet room and a raised voice. */
export function loudness(chunk) {
  const power = chunk.reduce((sum, sample) => sum + (sample / 32768) ** 2, 0) / chunk.length;
  return Math.max(0, Math.min(1, (10 * Math.log10(power + 1e-10) + 55) / 45));
}
