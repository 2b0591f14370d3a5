// Where the voice comes from while the fan is in VR or AR: the avatar's mouth, heard from where the fan's head is.

import * as THREE from "three";
import type { Player } from "../audio/player";

const AHEAD = new THREE.Vector3(0, 0, -1);

export class VoicePlace {
  #panner: PannerNode;
  #voice: AudioNode;

  private constructor(voice: AudioNode, context: AudioContext) {
    this.#voice = voice;
    this.#panner = new PannerNode(context, { panningModel: "HRTF", refDistance: 1, rolloffFactor: 0.8 });
    voice.disconnect();
    voice.connect(this.#panner).connect(context.destination);
  }

  /** Null when there is no sound to place, or the browser cannot say where a listener is. */
  static of(player: Player | null): VoicePlace | null {
    const graph = player?.graph;
    if (!graph || !("positionX" in graph.context.listener)) return null;
    return new VoicePlace(graph.voice, graph.context);
  }

  update(mouth: THREE.Vector3, eyes: THREE.Vector3, turn: THREE.Quaternion) {
    const { listener } = this.#panner.context;
    const ahead = AHEAD.clone().applyQuaternion(turn);
    [this.#panner.positionX.value, this.#panner.positionY.value, this.#panner.positionZ.value] = mouth.toArray();
    [listener.positionX.value, listener.positionY.value, listener.positionZ.value] = eyes.toArray();
    [listener.forwardX.value, listener.forwardY.value, listener.forwardZ.value] = ahead.toArray();
  }

  /** The voice is in the middle of the head again. */
  dispose() {
    this.#voice.disconnect();
    this.#panner.disconnect();
    this.#voice.connect(this.#panner.context.destination);
  }
}
