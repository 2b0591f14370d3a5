// Talking: what the server says reaches ear, face and captions; what the fan types or stops reaches the server.

import type { DebugOverlay } from "../debug/overlay";
import { Report } from "../talk/report";
import * as view from "../talk/view";
import { wordsForError } from "../talk/words";
import type { Meet } from "./meet";

const { byId } = view;

export class Conversation {
  roundTripMs = 0;
  #meet: Meet;
  #report = new Report(byId("report"));
  #debug: DebugOverlay | null = null;
  #thinking = false;
  #hearing = false;
  #ping = { nonce: 0, at: 0 };

  constructor(meet: Meet) {
    this.#meet = meet;
    this.#hearReplies();
    this.#hearTheRest();
    meet.moments.on("entered", () => this.#measureWay());
    meet.moments.on("stopped", () => (this.#thinking = this.#hearing = false));
    byId("say").addEventListener("submit", (event) => this.#sendText(event));
    byId("stop").addEventListener("click", () => this.interrupt());
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.interrupt());
  }

  /** For developers: shows every turn there too. */
  set debug(overlay: DebugOverlay) {
    this.#debug = overlay;
  }

  /** What the line under the face says. */
  activity(playing: boolean): view.Activity {
    const { talk } = this.#meet;
    if (playing) return "speaking";
    if (this.#meet.watching) return "watching";
    if (this.#hearing) return "hearing";
    if (this.#thinking) return "thinking";
    if (!talk.isOpen) return "idle";
    return talk.isMuted ? "muted" : "listening";
  }

  /** Stop is silence first and a message after it: the fan does not wait for the network. */
  interrupt() {
    const { inRoom, player, visit } = this.#meet;
    if (!inRoom || !player) return;
    const { replyId, playing } = player.heard();
    if (playing) this.#cutReply(replyId);
    visit.send("interrupt");
    this.#thinking = false;
  }

  #hearReplies() {
    const { messages, stage, captions } = this.#meet;
    messages.on("reply.chunk", (message) => {
      if (!this.#meet.player?.add(message)) return;
      this.#thinking = this.#hearing = false;
      stage.track?.addReply(message);
      captions.addWords(message.reply_id, message.words);
    });
    messages.on("reply.cancelled", ({ reply_id }) => this.#cutReply(reply_id));
    messages.on("reply.duck", ({ reply_id, gain, ramp_ms }) => this.#meet.player?.duck(reply_id, gain, ramp_ms));
    messages.on("listening", (message) => stage.track?.listen(message, performance.now()));
  }

  #hearTheRest() {
    const { messages, captions } = this.#meet;
    messages.on("transcript", (message) => {
      this.#hearing = !message.final;
      this.#thinking = message.final;
      captions.fanSaid(message);
    });
    messages.on("turn.report", (message) => {
      this.#report.show(message);
      this.#debug?.showTurn(message);
      this.#measureWay();
    });
    messages.on("pong", ({ nonce }) => {
      if (nonce !== this.#ping.nonce) return;
      this.roundTripMs = performance.now() - this.#ping.at;
      this.#report.showNetwork(this.roundTripMs);
    });
    messages.on("error", (message) => {
      this.#thinking = false;
      if (!message.fatal) view.showBanner(wordsForError(message));
    });
  }

  /** The way to the server, once. Not on a timer: that would keep the place of someone who has gone away. */
  #measureWay() {
    this.#ping = { nonce: this.#ping.nonce + 1, at: performance.now() };
    this.#meet.visit.send("ping", { nonce: this.#ping.nonce });
  }

  #cutReply(replyId: number) {
    const { player, captions, stage } = this.#meet;
    if (!player) return;
    captions.cut(replyId, player.cancel(replyId));
    stage.track?.cancel(replyId, performance.now());
  }

  #sendText(event: Event) {
    event.preventDefault();
    const field = byId<HTMLInputElement>("text");
    const text = field.value.trim();
    if (!text) return;
    this.#meet.visit.send("text", { text });
    this.#meet.captions.fanTyped(text);
    this.#thinking = true;
    field.value = "";
  }
}
