// Captions of both sides. The words of a reply stand grey until they are heard; those never heard stay grey.

const KEEP_LINES = 60;

export class Captions {
  #log;
  #speaker = "";
  #turns = new Map(); // turn_id -> line
  #typed = null; // the line of a typed turn that the server has not numbered yet
  #reply = { id: -1, words: [], lit: 0, element: null };

  /** `log` is anchored to its newest line by the style sheet, unless the reader has scrolled back. */
  constructor(log) {
    this.#log = log;
  }

  /** A new conversation, with a persona of this name. */
  begin(speaker) {
    this.#speaker = speaker;
    this.#log.replaceChildren();
    this.#turns.clear();
    this.#typed = null;
    this.#reply = { id: -1, words: [], lit: 0, element: null };
  }

  /** What the fan typed; shown at once. */
  fanTyped(text) {
    this.#typed = this.#line("fan", "You");
    this.#typed.textContent = text;
  }

  /** What the server understood of the fan. A partial replaces the one before it. */
  fanSaid({ turn_id: turnId, text, final, language }) {
    if (!this.#turns.has(turnId)) {
      if (!text) return;
      const typed = this.#typed?.textContent === text ? this.#typed : null;
      this.#turns.set(turnId, typed ?? this.#line("fan", "You"));
      this.#typed = null;
    }
    const element = this.#turns.get(turnId);
    element.textContent = text;
    element.lang = language;
    element.classList.toggle("partial", !final);
  }

  /** Words of a reply, as they arrive. */
  addWords(replyId, words) {
    if (words.length === 0) return;
    if (replyId !== this.#reply.id) {
      this.#reply = { id: replyId, words: [], lit: 0, element: this.#line("persona", this.#speaker) };
    }
    for (const word of words) {
      const span = document.createElement("span");
      span.className = "ahead";
      span.textContent = word.text;
      this.#reply.words.push({ span, start: word.start_samples });
      this.#reply.element.append(span, " ");
    }
  }

  /** Lights the words of a reply that have begun to sound. */
  heard(replyId, position) {
    const { id, words } = this.#reply;
    if (replyId !== id) return;
    while (this.#reply.lit < words.length && words[this.#reply.lit].start < position) {
      words[this.#reply.lit++].span.className = "";
    }
  }

  /** A reply was cut off after so many samples; what follows was never said. */
  cut(replyId, heardSamples) {
    const { id, words, element } = this.#reply;
    if (replyId !== id) return;
    this.heard(replyId, heardSamples);
    for (const { span } of words.slice(this.#reply.lit)) span.className = "unheard";
    if (this.#reply.lit === words.length) return;
    const remark = document.createElement("span");
    remark.className = "remark";
    remark.textContent = "(interrupted)";
    element.append(remark);
  }

  /** Something the server says about the visit. */
  note(text) {
    this.#line("note", "").textContent = text;
  }

  #line(side, speaker) {
    const line = document.createElement("p");
    line.className = side;
    const name = document.createElement("b");
    name.textContent = speaker;
    const text = document.createElement("span");
    text.className = "text";
    line.append(...(speaker ? [name, " ", text] : [text]));
    this.#log.append(line);
    while (this.#log.childElementCount > KEEP_LINES) this.#log.firstElementChild.remove();
    return text;
  }
}
