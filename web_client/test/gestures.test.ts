import { describe, expect, test } from "vitest";
import { lengthOf, poseAt, STANDING } from "../src/scene/gestures";

const WIRE_NAMES = ["heart", "laugh", "nod", "point", "shake", "shrug", "wave"];
const STEP_S = 1 / 60;

describe.each(WIRE_NAMES)("%s", (name) => {
  test("has a length, and begins and ends where the avatar stands", () => {
    expect(lengthOf(name)).toBeGreaterThan(0.5);
    expect(poseAt(name, lengthOf(name))).toEqual({ pose: {}, share: 0 });
    for (const seconds of [0, lengthOf(name) - 1e-6]) {
      for (const [bone, angles] of Object.entries(poseAt(name, seconds).pose)) {
        const rest = STANDING[bone] ?? [0, 0, 0];
        angles.forEach((angle, k) => expect(angle).toBeCloseTo(rest[k], 3));
      }
    }
  });

  test("moves every bone smoothly: nothing turns faster than an arm can", () => {
    for (let s = 0; s + STEP_S < lengthOf(name); s += STEP_S) {
      const [now, next] = [poseAt(name, s).pose, poseAt(name, s + STEP_S).pose];
      for (const bone of Object.keys(now)) {
        now[bone].forEach((angle, k) => expect(Math.abs(next[bone][k] - angle)).toBeLessThan(0.2));
      }
    }
  });
});

test("a gesture that nobody knows is none", () => {
  expect(lengthOf("moonwalk")).toBe(0);
  expect(poseAt("moonwalk", 0.2)).toEqual({ pose: {}, share: 0 });
});
