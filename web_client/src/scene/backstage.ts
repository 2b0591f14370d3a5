// The room: a quiet corner backstage, with a curtain, a mirror with bulbs, a flight case and warm light. Nothing moves.
//
// Everything is made here from simple shapes, so the room costs no download. Metres; the avatar stands at the origin
// and looks to +z, where the fan is.

import * as THREE from "three";
import type { Detail } from "./quality";

const CURTAIN = 0x8a4a63;
const FLOOR = 0x5a3a2a;
const BULB = 0xffc98a;

/** The whole set with its lights. */
export function buildBackstage(detail: Detail): THREE.Group {
  const set = new THREE.Group();
  set.name = "backstage";
  set.add(floor(detail), curtain(), ...lights(detail));
  set.add(mirror(-0.86, -1.8, 0.34), flightCase(0.74, -1.45, -0.4));
  if (detail.extras) set.add(stringOfBulbs(), hangingRail());
  return set;
}

function lights({ shadows }: Detail): THREE.Object3D[] {
  const key = new THREE.SpotLight(0xffe6d0, 20, 0, 0.6, 0.7);
  key.position.set(0.8, 2.3, 2.2);
  key.target.position.set(0, 1.35, 0);
  key.castShadow = shadows;
  if (shadows) {
    key.shadow.mapSize.set(1024, 1024);
    key.shadow.bias = -0.0004;
    key.shadow.normalBias = 0.01;
    key.shadow.radius = 6;
  }
  const fill = new THREE.DirectionalLight(0xffdfd4, 1.0);
  fill.position.set(-1.6, 1.5, 2.2);
  const rim = new THREE.SpotLight(0xffb27a, 14, 0, 0.7, 0.8);
  rim.position.set(-1.3, 2.3, -1.4);
  rim.target.position.set(0, 1.4, 0);
  const wash = new THREE.SpotLight(0xffb890, 15, 0, 1.0, 1);
  wash.position.set(0, 2.9, -0.5);
  wash.target.position.set(0, 1.1, -2.6);
  const sky = new THREE.HemisphereLight(0xfff0e6, 0x5a3440, 1.0);
  return [key, key.target, fill, rim, rim.target, wash, wash.target, sky];
}

function floor({ shadows }: Detail): THREE.Object3D {
  const boards = new THREE.MeshStandardMaterial({ color: FLOOR, roughness: 0.65, map: boardTexture() });
  const ground = new THREE.Mesh(new THREE.CircleGeometry(5, 48), boards);
  ground.rotation.x = -Math.PI / 2;
  ground.receiveShadow = shadows;
  const group = new THREE.Group();
  group.add(ground, footShade());
  return group;
}

/** A soft dark spot under the feet: without it a figure floats. */
function footShade(): THREE.Mesh {
  const material = new THREE.MeshBasicMaterial({ map: glowTexture("0, 0, 0"), transparent: true, depthWrite: false, opacity: 0.55 });
  const shade = new THREE.Mesh(new THREE.PlaneGeometry(0.9, 0.7), material);
  shade.rotation.x = -Math.PI / 2;
  shade.position.y = 0.004;
  shade.name = "footshade";
  return shade;
}

function curtain(): THREE.Mesh {
  const shape = new THREE.CylinderGeometry(2.9, 2.9, 3.6, 220, 1, true, Math.PI * 0.55, Math.PI * 0.9);
  const at = shape.getAttribute("position");
  for (let i = 0; i < at.count; i++) {
    const angle = Math.atan2(at.getX(i), at.getZ(i));
    const fold = 1 + 0.028 * Math.sin(angle * 46) + 0.014 * Math.sin(angle * 19 + 1);
    at.setXYZ(i, at.getX(i) * fold, at.getY(i), at.getZ(i) * fold);
  }
  shape.computeVertexNormals();
  const velvet = new THREE.MeshStandardMaterial({ color: CURTAIN, roughness: 0.92, side: THREE.DoubleSide });
  const cloth = new THREE.Mesh(shape, velvet);
  cloth.position.y = 1.8;
  return cloth;
}

function mirror(x: number, z: number, turn: number): THREE.Group {
  const wood = new THREE.MeshStandardMaterial({ color: 0x3a241d, roughness: 0.5 });
  const glass = new THREE.MeshStandardMaterial({ color: 0x8d6f74, roughness: 0.6, metalness: 0.1 });
  const group = new THREE.Group();
  const frame = new THREE.Mesh(new THREE.BoxGeometry(0.92, 1.16, 0.05), wood);
  const pane = new THREE.Mesh(new THREE.PlaneGeometry(0.72, 0.96), glass);
  pane.position.z = 0.027;
  const table = new THREE.Mesh(new THREE.BoxGeometry(1.15, 0.05, 0.4), wood);
  table.position.set(0, -0.68, 0.12);
  group.add(frame, pane, table);
  for (const side of [-1, 1]) for (let k = -2; k <= 2; k++) group.add(bulb(side * 0.41, k * 0.22, 0.05, 0.026));
  const leg = new THREE.BoxGeometry(0.05, 0.85, 0.05);
  for (const side of [-0.5, 0.5]) {
    const post = new THREE.Mesh(leg, wood);
    post.position.set(side, -1.12, 0.12);
    group.add(post);
  }
  const glow = new THREE.PointLight(BULB, 0.9, 3, 1.6);
  glow.position.z = 0.35;
  group.add(glow);
  group.position.set(x, 1.54, z);
  group.rotation.y = turn;
  return group;
}

function flightCase(x: number, z: number, turn: number): THREE.Group {
  const shell = new THREE.MeshStandardMaterial({ color: 0x27222c, roughness: 0.55 });
  const metal = new THREE.MeshStandardMaterial({ color: 0x9c9aa2, roughness: 0.35, metalness: 0.8 });
  const group = new THREE.Group();
  const box = new THREE.Mesh(new THREE.BoxGeometry(0.8, 0.62, 0.55), shell);
  box.position.y = 0.37;
  group.add(box);
  for (const side of [-1, 1]) for (const front of [-1, 1]) {
    const edge = new THREE.Mesh(new THREE.BoxGeometry(0.03, 0.64, 0.03), metal);
    edge.position.set(side * 0.4, 0.37, front * 0.275);
    group.add(edge);
  }
  const band = new THREE.Mesh(new THREE.BoxGeometry(0.815, 0.025, 0.565), metal);
  band.position.y = 0.52;
  const lamp = new THREE.Mesh(new THREE.CylinderGeometry(0.09, 0.14, 0.2, 24, 1, true), glowing(0xffd9a8, 0.9));
  lamp.position.set(0.1, 0.96, 0);
  const stand = new THREE.Mesh(new THREE.CylinderGeometry(0.02, 0.06, 0.18, 16), metal);
  stand.position.set(0.1, 0.77, 0);
  const light = new THREE.PointLight(BULB, 1.4, 3, 1.6);
  light.position.set(0.1, 1.1, 0.25);
  group.add(band, lamp, stand, light, halo(0.1, 0.96, 0.05, 0.7));
  group.position.set(x, 0, z);
  group.rotation.y = turn;
  return group;
}

/** Bulbs on a cable along the curtain. */
function stringOfBulbs(): THREE.Group {
  const group = new THREE.Group();
  const points: THREE.Vector3[] = [];
  for (let k = 0; k <= 16; k++) {
    const along = k / 16;
    const sag = 0.18 * Math.sin(Math.PI * ((along * 3) % 1));
    points.push(new THREE.Vector3(-2.1 + 4.2 * along, 2.28 - sag, -2.15 + 0.5 * (2 * along - 1) ** 2));
    if (k % 2 === 1) group.add(bulb(points[k].x, points[k].y - 0.05, points[k].z, 0.03));
  }
  const cable = new THREE.TubeGeometry(new THREE.CatmullRomCurve3(points), 80, 0.006, 5);
  group.add(new THREE.Mesh(cable, new THREE.MeshStandardMaterial({ color: 0x1a1216, roughness: 0.8 })));
  return group;
}

/** A rail with a few stage clothes, far enough to be only shapes. */
function hangingRail(): THREE.Group {
  const group = new THREE.Group();
  const metal = new THREE.MeshStandardMaterial({ color: 0x6d6a72, roughness: 0.4, metalness: 0.7 });
  const bar = new THREE.Mesh(new THREE.CylinderGeometry(0.015, 0.015, 1.2, 10), metal);
  bar.rotation.z = Math.PI / 2;
  bar.position.y = 1.62;
  group.add(bar);
  const cloths = [0x7f4b63, 0x2f5d63, 0xa9743d, 0x4a3d63, 0x8a3f45];
  cloths.forEach((color, k) => {
    const cloth = new THREE.Mesh(
      new THREE.CylinderGeometry(0.07, 0.15, 0.95 + 0.12 * (k % 2), 14),
      new THREE.MeshStandardMaterial({ color, roughness: 0.9 }),
    );
    cloth.scale.z = 0.55;
    cloth.position.set(-0.45 + k * 0.22, 1.08, 0);
    group.add(cloth);
  });
  group.position.set(1.9, 0, -1.75);
  group.rotation.y = -0.75;
  return group;
}

function bulb(x: number, y: number, z: number, radius: number): THREE.Group {
  const group = new THREE.Group();
  const glass = new THREE.Mesh(new THREE.SphereGeometry(radius, 16, 12), glowing(BULB, 1.6));
  glass.position.set(x, y, z);
  group.add(glass, halo(x, y, z, radius * 9));
  return group;
}

function glowing(color: number, strength: number): THREE.MeshStandardMaterial {
  return new THREE.MeshStandardMaterial({ color, emissive: color, emissiveIntensity: strength, side: THREE.DoubleSide });
}

function halo(x: number, y: number, z: number, size: number): THREE.Sprite {
  const material = new THREE.SpriteMaterial({ map: glowTexture("255, 190, 120"), transparent: true, depthWrite: false, opacity: 0.5 });
  material.blending = THREE.AdditiveBlending;
  const sprite = new THREE.Sprite(material);
  sprite.position.set(x, y, z + 0.01);
  sprite.scale.setScalar(size);
  return sprite;
}

const glows = new Map<string, THREE.Texture>();

/** A disc that fades to nothing, in this colour; made once. */
function glowTexture(rgb: string): THREE.Texture {
  const made = glows.get(rgb);
  if (made) return made;
  const texture = painted(64, 64, (pen) => {
    const light = pen.createRadialGradient(32, 32, 0, 32, 32, 32);
    light.addColorStop(0, `rgba(${rgb}, 1)`);
    light.addColorStop(0.35, `rgba(${rgb}, 0.35)`);
    light.addColorStop(1, `rgba(${rgb}, 0)`);
    pen.fillStyle = light;
    pen.fillRect(0, 0, 64, 64);
  });
  glows.set(rgb, texture);
  return texture;
}

function boardTexture(): THREE.Texture {
  const texture = painted(256, 256, (pen) => {
    for (let board = 0; board < 8; board++) {
      pen.fillStyle = `hsl(24 28% ${72 + ((board * 37) % 19)}%)`;
      pen.fillRect(board * 32, 0, 32, 256);
      pen.fillStyle = "rgb(40 20 10 / 60%)";
      pen.fillRect(board * 32, 0, 1.5, 256);
      pen.fillRect(board * 32, (board * 97) % 256, 32, 1.5);
    }
  });
  texture.wrapS = texture.wrapT = THREE.RepeatWrapping;
  texture.repeat.set(7, 7);
  texture.anisotropy = 4;
  return texture;
}

function painted(width: number, height: number, paint: (pen: CanvasRenderingContext2D) => void): THREE.Texture {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const pen = canvas.getContext("2d");
  if (pen) paint(pen);
  const texture = new THREE.CanvasTexture(canvas);
  texture.colorSpace = THREE.SRGBColorSpace;
  return texture;
}
