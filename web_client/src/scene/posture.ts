// How the body is held: a posture of the server's as angles of trunk and shoulders, reached without haste. Pure;
// avatar.ts adds it to what breath and gestures do.
//
// Bones are VRM's, angles radians about x, y, z, as in gestures.ts: a positive x bends forward.

import type { Angles, Pose } from "./gestures";

export type Posture = { name: string; amount: number };

const TIME_S = 0.25; // two of these, and nearly all of the way is gone

const FULL: { [name: string]: Pose } = {
  upright: {},
  lean_in: { spine: [0.05, 0, 0], chest: [0.055, 0, 0], neck: [-0.07, 0, 0] },
  lean_back: { spine: [-0.035, 0, 0], chest: [-0.05, 0, 0], neck: [0.06, 0, 0] },
  shoulders_up: { leftShoulder: [0, 0, 0.16], rightShoulder: [0, 0, -0.16], chest: [-0.015, 0, 0] },
  shoulders_down: { leftShoulder: [0, 0, -0.07], rightShoulder: [0, 0, 0.07], chest: [0.06, 0, 0], neck: [0.03, 0, 0] },
};
const BONES = [...new Set(Object.values(FULL).flatMap((pose) => Object.keys(pose)))];
const LEVEL: Angles = [0, 0, 0];

/** The posture of one body on its way to the newest that was asked for. A name that nobody knows is upright. */
export class Bearing {
  #goal: Posture = { name: "upright", amount: 0 };
  #held = new Map<string, Angles>();
  #atMs: number | null = null;

  ask(posture: Posture) {
    this.#goal = posture;
  }

  /** Angles to add at this moment, bone by bone. */
  at(nowMs: number): Pose {
    const sinceS = this.#atMs === null ? 0 : Math.min(0.1, Math.max(0, (nowMs - this.#atMs) / 1000));
    this.#atMs = nowMs;
    const share = 1 - Math.exp(-sinceS / TIME_S);
    const full = FULL[this.#goal.name] ?? FULL.upright;
    const towards = (bone: string, k: number) => (full[bone] ?? LEVEL)[k] * this.#goal.amount;
    for (const bone of BONES) {
      const now = this.#held.get(bone) ?? LEVEL;
      const step = (k: number) => now[k] + (towards(bone, k) - now[k]) * share;
      this.#held.set(bone, [step(0), step(1), step(2)]);
    }
    return Object.fromEntries(this.#held);
  }
}
