// Arms that a file holds otherwise than in a T-pose, most of all in an A-pose, are raised to one: gestures.ts counts its
// angles from there. rig.ts asks once, before it remembers how the bones rest. Pure, but that it turns the nodes.

import * as THREE from "three";

const ARM = ["UpperArm", "LowerArm", "Hand"];
const OUTWARDS = { left: new THREE.Vector3(1, 0, 0), right: new THREE.Vector3(-1, 0, 0) };
const LEAST_OUTWARDS = 0.1; // of its length: an arm that points anywhere else is no arm that we understand

/** `node` finds a bone by VRM's name. The figure faces +z, its left to +x. */
export function raiseArms(node: (bone: string) => THREE.Object3D | undefined) {
  for (const side of ["left", "right"] as const) {
    for (const [joint, next] of [ARM.slice(0, 2), ARM.slice(1, 3)]) {
      const [from, to] = [node(side + joint), node(side + next)];
      if (from?.parent && to) point(from, from.parent, to, OUTWARDS[side]);
    }
  }
}

/** Turns a bone so that the next one lies outwards of it. */
function point(bone: THREE.Object3D, parent: THREE.Object3D, next: THREE.Object3D, outwards: THREE.Vector3) {
  const along = next.getWorldPosition(new THREE.Vector3()).sub(bone.getWorldPosition(new THREE.Vector3())).normalize();
  if (along.dot(outwards) < LEAST_OUTWARDS) return;
  const frame = parent.getWorldQuaternion(new THREE.Quaternion());
  const turn = new THREE.Quaternion().setFromUnitVectors(along, outwards);
  bone.quaternion.premultiply(frame.clone().invert().multiply(turn).multiply(frame));
}
