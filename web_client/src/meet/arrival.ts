// Arriving by a link: with a ticket straight to the line, without one by the name under which one wants to be called.

import * as view from "../talk/view";
import type { Meet } from "./meet";
import { dropTicket, eventCard, takeTicket, wayIn, type EventCard } from "./way-in";

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
    if (way.kind !== "event" || !isSecureContext) return meet.connect();
    view.showPhase("connecting");
    void eventCard(way.event).then(showCard, (error: Error) => view.showOver("No connection", error.message));
  }

  async function take() {
    const way = wayIn();
    const button = byId<HTMLButtonElement>("take");
    if (way.kind !== "event") return;
    button.disabled = true;
    byId("ticket-fault").textContent = "";
    try {
      const [name, party] = ["ticket-name", "ticket-party"].map((id) => byId<HTMLInputElement>(id).value.trim());
      await takeTicket(way.event, name, party);
      arrive();
    } catch (error) {
      byId("ticket-fault").textContent = error instanceof Error ? error.message : String(error);
    }
    button.disabled = false;
  }
}

function showCard(card: EventCard | null) {
  const invited = card?.queue_rule === "invited";
  view.showPhase("ticket");
  byId("take-ticket").hidden = !card || invited || card.tickets_left === 0;
  byId("party").hidden = !card || card.group_size < 2;
  if (!card) return sayOfEvent("There is no such event", "The link may be incomplete, or the event is not announced yet.");
  const minutes = Math.max(1, Math.round(card.slot_s / 60));
  const when = card.state === "open" ? "It is open now." : `It opens on ${new Date(card.opens_at).toLocaleString(undefined, { dateStyle: "full", timeStyle: "short" })}.`;
  const room = invited ? "Only those with an invitation come in." : card.tickets_left === 0 ? "All tickets are taken." : "";
  const each = `Everyone gets ${minutes === 1 ? "a minute" : `${minutes} minutes`} with ${card.persona_name}, one after another.`;
  sayOfEvent(card.title, `${card.about} ${each} ${when} ${room}`);
}

function sayOfEvent(title: string, words: string) {
  byId("ticket-title").textContent = title;
  byId("ticket-about").textContent = words;
}
