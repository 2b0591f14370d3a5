// AR: a ring on the floor where the fan looks; selecting puts the avatar there, turned to the fan.

import * as THREE from "three";
import type { Room } from "../scene/room";

const AHEAD_M = 1.2; // where the ring is when the device finds no floor: a step ahead

export class Placement {
  #room: Room;
  #ring: THREE.Mesh;
  #eyes = new THREE.Vector3();
  #source: XRHitTestSource | null | undefined; // undefined: not known yet; null: this device finds no floors

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

  /** Moves the ring to the floor that is looked at. `eyes`: where the fan's are. */
  update(frame: XRFrame, floor: XRReferenceSpace, eyes: THREE.Vector3) {
    this.#eyes.copy(eyes);
    if (this.isPlaced || this.#source === undefined) return;
    const pose = this.#source && frame.getHitTestResults(this.#source)[0]?.getPose(floor);
    this.#ring.visible = pose !== undefined;
    if (pose) this.#ring.position.copy(pose.transform.position);
    else if (!this.#source) this.#ring.position.set(eyes.x, 0, eyes.z - AHEAD_M);
  }

  /** Puts the avatar on the ring, turned to where the fan stands now. */
  place() {
    if (this.isPlaced || !this.#ring.visible) return;
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

  async #begin(session: XRSession) {
    try {
      const space = await session.requestReferenceSpace("viewer");
      this.#source = (await session.requestHitTestSource?.({ space })) ?? null;
    } catch {
      this.#source = null;
    }
  }
}
