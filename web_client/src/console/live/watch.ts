// The stage as the host sees and hears it: the stream that spectators get, drawn at the lowest cost. Loaded when opened.

import { Player } from "../../audio/player";
import { Numbering } from "../../talk/numbering";
import { Stage } from "../../stage";
import type { HostMessage, Told } from "./messages";

export class Watch {
  #stage: Stage;
  #player: Player | null = null;
  #loud: GainNode | null = null;
  #frame = 0;
  #numbering = new Numbering();

  /** `host` holds the two canvases of a stage. */
  constructor(host: HTMLElement) {
    this.#stage = new Stage(host, "low");
  }

  /** Comes from a click, or the browser keeps the sound silent. */
  async open(welcome: Told<"hello">, loud: boolean): Promise<void> {
    const player = new Player(() => {}); // the marks that count are the fan's
    await player.open(welcome.audio_out);
    this.#player = player;
    const { context, voice } = player.graph!;
    this.#loud = new GainNode(context, { gain: Number(loud) });
    voice.disconnect();
    voice.connect(this.#loud).connect(context.destination);
    this.#stage.begin(welcome);
    this.#draw(performance.now());
  }

  /** Silent, the face goes on: a host who speaks should not hear themselves come back. */
  set loud(loud: boolean) {
    if (this.#loud) this.#loud.gain.value = Number(loud);
  }

  take(told: HostMessage) {
    const message = this.#numbering.renumber(told);
    if (message.type === "stage") this.#silence(this.#numbering.turn(message));
    if (message.type === "reply.chunk" && this.#player?.add(message)) this.#stage.track?.addReply(message);
    if (message.type === "listening") this.#stage.track?.listen(message, performance.now());
    if (message.type === "reply.duck") this.#player?.duck(message.reply_id, message.gain, message.ramp_ms);
    if (message.type === "reply.cancelled") this.#silence(message.reply_id);
  }

  /** Another visit is watched from now on. */
  startOver() {
    this.#silence(this.#numbering.startOver());
  }

  close() {
    cancelAnimationFrame(this.#frame);
    this.#player?.close();
    this.#stage.close();
    this.#player = this.#loud = null;
  }

  #silence(replyId: number | null) {
    if (replyId === null) return;
    this.#player?.cancel(replyId);
    this.#stage.track?.cancel(replyId, performance.now());
  }

  #draw = (nowMs: number) => {
    this.#frame = requestAnimationFrame(this.#draw);
    if (this.#player) this.#stage.draw(nowMs, this.#player.heard());
  };
}
