// The fan's hands and controllers: their shapes (from this server), a ray to point with, and what they select.

import * as THREE from "three";
import { XRControllerModelFactory } from "three/addons/webxr/XRControllerModelFactory.js";
import { XRHandModelFactory } from "three/addons/webxr/XRHandModelFactory.js";

const PROFILES = "xr"; // finish.mjs puts them there
const RAY_M = 1.6;

export class Hands {
  readonly group = new THREE.Group();
  #places: { grip: THREE.Group; hand: THREE.XRHandSpace; side: string }[] = [];

  /** `onSelect` gets the ray of the hand that pinches or the controller whose trigger is pulled. */
  constructor({ xr }: THREE.WebGLRenderer, onSelect: (ray: THREE.Raycaster) => void) {
    const controllers = new XRControllerModelFactory();
    controllers.setPath(PROFILES);
    const hands = new XRHandModelFactory();
    hands.setPath(`${PROFILES}/generic-hand/`);
    for (const index of [0, 1]) {
      const [target, grip, hand] = [xr.getController(index), xr.getControllerGrip(index), xr.getHand(index)];
      const place = { grip, hand, side: "none" };
      this.#places.push(place);
      target.addEventListener("connected", ({ data }) => (place.side = data.handedness));
      target.addEventListener("disconnected", () => (place.side = "none"));
      target.addEventListener("select", () => onSelect(rayOf(target)));
      target.add(pointer());
      grip.add(controllers.createControllerModel(grip));
      hand.add(hands.createHandModel(hand, "mesh"));
      this.group.add(target, grip, hand);
    }
  }

  /** Where the left wrist is, or null: no left hand and no left controller is there. */
  leftWrist(): THREE.Vector3 | null {
    const left = this.#places.find(({ side }) => side === "left");
    const wrist = left?.hand.visible ? left.hand.joints?.wrist : undefined; // of a hand that holds a controller now: stale
    const shown = [wrist, left?.grip].find((place) => place?.visible);
    return shown ? shown.getWorldPosition(new THREE.Vector3()) : null;
  }
}

function rayOf(target: THREE.Group): THREE.Raycaster {
  const origin = target.getWorldPosition(new THREE.Vector3());
  const direction = new THREE.Vector3(0, 0, -1).applyQuaternion(target.getWorldQuaternion(new THREE.Quaternion()));
  return new THREE.Raycaster(origin, direction, 0, 5);
}

function pointer(): THREE.Line {
  const line = new THREE.BufferGeometry().setFromPoints([new THREE.Vector3(), new THREE.Vector3(0, 0, -RAY_M)]);
  return new THREE.Line(line, new THREE.LineBasicMaterial({ color: 0xf6bd6b, transparent: true, opacity: 0.35 }));
}
