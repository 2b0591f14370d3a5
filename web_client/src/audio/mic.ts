// The fan's microphone: opened on request, closed for real (the browser's light goes out), muted to silence.

import workletUrl from "./mic-worklet.ts?worker&url";

const WORDS: Record<string, string> = {
  NotAllowedError: "The browser did not allow the microphone. You can allow it in the address bar, or type instead.",
  NotFoundError: "No microphone was found. You can type instead.",
  NotReadableError: "Another program is using the microphone. Close it there and try again, or type instead.",
};

export class Mic {
  #context: AudioContext | null = null;
  #stream: MediaStream | null = null;
  #onChunk: (chunk: Int16Array) => void;

  /** `onChunk` gets Int16Array chunks of 20 ms at the rate given to `open`. */
  constructor(onChunk: (chunk: Int16Array) => void) {
    this.#onChunk = onChunk;
  }

  get isOpen(): boolean {
    return this.#stream !== null;
  }

  /** Asks for the microphone. Throws Error with words for the person when there is none to be had. */
  async open(rateHz: number): Promise<void> {
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        // Echo cancellation lets the fan interrupt without headphones. Noise is left in: the recogniser was trained
        // on noise, and not on what noise removal leaves of a voice.
        audio: { channelCount: 1, echoCancellation: true, noiseSuppression: false, autoGainControl: true },
      });
    } catch (error) {
      const name = error instanceof Error ? error.name : "";
      throw new Error(WORDS[name] ?? `The microphone could not be opened (${name}). You can type instead.`);
    }
    this.#stream = stream;
    this.#context = new AudioContext({ latencyHint: "interactive" });
    await this.#context.audioWorklet.addModule(workletUrl);
    const node = new AudioWorkletNode(this.#context, "microphone", {
      numberOfOutputs: 0,
      processorOptions: { rateHz },
    });
    node.port.onmessage = ({ data }) => this.isOpen && this.#onChunk(data);
    this.#context.createMediaStreamSource(stream).connect(node);
    await this.#context.resume();
  }

  /** Muted, the microphone goes on as silence, so that a sentence cut short still comes to its end. */
  mute(muted: boolean) {
    for (const track of this.#stream?.getTracks() ?? []) track.enabled = !muted;
  }

  close() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#context?.close();
    this.#stream = this.#context = null;
  }
}

/** How loud a chunk is, 0..1 on the decibel scale between a quiet room and a raised voice. */
export function loudness(chunk: Int16Array): number {
  const power = chunk.reduce((sum, sample) => sum + (sample / 32768) ** 2, 0) / chunk.length;
  return Math.max(0, Math.min(1, (10 * Math.log10(power + 1e-10) + 55) / 45));
}
