// Gestures as movements of bones: which angles a bone has, so long after the gesture began. Pure; avatar.ts applies it.
//
// Arms and trunk are moved here; the head's own part of a gesture comes in the server's stream, and `nod` and `shake`
// are only for servers without one. Bones are VRM's, at rest in a T-pose that faces +z; angles are radians about x, y, z. The left arm points to +x, so
// a negative z lowers it; the right arm is its mirror image.

export type Angles = readonly [number, number, number];
export type Pose = { [bone: string]: Angles };

type Key = { at: number; pose: Pose }; // at: seconds since the gesture began
type Gesture = { seconds: number; keys: Key[]; sway?: { bone: string; axis: 0 | 1 | 2; rad: number; hz: number } };

/** How the avatar stands when nothing else is asked of it: arms down, a little in front, elbows and fingers soft. */
export const STANDING: Pose = {
  leftUpperArm: [0.1, 0.08, -1.24],
  rightUpperArm: [0.1, -0.08, 1.24],
  leftLowerArm: [0, -0.28, -0.06],
  rightLowerArm: [0, 0.28, 0.06],
  leftHand: [0, 0, -0.08],
  rightHand: [0, 0, 0.08],
  ...curled(0.32),
};

const RAISED: Pose = {
  rightUpperArm: [0.1, -0.3, 0.95],
  rightLowerArm: [0, 0.35, -2.1],
  rightHand: [0, 0, 0],
  ...curled(0.04, ["right"]),
};
const TO_HEART: Pose = {
  leftUpperArm: [-0.3, 0, -1.15],
  rightUpperArm: [-0.3, 0, 1.15],
  leftLowerArm: [0, -2.1, -0.9],
  rightLowerArm: [0, 2.1, 0.9],
};
const SHRUGGED: Pose = {
  leftShoulder: [0, 0, 0.16],
  rightShoulder: [0, 0, -0.16],
  leftUpperArm: [0, 0.1, -1.0],
  rightUpperArm: [0, -0.1, 1.0],
  leftLowerArm: [-1.0, -1.4, 0],
  rightLowerArm: [-1.0, 1.4, 0],
};
const POINTING: Pose = { rightUpperArm: [0, 1.05, 0.75], rightLowerArm: [0, 0.25, 0.1], rightHand: [0, 0, 0] };

const held = (pose: Pose, rise: number, hold: number, fall: number): Pick<Gesture, "seconds" | "keys"> => ({
  seconds: rise + hold + fall,
  keys: [
    { at: 0, pose: {} },
    { at: rise, pose },
    { at: rise + hold, pose },
    { at: rise + hold + fall, pose: {} },
  ],
});

const headTo = (at: number, x: number, y = 0): Key => ({ at, pose: { head: [x, y, 0] } });

const GESTURES: { [name: string]: Gesture } = {
  nod: { seconds: 0.9, keys: [headTo(0, 0), headTo(0.2, 0.16), headTo(0.42, -0.02), headTo(0.62, 0.1), headTo(0.9, 0)] },
  shake: {
    seconds: 1,
    keys: [headTo(0, 0), headTo(0.2, 0, 0.18), headTo(0.45, 0, -0.18), headTo(0.7, 0, 0.1), headTo(1, 0)],
  },
  wave: { ...held(RAISED, 0.45, 1.3, 0.5), sway: { bone: "rightLowerArm", axis: 2, rad: 0.28, hz: 1.8 } },
  heart: held(TO_HEART, 0.5, 1.2, 0.6),
  shrug: held(SHRUGGED, 0.35, 0.5, 0.45),
  point: held(POINTING, 0.45, 0.8, 0.5),
  laugh: { ...held({ chest: [-0.05, 0, 0] }, 0.25, 1.1, 0.4), sway: { bone: "chest", axis: 0, rad: 0.03, hz: 4.5 } },
};

/** Seconds that a gesture takes; 0 for one that this page does not know. */
export function lengthOf(name: string): number {
  return GESTURES[name]?.seconds ?? 0;
}

/**
 * What a gesture asks for, `seconds` after its beginning: angles that replace those of STANDING, and how much of them
 * (0..1). Bones that it does not name stay free.
 */
export function poseAt(name: string, seconds: number): { pose: Pose; share: number } {
  const gesture = GESTURES[name];
  if (!gesture || seconds < 0 || seconds >= gesture.seconds) return { pose: {}, share: 0 };
  const next = gesture.keys.findIndex((key) => key.at > seconds);
  const [from, to] = [gesture.keys[next - 1], gesture.keys[next]];
  const along = smooth((seconds - from.at) / (to.at - from.at));
  const bones = new Set(gesture.keys.flatMap((key) => Object.keys(key.pose)));
  const pose: { [bone: string]: Angles } = {};
  for (const bone of bones) {
    pose[bone] = mix(from.pose[bone] ?? STANDING[bone] ?? [0, 0, 0], to.pose[bone] ?? STANDING[bone] ?? [0, 0, 0], along);
  }
  const share = Math.min(1, seconds / 0.25, (gesture.seconds - seconds) / 0.25);
  sway(pose, gesture, seconds, share);
  return { pose, share };
}

function sway(pose: { [bone: string]: Angles }, { sway: swing }: Gesture, seconds: number, share: number) {
  if (!swing) return;
  const angles: [number, number, number] = [...(pose[swing.bone] ?? [0, 0, 0])];
  angles[swing.axis] += swing.rad * share * Math.sin(2 * Math.PI * swing.hz * seconds);
  pose[swing.bone] = angles;
}

/** From 0 to 1 without a jerk at either end. */
function smooth(x: number): number {
  return x * x * (3 - 2 * x);
}

function mix(a: Angles, b: Angles, share: number): Angles {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share];
}

/** Fingers that curl by so much at every joint. */
function curled(rad: number, sides = ["left", "right"]): Pose {
  const pose: { [bone: string]: Angles } = {};
  for (const finger of ["Index", "Middle", "Ring", "Little"]) {
    for (const joint of ["Proximal", "Intermediate", "Distal"]) {
      for (const side of sides) pose[side + finger + joint] = [0, 0, side === "left" ? -rad : rad];
    }
  }
  return pose;
}
