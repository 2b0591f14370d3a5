// Shows a `turn.report`: how long the answer took, where its words came from, and one bar for every stage.

import type { Message } from "./wire";

const KINDS: Record<string, string> = {
  llm: "words from the language model",
  prepared: "a prepared line",
  disclosure: "the fixed line about being an AI",
  opening: "a prepared opening, then the language model",
};

function element(tag: string, className: string, text: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

export class Report {
  #panel: HTMLElement;

  constructor(panel: HTMLElement) {
    this.#panel = panel;
  }

  show(report: Message<"turn.report">) {
    const { kind, voice_to_voice_ms: answerMs, commit_to_face_ms: faceMs, stages } = report;
    this.#set("answer", `${Math.round(answerMs)} ms`);
    this.#set("face", `${Math.round(faceMs)} ms`);
    this.#set("kind", KINDS[kind] ?? kind);
    const begin = Math.min(...stages.map((stage) => stage.start_ms));
    const span = Math.max(1, Math.max(...stages.map((stage) => stage.end_ms)) - begin);
    this.#panel.querySelector("ol")?.replaceChildren(
      ...stages.map(({ name, start_ms: startMs, end_ms: endMs }) => {
        const bar = element("span", "bar", "");
        bar.style.marginInlineStart = `${(100 * (startMs - begin)) / span}%`;
        bar.style.inlineSize = `${(100 * (endMs - startMs)) / span}%`;
        const track = element("span", "track", "");
        track.append(bar);
        const row = element("li", "", "");
        row.append(element("span", "stage", name), track, element("span", "ms", `${Math.round(endMs - startMs)} ms`));
        return row;
      }),
    );
    this.#panel.dataset.filled = "yes";
  }

  /** The way to the server and back, in milliseconds. */
  showNetwork(roundTripMs: number) {
    this.#set("network", `${Math.round(roundTripMs)} ms`);
  }

  #set(name: string, text: string) {
    for (const place of this.#panel.querySelectorAll(`[data-value=${name}]`)) place.textContent = text;
  }
}
