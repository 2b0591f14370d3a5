// Arriving by a link: with a ticket straight to the line, without one by the name under which one wants to be called.

import * as view from "../talk/view";
import type { Meet } from "./meet";
import { dropTicket, takeTicket, wayIn } from "./way-in";

const { byId } = view;

/** Wires the panel where a ticket is taken. Returns what to do when the page opens, and again. */
export function arriveWith(meet: Meet): () => void {
  byId("take-ticket").addEventListener("submit", (event) => {
    event.preventDefault();
    void take();
  });
  byId("give-up").addEventListener("click", dropTicket);
  meet.messages.on("error", ({ code }) => code === "ticket_over" && dropTicket());
  return arrive;

  function arrive() {
    const way = wayIn();
    document.body.dataset.way = way.kind;
    if (way.kind === "event" && isSecureContext) view.showPhase("ticket");
    else meet.connect();
  }

  async function take() {
    const way = wayIn();
    const button = byId<HTMLButtonElement>("take");
    if (way.kind !== "event") return;
    button.disabled = true;
    byId("ticket-fault").textContent = "";
    try {
      await takeTicket(way.event, byId<HTMLInputElement>("ticket-name").value.trim());
      arrive();
    } catch (error) {
      byId("ticket-fault").textContent = error instanceof Error ? error.message : String(error);
    }
    button.disabled = false;
  }
}
