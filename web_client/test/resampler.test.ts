import { expect, test } from "vitest";
import { Resampler } from "../src/audio/resampler";

/** What is left of a sine of this frequency after resampling to 16 kHz, fed in blocks of uneven size. */
function gainOf(hz: number, rateHz: number): number {
  const resampler = new Resampler(rateHz, 16_000);
  const sine = Float32Array.from({ length: rateHz / 2 }, (_, i) => Math.sin((2 * Math.PI * hz * i) / rateHz));
  const output: number[] = [];
  for (let at = 0, size = 1; at < sine.length; at += size, size = (size * 7) % 311) {
    output.push(...resampler.push(sine.subarray(at, at + size)));
  }
  const steady = output.slice(1000, -1000);
  return Math.sqrt((2 * steady.reduce((sum, x) => sum + x * x, 0)) / steady.length);
}

test.each([48_000, 44_100, 32_000, 16_000, 8_000])("keeps speech and drops what would alias, from %i Hz", (rateHz) => {
  const nyquistHz = Math.min(rateHz, 16_000) / 2;
  for (let hz = 200; hz < rateHz / 2; hz += 431) {
    if (hz <= 0.8 * nyquistHz) expect(Math.abs(gainOf(hz, rateHz) - 1), `${hz} Hz`).toBeLessThan(0.01);
    else if (hz >= 1.1 * nyquistHz) expect(gainOf(hz, rateHz), `${hz} Hz`).toBeLessThan(0.001);
  }
});
