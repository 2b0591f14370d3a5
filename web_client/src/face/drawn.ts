// Draws a face on a canvas from ARKit's 52 weights. The mouth is in mouth.ts, the numbers come from track.ts.
//
// It is a drawing and means to look like one: you talk with an AI. "Left" is the character's left, as in ARKit, and so
// on the right of the picture. Everything is in a space of 400 x 440 units, scaled to the canvas.

import { drawMouth } from "./mouth";

const WIDTH = 400;
const HEIGHT = 440;
const SKIN = "#d99a73";
const SKIN_SHADE = "#c07f5b";
const SKIN_LIGHT = "#e8b08a";
const BLUSH = "226, 92, 82";
const HAIR = "#43263a";
const HAIR_LIGHT = "#6b3d58";
const JUMPER = "#2f7f86";
const JUMPER_SHADE = "#25666d";
const INK = "#3a1f2b";
const IRIS = "#7a4a26";
type Eye = { side: "Left" | "Right"; x: number; out: number };
const EYES: Eye[] = [
  { side: "Right", x: 153, out: -1 },
  { side: "Left", x: 247, out: 1 },
];
const EYE_Y = 218;
// Hair in curls, each {x, y, radius}: those behind the head, and those over the forehead.
const CURLS: [number, number, number][] = [
  [86, 226, 26], [78, 186, 33], [86, 144, 36], [112, 106, 38], [152, 82, 40], [200, 74, 42],
  [248, 82, 40], [288, 106, 38], [314, 144, 36], [322, 186, 33], [314, 226, 26], [200, 140, 90],
];
const FRINGE: [number, number, number][] = [
  [100, 172, 21], [110, 138, 27], [136, 112, 31], [172, 104, 33], [212, 100, 34], [250, 108, 32],
  [280, 130, 28], [298, 164, 22],
];

const still = matchMedia("(prefers-reduced-motion: reduce)");

/** Fills the path that `trace` draws. */
function fill(pen: CanvasRenderingContext2D, colour: string | CanvasGradient, trace: () => void) {
  pen.fillStyle = colour;
  pen.beginPath();
  trace();
  pen.fill();
}

/** Strokes the path that `trace` draws. */
function stroke(pen: CanvasRenderingContext2D, colour: string, width: number, trace: () => void) {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.beginPath();
  trace();
  pen.stroke();
}

export class DrawnFace {
  #canvas: HTMLCanvasElement;
  #pen: CanvasRenderingContext2D;
  #index = new Map<string, number>();
  #weights: Float32Array = new Float32Array(0);

  constructor(canvas: HTMLCanvasElement) {
    const pen = canvas.getContext("2d");
    if (!pen) throw new Error("this browser cannot draw");
    this.#canvas = canvas;
    this.#pen = pen;
  }

  /** Names of the weights, in their order, as in `hello`. */
  set names(names: string[]) {
    this.#index = new Map(names.map((name, i) => [name, i]));
  }

  /** Draws one picture. Weights 0..1 in the order of `names`; what the stream does not name is at rest. */
  draw(weights: Float32Array, nowMs: number) {
    this.#weights = weights;
    const pen = this.#fit();
    const breath = still.matches ? 0 : Math.sin(nowMs / 1400);
    pen.save();
    pen.translate(0, breath * 1.2);
    this.#drawBody(pen);
    pen.translate(WIDTH / 2, 330);
    pen.rotate(still.matches ? 0 : Math.sin(nowMs / 2300) * 0.012);
    pen.translate(-WIDTH / 2, -330);
    this.#drawHead(pen);
    for (const eye of EYES) this.#drawEye(pen, eye);
    for (const eye of EYES) this.#drawBrow(pen, eye);
    this.#drawNose(pen);
    drawMouth(pen, (name) => this.weight(name));
    this.#drawFringe(pen);
    pen.restore();
  }

  /** One weight of the picture on the canvas, 0..1. */
  weight(name: string): number {
    return this.#weights[this.#index.get(name) ?? -1] ?? 0;
  }

  #pair(name: string) {
    return (this.weight(`${name}Left`) + this.weight(`${name}Right`)) / 2;
  }

  /** Clears the canvas and scales it so that the drawing fills it, sharp on any screen. */
  #fit() {
    const { clientWidth, clientHeight } = this.#canvas;
    const density = Math.min(devicePixelRatio, 2);
    const width = Math.round(clientWidth * density);
    const height = Math.round(clientHeight * density);
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      Object.assign(this.#canvas, { width, height });
    }
    const scale = Math.min(width / WIDTH, height / HEIGHT);
    this.#pen.setTransform(scale, 0, 0, scale, (width - WIDTH * scale) / 2, height - HEIGHT * scale);
    this.#pen.clearRect(-WIDTH, -HEIGHT, 3 * WIDTH, 3 * HEIGHT);
    this.#pen.lineCap = this.#pen.lineJoin = "round";
    return this.#pen;
  }

  #drawBody(pen: CanvasRenderingContext2D) {
    for (const [x, y, radius] of CURLS) fill(pen, HAIR, () => pen.arc(x, y, radius, 0, 2 * Math.PI));
    fill(pen, JUMPER, () => {
      pen.moveTo(22, 450);
      pen.bezierCurveTo(30, 392, 90, 378, 140, 366);
      pen.lineTo(260, 366);
      pen.bezierCurveTo(310, 378, 370, 392, 378, 450);
    });
    fill(pen, SKIN_SHADE, () => pen.roundRect(160, 300, 80, 78, 26));
    fill(pen, JUMPER_SHADE, () => pen.roundRect(142, 352, 116, 34, 15));
    stroke(pen, JUMPER, 3, () => {
      for (let x = 156; x <= 244; x += 11) {
        pen.moveTo(x, 358);
        pen.lineTo(x, 380);
      }
    });
  }

  #drawHead(pen: CanvasRenderingContext2D) {
    const chin = 338 + this.weight("jawOpen") * 20 - this.weight("mouthClose") * 6;
    const jaw = (this.weight("jawLeft") - this.weight("jawRight")) * 10;
    const puff = this.weight("cheekPuff") * 9;
    for (const { out } of EYES) {
      const x = 200 + out * 108;
      fill(pen, SKIN, () => pen.ellipse(x, 226, 17, 25, out * 0.15, 0, 2 * Math.PI));
      fill(pen, SKIN_SHADE, () => pen.ellipse(x + out * 2, 227, 8, 14, out * 0.15, 0, 2 * Math.PI));
    }
    fill(pen, SKIN, () => {
      pen.moveTo(200, 92);
      pen.bezierCurveTo(272, 92, 310, 142, 308, 208);
      pen.bezierCurveTo(308 + puff, 262, 290 + puff, chin - 2, 200 + jaw, chin);
      pen.bezierCurveTo(110 - puff, chin - 2, 92 - puff, 262, 92, 208);
      pen.bezierCurveTo(90, 142, 128, 92, 200, 92);
    });
    this.#drawCheeks(pen);
  }

  #drawCheeks(pen: CanvasRenderingContext2D) {
    for (const { side, x, out } of EYES) {
      const smile = this.weight(`mouthSmile${side}`);
      const lift = this.weight(`cheekSquint${side}`) * 5 + smile * 6;
      const glow = 0.2 + 0.2 * smile;
      const [cx, cy] = [x + out * 26, 270 - lift];
      const light = pen.createRadialGradient(cx, cy, 2, cx, cy, 34);
      light.addColorStop(0, `rgba(${BLUSH}, ${glow})`);
      light.addColorStop(1, `rgba(${BLUSH}, 0)`);
      fill(pen, light, () => pen.ellipse(cx, cy, 34, 25, 0, 0, 2 * Math.PI));
    }
  }

  #drawEye(pen: CanvasRenderingContext2D, { side, x, out }: Eye) {
    const of = (name: string) => this.weight(`eye${name}${side}`);
    const blink = Math.min(1, of("Blink"));
    const lookX = out * (of("LookOut") - of("LookIn"));
    const lookY = of("LookDown") - of("LookUp");
    const lowered = Math.min(1, blink + of("Squint") * 0.25 + Math.max(0, lookY) * 0.25);
    const closedY = EYE_Y + 9;
    const raised = EYE_Y - 25 - of("Wide") * 15 + Math.min(0, lookY) * 4;
    const upper = raised + (closedY + 14 - raised) * lowered;
    const cheek = of("Squint") * 9 + this.weight(`cheekSquint${side}`) * 6 + this.weight(`mouthSmile${side}`) * 4;
    const lower = Math.max(upper, EYE_Y + 23 - cheek * (1 - blink) - blink * 11);
    const [inner, outer] = [x - out * 25, x + out * 26];
    const corner = EYE_Y + 3 + blink * 5;
    const lid = (y: number) => pen.bezierCurveTo(x - out * 16, y, x + out * 16, y - 2, outer, corner - 3 + blink * 2);
    const opening = () => {
      pen.moveTo(inner, corner);
      lid(upper);
      pen.bezierCurveTo(x + out * 14, lower, x - out * 14, lower, inner, corner);
    };
    stroke(pen, SKIN_SHADE, 2.5, () => {
      const crease = EYE_Y - 16 + 13 * lowered;
      pen.moveTo(inner + out * 6, crease + 5);
      pen.quadraticCurveTo(x, crease - 13 - of("Wide") * 10 + 13 * lowered, outer - out * 3, crease + 3);
    });
    pen.save();
    pen.beginPath();
    opening();
    pen.clip();
    fill(pen, "#fffaf3", () => pen.rect(x - 40, EYE_Y - 60, 80, 120));
    this.#drawIris(pen, x + lookX * 12, EYE_Y + lookY * 9);
    fill(pen, "rgba(90, 40, 50, 0.16)", () => pen.ellipse(x, upper + 2, 32, 9, 0, 0, 2 * Math.PI));
    pen.restore();
    stroke(pen, SKIN_SHADE, 2, () => {
      pen.moveTo(outer, corner - 1);
      pen.bezierCurveTo(x + out * 14, lower, x - out * 14, lower, inner, corner);
    });
    stroke(pen, INK, 5, () => {
      pen.moveTo(inner, corner);
      lid(upper);
      pen.lineTo(outer + out * 5, corner - 7 + blink * 7);
    });
  }

  #drawIris(pen: CanvasRenderingContext2D, x: number, y: number) {
    const disc = (colour: string, radius: number, dx = 0, dy = 0) =>
      fill(pen, colour, () => pen.arc(x + dx, y + dy, radius, 0, 2 * Math.PI));
    disc(INK, 17.5);
    disc(IRIS, 15.5);
    disc("#a9743d", 10, 0, 5);
    disc("#1c0f14", 8);
    disc("#ffffff", 4.6, 5, -6);
    disc("rgba(255, 255, 255, 0.7)", 2.2, -6, 6);
  }

  #drawBrow(pen: CanvasRenderingContext2D, { side, x, out }: Eye) {
    const down = this.weight(`browDown${side}`);
    const up = this.weight(`browOuterUp${side}`);
    const innerUp = this.weight("browInnerUp");
    const inner = { x: x - out * (27 + down * 4), y: 172 + down * 15 - innerUp * 15 };
    const outer = { x: x + out * 32, y: 172 + down * 3 - up * 13 };
    const peak = { x: x + out * 8, y: 157 + down * 10 - up * 13 - innerUp * 5 };
    fill(pen, HAIR, () => {
      pen.moveTo(inner.x, inner.y - 5);
      pen.quadraticCurveTo(peak.x, peak.y - 4, outer.x, outer.y);
      pen.quadraticCurveTo(peak.x, peak.y + 7, inner.x, inner.y + 5);
      pen.quadraticCurveTo(inner.x - out * 4, inner.y, inner.x, inner.y - 5);
    });
  }

  #drawNose(pen: CanvasRenderingContext2D) {
    const sneer = this.#pair("noseSneer");
    fill(pen, SKIN_LIGHT, () => pen.ellipse(200, 240, 6, 15, 0, 0, 2 * Math.PI));
    stroke(pen, SKIN_SHADE, 4, () => {
      pen.moveTo(187 - sneer * 3, 257 - sneer * 4);
      pen.quadraticCurveTo(192, 264, 200, 263 - sneer * 2);
      pen.quadraticCurveTo(208, 264, 213 + sneer * 3, 257 - sneer * 4);
    });
  }

  #drawFringe(pen: CanvasRenderingContext2D) {
    for (const [x, y, radius] of FRINGE) fill(pen, HAIR, () => pen.arc(x, y, radius, 0, 2 * Math.PI));
    for (const [x, y, radius] of FRINGE) {
      stroke(pen, HAIR_LIGHT, 3.5, () => pen.arc(x, y, radius * 0.62, 3.5, 4.9));
    }
  }
}
