import * as THREE from "three";
import { expect, test } from "vitest";
import { raiseArms } from "../src/scene/t-pose";

const SIDES = { left: 1, right: -1 };

/** A figure whose upper arms hang by `downDeg`, and whose elbows bend forwards by `bentDeg`. */
function figure(downDeg: number, bentDeg: number) {
  const nodes = new Map<string, THREE.Object3D>();
  const root = new THREE.Group();
  root.rotation.set(-Math.PI / 2, 0, 0); // modelled with z up, in centimetres
  root.scale.setScalar(0.01);
  const chest = new THREE.Object3D();
  chest.rotation.set(Math.PI / 2, 0, 0);
  root.add(chest);
  for (const [side, x] of Object.entries(SIDES)) {
    const joint = (bone: string, parent: THREE.Object3D, at: [number, number, number]) => {
      const node = new THREE.Object3D();
      node.position.set(...at);
      parent.add(node);
      nodes.set(side + bone, node);
      return node;
    };
    const shoulder = joint("Shoulder", chest, [10 * x, 30, 0]);
    const upper = joint("UpperArm", shoulder, [8 * x, 0, 0]);
    const lower = joint("LowerArm", upper, [28 * x, 0, 0]);
    joint("Hand", lower, [25 * x, 0, 0]);
    upper.rotation.z = THREE.MathUtils.degToRad(-downDeg * x);
    lower.rotation.y = THREE.MathUtils.degToRad(-bentDeg * x);
  }
  root.updateMatrixWorld(true);
  return nodes;
}

function direction(nodes: Map<string, THREE.Object3D>, from: string, to: string): number[] {
  const place = (bone: string) => nodes.get(bone)?.getWorldPosition(new THREE.Vector3()) ?? new THREE.Vector3();
  return place(to).sub(place(from)).normalize().toArray();
}

test.each([
  [0, 0],
  [45, 0],
  [35, 20],
  [70, 40],
])("arms that hang by %d degrees, bent by %d, are raised to a T-pose", (downDeg, bentDeg) => {
  const nodes = figure(downDeg, bentDeg);
  raiseArms((bone) => nodes.get(bone));
  for (const [side, x] of Object.entries(SIDES)) {
    for (const [from, to] of [["UpperArm", "LowerArm"], ["LowerArm", "Hand"]]) {
      direction(nodes, side + from, side + to).forEach((value, k) => expect(value).toBeCloseTo([x, 0, 0][k], 5));
    }
  }
});

test("a T-pose stays as it is, bone by bone", () => {
  const nodes = figure(0, 0);
  const before = [...nodes.values()].map((node) => node.quaternion.toArray());
  raiseArms((bone) => nodes.get(bone));
  [...nodes.values()].forEach((node, k) => node.quaternion.toArray().forEach((value, i) => expect(value).toBeCloseTo(before[k][i], 6)));
});

test("an arm that points the other way, or has no hand, is left alone", () => {
  const nodes = figure(170, 0);
  nodes.delete("leftHand");
  const before = nodes.get("leftUpperArm")?.quaternion.toArray();
  raiseArms((bone) => nodes.get(bone));
  expect(nodes.get("leftUpperArm")?.quaternion.toArray()).toEqual(before);
});
