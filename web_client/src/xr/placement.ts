// AR: a ring on the floor where the fan looks; selecting puts the avatar there, turned to the fan. Again and again: who
// looks at the floor somewhere else sees the ring there, and the avatar comes over when they select.

import * as THREE from "three";
import type { Room } from "../scene/room";

const AHEAD_M = 1.2; // where the ring is when the device finds no floor: a step ahead
const PATIENCE_MS = 4000; // so long it may look for one
const ELSEWHERE_M = 0.6; // from where the avatar stands: nearer is no other place
const NEAR_M = 2.5; // from the fan: the floor behind the avatar is not meant
const LEVEL = 0.9; // a floor's upright is upright; of walls and tables' edges one wants nothing

type Fan = { eyes: THREE.Vector3; turn: THREE.Quaternion };

export class Placement {
  #room: Room;
  #ring: THREE.Mesh;
  #eyes = new THREE.Vector3();
  #source: XRHitTestSource | null | undefined; // undefined: not known yet; null: this device finds no floors
  #foundAt: number | null = null; // when a floor was seen last; at first: when it began to be looked for

  constructor(session: XRSession, room: Room) {
    this.#room = room;
    this.#ring = new THREE.Mesh(
      new THREE.RingGeometry(0.16, 0.19, 40).rotateX(-Math.PI / 2),
      new THREE.MeshBasicMaterial({ color: 0xf6bd6b, toneMapped: false }),
    );
    this.#ring.visible = room.avatarPlace.visible = false;
    room.scene.add(this.#ring);
    void this.#begin(session);
  }

  /** True once the avatar stands somewhere. */
  get isPlaced(): boolean {
    return this.#room.avatarPlace.visible;
  }

  /** What to do now, for who sees no avatar yet. */
  get hint(): string[] {
    if (this.isPlaced) return [];
    return [this.#ring.visible ? "Pinch or tap to be met here." : "Look at the floor in front of you, and around."];
  }

  /** Moves the ring to the floor that is looked at. */
  update(nowMs: number, frame: XRFrame, space: XRReferenceSpace, { eyes, turn }: Fan) {
    this.#eyes.copy(eyes);
    if (this.#source === undefined) return;
    const floor = this.#source && floorAmong(frame.getHitTestResults(this.#source), space);
    if (floor || this.#foundAt === null) this.#foundAt = nowMs;
    if (floor) this.#ring.position.copy(floor);
    else this.#ring.position.copy(aStepAhead(eyes, turn));
    const inVain = !this.#source || nowMs - this.#foundAt > PATIENCE_MS;
    this.#ring.visible = this.isPlaced ? floor !== null && this.#isElsewhere(floor) : floor !== null || inVain;
  }

  /** Puts the avatar on the ring, turned to where the fan stands now. */
  place() {
    if (!this.#ring.visible) return;
    const { avatarPlace } = this.#room;
    const fan = this.#eyes;
    avatarPlace.position.copy(this.#ring.position);
    avatarPlace.rotation.y = Math.atan2(fan.x - avatarPlace.position.x, fan.z - avatarPlace.position.z);
    avatarPlace.visible = true;
    this.#ring.visible = false;
  }

  dispose() {
    this.#source?.cancel();
    this.#room.scene.remove(this.#ring);
    this.#room.avatarPlace.visible = true;
  }

  #isElsewhere(floor: THREE.Vector3): boolean {
    const near = Math.hypot(floor.x - this.#eyes.x, floor.z - this.#eyes.z) < NEAR_M;
    return near && floor.distanceTo(this.#room.avatarPlace.position) > ELSEWHERE_M;
  }

  async #begin(session: XRSession) {
    try {
      const space = await session.requestReferenceSpace("viewer");
      this.#source = (await session.requestHitTestSource?.({ space })) ?? null;
    } catch {
      this.#source = null;
    }
  }
}

/** The nearest of the places that were hit which one can stand on, or null. */
function floorAmong(hits: XRHitTestResult[], space: XRReferenceSpace): THREE.Vector3 | null {
  for (const hit of hits) {
    const pose = hit.getPose(space)?.transform;
    const upright = pose && new THREE.Vector3(0, 1, 0).applyQuaternion(new THREE.Quaternion().copy(pose.orientation));
    if (pose && upright && upright.y > LEVEL) return new THREE.Vector3().copy(pose.position);
  }
  return null;
}

function aStepAhead(eyes: THREE.Vector3, turn: THREE.Quaternion): THREE.Vector3 {
  const ahead = new THREE.Vector3(0, 0, -1).applyQuaternion(turn).setY(0).normalize();
  return eyes.clone().setY(0).addScaledVector(ahead, AHEAD_M);
}
