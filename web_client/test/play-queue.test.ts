import { describe, expect, test } from "vitest";
import { MAX_BUFFER_S, MIN_BUFFER_S, PlayQueue } from "../src/audio/play-queue";

const RATE_HZ = 24_000;
const QUANTUM = 128;

const chunk = (replyId: number, start: number, length: number, last = false) => ({
  replyId,
  start,
  samples: Float32Array.from({ length }, (_, i) => (start + i + 1) / 1e6),
  last,
});

function quanta(queue: PlayQueue, count: number): number[] {
  return Array.from({ length: count }, () => {
    const out = new Float32Array(QUANTUM);
    queue.fill(out);
    return [...out];
  }).flat();
}

const rising = (length: number) => Array.from({ length }, (_, i) => Math.fround((i + 1) / 1e6));

describe("a reply", () => {
  test("waits for the buffer, then plays every sample once, and says where it is", () => {
    const queue = new PlayQueue(RATE_HZ);
    queue.add(chunk(1, 0, 500));
    expect(quanta(queue, 1).every((x) => x === 0)).toBe(true); // 21 ms are too few
    queue.add(chunk(1, 500, 500));
    expect(quanta(queue, 7)).toEqual(rising(7 * QUANTUM));
    expect(queue.state).toEqual({ replyId: 1, position: 896, playing: true, ended: false });
    queue.add(chunk(1, 1000, 0, true));
    expect(quanta(queue, 1).slice(0, 104)).toEqual(rising(1000).slice(896));
    expect(queue.state).toEqual({ replyId: 1, position: 1000, playing: false, ended: true });
  });

  test("goes on where it was after the queue ran dry, without a skip or a repeat", () => {
    const queue = new PlayQueue(RATE_HZ);
    queue.add(chunk(1, 0, 1024));
    const before = quanta(queue, 20).filter((x) => x !== 0);
    expect(queue.state).toMatchObject({ position: 1024, playing: false, ended: false });
    queue.add(chunk(1, 1024, 4096, true));
    const after = quanta(queue, 40).filter((x) => x !== 0);
    expect([...before, ...after]).toEqual(rising(5120));
  });

  test("that is shorter than the buffer plays at once when it is whole", () => {
    const queue = new PlayQueue(RATE_HZ);
    queue.add(chunk(1, 0, 100, true));
    expect(quanta(queue, 1).slice(0, 100)).toEqual(rising(100));
  });
});

test("a cancelled reply fades out within the quantum and is gone", () => {
  const queue = new PlayQueue(RATE_HZ);
  queue.add(chunk(1, 0, 24_000));
  quanta(queue, 10);
  queue.cancel(1);
  const last = quanta(queue, 1);
  expect(last.at(-1)).toBe(0);
  expect(last[0]).toBeGreaterThan(0);
  expect(quanta(queue, 50).every((x) => x === 0)).toBe(true);
  expect(queue.waitingS).toBeCloseTo(0);
});

test("a reply that is cancelled before it sounds is never heard, and the next one is", () => {
  const queue = new PlayQueue(RATE_HZ);
  queue.add(chunk(1, 0, 24_000));
  queue.cancel(1);
  queue.add(chunk(2, 0, 256, true));
  expect(quanta(queue, 2)).toEqual(rising(256));
});

describe("the buffer", () => {
  test("doubles with every gap, up to its bound", () => {
    const queue = new PlayQueue(RATE_HZ);
    for (let k = 0; k < 6; k++) {
      queue.add(chunk(1, k * 4800, 4800));
      quanta(queue, 60);
    }
    expect(queue.nGaps).toBe(6);
    expect(queue.bufferS).toBe(MAX_BUFFER_S);
  });

  test("counts one gap however long it lasts", () => {
    const queue = new PlayQueue(RATE_HZ);
    queue.add(chunk(1, 0, 4800));
    quanta(queue, 500);
    expect(queue.nGaps).toBe(1);
  });

  test("shrinks with every reply that came through whole, down to its bound", () => {
    const queue = new PlayQueue(RATE_HZ);
    for (let replyId = 1; replyId < 12; replyId++) {
      queue.add(chunk(replyId, 0, 4800, true));
      quanta(queue, 50);
    }
    expect(queue.bufferS).toBe(MIN_BUFFER_S);
  });
});

describe("ducking", () => {
  test("reaches its gain in a straight line and stays there", () => {
    const queue = new PlayQueue(RATE_HZ);
    queue.add({ ...chunk(1, 0, 24_000), samples: new Float32Array(24_000).fill(1) });
    quanta(queue, 1);
    queue.duck(1, 0.25, 0.01); // 240 samples
    const heard = quanta(queue, 4);
    expect(heard[119]).toBeCloseTo(1 - 0.75 / 2, 5);
    expect(heard[239]).toBeCloseTo(0.25, 5);
    expect(heard.slice(240).every((x) => Math.abs(x - 0.25) < 1e-6)).toBe(true);
    queue.duck(1, 1, 0);
    expect(quanta(queue, 1)[0]).toBe(1);
  });

  test("is over with its reply, and a late one changes nothing", () => {
    const queue = new PlayQueue(RATE_HZ);
    queue.add(chunk(1, 0, 4800, true));
    quanta(queue, 1);
    queue.duck(1, 0, 0);
    quanta(queue, 60);
    queue.add({ ...chunk(2, 0, 4800, true), samples: new Float32Array(4800).fill(1) });
    queue.duck(1, 0, 0);
    expect(quanta(queue, 1)[0]).toBe(1);
  });
});
