// The minutes of an event's fan: counted down, "one more minute", and the end when the goodbye was heard.

import { byId, showBanner } from "../talk/view";
import type { Meet } from "./meet";

const TICK_MS = 250;

/** Shows the time of the slot. */
export function countDown(meet: Meet) {
  let endsAt = Infinity; // performance.now() when the slot's time is used up
  let phase = "";

  meet.messages.on("slot", ({ phase: now, left_s: leftS }) => {
    endsAt = performance.now() + 1000 * leftS;
    if (now === "last_minute" && phase !== now) showBanner("One more minute together.", "note");
    phase = now;
    document.body.dataset.slot = phase;
    show();
    if (now === "over") {
      meet.finish(`Goodbye from ${meet.them}`, `Thank you for coming. Your time with ${meet.them} is over.`);
    }
  });
  meet.moments.on("stopped", () => {
    endsAt = Infinity;
    phase = "";
    delete document.body.dataset.slot;
    show();
  });
  setInterval(show, TICK_MS);

  function show() {
    const leftS = Math.max(0, Math.ceil((endsAt - performance.now()) / 1000));
    const running = Number.isFinite(leftS) && phase !== "over";
    byId("clock").hidden = !running;
    if (!running) return;
    const words = phase === "overtime" ? "Time for goodbye" : `${Math.floor(leftS / 60)}:${String(leftS % 60).padStart(2, "0")}`;
    if (byId("clock").textContent !== words) byId("clock").textContent = words;
  }
}
