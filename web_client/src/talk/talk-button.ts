// The microphone in the room: talk freely, or push to talk; muted is silence, closed is closed. meet/meet.ts sends what it hears.

import { MICROPHONE_HZ } from "../audio/formats";
import { loudness, Mic } from "../audio/mic";
import { packingOf, type Packing } from "../audio/packing";
import { byId, showBanner, showLevel, showMicrophone } from "./view";
import { toBase64 } from "./wire";

const CLOSING_SILENCE_S = 0.8; // sent when the microphone is closed, so that the last sentence is known to be over
// A page that stood still has many chunks at once: they go together, or the server would count too many messages.
const BURST_MS = 8;
const MAX_TOGETHER = 5;

type Needs = {
  send: (audio: { audio: string; seq: number }) => void;
  /** What the server hears: "pcm16" or "opus". */
  encoding: () => string;
  /** False when the room was left while the browser asked for the microphone. */
  stillWanted: () => boolean;
};

export class TalkButton {
  isMuted = false;
  #mic = new Mic((chunk) => this.#hear(chunk));
  #needs: Needs;
  #packing: Packing | null = null;
  #seq = 0;
  #held = false;
  #pending: number[] = []; // bytes that wait for the rest of a burst
  #nPending = 0;
  #sentAt = 0;

  constructor(needs: Needs) {
    this.#needs = needs;
    byId("talk").addEventListener("click", () => !this.#pushToTalk && this.#toggle());
    byId("talk").addEventListener("pointerdown", () => this.#hold(true));
    for (const end of ["pointerup", "pointercancel", "blur"]) addEventListener(end, () => this.#hold(false));
    byId("mute").addEventListener("click", () => this.mute(!this.isMuted));
    byId("hold-mode").addEventListener("change", () => this.reset());
    document.addEventListener("keydown", (event) => this.#key(event, true));
    document.addEventListener("keyup", (event) => this.#key(event, false));
  }

  get isOpen(): boolean {
    return this.#mic.isOpen;
  }

  get #pushToTalk(): boolean {
    return byId<HTMLInputElement>("hold-mode").checked;
  }

  /** As at the beginning: closed, and the button says what it does now. */
  reset() {
    this.close();
    this.#show();
  }

  mute(muted: boolean) {
    this.isMuted = muted;
    this.#mic.mute(muted);
    this.#show();
  }

  close() {
    if (this.#mic.isOpen) {
      this.#flush();
      const silence = this.#packing?.silence(CLOSING_SILENCE_S) ?? new Uint8Array(0);
      this.#needs.send({ audio: toBase64(silence), seq: this.#seq++ });
    }
    this.#packing?.close();
    this.#packing = null;
    this.#mic.close();
    this.isMuted = false;
    this.#show();
  }

  async #toggle() {
    if (this.#mic.isOpen) return this.close();
    await this.#open();
  }

  async #open() {
    const button = byId<HTMLButtonElement>("talk");
    button.disabled = true;
    try {
      await this.#mic.open(MICROPHONE_HZ);
    } catch (error) {
      showBanner(error instanceof Error ? error.message : String(error));
    }
    button.disabled = false;
    if (!this.#needs.stillWanted()) this.#mic.close();
    this.#show();
  }

  /** Push to talk: open at the first hold, then silence whenever nothing is held. */
  async #hold(held: boolean) {
    if (!this.#pushToTalk || this.#held === held || !this.#needs.stillWanted()) return;
    this.#held = held;
    if (held && !this.#mic.isOpen) await this.#open();
    if (this.#mic.isOpen) this.mute(!this.#held);
  }

  #key(event: KeyboardEvent, down: boolean) {
    const target = event.target as HTMLElement;
    const typing = target.matches("input[type=text], summary, button:not(#talk), input[type=checkbox]");
    if (event.key !== " " || typing || !this.#pushToTalk) return;
    event.preventDefault();
    void this.#hold(down);
  }

  #hear(chunk: Int16Array) {
    if (!this.isMuted) showLevel(loudness(chunk));
    this.#packing ??= packingOf(this.#needs.encoding(), (bytes) => this.#packed(bytes));
    this.#packing.push(chunk);
  }

  #packed(bytes: Uint8Array) {
    this.#pending.push(...bytes);
    this.#nPending += 1;
    if (performance.now() - this.#sentAt > BURST_MS || this.#nPending >= MAX_TOGETHER) this.#flush();
  }

  #flush() {
    if (this.#nPending > 0) this.#needs.send({ audio: toBase64(Uint8Array.from(this.#pending)), seq: this.#seq++ });
    this.#pending = [];
    this.#nPending = 0;
    this.#sentAt = performance.now();
  }

  #show() {
    showMicrophone({ open: this.#mic.isOpen, muted: this.isMuted, pushToTalk: this.#pushToTalk });
  }
}
