// Two to four fans in one room: who is there, and whose turn it is to speak.

import type { Message } from "../talk/shapes";
import { byId } from "../talk/view";
import type { Meet } from "./meet";

type Group = Message<"group">;
const STATES: Record<string, string> = { speaking: "speaks", waiting: "is next", away: "is away for a moment" };

/** Shows the others under the stage, and their names in the captions. */
export function sitTogether({ messages, moments, captions }: Meet) {
  messages.on("group", (group) => {
    captions.together(group.you, new Map(group.members.map(({ id, name }) => [id, name])));
    byId("group").hidden = false;
    byId("members").replaceChildren(...group.members.map((member) => shown(member, group)));
    byId("floor").textContent = floorWords(group);
  });
  moments.on("stopped", () => (byId("group").hidden = true));
}

function shown({ id, name, state }: Group["members"][number], { you, floor }: Group): HTMLElement {
  const words = STATES[state];
  const who = id === you ? "You" : name || "Someone else";
  const item = Object.assign(document.createElement("li"), { textContent: words && id !== you ? `${who} ${words}` : who });
  item.classList.toggle("floor", id === floor);
  return item;
}

function floorWords({ you, floor, members }: Group): string {
  if (!floor) return "";
  if (floor === you) return "It is your turn: you are heard.";
  const name = members.find(({ id }) => id === floor)?.name || "Someone else";
  return `${name} is heard now; you are, when they have finished.`;
}
