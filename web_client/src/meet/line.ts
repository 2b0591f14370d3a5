// In line for an event: the place, the wait, and the lobby while one waits. Notices of the server wherever the fan is.

import type { Message } from "../talk/shapes";
import * as view from "../talk/view";
import type { Meet } from "./meet";

const { byId } = view;
const TICK_MS = 10_000;
const AN_AI = byId("who-speaks").textContent;

/** Shows the waiting panel: for a server that is full, and for the line of an event. */
export function waitInLine(meet: Meet) {
  const { messages, moments, visit, captions } = meet;
  let told: { message: Message<"queue">; atMs: number } | null = null;

  moments.on("busy", (waitS) => {
    showWaiting(`Every place is taken at the moment. The next try is in ${waitS} seconds.`);
  });
  messages.on("notice", ({ kind, text }) => {
    if (kind === "disclosure") byId("who-speaks").textContent = text === visit.welcome?.disclosure ? AN_AI : text;
    if (document.body.dataset.phase === "room") captions.note(text);
    else if (visit.welcome) view.showBanner(text, "note");
    else showWaiting(text); // in line: the welcome comes when there is a place
  });
  messages.on("queue", (message) => {
    told = { message, atMs: performance.now() };
    showLine(message);
    showPlace(message, message.wait_s);
  });
  moments.on("welcomed", ({ event }) => {
    const waited = told !== null;
    told = null;
    byId("your-turn").hidden = !event || !waited;
    byId("name-field").hidden = event !== null; // the ticket has the name
    byId("check-on-card").append(byId("check-row"));
  });
  moments.on("over", () => (told = null));
  moments.on("stopped", () => (byId("who-speaks").textContent = AN_AI));
  byId("ready").addEventListener("click", () => {
    meet.readyInLine();
    showLobby(true);
  });
  setInterval(() => {
    if (told?.message.wait_s == null) return;
    showPlace(told.message, Math.max(0, told.message.wait_s - (performance.now() - told.atMs) / 1000));
  }, TICK_MS);

  function showLine({ title, persona, disclosure, spectators }: Message<"queue">) {
    byId("line").hidden = false;
    byId("waiting-hint").textContent = "Leave this page open. If the connection is lost, your place is kept.";
    if (title) byId("waiting-title").textContent = title;
    if (persona) view.showPersona(persona, disclosure);
    byId("line-disclosure").textContent = disclosure;
    showLobby(disclosure !== "");
    view.offerAudience(spectators);
    if (disclosure && !byId("consents-in-line").contains(byId("consents"))) {
      byId("consents-in-line").append(byId("consents"));
      byId("check-in-line").append(byId("check-row"));
    }
  }

  function showLobby(known: boolean) {
    byId("lobby-in-line").hidden = !known;
    byId("ready").hidden = !known || meet.isReady;
    byId("ready-says").hidden = !meet.isReady;
  }
}

/** The place in line, in words that are read out, and large; also in the title, for those who look at another tab. */
function showPlace({ state, place, of, text, title }: Message<"queue">, waitS: number | null) {
  const called = state === "called";
  const wait = waitS === null || called ? "" : ` ${about(waitS)}`;
  const words: Record<string, string> = {
    called: "It’s your turn! One moment, you are being shown in.",
    waiting: place === 1 ? `You are next.${wait}` : `You are number ${place} of ${of} in line.${wait}`,
    paused: `There is a short pause. You keep your place: number ${place}.`,
    closed: "The event is closed.",
  };
  byId("place").textContent = called ? "★" : String(place || "–");
  byId("line").dataset.state = state;
  document.title = called ? "It’s your turn! · Stagedoor" : `(${place}) ${title || "In line"} · Stagedoor`;
  showWaiting(words[state] ?? text);
}

function about(waitS: number): string {
  const minutes = Math.round(waitS / 60);
  if (minutes < 1) return "Less than a minute.";
  return minutes === 1 ? "About a minute." : `About ${minutes} minutes.`;
}

function showWaiting(words: string) {
  if (byId("waiting-says").textContent !== words) byId("waiting-says").textContent = words;
  if (document.body.dataset.phase !== "waiting") view.showPhase("waiting");
}
