// The lobby's microphone check: a level meter and words about what it shows. Nothing of it is sent anywhere.

import { MICROPHONE_HZ } from "../audio/formats";
import { loudness, Mic } from "../audio/mic";
import { byId } from "./view";

const LISTEN_S = 12; // then it stops by itself: nobody forgets an open microphone
const GOOD_LEVEL = 0.45;
const CHUNKS_PER_S = 50;

export class MicCheck {
  #mic = new Mic((chunk) => this.#hear(chunk));
  #loudest = 0;
  #chunks = 0;

  get isOpen(): boolean {
    return this.#mic.isOpen;
  }

  async toggle(): Promise<void> {
    if (this.#mic.isOpen) return this.stop();
    this.#loudest = this.#chunks = 0;
    this.#say("Say a few words…");
    try {
      await this.#mic.open(MICROPHONE_HZ);
    } catch (error) {
      return this.#say(error instanceof Error ? error.message : String(error));
    }
    byId("check").setAttribute("aria-pressed", "true");
    byId("check").textContent = "Stop the check";
  }

  stop() {
    if (!this.#mic.isOpen) return;
    this.#mic.close();
    byId("check").setAttribute("aria-pressed", "false");
    byId("check").textContent = "Check my microphone";
    this.#meter(0);
    if (this.#loudest < GOOD_LEVEL) {
      this.#say("Almost nothing was heard. Is the right microphone chosen, and not muted? You can also type.");
    }
  }

  #hear(chunk: Int16Array) {
    const level = loudness(chunk);
    this.#meter(level);
    if (level > GOOD_LEVEL && this.#loudest <= GOOD_LEVEL) {
      this.#say("You can be heard well. With loudspeakers keep them low: headphones are best, so that no echo comes back.");
    }
    this.#loudest = Math.max(this.#loudest, level);
    if (++this.#chunks > LISTEN_S * CHUNKS_PER_S) this.stop();
  }

  #meter(level: number) {
    byId<HTMLMeterElement>("level").value = level;
  }

  #say(words: string) {
    byId("check-says").textContent = words;
  }
}
