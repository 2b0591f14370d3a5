// A face that nobody drives: a hint of a smile, blinks at human intervals, small movements of the eyes.

const BLINK_MS = 140;
const still = matchMedia("(prefers-reduced-motion: reduce)");

function between(low: number, high: number) {
  return low + Math.random() * (high - low);
}

export class Idle {
  #index: Map<string, number>;
  #weights: Float32Array;
  #blinkAt = 0;
  #glance = { at: 0, x: 0, y: 0 };

  constructor(names: string[]) {
    this.#index = new Map(names.map((name, i) => [name, i]));
    this.#weights = new Float32Array(names.length);
  }

  /** Weights 0..1 at a moment of the page's clock. The array is used again by the next call. */
  at(nowMs: number): Float32Array {
    this.#weights.fill(0);
    this.#set("mouthSmile", 0.3);
    this.#set("eyeBlink", this.#blink(nowMs));
    if (!still.matches) this.#look(nowMs);
    return this.#weights;
  }

  #set(name: string, left: number, right = left) {
    for (const [side, weight] of [["Left", left], ["Right", right]] as const) {
      const i = this.#index.get(name + side);
      if (i !== undefined) this.#weights[i] = Math.max(0, weight);
    }
  }

  #blink(nowMs: number): number {
    if (nowMs > this.#blinkAt + BLINK_MS) this.#blinkAt = nowMs + between(2200, 5500);
    const share = (nowMs - this.#blinkAt) / BLINK_MS;
    return share < 0 ? 0 : Math.sin(Math.PI * share) ** 0.7;
  }

  #look(nowMs: number) {
    if (nowMs > this.#glance.at) {
      this.#glance = { at: nowMs + between(700, 2600), x: between(-0.18, 0.18), y: between(-0.1, 0.1) };
    }
    const { x, y } = this.#glance;
    this.#set("eyeLookOut", x, -x);
    this.#set("eyeLookIn", -x, x);
    this.#set("eyeLookUp", y);
    this.#set("eyeLookDown", -y);
  }
}
