// On the audio thread: microphone at the device's rate in, PCM16 chunks of 20 ms at the agreed rate out.

import { Resampler } from "./resampler";

const CHUNKS_PER_S = 50;

class Microphone extends AudioWorkletProcessor {
  private readonly resampler: Resampler;
  private readonly chunk: Int16Array;
  private filled = 0;

  constructor({ processorOptions: { rateHz } }: { processorOptions: { rateHz: number } }) {
    super();
    this.resampler = new Resampler(sampleRate, rateHz);
    this.chunk = new Int16Array(rateHz / CHUNKS_PER_S);
  }

  process([channels]: Float32Array[][]): boolean {
    if (channels.length === 0) return true; // the device is not delivering yet
    for (const sample of this.resampler.push(channels[0])) {
      this.chunk[this.filled++] = Math.max(-32768, Math.min(32767, Math.round(sample * 32768)));
      if (this.filled === this.chunk.length) {
        this.port.postMessage(this.chunk.slice());
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("microphone", Microphone);
