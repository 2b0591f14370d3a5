// What is said while one waits in line, and notices of the server wherever the fan is.

import { byId, showBanner, showPhase } from "../talk/view";
import type { Meet } from "./meet";

/** Shows the waiting panel, and what the server remarks. */
export function waitInLine({ messages, moments, visit, captions }: Meet) {
  moments.on("busy", (waitS) => {
    showWaiting(`Every place is taken at the moment. The next try is in ${waitS} seconds.`);
  });
  messages.on("notice", ({ text }) => {
    if (document.body.dataset.phase === "room") captions.note(text);
    else if (visit.welcome) showBanner(text, "note");
    else showWaiting(text); // in line: the welcome comes when there is a place
  });
}

function showWaiting(words: string) {
  byId("waiting-says").textContent = words;
  if (document.body.dataset.phase !== "waiting") showPhase("waiting");
}
