// A VRM 1.0 avatar through three-vrm: the server sends the weights of VRM's own presets.

import { VRMLoaderPlugin } from "@pixiv/three-vrm";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { door, EYE_FULL, options, Stream } from "./stream.js";
import { stage } from "./stage.js";

const { server, avatar } = options();
let vrm = null;

const stream = new Stream(server, "vrm", { welcome });
const { scene } = stage(draw);
const loader = new GLTFLoader();
loader.register((parser) => new VRMLoaderPlugin(parser));
vrm = (await loader.loadAsync(avatar)).userData.vrm;
scene.add(vrm.scene);
for (const [bone, lowered] of [["leftUpperArm", -1.2], ["rightUpperArm", 1.2]]) {
  vrm.humanoid.getNormalizedBoneNode(bone).rotation.z = lowered; // out of the T
}
document.body.dataset.rig = "ready";
door(stream, () => stream.begin());

function welcome({ disclosure }) {
  document.getElementById("disclosure").textContent = disclosure;
  document.getElementById("understand").disabled = false;
}

function draw(seconds) {
  const face = stream.face();
  if (vrm && face) {
    for (const [name, weight] of Object.entries(face.weights)) vrm.expressionManager.setValue(name, weight);
    vrm.humanoid.getNormalizedBoneNode("head").rotation.set(face.pitch, face.yaw, face.roll, "YXZ");
    const [left, up] = [face.weights.lookLeft - face.weights.lookRight, face.weights.lookUp - face.weights.lookDown];
    for (const eye of ["leftEye", "rightEye"]) {
      vrm.humanoid.getNormalizedBoneNode(eye)?.rotation.set(-up * EYE_FULL, left * EYE_FULL, 0);
    }
    document.body.dataset.aa = face.weights.aa.toFixed(2);
  }
  vrm?.update(seconds);
}

window.vrm = () => vrm; // for the console, and for the test
