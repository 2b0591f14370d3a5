// After an event's visit: stars if one likes, the keepsake's page, and what the persona remembers.

import type { Message } from "../talk/shapes";
import { byId, showBanner } from "../talk/view";
import type { Meet } from "./meet";

const N_STARS = 5;

/** Wires the stars, the link to the keepsake's page and the memory. `newestPicture` is what may be put on that page. */
export function farewell(meet: Meet, newestPicture: () => string) {
  let kept: Message<"keepsake"> | null = null;
  let entered = false; // in an event's room: before that there is nothing to judge

  meet.moments.on("entered", ({ event, role }) => {
    entered = event !== null && role === "fan";
    kept = entered ? kept : null;
  });
  meet.messages.on("keepsake", (message) => {
    kept = message;
    showKept();
  });
  meet.messages.on("memory", ({ facts }) => {
    byId("remembered").hidden = facts.length === 0;
    byId("facts").replaceChildren(...facts.map((fact) => Object.assign(document.createElement("li"), { textContent: fact })));
    meet.captions.note(facts.length > 0 ? `${meet.them} remembers you. What of, stands under “Your choices”.` : "You are forgotten, as you wished.");
  });
  byId("forget").addEventListener("click", () => meet.visit.send("memory.forget"));
  meet.moments.on("over", () => {
    byId("rating").hidden = !entered;
    rate(0);
    showKept();
    entered = false;
  });
  byId("stars").append(...Array.from({ length: N_STARS }, (_, k) => star(k + 1)));
  byId("skip-stars").addEventListener("click", () => {
    byId("rating").hidden = true;
    meet.visit.leave();
  });
  byId("add-picture").addEventListener("click", () => void addPicture());

  function star(stars: number): HTMLElement {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: "★" });
    button.setAttribute("aria-label", stars === 1 ? "1 star" : `${stars} stars`);
    button.addEventListener("click", () => void give(stars));
    return button;
  }

  function rate(stars: number) {
    [...byId("stars").children].forEach((button, k) => {
      button.classList.toggle("lit", k < stars);
      button.setAttribute("aria-pressed", String(k + 1 === stars));
    });
    byId("stars-say").textContent = !stars ? "" : kept?.url ? "Thank you. You can still change it." : "Thank you.";
    byId("skip-stars").hidden = stars > 0;
  }

  /** Over the connection while it is open, which is not needed any more then; else by the keepsake's address. */
  async function give(stars: number) {
    if (meet.visit.welcome) {
      meet.visit.send("satisfaction", { stars });
      meet.visit.leave();
      return rate(stars);
    }
    if (!kept?.url) return;
    rate(stars);
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${kept.url}/satisfaction`, { method: "POST", headers, body: JSON.stringify({ stars }) }).catch(() => null);
    if (!answer?.ok) byId("stars-say").textContent = "That could not be sent. Please try again.";
  }

  function showKept() {
    const recorded = kept?.state === "recording";
    byId("kept").hidden = !kept?.url;
    byId("add-picture").hidden = !recorded || !newestPicture();
    byId("page-only").textContent = recorded
      ? "What is listed here exists in this page only, and is gone when you close it."
      : "No sound and no video of this visit was kept. These things exist in this page only, and are gone when you close it.";
    if (!kept?.url) return;
    byId<HTMLAnchorElement>("keepsake-page").href = kept.url;
    byId("keepsake-page").textContent = recorded ? "Your keepsake: hear it again, with captions" : "What is kept of your visit";
    const until = new Date(kept.expires_at);
    byId("kept-until").textContent = Number.isNaN(until.getTime()) ? "" : `This address is yours alone. It works until ${until.toLocaleDateString()}.`;
  }

  async function addPicture() {
    if (!kept) return;
    const body = await (await fetch(newestPicture())).blob();
    const answer = await fetch(`${kept.url}/picture`, { method: "POST", headers: { "content-type": body.type }, body }).catch(() => null);
    byId("add-picture").hidden = answer?.ok ?? false;
    showBanner(answer?.ok ? "Your picture is on the keepsake’s page." : "The picture could not be sent. Please try again.", answer?.ok ? "note" : "error");
  }
}
