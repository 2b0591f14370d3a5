// How much is drawn: named levels, and the choice between them by how long pictures take. Pure; room.ts asks it.

export type Level = "low" | "medium" | "high";
export type Detail = { pixelRatio: number; antialias: boolean; shadows: boolean; extras: boolean; maxFps: number };

export const DETAILS: Record<Level, Detail> = {
  low: { pixelRatio: 0.75, antialias: false, shadows: false, extras: false, maxFps: 30 },
  medium: { pixelRatio: 1.25, antialias: true, shadows: false, extras: true, maxFps: 60 },
  high: { pixelRatio: 2, antialias: true, shadows: true, extras: true, maxFps: 90 },
};

const LEVELS: Level[] = ["low", "medium", "high"];
const WINDOW = 45; // pictures that are looked at together
const SLOW_MS = 26; // a median above this is too much work for this machine
const HOPELESS_MS = 180; // at this pace a drawing in two dimensions is the better company

/** The level that the link asks for, or null: the page chooses. */
export function askedLevel(search: string): Level | null {
  const asked = new URLSearchParams(search).get("quality");
  return LEVELS.find((level) => level === asked) ?? null;
}

/** Watches the time between pictures, and steps down when they come too slowly. It never steps up: that would flicker. */
export class QualityChoice {
  level: Level;
  hopeless = false; // even the lowest level is too slow
  #fixed: boolean;
  #times: number[] = [];

  constructor(asked: Level | null, first: Level) {
    this.level = asked ?? first;
    this.#fixed = asked !== null;
  }

  /** A picture came so long after the one before. True when `level` or `hopeless` changed. */
  note(frameMs: number): boolean {
    if (this.#fixed || frameMs > 1000) return false; // a tab that was away is not slow
    this.#times.push(frameMs);
    if (this.#times.length < (this.level === "low" ? WINDOW / 3 : WINDOW)) return false;
    const median = this.#times.sort((a, b) => a - b)[this.#times.length >> 1];
    this.#times = [];
    const limit = this.level === "low" ? HOPELESS_MS : SLOW_MS;
    if (median <= limit || this.hopeless) return false;
    if (this.level === "low") this.hopeless = true;
    else this.level = LEVELS[LEVELS.indexOf(this.level) - 1];
    return true;
  }
}
