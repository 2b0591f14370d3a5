// A plain glb on our floor: in metres, at the origin, whatever unit its tool counts in and wherever it was modelled.
//
// VRM says all that itself; other files come in centimetres, from beside the origin, or as a bust without legs.

import * as THREE from "three";

const TALLEST_M = 2.6; // nobody is taller: it is another unit
const SMALLEST_M = 0.15; // and no head is smaller
const USUAL_M = 1.65;
const BUST_M = 1.0; // what is smaller has no legs to stand on
const CROWN_M = 1.72; // and hangs where the top of a standing person's head would be

/** Scales and moves a loaded scene. `head`: its head bone, which stands over the origin afterwards. */
export function settle(scene: THREE.Object3D, head: THREE.Object3D | undefined) {
  scene.updateMatrixWorld(true);
  const box = new THREE.Box3().setFromObject(scene, true);
  const height = box.max.y - box.min.y;
  if (!(height > 0)) return;
  const scale = toMetres(height);
  const middle = head?.getWorldPosition(new THREE.Vector3()) ?? box.getCenter(new THREE.Vector3());
  const lift = height * scale < BUST_M ? CROWN_M - box.max.y * scale : -box.min.y * scale;
  scene.scale.multiplyScalar(scale);
  scene.position.multiplyScalar(scale).add(new THREE.Vector3(-middle.x * scale, lift, -middle.z * scale));
  scene.updateMatrixWorld(true);
}

/** What a height in the file's unit is multiplied with: 1, a hundredth or a hundred, or whatever makes it a person. */
function toMetres(height: number): number {
  const likely = [1, 0.01, 100].find((unit) => height * unit <= TALLEST_M && height * unit >= SMALLEST_M);
  return likely ?? USUAL_M / height;
}
