// The 3D room on a canvas: renderer, camera, backstage set and avatar. stage.ts asks for it when the browser has WebGL.

import * as THREE from "three";
import { Avatar } from "./avatar";
import { buildBackstage } from "./backstage";
import { DETAILS, QualityChoice, type Level } from "./quality";
import { Rig } from "./rig";

const FAN_DISTANCE_M = 1.0; // as one stands before somebody one has just met
const FOV_DEG = 30;
const LEAST_WIDTH_M = 0.62; // what must fit from side to side on a narrow screen: head and shoulders
const EYES_FROM_TOP = 0.36; // where the eyes are in the picture, as painters have it
const DEFAULT_EYES_M = 1.6;
const EYES_ABOVE_HEAD_M = 0.07; // of a model without bones for its eyes; a head's bone begins at the neck
const MOUTH_BELOW_EYES_M = 0.07;
const MOUTH_BEFORE_HEAD = new THREE.Vector3(0, 0, 0.09);

export class Room {
  readonly renderer: THREE.WebGLRenderer;
  readonly scene = new THREE.Scene();
  readonly camera = new THREE.PerspectiveCamera(FOV_DEG, 1, 0.05, 20);
  readonly quality: QualityChoice;
  /** Holds the camera: moving it moves the fan. */
  readonly fan = new THREE.Group();
  /** Holds the avatar: in the fan's own room it stands where they put it. */
  readonly avatarPlace = new THREE.Group();
  avatar: Avatar | null = null;
  #canvas: HTMLCanvasElement;
  #set: THREE.Group;
  #drawnAt = 0;
  eyesM = DEFAULT_EYES_M; // how high the avatar's eyes are above its floor

  /** Throws when the browser has no WebGL. `asked` is the level that the link names, or null. */
  constructor(canvas: HTMLCanvasElement, asked: Level | null) {
    const first: Level = matchMedia("(pointer: coarse)").matches ? "medium" : "high";
    this.quality = new QualityChoice(asked, first);
    const { antialias } = DETAILS[this.quality.level];
    this.renderer = new THREE.WebGLRenderer({ canvas, antialias, powerPreference: "high-performance" });
    this.renderer.toneMapping = THREE.NeutralToneMapping;
    this.renderer.toneMappingExposure = 0.95;
    this.scene.background = new THREE.Color(0x1b1220);
    this.scene.fog = new THREE.Fog(0x1b1220, 3.2, 6.5);
    this.#canvas = canvas;
    this.#set = buildBackstage(DETAILS[this.quality.level]);
    this.fan.add(this.camera);
    this.scene.add(this.#set, this.fan, this.avatarPlace);
    this.#applyLevel();
  }

  /** Brings the avatar in. Rejects when the file cannot be had. */
  async bring(url: string, names: string[], calm: boolean): Promise<void> {
    const rig = await Rig.load(url);
    this.avatarPlace.clear();
    this.avatar = new Avatar(rig, calm);
    this.avatar.names = names;
    this.avatar.pose(new Float32Array(names.length), new Float32Array(3), 0);
    this.avatarPlace.add(rig.scene);
    rig.update(0);
    rig.scene.updateMatrixWorld(true);
    const [eye, head] = [rig.placeOf("leftEye"), rig.placeOf("head")];
    this.eyesM = eye?.y ?? (head ? head.y + EYES_ABOVE_HEAD_M : DEFAULT_EYES_M);
  }

  /** Where the voice comes from: below the eyes and before the head, wherever it stands and leans. */
  get mouth(): THREE.Vector3 {
    const { avatarPlace, eyesM } = this;
    const head = this.avatar?.rig.placeOf("head");
    const place = head ? avatarPlace.worldToLocal(head) : new THREE.Vector3();
    return avatarPlace.localToWorld(place.setY(eyesM - MOUTH_BELOW_EYES_M).add(MOUTH_BEFORE_HEAD));
  }

  /**
   * Draws one picture; less often than asked when the level says so: false when it was not yet the time.
   * `immersed`: this is a headset's own call.
   */
  draw(weights: Float32Array, head: Float32Array, nowMs: number, immersed: boolean): boolean {
    const sinceMs = nowMs - this.#drawnAt;
    const { isPresenting } = this.renderer.xr;
    if (isPresenting !== immersed) return false;
    if (!isPresenting && sinceMs < 1000 / DETAILS[this.quality.level].maxFps - 4) return false;
    this.#drawnAt = nowMs;
    if (this.avatar && !isPresenting && this.quality.note(sinceMs)) this.#applyLevel();
    this.avatar?.pose(weights, head, nowMs);
    this.avatar?.rig.update(Math.min(0.1, sinceMs / 1000));
    if (!isPresenting) this.#frame();
    this.renderer.render(this.scene, this.camera);
    return true;
  }

  /** Shows or hides the set: in the fan's own room there is none. */
  set backstage(shown: boolean) {
    this.#set.visible = shown;
    this.scene.background = shown ? new THREE.Color(0x1b1220) : null;
  }

  dispose() {
    this.renderer.dispose();
  }

  #applyLevel() {
    const detail = DETAILS[this.quality.level];
    this.renderer.setPixelRatio(Math.min(devicePixelRatio * Math.min(1, detail.pixelRatio), detail.pixelRatio));
    this.renderer.shadowMap.enabled = detail.shadows;
    this.renderer.shadowMap.type = THREE.PCFSoftShadowMap;
  }

  /** Fits the picture to the canvas, with the eyes at their height whatever its shape. */
  #frame() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const size = this.renderer.getSize(new THREE.Vector2());
    if (size.x === width && size.y === height) return this.#aim();
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / Math.max(1, height);
    this.#aim();
  }

  #aim() {
    const tallM = Math.max(2 * FAN_DISTANCE_M * Math.tan((FOV_DEG * Math.PI) / 360), LEAST_WIDTH_M / this.camera.aspect);
    this.camera.fov = (360 / Math.PI) * Math.atan(tallM / 2 / FAN_DISTANCE_M);
    const middleM = this.eyesM - tallM * (0.5 - EYES_FROM_TOP);
    this.camera.position.set(0, this.eyesM, FAN_DISTANCE_M);
    this.camera.quaternion.identity(); // a headset may have turned it
    // The camera stays level at the eyes' height; the picture is shifted instead, so that nothing leans.
    this.camera.updateProjectionMatrix();
    this.camera.projectionMatrix.elements[9] = (2 * (middleM - this.eyesM)) / tallM;
    this.camera.projectionMatrixInverse.copy(this.camera.projectionMatrix).invert();
  }
}
