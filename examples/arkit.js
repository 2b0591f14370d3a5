// An ARKit rig: every mesh whose morph targets have Apple's names gets the weights as they come.

import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { door, options, Stream } from "./stream.js";
import { stage } from "./stage.js";

const { server, avatar } = options();
const meshes = [];
let head = null;

const stream = new Stream(server, "arkit52", { welcome });
const { scene } = stage(draw);
const rig = await new GLTFLoader().loadAsync(avatar);
rig.scene.traverse((node) => {
  if (node.morphTargetDictionary) meshes.push(node);
  if (/^(mixamorig:?)?head$/i.test(node.name)) head = node;
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
  document.body.dataset.jawOpen = face.weights.jawOpen.toFixed(2);
}

window.rig = { meshes, head: () => head }; // for the console, and for the test
