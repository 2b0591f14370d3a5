// One visit over as many connections as it takes: hello, welcome, lost and found again, the end. meet/meet.ts owns it.
//
// A lost connection is made again with a growing pause, and the visit goes on by its resume token where it was. The
// token also lies in the tab's own storage, so that a reload goes on too; it is good once, and for 30 s only.

import { PCM, type Formats } from "../audio/formats";
import { decode } from "./shapes";
import { Wire, type Message, type ServerMessage } from "./wire";

const KEY = "stagedoor.visit";
const PAUSES_MS = [300, 700, 1500, 3000, 5000]; // before each further try; the last one again and again
const BUSY_PAUSES_S = [5, 8, 12, 20, 30];
const OWN_FAULT = [1000, 1008, 1009]; // closed on purpose: coming back by itself would not be polite

export type Hello = Formats & { token: string; name: string; consents: Record<string, boolean> };
export type Position = { reply_id: number; heard_samples: number };
export type Resumable = Position & { token: string; at: number; awayS: number };

type Events = {
  onWelcome: (welcome: Message<"hello">) => void;
  onMessage: (message: ServerMessage) => void;
  /** The connection is gone and is being made again. */
  onLost: () => void;
  /** No place is free; the next try comes after so many seconds. */
  onBusy: (waitS: number) => void;
  /** It is over: by this error of the server, or (null) without one. */
  onOver: (error: Message<"error"> | null, wasOpen: boolean) => void;
  /** How far the fan has heard; what waits unheard may be forgotten. */
  handOver: () => Position;
  /** A join token that is good now. */
  renew: () => Promise<string>;
};

export class Visit {
  #events: Events;
  #wire: Wire | null = null;
  #hello: Hello | null = null;
  #welcome: Message<"hello"> | null = null;
  #acknowledged = false;
  #inLine = false; // the server has told a place in line, which waits for a while
  #fatal: Message<"error"> | null = null;
  #lostAt = 0; // 0: not lost
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(events: Events) {
    this.#events = events;
  }

  get welcome(): Message<"hello"> | null {
    return this.#welcome;
  }

  get congested(): boolean {
    return this.#wire?.congested ?? true;
  }

  get waitingBytes(): number {
    return this.#wire?.waitingBytes ?? 0;
  }

  /** Begins. `resume` is what a page before this one left: see `kept`. */
  begin(hello: Hello, resume: Resumable | null = null) {
    this.end();
    this.#hello = hello;
    this.#acknowledged = resume !== null;
    this.#lostAt = resume?.at ?? 0;
    this.#connect(resume);
  }

  acknowledge() {
    this.#acknowledged = true;
    this.send("disclosure.acknowledged");
  }

  send(type: string, fields: object = {}) {
    this.#wire?.send(type, fields);
  }

  /** A connection that closes from now on is not made again. */
  expectNoMore() {
    this.#acknowledged = false;
  }

  /** Says goodbye and is over, without an event. */
  leave() {
    const wire = this.#wire;
    this.end();
    wire?.leave();
  }

  /** Is over, without an event and without a word. */
  end() {
    clearTimeout(this.#timer);
    this.#wire = this.#welcome = this.#fatal = null;
    this.#acknowledged = this.#inLine = false;
    this.#tries = this.#lostAt = 0;
    sessionStorage.removeItem(KEY);
  }

  /** Leaves in the tab what the page needs to go on after a reload. */
  keep() {
    const token = this.#welcome?.resume_token;
    if (!token || !this.#acknowledged) return;
    const kept: Resumable = { ...this.#events.handOver(), token, at: Date.now(), awayS: this.#welcome?.limits.max_away_s ?? 0 };
    sessionStorage.setItem(KEY, JSON.stringify(kept));
  }

  /** What the page before this one left, when it is fresh enough to go on with. */
  static kept(): Resumable | null {
    const text = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    const kept = text ? (JSON.parse(text) as Resumable) : null;
    return kept && Date.now() - kept.at < 1000 * kept.awayS ? kept : null;
  }

  #connect(resume: (Position & { token: string }) | null) {
    const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;
    this.#fatal = null;
    const events = {
      onOpen: () => mine === this.#wire && this.#sayHello(mine, resume),
      onMessage: (message: ServerMessage) => mine === this.#wire && this.#take(message),
      onClose: (code: number) => mine === this.#wire && this.#closed(code), // one that was left may close when the next began
    };
    const mine: Wire = new Wire(url, events, decode);
    this.#wire = mine;
  }

  #sayHello(wire: Wire, resume: (Position & { token: string }) | null) {
    wire.send("hello", {
      version: "1.0",
      client: "stagedoor-web/1",
      language: navigator.language.slice(0, 16),
      face: "arkit52",
      ...this.#hello,
      ...(resume ? { resume: { token: resume.token, reply_id: resume.reply_id, heard_samples: resume.heard_samples } } : {}),
    });
  }

  #take(message: ServerMessage) {
    if (message.type === "error" && message.fatal) this.#fatal = message;
    if (message.type === "queue") this.#stand();
    if (message.type !== "hello") return this.#events.onMessage(message);
    this.#welcome = message;
    this.#inLine = false;
    this.#lostAt = this.#tries = 0;
    this.#acknowledged &&= message.resumed;
    this.#events.onWelcome(message);
  }

  #closed(code: number) {
    if (this.#fatal?.code === "busy") return this.#comeBackLater();
    if (this.#fatal?.code === "unsupported" && this.#offersOpus()) return this.#connect(null);
    if (this.#inLine && !this.#fatal && !OWN_FAULT.includes(code)) return this.#backInLine();
    const token = this.#welcome?.resume_token;
    const awayMs = 1000 * (this.#welcome?.limits.max_away_s ?? 0);
    const first = this.#lostAt === 0;
    if (first) this.#lostAt = Date.now();
    const mayGoOn = token && this.#acknowledged && !this.#fatal && !OWN_FAULT.includes(code);
    if (!mayGoOn || Date.now() - this.#lostAt > awayMs) return this.#over();
    if (first) this.#events.onLost();
    const pause = PAUSES_MS[Math.min(this.#tries++, PAUSES_MS.length - 1)];
    this.#timer = setTimeout(() => this.#connect({ ...this.#events.handOver(), token }), pause);
  }

  #stand() {
    this.#inLine = true;
    this.#tries = this.#lostAt = 0;
  }

  /** The place in line is kept by the ticket: hello is said anew, with a token that is good now. */
  #backInLine() {
    if (this.#tries === 0) this.#events.onLost();
    const pause = PAUSES_MS[Math.min(this.#tries++, PAUSES_MS.length - 1)];
    this.#timer = setTimeout(() => void this.#renew(), pause);
  }

  async #renew() {
    const hello = this.#hello;
    const token = await this.#events.renew().catch(() => "");
    if (!hello || this.#hello !== hello || !this.#inLine) return; // left meanwhile
    if (!token) return this.#backInLine();
    this.#hello = { ...hello, token };
    this.#connect(null);
  }

  /** True when a server may only have missed PCM16; from now on that is asked for. */
  #offersOpus(): boolean {
    const { audio_in, audio_out } = this.#hello ?? PCM;
    if (audio_in.encoding !== "opus" && audio_out.encoding !== "opus") return false;
    if (this.#hello) this.#hello = { ...this.#hello, ...PCM };
    return true;
  }

  #comeBackLater() {
    const waitS = BUSY_PAUSES_S[Math.min(this.#tries++, BUSY_PAUSES_S.length - 1)];
    this.#events.onBusy(waitS);
    this.#timer = setTimeout(() => this.#connect(null), 1000 * waitS);
  }

  #over() {
    const [fatal, wasOpen] = [this.#fatal, this.#welcome !== null];
    this.end();
    this.#events.onOver(fatal, wasOpen);
  }
}
