// Reply numbers for those who watch a stage: every visit counts its replies from one, a listener wants numbers that only grow.

const NUMBERED = ["reply.chunk", "reply.cancelled", "reply.duck"];

export class Numbering {
  #base = 0;
  #newest = -1;
  #visitId = "";

  /** The same message, its reply numbered over all visits. Others pass as they are. */
  renumber<M extends { type: string; reply_id?: number }>(message: M): M {
    if (!NUMBERED.includes(message.type)) return message;
    const reply_id = this.#base + (message.reply_id ?? 0);
    this.#newest = Math.max(this.#newest, reply_id);
    return { ...message, reply_id };
  }

  /** The stage changed. Answers with the reply that must be silent now, or null when what plays may go on. */
  turn({ state, visit_id: visitId }: { state: string; visit_id: string }): number | null {
    const goesOn = visitId === this.#visitId && (state === "live" || state === "host");
    this.#visitId = visitId;
    return goesOn ? null : this.startOver();
  }

  /** Another visit from now on. Answers with the newest reply of the one before, or null when there was none. */
  startOver(): number | null {
    const newest = this.#newest >= this.#base ? this.#newest : null;
    this.#base = this.#newest + 1;
    return newest;
  }
}
