// Spectators: the stage with its curtain, and reactions by button or key. Fans see the reactions too.

import type { Message } from "../talk/shapes";
import { byId } from "../talk/view";
import type { Meet } from "./meet";

type Kind = keyof Message<"reactions">["counts"];
const WORDS: Record<Kind, [one: string, many: string]> = {
  heart: ["heart", "hearts"],
  applause: ["applause", "applause"],
  laugh: ["laugh", "laughs"],
  wow: ["wow", "wows"],
};
const KINDS = Object.keys(WORDS) as Kind[];
const LEAST_MS = 300; // between two reactions of one person
const GLOW_MS = 700;

/** Wires what spectators see and do. */
export function watch(meet: Meet) {
  let reactedAt = 0;
  const seen: Record<Kind, number> = { heart: 0, applause: 0, laugh: 0, wow: 0 };

  meet.moments.on("welcomed", ({ role }) => {
    document.body.dataset.role = role;
    byId("understand").textContent = role === "spectator" ? "I understand, let me watch" : "I understand, let’s talk";
    if (role === "spectator") showStage({ state: "empty", name: "" });
  });
  meet.messages.on("stage", (message) => showStage(message));
  meet.messages.on("reactions", ({ counts }) => {
    for (const kind of KINDS) seen[kind] += counts[kind];
    const words = KINDS.filter((kind) => seen[kind] > 0).map((kind) => `${seen[kind]} ${WORDS[kind][seen[kind] === 1 ? 0 : 1]}`);
    byId("audience").textContent = words.join(" · ");
    for (const kind of KINDS.filter((kind) => counts[kind] > 0)) glow(kind);
  });
  for (const button of byId("reactions").querySelectorAll<HTMLButtonElement>("button")) {
    button.addEventListener("click", () => react(button.value));
  }
  document.addEventListener("keydown", ({ key, target, ctrlKey, metaKey, altKey, repeat }) => {
    const button = byId("reactions").querySelector<HTMLButtonElement>(`button[aria-keyshortcuts="${CSS.escape(key)}"]`);
    const typing = (target as HTMLElement).matches("input, textarea");
    if (button && meet.watching && meet.inRoom && !(typing || ctrlKey || metaKey || altKey || repeat)) react(button.value);
  });

  function react(kind: string) {
    if (performance.now() - reactedAt < LEAST_MS) return;
    reactedAt = performance.now();
    meet.visit.send("reaction", { kind });
    glow(kind);
  }

  function showStage({ state, name }: { state: string; name: string }) {
    if (!meet.watching) return;
    const who = name ? `${meet.them} talks with ${name}.` : `${meet.them} is on stage.`;
    const words: Record<string, string> = {
      live: who,
      host: "The creator is speaking now.",
      private: "This visit is private. The curtain opens again with the next one.",
      empty: "The stage is empty. It begins soon.",
    };
    const closed = state === "private" || state === "empty";
    byId("curtain").hidden = !closed;
    byId("curtain-says").textContent = closed ? (words[state] ?? "") : "";
    byId("watching-says").textContent = words[state] ?? "";
  }
}

function glow(kind: string) {
  const button = byId("reactions").querySelector(`button[value="${CSS.escape(kind)}"]`);
  button?.classList.add("glows");
  setTimeout(() => button?.classList.remove("glows"), GLOW_MS);
}
