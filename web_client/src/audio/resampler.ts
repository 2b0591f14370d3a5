// Changes the sample rate of a stream: a windowed-sinc filter in phases, fed any number of samples at a time.
// Used by mic-worklet.ts, because not every browser lets a microphone into an AudioContext of another rate.

const ZERO_CROSSINGS = 32; // each side; to 16 kHz that is flat to 6.9 kHz, and aliases only above 7.8 kHz

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

function sinc(x: number) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function blackman(x: number) {
  return 0.42 + 0.5 * Math.cos(Math.PI * x) + 0.08 * Math.cos(2 * Math.PI * x); // x in -1..1
}

export class Resampler {
  #phases: Float32Array[]; // one row of filter taps for each place an output sample can fall between two input samples
  #step: number; // input samples per output sample, in units of 1/phases
  #half: number; // taps on each side of an output sample
  #history: Float32Array; // input samples that the filter still needs
  #at: number; // where the next output sample falls in the history, in units of 1/phases

  constructor(fromHz: number, toHz: number) {
    const common = gcd(fromHz, toHz);
    const phases = toHz / common;
    const cutoff = Math.min(1, toHz / fromHz) * 0.94; // a little below Nyquist, where the filter has room to fall
    this.#step = fromHz / common;
    this.#half = Math.ceil(ZERO_CROSSINGS / cutoff);
    this.#phases = Array.from({ length: phases }, (_, phase) =>
      Float32Array.from({ length: 2 * this.#half }, (_, tap) => {
        const distance = tap - this.#half + 1 - phase / phases;
        return cutoff * sinc(cutoff * distance) * blackman(Math.max(-1, Math.min(1, distance / this.#half)));
      }),
    );
    this.#history = new Float32Array(this.#half);
    this.#at = this.#half * phases;
  }

  /** Float samples in at the one rate, as many as are complete out at the other. */
  push(samples: Float32Array): number[] {
    const input = new Float32Array(this.#history.length + samples.length);
    input.set(this.#history);
    input.set(samples, this.#history.length);
    const output: number[] = [];
    for (;;) {
      const whole = Math.floor(this.#at / this.#phases.length);
      if (whole + this.#half >= input.length) break;
      const taps = this.#phases[this.#at % this.#phases.length];
      const first = whole - this.#half + 1;
      let sum = 0;
      for (let tap = 0; tap < taps.length; tap++) sum += taps[tap] * input[first + tap];
      output.push(sum);
      this.#at += this.#step;
    }
    const drop = Math.max(0, Math.floor(this.#at / this.#phases.length) - this.#half);
    this.#history = input.slice(drop);
    this.#at -= drop * this.#phases.length;
    return output;
  }
}
