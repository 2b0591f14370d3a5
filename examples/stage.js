// A stage for the three.js examples: camera on the face, two lights, a picture per refresh.

import * as THREE from "three";

/** Adds a canvas to the page and calls `draw(seconds)` for every picture. Returns {scene, camera}. */
export function stage(draw, eyeHeight = 1.5) {
  const renderer = new THREE.WebGLRenderer({ antialias: true, alpha: true });
  document.body.prepend(renderer.domElement);
  const scene = new THREE.Scene();
  const camera = new THREE.PerspectiveCamera(28, 1, 0.05, 20);
  camera.position.set(0, eyeHeight, 1.1);
  camera.lookAt(0, eyeHeight, 0);
  scene.add(new THREE.HemisphereLight(0xffffff, 0x665544, 1.6));
  const key = new THREE.DirectionalLight(0xfff2e0, 2);
  key.position.set(1, 2, 2);
  scene.add(key);
  const fit = () => {
    renderer.setSize(innerWidth, innerHeight);
    camera.aspect = innerWidth / innerHeight;
    camera.updateProjectionMatrix();
  };
  addEventListener("resize", fit);
  fit();
  const clock = new THREE.Clock();
  renderer.setAnimationLoop(() => {
    draw(clock.getDelta());
    renderer.render(scene, camera);
  });
  return { scene, camera };
}
