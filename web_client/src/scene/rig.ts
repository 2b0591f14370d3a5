// A loaded avatar as the page moves it: morphs by ARKit's names, bones by VRM's. avatar.ts decides what it does.
//
// Three kinds of file work: a VRM 1.0 with ARKit's shapes (the default looks, "perfect sync" models), a VRM with its
// presets only, and a plain glb whose morphs are named as ARKit names them: bones.ts finds its bones, settling.ts puts it
// on the floor, t-pose.ts raises its arms.

import { VRMLoaderPlugin, VRMMetaLoaderPlugin, VRMUtils, type VRM, type VRMHumanBoneName } from "@pixiv/three-vrm";
import * as THREE from "three";
import { GLTFLoader, type GLTF } from "three/addons/loaders/GLTFLoader.js";
import { bonesAmong } from "./bones";
import type { Angles } from "./gestures";
import { settle } from "./settling";
import { raiseArms } from "./t-pose";

type Target = { influences: number[]; index: number };
type Bone = { node: THREE.Object3D; rest: THREE.Quaternion; frame: THREE.Quaternion };

/** VRM's presets from ARKit's weights, for models that have nothing finer. */
const PRESETS: { [preset: string]: (of: (name: string) => number) => number } = {
  aa: (of) => Math.max(0, of("jawOpen") * 1.4 - of("mouthFunnel") - of("mouthPucker") * 0.8 - of("mouthClose")),
  ih: (of) => 0.6 * of("mouthStretchLeft") + 0.4 * of("mouthUpperUpLeft"),
  ou: (of) => of("mouthPucker"),
  oh: (of) => of("mouthFunnel"),
  ee: (of) => 0.5 * of("mouthStretchLeft") + 0.3 * of("mouthLowerDownLeft"),
  blinkLeft: (of) => of("eyeBlinkLeft"),
  blinkRight: (of) => of("eyeBlinkRight"),
  happy: (of) => 0.8 * of("mouthSmileLeft"),
  sad: (of) => of("mouthFrownLeft"),
  angry: (of) => 0.7 * of("browDownLeft"),
  surprised: (of) => 0.8 * of("eyeWideLeft"),
};

// What a file may say its licence is; the operator chose the file, and answers for it.
const LICENCES = ["https://vrm.dev/licenses/1.0/", "https://creativecommons.org/publicdomain/zero/1.0/"];

const FEWEST_SHAPES = 10; // with fewer shapes of ARKit's than this, VRM's presets do better

export class Rig {
  readonly scene: THREE.Group;
  readonly vrm: VRM | null;
  #morphs = new Map<string, Target[]>(); // the meshes' own, by ARKit's names
  #expressions = new Map<string, string>(); // ARKit's names to those of the VRM's expressions
  #weights = new Map<string, number>();
  #bones = new Map<string, Bone | null>();

  private constructor(scene: THREE.Group, vrm: VRM | null) {
    this.scene = scene;
    this.vrm = vrm;
    this.#findMorphs();
    if (!vrm) this.#findBones();
  }

  /** Loads a `.glb` or `.vrm`. Rejects, with words for whoever put it there, when it is none or has no face to move. */
  static async load(url: string): Promise<Rig> {
    const gltf = await loaded(url);
    const vrm = (gltf.userData.vrm as VRM | undefined) ?? null;
    if (vrm) {
      VRMUtils.rotateVRM0(vrm);
      VRMUtils.removeUnnecessaryVertices(gltf.scene);
      if (vrm.lookAt) vrm.lookAt.autoUpdate = false; // the server's gaze moves the eyes
    }
    gltf.scene.traverse((node) => {
      node.frustumCulled = false; // a skinned mesh leaves the box it was measured in
      node.castShadow = node instanceof THREE.Mesh;
    });
    const rig = new Rig(gltf.scene, vrm);
    if (!vrm && rig.#presetsOnly) throw new Error("it has neither ARKit's shapes nor VRM's expressions");
    return rig;
  }

  /** Sets one of ARKit's weights, 0..1. */
  setWeight(name: string, weight: number) {
    this.#weights.set(name, weight);
  }

  /** The weight that was set. */
  weight(name: string): number {
    return this.#weights.get(name) ?? 0;
  }

  /** The weight that the meshes really have now; null when no mesh has this shape. */
  shownWeight(name: string): number | null {
    return this.#morphs.get(name)?.[0]?.influences[this.#morphs.get(name)?.[0]?.index ?? 0] ?? null;
  }

  /** Turns a bone away from its rest in a T-pose; radians, order XYZ unless said otherwise. Missing bones are ignored. */
  turn(bone: string, [x, y, z]: Angles, order: THREE.EulerOrder = "XYZ") {
    const found = this.#bone(bone);
    if (!found) return;
    const turned = TURN.setFromEuler(EULER.set(x, y, z, order));
    found.node.quaternion.copy(found.frame).invert().multiply(turned).multiply(found.frame).multiply(found.rest);
  }

  /** Where a bone is in the world, or null. */
  placeOf(bone: string): THREE.Vector3 | null {
    return this.#bone(bone)?.node.getWorldPosition(new THREE.Vector3()) ?? null;
  }

  /** Bones, springs and presets take effect; call it once for every picture. */
  update(deltaS: number) {
    if (this.#presetsOnly) {
      for (const [preset, of] of Object.entries(PRESETS)) {
        this.vrm?.expressionManager?.setValue(preset, Math.min(1, Math.max(0, of((name) => this.weight(name)))));
      }
    }
    for (const [name, expression] of this.#expressions) {
      this.vrm?.expressionManager?.setValue(expression, this.weight(name));
    }
    this.vrm?.update(deltaS); // sets to 0 every shape that an expression uses, so the shapes come after it
    for (const [name, targets] of this.#morphs) {
      const weight = this.#weights.get(name);
      if (weight !== undefined) for (const { influences, index } of targets) influences[index] = weight;
    }
  }

  get #presetsOnly(): boolean {
    return this.#morphs.size + this.#expressions.size < FEWEST_SHAPES;
  }

  /** Morphs of any mesh, by their name in any case; names that only exist as a VRM expression go through that. */
  #findMorphs() {
    this.scene.traverse((node) => {
      if (!(node instanceof THREE.Mesh) || !node.morphTargetDictionary) return;
      const influences: number[] = node.morphTargetInfluences ?? [];
      for (const [name, index] of Object.entries<number>(node.morphTargetDictionary)) {
        const known = this.#morphs.get(arkitName(name)) ?? [];
        this.#morphs.set(arkitName(name), [...known, { influences, index }]);
      }
    });
    const manager = this.vrm?.expressionManager;
    for (const name of Object.keys(manager?.customExpressionMap ?? {})) {
      if (!this.#morphs.has(arkitName(name))) this.#expressions.set(arkitName(name), name);
    }
  }

  /** All of a plain glb's at once, before any of them turns. */
  #findBones() {
    const nodes = new Map<string, THREE.Object3D>();
    this.scene.traverse((node) => !(node instanceof THREE.Mesh) && nodes.set(node.name, node));
    const named = bonesAmong([...nodes.keys()]);
    settle(this.scene, nodes.get(named.get("head") ?? ""));
    raiseArms((bone) => nodes.get(named.get(bone) ?? ""));
    for (const [bone, name] of named) {
      const node = nodes.get(name);
      const frame = node?.parent?.getWorldQuaternion(new THREE.Quaternion()) ?? new THREE.Quaternion();
      if (node) this.#bones.set(bone, { node, rest: node.quaternion.clone(), frame });
    }
  }

  #bone(name: string): Bone | null {
    const known = this.#bones.get(name);
    if (known !== undefined) return known;
    const node = this.vrm?.humanoid.getNormalizedBoneNode(name as VRMHumanBoneName) ?? null;
    const bone = node && { node, rest: node.quaternion.clone(), frame: new THREE.Quaternion() };
    this.#bones.set(name, bone);
    return bone;
  }
}

async function loaded(url: string): Promise<GLTF> {
  const loader = new GLTFLoader();
  loader.register((parser) => {
    const metaPlugin = new VRMMetaLoaderPlugin(parser, { acceptLicenseUrls: LICENCES, acceptV0Meta: true });
    return new VRMLoaderPlugin(parser, { metaPlugin });
  });
  try {
    return await loader.loadAsync(url);
  } catch (error) {
    throw new Error(`${url} could not be read as glTF (${error instanceof Error ? error.message : error})`);
  }
}

const EULER = new THREE.Euler();
const TURN = new THREE.Quaternion();

/** `JawOpen`, `face.jawOpen` and `eyeBlink_L` for `eyeBlinkLeft` are the same shapes. */
function arkitName(name: string): string {
  const plain = name.replace(/^.*[.:]/, "").replace(/_L$/, "Left").replace(/_R$/, "Right");
  return plain.charAt(0).toLowerCase() + plain.slice(1);
}
