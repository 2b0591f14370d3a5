// VR and AR: entering and leaving, where the fan stands, and their head's place for the server.
//
// In VR the fan is backstage, at talking distance in front of the avatar, seated or standing. In AR the avatar stands on
// the floor where the fan points and selects. boards.ts is what can be read and pressed, hands.ts what points.

import * as THREE from "three";
import type { Player } from "../audio/player";
import type { Room } from "../scene/room";
import { CaptionsBoard, WristMenu, type MenuAction } from "./boards";
import { Hands } from "./hands";
import { Placement } from "./placement";
import { VoicePlace } from "./voice-place";

export type Mode = "immersive-vr" | "immersive-ar";

const FAN_DISTANCE_M = 1.1;
const POSE_EVERY_MS = 100; // more than ten a second are of no use to the server
const SEATED_BELOW_M = 1.25; // a head lower than this sits
const WISHES = ["local-floor", "hand-tracking"];

type Events = {
  sendPose: (head: [number, number, number]) => void;
  onAction: (action: MenuAction) => void;
  onEnd: () => void;
  /** What the wrist menu shows as on. */
  isOn: (action: MenuAction) => boolean;
  /** The newest words of each side; none: the fan wants no captions. */
  captions: () => string[];
};

export class Immersion {
  #room: Room;
  #events: Events;
  #board = new CaptionsBoard();
  #menu: WristMenu;
  #hands: Hands;
  #session: XRSession | null = null;
  #placement: Placement | null = null;
  #voice: VoicePlace | null = null;
  #sentAt = 0;
  #settled = false;

  constructor(room: Room, events: Events) {
    this.#room = room;
    this.#events = events;
    this.#menu = new WristMenu(events.isOn);
    this.#hands = new Hands(room.renderer, (ray) => this.#select(ray));
  }

  /** The ways in that this device offers. */
  static async modes(): Promise<Mode[]> {
    const modes: Mode[] = ["immersive-vr", "immersive-ar"];
    const offered = await Promise.all(modes.map((mode) => navigator.xr?.isSessionSupported(mode).catch(() => false)));
    return modes.filter((_, k) => offered[k]);
  }

  get isOpen(): boolean {
    return this.#session !== null;
  }

  /** Enters; call it from a click. Rejects when the device refuses. */
  async enter(mode: Mode, player: Player | null): Promise<void> {
    if (!navigator.xr || this.#session) return;
    const inAr = mode === "immersive-ar";
    const needed = inAr ? ["hit-test"] : [];
    const session = await navigator.xr.requestSession(mode, { requiredFeatures: needed, optionalFeatures: WISHES });
    session.addEventListener("end", () => this.#ended());
    this.#session = session;
    this.#settled = inAr;
    const { renderer, scene, fan } = this.#room;
    renderer.xr.enabled = true;
    await renderer.xr.setSession(session);
    this.#room.backstage = !inAr;
    fan.position.set(0, 0, inAr ? 0 : FAN_DISTANCE_M);
    fan.add(this.#hands.group);
    scene.add(this.#board.mesh, this.#menu.mesh);
    if (inAr) this.#placement = new Placement(session, this.#room);
    this.#voice = VoicePlace.of(player);
  }

  async leave(): Promise<void> {
    await this.#session?.end();
  }

  /** Once for every picture, before it is drawn. */
  update(nowMs: number, frame: XRFrame) {
    const floor = this.#room.renderer.xr.getReferenceSpace();
    const pose = this.#session && floor ? frame.getViewerPose(floor) : null;
    if (!floor || !pose) return; // the headset does not know yet where it is
    const { fan, avatarPlace, mouth } = this.#room;
    const eyes = new THREE.Vector3().copy(pose.transform.position).add(fan.position);
    const turn = new THREE.Quaternion().copy(pose.transform.orientation);
    this.#settle(eyes);
    this.#placement?.update(nowMs, frame, floor, { eyes, turn });
    this.#board.update([...(this.#placement?.hint ?? []), ...this.#events.captions()], eyes, turn);
    this.#menu.update(this.#hands.leftWrist(), eyes, turn);
    this.#voice?.update(mouth, eyes, turn);
    if (nowMs - this.#sentAt < POSE_EVERY_MS) return;
    this.#sentAt = nowMs;
    const head = avatarPlace.worldToLocal(eyes.clone());
    this.#events.sendPose([head.x, head.y, head.z]);
  }

  /** Who sits meets the avatar's eyes too: their floor is raised, once, when the first true height is known. */
  #settle(eyes: THREE.Vector3) {
    if (this.#settled || eyes.y < 0.3) return;
    this.#settled = true;
    if (eyes.y < SEATED_BELOW_M) this.#room.fan.position.y += this.#room.eyesM - eyes.y; // from the next picture on
  }

  #select(ray: THREE.Raycaster) {
    const action = this.#menu.hit(ray);
    if (action === "leave") void this.leave();
    else if (action) this.#events.onAction(action);
    else this.#placement?.place();
    this.#menu.repaint();
  }

  #ended() {
    const { renderer, scene, fan, avatarPlace } = this.#room;
    this.#session = null;
    this.#placement?.dispose();
    this.#placement = null;
    this.#voice?.dispose();
    this.#voice = null;
    renderer.xr.enabled = false;
    this.#room.backstage = true;
    fan.position.set(0, 0, 0);
    fan.remove(this.#hands.group);
    scene.remove(this.#board.mesh, this.#menu.mesh);
    avatarPlace.position.set(0, 0, 0);
    avatarPlace.rotation.set(0, 0, 0);
    this.#events.onEnd();
  }
}
