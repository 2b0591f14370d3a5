// What the avatar's body does: face from the stream, eyes and head from the stream, breath, small sway, gestures.
//
// The face is never smoothed here: it is that of the sample that is heard. rig.ts knows how the file wants it.

import { lengthOf, poseAt, STANDING, type Angles } from "./gestures";
import { Bearing, type Posture } from "./posture";
import type { Rig } from "./rig";

const EYE_YAW_RAD = 0.5; // how far an eye turns at weight 1
const EYE_PITCH_RAD = 0.42;
const NECK_SHARE = 0.4; // of a turn of the head, the neck takes so much
const BREATH_HZ = 0.23;
const STREAMED = new Set(["nod", "shake"]); // these come in the head's own stream when there is one

export class Avatar {
  readonly rig: Rig;
  #names: string[] = [];
  #gesture: { name: string; since: number } | null = null;
  #bearing = new Bearing();
  #calm: boolean;
  #headStreams = false;

  /** `calm`: the person asked their device for less motion. */
  constructor(rig: Rig, calm: boolean) {
    this.rig = rig;
    this.#calm = calm;
  }

  /** Names of the weights, in their order, as in `hello`. */
  set names(names: string[]) {
    this.#names = names;
  }

  gesture(name: string, nowMs: number) {
    if (lengthOf(name) > 0 && !(this.#headStreams && STREAMED.has(name))) this.#gesture = { name, since: nowMs };
  }

  /** How the body is held from now on. */
  hold(posture: Posture) {
    this.#bearing.ask(posture);
  }

  /** Takes the pose of this moment. weights: 0..1 in the order of `names`; head: pitch, yaw, roll in radians. */
  pose(weights: Float32Array, head: Float32Array, nowMs: number) {
    this.#names.forEach((name, i) => this.rig.setWeight(name, weights[i]));
    if (head.some((angle) => angle !== 0)) this.#headStreams = true;
    this.#turnEyes();
    this.#turnBody(head, nowMs / 1000, nowMs);
  }

  #turnEyes() {
    const of = (name: string) => this.rig.weight(name);
    for (const [side, out] of [["Left", 1], ["Right", -1]] as const) {
      const yaw = out * (of(`eyeLookOut${side}`) - of(`eyeLookIn${side}`)) * EYE_YAW_RAD;
      const pitch = (of(`eyeLookDown${side}`) - of(`eyeLookUp${side}`)) * EYE_PITCH_RAD;
      this.rig.turn(`${side.toLowerCase()}Eye`, [pitch, yaw, 0], "YXZ");
    }
  }

  #turnBody([pitch, yaw, roll]: Float32Array, seconds: number, nowMs: number) {
    const breath = this.#calm ? 0 : Math.sin(2 * Math.PI * BREATH_HZ * seconds);
    const sway = this.#calm ? 0 : Math.sin(seconds * 0.61) + 0.6 * Math.sin(seconds * 0.37 + 2);
    const { pose, share } = this.#gesturePose(nowMs);
    const bearing = this.#bearing.at(nowMs);
    const held = (bone: string): Angles => bearing[bone] ?? [0, 0, 0];
    const asked = (bone: string): Angles => add(pose[bone] ?? [0, 0, 0], held(bone));
    this.rig.turn("hips", [0, sway * 0.012, sway * 0.006]);
    this.rig.turn("spine", add([breath * 0.006, sway * 0.008, -sway * 0.008], held("spine")));
    this.rig.turn("chest", add([-breath * 0.014, 0, 0], asked("chest")));
    const lift = this.#calm ? 0 : breath * 0.012;
    this.rig.turn("leftShoulder", add([0, 0, lift], asked("leftShoulder")));
    this.rig.turn("rightShoulder", add([0, 0, -lift], asked("rightShoulder")));
    const [x, y, z] = asked("head");
    this.rig.turn("neck", add([pitch * NECK_SHARE, yaw * NECK_SHARE, roll * NECK_SHARE], held("neck")), "YXZ");
    const rest = 1 - NECK_SHARE;
    this.rig.turn("head", [pitch * rest + x + breath * 0.004, yaw * rest + y, roll * rest + z + sway * 0.006], "YXZ");
    for (const [bone, angles] of Object.entries(STANDING)) {
      this.rig.turn(bone, share > 0 && pose[bone] ? pose[bone] : angles);
    }
  }

  #gesturePose(nowMs: number) {
    if (!this.#gesture) return { pose: {}, share: 0 };
    const { name, since } = this.#gesture;
    if (nowMs - since >= 1000 * lengthOf(name)) this.#gesture = null;
    return poseAt(name, (nowMs - since) / 1000);
  }
}

function add(a: Angles, b: Angles): Angles {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}
