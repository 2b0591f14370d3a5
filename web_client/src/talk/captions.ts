// Captions of both sides. The words of a reply stand grey until they are heard; those never heard stay grey.

import type { Message } from "./wire";

const KEEP_LINES = 60;

type Word = { span: HTMLElement; start: number };
type ReplyLine = { id: number; words: Word[]; lit: number; element: HTMLElement | null };

export class Captions {
  #log: HTMLElement;
  #speaker = "";
  #turns = new Map<string, HTMLElement>(); // speaker and turn_id -> line
  #group: { you: string; names: Map<string, string> } = { you: "", names: new Map() };
  #typed: HTMLElement | null = null; // the line of a typed turn that the server has not numbered yet
  #reply: ReplyLine = { id: -1, words: [], lit: 0, element: null };

  /** `log` is anchored to its newest line by the style sheet, unless the reader has scrolled back. */
  constructor(log: HTMLElement) {
    this.#log = log;
  }

  /** A new conversation, with a persona of this name. */
  begin(speaker: string) {
    this.#speaker = speaker;
    this.#log.replaceChildren();
    this.#turns.clear();
    this.#typed = null;
    this.#reply = { id: -1, words: [], lit: 0, element: null };
  }

  /** Who else is in the room, by member id, and which of them reads this. */
  together(you: string, names: Map<string, string>) {
    this.#group = { you, names };
  }

  /** What the fan typed; shown at once. */
  fanTyped(text: string) {
    this.#typed = this.#line("fan", "You");
    this.#typed.textContent = text;
  }

  /** What the server understood of the fan. A partial replaces the one before it. */
  fanSaid({ turn_id: turnId, text, final, language, speaker }: Message<"transcript">) {
    const turn = `${speaker} ${turnId}`;
    if (!text && !this.#turns.has(turn)) return;
    const element = this.#turns.get(turn) ?? this.#newTurn(turn, text, speaker);
    element.textContent = text;
    element.lang = language;
    element.classList.toggle("partial", !final);
  }

  #newTurn(turn: string, text: string, speaker: string): HTMLElement {
    const mine = speaker === "" || speaker === this.#group.you;
    const typed = mine && this.#typed?.textContent === text ? this.#typed : null;
    const element = typed ?? this.#line("fan", mine ? "You" : this.#group.names.get(speaker) || "Someone else");
    this.#turns.set(turn, element);
    if (mine) this.#typed = null;
    return element;
  }

  /** Words of a reply, as they arrive. */
  addWords(replyId: number, words: Message<"reply.chunk">["words"]) {
    if (words.length === 0) return;
    if (replyId !== this.#reply.id) {
      this.#reply = { id: replyId, words: [], lit: 0, element: this.#line("persona", this.#speaker) };
    }
    for (const word of words) {
      const span = document.createElement("span");
      span.className = "ahead";
      span.textContent = word.text;
      this.#reply.words.push({ span, start: word.start_samples });
      this.#reply.element?.append(span, " ");
    }
  }

  /** Lights the words of a reply that have begun to sound. */
  heard(replyId: number, position: number) {
    const { id, words } = this.#reply;
    if (replyId !== id) return;
    while (this.#reply.lit < words.length && words[this.#reply.lit].start < position) {
      words[this.#reply.lit++].span.className = "";
    }
  }

  /** A reply was cut off after so many samples; what follows was never said. */
  cut(replyId: number, heardSamples: number) {
    const { id, words, element } = this.#reply;
    if (replyId !== id) return;
    this.heard(replyId, heardSamples);
    for (const { span } of words.slice(this.#reply.lit)) span.className = "unheard";
    if (this.#reply.lit === words.length) return;
    const remark = document.createElement("span");
    remark.className = "remark";
    remark.textContent = "(interrupted)";
    element?.append(remark);
  }

  /** Something the server says about the visit. */
  note(text: string) {
    this.#line("note", "").textContent = text;
  }

  /** The newest line of each side, in their order. */
  newest(): string[] {
    const last = [...this.#log.querySelectorAll("p.fan, p.persona")].slice(-2);
    return last.map((line) => (line.textContent ?? "").replace(/\s+/g, " ").trim());
  }

  /** The talk so far, one line for each turn. */
  asText(): string {
    const lines = [...this.#log.querySelectorAll("p.fan, p.persona")];
    return lines.map((line) => (line.textContent ?? "").replace(" ", ": ").replace(/\s+/g, " ").trim()).join("\n");
  }

  #line(side: string, speaker: string): HTMLElement {
    const line = document.createElement("p");
    line.className = side;
    const name = document.createElement("b");
    name.textContent = speaker;
    const text = document.createElement("span");
    text.className = "text";
    line.append(...(speaker ? [name, " ", text] : [text]));
    this.#log.append(line);
    while (this.#log.childElementCount > KEEP_LINES) this.#log.firstElementChild?.remove();
    return text;
  }
}
