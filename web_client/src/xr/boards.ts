// Things to read and to press in VR and AR: a board with the captions that follows the fan's look, and a wrist menu.

import * as THREE from "three";

export type MenuAction = "mute" | "captions" | "picture" | "leave";

const INK = "#24141a";
const CREAM = "#fbf1e4";
const AMBER = "#f6bd6b";
const MENU: { action: MenuAction; words: string }[] = [
  { action: "mute", words: "Mute" },
  { action: "captions", words: "Captions" },
  { action: "picture", words: "Picture" },
  { action: "leave", words: "Leave" },
];
const AHEAD_M = 0.95; // how far away the captions are: near enough to read, behind no hand
const BELOW_M = 0.3;
const FOLLOW = 0.06; // of the way to its place at each picture: it comes along, it is not nailed to the eyes

/** A plane with a canvas on it, in front of everything. */
class Board {
  readonly mesh: THREE.Mesh<THREE.PlaneGeometry, THREE.MeshBasicMaterial>;
  protected pen: CanvasRenderingContext2D | null;
  #texture: THREE.CanvasTexture;

  constructor(widthM: number, heightM: number, widthPx: number, heightPx: number) {
    const canvas = Object.assign(document.createElement("canvas"), { width: widthPx, height: heightPx });
    this.pen = canvas.getContext("2d");
    this.#texture = new THREE.CanvasTexture(canvas);
    this.#texture.colorSpace = THREE.SRGBColorSpace;
    const material = new THREE.MeshBasicMaterial({ map: this.#texture, transparent: true, toneMapped: false, fog: false });
    this.mesh = new THREE.Mesh(new THREE.PlaneGeometry(widthM, heightM), material);
    this.mesh.renderOrder = 10;
  }

  protected paint(draw: (pen: CanvasRenderingContext2D, width: number, height: number) => void) {
    if (!this.pen) return;
    const { width, height } = this.pen.canvas;
    this.pen.clearRect(0, 0, width, height);
    draw(this.pen, width, height);
    this.#texture.needsUpdate = true;
  }
}

export class CaptionsBoard extends Board {
  #shown = "";

  constructor() {
    super(0.72, 0.2, 1152, 320);
    this.mesh.name = "captions";
  }

  /** `lines`: the newest words of each side; none hides the board. */
  update(lines: string[], eyes: THREE.Vector3, turn: THREE.Quaternion) {
    this.mesh.visible = lines.length > 0;
    const ahead = new THREE.Vector3(0, 0, -1).applyQuaternion(turn).setY(0).normalize();
    const place = eyes.clone().addScaledVector(ahead, AHEAD_M);
    place.y -= BELOW_M;
    this.mesh.position.lerp(place, this.#shown ? FOLLOW : 1);
    this.mesh.lookAt(eyes);
    const text = lines.join("\n");
    if (text !== this.#shown) this.#write(lines);
    this.#shown = text;
  }

  #write(lines: string[]) {
    this.paint((pen, width, height) => {
      panel(pen, 0, 0, width, height, "rgb(27 18 32 / 82%)");
      pen.font = "44px system-ui, sans-serif";
      const rows = lines.flatMap((line) => wrapped(pen, line, width - 80)).slice(-5);
      rows.forEach((row, k) => {
        pen.fillStyle = CREAM;
        pen.fillText(row, 40, height - 40 - 54 * (rows.length - 1 - k));
      });
    });
  }
}

export class WristMenu extends Board {
  #isOn: (action: MenuAction) => boolean;

  /** `isOn`: which of the things it switches are on. */
  constructor(isOn: (action: MenuAction) => boolean) {
    super(0.22, 0.09, 880, 360);
    this.#isOn = isOn;
    this.mesh.name = "wrist menu";
    this.repaint();
  }

  repaint() {
    this.paint((pen, width, height) => {
      panel(pen, 0, 0, width, height, "rgb(56 38 64 / 95%)");
      MENU.forEach(({ action, words }, k) => {
        const [x, y] = [(k % 2) * (width / 2) + 16, Math.floor(k / 2) * (height / 2) + 16];
        const on = this.#isOn(action);
        panel(pen, x, y, width / 2 - 32, height / 2 - 32, on ? AMBER : "#271a2d");
        pen.fillStyle = on ? INK : CREAM;
        pen.font = "600 56px system-ui, sans-serif";
        pen.textAlign = "center";
        pen.fillText(words, x + width / 4 - 16, y + height / 4 + 4);
      });
    });
  }

  /** Above the left wrist; without a hand or controller there, low on the left of what the fan sees. */
  update(wrist: THREE.Vector3 | null, eyes: THREE.Vector3, turn: THREE.Quaternion) {
    const aside = new THREE.Vector3(-0.3, -0.32, -0.6).applyQuaternion(turn).add(eyes);
    this.mesh.position.copy(wrist ?? aside);
    if (wrist) this.mesh.position.y += 0.1;
    this.mesh.lookAt(eyes);
  }

  /** What a ray points at, or null. */
  hit(ray: THREE.Raycaster): MenuAction | null {
    const uv = ray.intersectObject(this.mesh)[0]?.uv;
    return uv ? MENU[(uv.x > 0.5 ? 1 : 0) + (uv.y > 0.5 ? 0 : 2)].action : null;
  }
}

function panel(pen: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, colour: string) {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.roundRect(x, y, width, height, 36);
  pen.fill();
}

/** The text in rows that fit. */
function wrapped(pen: CanvasRenderingContext2D, text: string, width: number): string[] {
  const rows: string[] = [""];
  for (const word of text.split(" ")) {
    const longer = `${rows[rows.length - 1]} ${word}`.trim();
    if (pen.measureText(longer).width > width) rows.push(word);
    else rows[rows.length - 1] = longer;
  }
  return rows;
}
