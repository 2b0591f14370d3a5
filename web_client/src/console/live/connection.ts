// The host's connection to one event: comes back by itself, remembers what it learnt, and asks with an answer to each act.

import { toBase64, Wire } from "../../talk/wire";
import { readHostMessage, type ActFields, type ActKind, type HostMessage, type Told } from "./messages";
import { asked, learn, NOTHING_YET, rejoined, type Live } from "./state";

const PAUSES_MS = [500, 1000, 2000, 5000];
const ANSWER_WAIT_MS = 8000;

export type Link = "connecting" | "open" | "lost" | "refused";
export type Outcome = { ok: boolean; why: string };
const OFFLINE: Outcome = { ok: false, why: "the connection was lost" };
const NO_ANSWER: Outcome = { ok: false, why: "the server did not answer" };

export class HostConnection {
  live: Live = NOTHING_YET;
  link: Link = "connecting";
  welcome: Told<"hello"> | null = null;
  refusal = "";
  /** Called after every change of the fields above. */
  onChange: () => void = () => {};
  /** Called with what the stage shows: reply chunks and the like. */
  onStream: (message: HostMessage) => void = () => {};
  #token: () => Promise<string>;
  #wire: Wire<HostMessage> | null = null;
  #waiting = new Map<string, (outcome: Outcome) => void>();
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #nActs = 0;
  #seq = 0;

  /** `token` gives a host's join token that is good now. */
  constructor(token: () => Promise<string>) {
    this.#token = token;
  }

  async open(): Promise<void> {
    try {
      const token = await this.#token();
      if (!this.#closed) this.#connect(token);
    } catch (error) {
      this.#refuse(error instanceof Error ? error.message : String(error));
    }
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#wire?.leave();
    this.#forsake();
  }

  /** Asks for one act; the answer says whether it was done. */
  async act(kind: ActKind, fields: ActFields = {}): Promise<Outcome> {
    const id = `a${Date.now().toString(36)}-${this.#nActs++}`;
    if (this.link !== "open" || !this.#wire) return OFFLINE;
    this.#set({ live: asked(this.live, id, kind, fields, new Date()) });
    const outcome = new Promise<Outcome>((resolve) => {
      this.#waiting.set(id, resolve);
      setTimeout(() => this.#answer(id, NO_ANSWER), ANSWER_WAIT_MS);
    });
    this.#wire.send("host.act", { action_id: id, kind, ...fields });
    return outcome;
  }

  /** The host's own voice, while they have taken over: PCM16 at the rate of `welcome.audio_in`. */
  speak(chunk: Int16Array) {
    if (!this.#wire || this.#wire.congested) return; // better a gap than a voice that comes late
    this.#wire.send("audio", { audio: toBase64(new Uint8Array(chunk.buffer)), seq: this.#seq++ });
  }

  #connect(token: string) {
    const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;
    const wire: Wire<HostMessage> = new Wire<HostMessage>(
      url,
      {
        onOpen: () => wire.send("hello", { version: "1.0", client: "stagedoor-console/1", token, face: "arkit52" }),
        onMessage: (message) => wire === this.#wire && this.#take(message),
        onClose: () => wire === this.#wire && this.#lost(),
      },
      readHostMessage,
    );
    this.#wire = wire;
  }

  #take(message: HostMessage) {
    if (message.type === "hello") {
      this.#tries = 0;
      this.#set({ link: "open", welcome: message, live: rejoined(this.live) });
    } else if (message.type === "error" && message.fatal) {
      this.#refuse(message.message);
      return;
    }
    const live = learn(this.live, message, performance.now());
    if (live !== this.live) this.#set({ live });
    if (message.type === "host.done") this.#answer(message.action_id, { ok: message.ok, why: message.message });
    this.onStream(message);
  }

  #answer(id: string, outcome: Outcome) {
    this.#waiting.get(id)?.(outcome);
    this.#waiting.delete(id);
  }

  #lost() {
    this.#wire = null;
    this.#forsake();
    if (this.#closed || this.link === "refused") return;
    this.#set({ link: "lost" });
    this.#timer = setTimeout(() => void this.open(), PAUSES_MS[Math.min(this.#tries++, PAUSES_MS.length - 1)]);
  }

  #refuse(refusal: string) {
    this.#set({ link: "refused", refusal });
  }

  #forsake() {
    for (const id of [...this.#waiting.keys()]) this.#answer(id, OFFLINE);
  }

  #set(change: Partial<Pick<HostConnection, "live" | "link" | "welcome" | "refusal">>) {
    Object.assign(this, change);
    this.onChange();
  }
}
