// Draws the mouth from ARKit's weights: lips, teeth and tongue. Used by drawn.ts, in its space of 400 x 440 units.
//
// What must be right for lips to be read: closed is closed (mouthClose takes back what jawOpen opens), pucker and
// funnel are narrow and round, stretch and smile are wide, and lips that roll in or press get thin.

const CENTRE = { x: 200, y: 294 };
const UPPER_LIP = "#b65f57";
const LOWER_LIP = "#cd7769";
const INSIDE = "#4d141c";
const TEETH = "#fdf6ec";
const TONGUE = "#c8545d";
const OPEN_UNITS = 46; // how far a jaw wide open parts the lips
const SHUT_UNITS = 1; // below this the lips touch

type Weights = (name: string) => number;
type Mouth = ReturnType<typeof shapeOf>;

/** Shape of the mouth in units, from the weights. `of(name)` is one weight 0..1. */
function shapeOf(of: Weights) {
  const pair = (name: string) => (of(`${name}Left`) + of(`${name}Right`)) / 2;
  const narrow = Math.min(1, of("mouthPucker") + of("mouthFunnel") * 0.65);
  const wide = pair("mouthSmile") * 12 + pair("mouthStretch") * 11 + pair("mouthDimple") * 6 - pair("mouthPress") * 2;
  const jaw = of("jawOpen");
  const open = Math.max(0, jaw - of("mouthClose"));
  const parted = pair("mouthUpperUp") * 8 + pair("mouthLowerDown") * 12 + of("mouthFunnel") * 9;
  const sealed = Math.min(1, of("mouthClose") * (1 - jaw) + of("mouthRollLower") * 0.5 + of("mouthRollUpper") * 0.3);
  const thin = (roll: number) => 1 - 0.55 * Math.min(1, roll) - 0.25 * pair("mouthPress");
  const full = 1 + 0.35 * of("mouthPucker") + 0.2 * of("mouthFunnel");
  return {
    x: CENTRE.x + (of("mouthLeft") - of("mouthRight")) * 12 + (of("jawLeft") - of("jawRight")) * 7,
    y: CENTRE.y + jaw * 7 - of("mouthShrugLower") * 3,
    half: (42 + wide) * (1 - 0.56 * narrow) - open * 5 * (1 - narrow),
    up: pair("mouthUpperUp") * 8 + of("mouthFunnel") * 4 + open * 4,
    gap: Math.max(0, open * OPEN_UNITS + parted * (1 - sealed)),
    corner: { Left: cornerOf(of, "Left"), Right: cornerOf(of, "Right") },
    upperLip: 8.5 * thin(of("mouthRollUpper")) * full + of("mouthShrugUpper") * 2,
    lowerLip: 11 * thin(of("mouthRollLower")) * full + of("mouthShrugLower") * 3,
    round: narrow,
    jaw,
    tongue: of("tongueOut"),
  };
}

/** How far a corner of the mouth is below its place at rest. */
function cornerOf(of: Weights, side: "Left" | "Right"): number {
  return of(`mouthFrown${side}`) * 14 - 2.5 - of(`mouthSmile${side}`) * 14 - of(`mouthDimple${side}`) * 3;
}

/** Traces from the right corner of the mouth (on the picture's left) over the top of `height` to the left one. */
function arch(pen: CanvasRenderingContext2D, mouth: Mouth, height: number, reverse = false) {
  const right = { x: mouth.x - mouth.half, y: mouth.y + mouth.corner.Right };
  const left = { x: mouth.x + mouth.half, y: mouth.y + mouth.corner.Left };
  const [from, to] = reverse ? [left, right] : [right, left];
  const bow = mouth.half * (0.52 + 0.2 * mouth.round);
  const side = Math.sign(to.x - from.x);
  const slant = side * mouth.half * 0.18 * (1 - mouth.round); // a round mouth has round corners
  const y = mouth.y + height;
  pen.lineTo(from.x, from.y);
  pen.bezierCurveTo(from.x + slant, from.y + (y - from.y) * 0.65, mouth.x - side * bow, y, mouth.x, y);
  pen.bezierCurveTo(mouth.x + side * bow, y, to.x - slant, to.y + (y - to.y) * 0.65, to.x, to.y);
}

function fillBetween(pen: CanvasRenderingContext2D, colour: string, mouth: Mouth, above: number, below: number) {
  pen.fillStyle = colour;
  pen.beginPath();
  arch(pen, mouth, above);
  arch(pen, mouth, below, true);
  pen.closePath();
  pen.fill();
}

function drawInside(pen: CanvasRenderingContext2D, mouth: Mouth, above: number, below: number) {
  pen.save();
  pen.beginPath();
  arch(pen, mouth, above);
  arch(pen, mouth, below, true);
  pen.clip();
  pen.fillStyle = INSIDE;
  pen.fillRect(mouth.x - 100, mouth.y - 100, 200, 240);
  pen.fillStyle = TONGUE;
  pen.beginPath();
  const rise = mouth.tongue * 14;
  pen.ellipse(mouth.x, mouth.y + below + 6 - rise, mouth.half * 0.62, 15 + mouth.jaw * 6, 0, 0, 2 * Math.PI);
  pen.fill();
  pen.fillStyle = TEETH;
  pen.beginPath();
  pen.roundRect(mouth.x - mouth.half * 0.78, mouth.y - mouth.up - 14, mouth.half * 1.56, 14 + 7 * (1 - mouth.round), 6);
  pen.fill();
  pen.restore();
}

/** Draws the mouth. `of(name)` gives one ARKit weight, 0..1. */
export function drawMouth(pen: CanvasRenderingContext2D, of: Weights) {
  const mouth = shapeOf(of);
  const shut = mouth.gap < SHUT_UNITS;
  const smile = Math.max(0, -(mouth.corner.Left + mouth.corner.Right) / 2);
  const sag = smile * 0.35; // the middle of a smiling mouth is lower than its corners
  const above = shut ? sag : sag - mouth.up * 0.6;
  const below = shut ? sag : above + mouth.gap;
  fillBetween(pen, LOWER_LIP, mouth, below - 0.5, below + mouth.lowerLip);
  fillBetween(pen, UPPER_LIP, mouth, above - mouth.upperLip, above + 0.5);
  if (!shut) drawInside(pen, mouth, above, below);
  pen.strokeStyle = INSIDE;
  pen.lineWidth = shut ? 2.6 : 1.2;
  pen.beginPath();
  pen.moveTo(mouth.x - mouth.half, mouth.y + mouth.corner.Right);
  arch(pen, mouth, above);
  pen.stroke();
}
