// An ARKit rig: every mesh whose morph targets have Apple's names gets the weights as they come.

import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { door, EYE_FULL, options, Stream } from "./stream.js";
import { stage } from "./stage.js";

const { server, avatar } = options();
const meshes = [];
const eyes = [];
let head = null;

const stream = new Stream(server, "arkit52", { welcome });
const { scene } = stage(draw);
const rig = await new GLTFLoader().loadAsync(avatar);
rig.scene.traverse((node) => {
  if (node.morphTargetDictionary) meshes.push(node);
  if (/^(mixamorig:?)?head$/i.test(node.name)) head = node;
  if (/(left|right)_?eye$/i.test(node.name)) eyes.push(node);
});
scene.add(rig.scene);
document.body.dataset.rig = "ready";
door(stream, () => stream.begin());

function welcome({ disclosure }) {
  document.getElementById("disclosure").textContent = disclosure;
  document.getElementById("understand").disabled = false;
}

function draw() {
  const face = stream.face();
  if (!face) return;
  for (const { morphTargetDictionary: index, morphTargetInfluences: influences } of meshes) {
    for (const [name, weight] of Object.entries(face.weights)) {
      if (name in index) influences[index[name]] = weight;
    }
  }
  head?.rotation.set(face.pitch, face.yaw, face.roll, "YXZ");
  // The shapes move the lids; eyeballs that hang on bones are turned beside them.
  const left = face.weights.eyeLookOutLeft - face.weights.eyeLookInLeft;
  const up = face.weights.eyeLookUpLeft - face.weights.eyeLookDownLeft;
  for (const eye of eyes) eye.rotation.set(-up * EYE_FULL, left * EYE_FULL, 0);
  document.body.dataset.jawOpen = face.weights.jawOpen.toFixed(2);
}

window.rig = { meshes, eyes, head: () => head }; // for the console, and for the test
