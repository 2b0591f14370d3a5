import { beforeAll, expect, test, vi } from "vitest";

const NAMES = ["jawOpen", "mouthClose"];
const RATE_HZ = 24_000;

beforeAll(() => {
  vi.stubGlobal("matchMedia", () => ({ matches: true })); // the idle face asks whether motion is welcome
});

const newTrack = async () => new (await import("../src/face/track")).FaceTrack(NAMES, 60, RATE_HZ);
const chunk = (replyId: number, first: number, jaws: number[], pitch = 0, gestures: { name: string; start_samples: number }[] = []) => ({
  type: "reply.chunk" as const,
  reply_id: replyId,
  start_samples: first * 400,
  audio: new Uint8Array(0),
  face: Uint8Array.from(jaws.flatMap((jaw) => [jaw, 0])),
  head: Uint8Array.from(new Uint8Array(Int8Array.from(jaws.flatMap(() => [pitch, 0, 0])).buffer)),
  words: [],
  visemes: [],
  gestures,
  posture: null,
  last: false,
});
const heard = (replyId: number, frame: number, playing = true) => ({ replyId, position: frame * 400, playing });

test("shows exactly the frame of the sample that is heard, and between two their mixture", async () => {
  const track = await newTrack();
  track.addReply(chunk(1, 0, Array.from({ length: 20 }, (_, k) => k * 10)));
  track.at(0, heard(1, 0));
  expect(track.at(200, heard(1, 10)).weights[0]).toBeCloseTo(100 / 255, 5);
  expect(track.at(201, heard(1, 10.5)).weights[0]).toBeCloseTo(105 / 255, 5);
  expect(track.at(202, heard(1, 12)).frame).toBe(12);
});

test("turns the head in quarters of a degree, both ways", async () => {
  const track = await newTrack();
  track.addReply(chunk(1, 0, Array(20).fill(0), -8));
  track.at(0, heard(1, 0));
  expect(track.at(200, heard(1, 10)).head[0]).toBeCloseTo((-2 * Math.PI) / 180, 5);
});

test("closes the mouth within 60 ms after a cancel", async () => {
  const track = await newTrack();
  track.addReply(chunk(1, 0, Array(60).fill(200)));
  track.at(0, heard(1, 0));
  track.at(200, heard(1, 20));
  track.cancel(1, 210);
  expect(track.at(270, heard(1, 20, false)).weights[0]).toBe(0);
});

test("gestures come at their sample, once, and never after a cancel", async () => {
  const track = await newTrack();
  const cues = [{ name: "wave", start_samples: 4000 }, { name: "nod", start_samples: 8000 }];
  track.addReply(chunk(1, 0, Array(60).fill(0), 0, cues));
  expect(track.dueGestures(heard(1, 5))).toEqual([]);
  expect(track.dueGestures(heard(1, 10))).toEqual(["wave"]);
  expect(track.dueGestures(heard(1, 11))).toEqual([]);
  track.cancel(1, 0);
  expect(track.dueGestures(heard(1, 30))).toEqual([]);
});

test("a posture holds from its sample on, and the listening one comes at once", async () => {
  const track = await newTrack();
  const posture = (name: string, at: number) => ({ name, start_samples: at, amount: 0.5 });
  track.addReply({ ...chunk(1, 0, Array(20).fill(0)), posture: posture("lean_in", 4000) });
  expect(track.duePosture(heard(1, 5))).toBeNull();
  expect(track.duePosture(heard(1, 10))).toMatchObject({ name: "lean_in", amount: 0.5 });
  expect(track.duePosture(heard(1, 11))).toBeNull();
  const none = new Uint8Array(0);
  track.listen({ type: "listening", seq: 1, face: none, head: none, gestures: [], posture: posture("upright", 0) }, 0);
  expect(track.duePosture(heard(1, 12))?.name).toBe("upright");
});
