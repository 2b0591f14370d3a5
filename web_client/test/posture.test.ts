import { expect, test } from "vitest";
import { Bearing } from "../src/scene/posture";

const WIRE_NAMES = ["upright", "lean_in", "lean_back", "shoulders_up", "shoulders_down"];

/** The body after `seconds` of pictures. */
function after(bearing: Bearing, seconds: number) {
  for (let ms = 0; ms < 1000 * seconds; ms += 16) bearing.at(ms);
  return bearing.at(1000 * seconds);
}

test("leaning in bends the trunk forward, half as far for half of it, and keeps the look level", () => {
  const [whole, half] = [new Bearing(), new Bearing()];
  whole.ask({ name: "lean_in", amount: 1 });
  half.ask({ name: "lean_in", amount: 0.5 });
  const [far, near] = [after(whole, 2), after(half, 2)];
  expect(far.spine[0] + far.chest[0]).toBeGreaterThan(0.08);
  expect(near.chest[0]).toBeCloseTo(far.chest[0] / 2, 4);
  expect(far.neck[0]).toBeLessThan(0);
});

test.each(WIRE_NAMES)("%s is reached without a jerk", (name) => {
  const bearing = new Bearing();
  bearing.ask({ name, amount: 1 });
  let before = bearing.at(0);
  for (let ms = 16; ms < 1000; ms += 16) {
    const now = bearing.at(ms);
    for (const bone of Object.keys(now)) {
      now[bone].forEach((angle, k) => expect(Math.abs(angle - before[bone][k])).toBeLessThan(0.02));
    }
    before = now;
  }
});

test("shoulders rise alike on both sides; a posture nobody knows stands upright", () => {
  const bearing = new Bearing();
  bearing.ask({ name: "shoulders_up", amount: 1 });
  const up = after(bearing, 2);
  expect(up.leftShoulder[2]).toBeCloseTo(-up.rightShoulder[2], 6);
  expect(up.leftShoulder[2]).toBeGreaterThan(0.1);
  bearing.ask({ name: "moonwalk", amount: 1 });
  for (let ms = 2000; ms < 5000; ms += 16) bearing.at(ms);
  expect(bearing.at(5000).leftShoulder[2]).toBeCloseTo(0, 3);
});
