// `?debug`: what developers look at while they talk. Turn timelines, face weights, network and buffer, pace of drawing.

import type { Conversation } from "../meet/conversation";
import type { Meet } from "../meet/meet";
import type { Message } from "../talk/shapes";

const EVERY_MS = 200;
const KEEP_TURNS = 6;

type Sources = { meet: Meet; conversation: Conversation };

export class DebugOverlay {
  #sources: Sources;
  #turns = element("ol", "turns");
  #bars = element("div", "weights");
  #facts = element("pre", "facts");
  #frameMs = 16;

  constructor(host: HTMLElement, sources: Sources) {
    this.#sources = sources;
    const panel = element("aside", "debug");
    panel.id = "debug";
    panel.setAttribute("aria-label", "For developers");
    panel.tabIndex = 0; // it scrolls
    panel.append(heading("Network and buffer"), this.#facts, heading("Turns, newest first"), this.#turns);
    panel.append(heading("Face weights at the sample heard"), this.#bars);
    host.append(panel);
    setInterval(() => this.#refresh(), EVERY_MS);
    requestAnimationFrame((nowMs) => this.#tick(nowMs, nowMs));
  }

  /** One line for each stage of the turn, on the turn's own scale. */
  showTurn({ kind, voice_to_voice_ms: answerMs, stages }: Message<"turn.report">) {
    const begin = Math.min(...stages.map((stage) => stage.start_ms));
    const span = Math.max(1, Math.max(...stages.map((stage) => stage.end_ms)) - begin);
    const turn = element("li", "");
    turn.append(element("b", "", `${Math.round(answerMs)} ms · ${kind}`));
    for (const { name, start_ms: startMs, end_ms: endMs } of stages) {
      const bar = element("span", "span", `${name} ${Math.round(endMs - startMs)}`);
      bar.style.marginInlineStart = `${(70 * (startMs - begin)) / span}%`;
      bar.style.setProperty("--long", `${(70 * (endMs - startMs)) / span}%`);
      turn.append(bar);
    }
    this.#turns.prepend(turn);
    while (this.#turns.childElementCount > KEEP_TURNS) this.#turns.lastElementChild?.remove();
  }

  #tick(nowMs: number, beforeMs: number) {
    this.#frameMs += 0.05 * (nowMs - beforeMs - this.#frameMs);
    requestAnimationFrame((next) => this.#tick(next, nowMs));
  }

  #refresh() {
    const { stage, visit, player } = this.#sources.meet;
    const { waitingS, bufferS, nGaps } = player?.buffer ?? { waitingS: 0, bufferS: 0, nGaps: 0 };
    const { replyId, position, playing } = player?.heard() ?? { replyId: -1, position: 0, playing: false };
    const host = document.getElementById("face")?.dataset;
    this.#facts.textContent = [
      `there and back ${this.#sources.conversation.roundTripMs.toFixed(0)} ms · waiting to be sent ${visit.waitingBytes} B`,
      `waiting to be played ${(1000 * waitingS).toFixed(0)} ms · starts at ${(1000 * bufferS).toFixed(0)} ms · gaps ${nGaps}`,
      `reply ${replyId} at ${position} ${playing ? "playing" : "silent"} · face from ${host?.source} frame ${host?.frame}`,
      `picture every ${this.#frameMs.toFixed(1)} ms · ${host?.view} ${stage.room?.quality.level ?? ""}`,
    ].join("\n");
    this.#showWeights();
  }

  #showWeights() {
    const { names, weights } = this.#sources.meet.stage;
    if (this.#bars.childElementCount !== names.length) {
      this.#bars.replaceChildren(...names.map((name) => element("span", "weight", name)));
    }
    [...this.#bars.children].forEach((bar, i) => {
      (bar as HTMLElement).style.setProperty("--weight", String(Math.min(1, weights[i] ?? 0)));
    });
  }
}

function element(tag: string, className: string, text = ""): HTMLElement {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

function heading(text: string): HTMLElement {
  return element("h3", "", text);
}
