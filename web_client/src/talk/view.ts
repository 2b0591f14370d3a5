// The page's elements and how they show the state: which panel, what status, which banner. meet/ decides, this shows.

import type { Message } from "./shapes";

const BANNER_MS = 8000;

export type Phase = "connecting" | "ticket" | "disclosure" | "waiting" | "back" | "room" | "over";
export type Activity = keyof typeof STATUS;

/** The element with this id. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as E;
}

const PANELS: Phase[] = ["connecting", "ticket", "disclosure", "waiting", "back", "room", "over"];
const STATUS = {
  idle: (name: string) => `${name} is here. Press “Start talking”, or type.`,
  listening: (name: string) => `${name} is listening`,
  muted: (_name: string) => "Your microphone is muted",
  hearing: (name: string) => `${name} hears you`,
  thinking: (name: string) => `${name} is thinking`,
  speaking: (name: string) => `${name} is speaking`,
  watching: (name: string) => `${name} is listening`,
};

/** Shows one panel of the page and hides the others; moves the focus there, for keyboards and screen readers. */
export function showPhase(phase: Phase) {
  document.body.dataset.phase = phase;
  for (const id of PANELS) byId(id).hidden = id !== phase;
  for (const id of ["controls", "leave"]) byId(id).hidden = phase !== "room";
  byId(phase).querySelector<HTMLElement>("h2")?.focus({ preventScroll: true });
}

export function showCard({ persona, disclosure, limits, event }: Message<"hello">) {
  const minutes = Math.round((event?.slot_s ?? limits.max_session_s) / 60);
  byId("how-long").textContent = minutes > 0 ? `The visit lasts ${minutes === 1 ? "a minute" : `${minutes} minutes`} at most.` : "";
  byId("event-title").textContent = event?.title ?? "";
  offerAudience(event?.spectators ?? false);
  showPersona(persona, disclosure);
  document.title = `${persona.name} · Stagedoor`;
}

/** Who is met, as far as it is known before the welcome too. */
export function showPersona(persona: Message<"hello">["persona"], disclosure: string) {
  for (const place of document.querySelectorAll(".their-name")) place.textContent = persona.name;
  byId("card-name").textContent = persona.name;
  byId("card-pronouns").textContent = persona.pronouns;
  byId("card-about").textContent = persona.about;
  byId("card-disclosure").textContent = disclosure;
  byId("face").setAttribute("aria-label", `${persona.name}, an AI character`);
  byId("stage-name").textContent = persona.name;
}

/** The consent to be watched is asked for only where somebody may watch. */
export function offerAudience(offered: boolean) {
  byId("audience-consent").hidden = !offered;
}

/** `activity` is a key of STATUS; the ring around the face and the line under it follow it. */
export function showActivity(activity: Activity, name: string) {
  if (document.body.dataset.activity === activity) return;
  document.body.dataset.activity = activity;
  byId("status").textContent = STATUS[activity](name);
  byId<HTMLButtonElement>("stop").disabled = activity !== "speaking" && activity !== "thinking";
}

type Microphone = { open: boolean; muted: boolean; pushToTalk: boolean };

export function showMicrophone({ open, muted, pushToTalk }: Microphone) {
  const heard = open && !(pushToTalk && muted);
  byId("talk").setAttribute("aria-pressed", String(heard));
  const held = heard ? "Let go to stop" : "Hold to talk";
  byId("talk-label").textContent = pushToTalk ? held : open ? "Stop talking" : "Start talking";
  byId("mute").hidden = pushToTalk;
  byId<HTMLButtonElement>("mute").disabled = !open;
  byId("mute").setAttribute("aria-pressed", String(muted));
  byId("mute-label").textContent = muted ? "Unmute" : "Mute";
  if (!open || muted) showLevel(0);
}

export function showLevel(level: number) {
  byId("talk").style.setProperty("--level", level.toFixed(2));
}

let bannerTimer: ReturnType<typeof setTimeout> | undefined;

/** Words across the top, read out at once, gone after a while. `kind` is "error" or "note". */
export function showBanner(text: string, kind: "error" | "note" = "error") {
  byId("banner").textContent = text;
  byId("banner").dataset.kind = kind;
  byId("banner").hidden = false;
  clearTimeout(bannerTimer);
  bannerTimer = setTimeout(hideBanner, BANNER_MS);
}

export function hideBanner() {
  byId("banner").hidden = true;
}

/** `mayReturn`: another try makes sense. */
export function showOver(title: string, reason: string, mayReturn = true) {
  byId("again").hidden = !mayReturn;
  byId("over-title").textContent = title;
  byId("over-reason").textContent = reason;
  hideBanner();
  showPhase("over");
}

/** A gentle word about the time that is left, in the header; nothing when there is plenty. */
export function showTimeLeft(leftS: number) {
  const minutes = Math.ceil(leftS / 60);
  const words = leftS > 300 ? "" : minutes > 1 ? `About ${minutes} minutes left` : "Less than a minute: time for goodbye";
  if (byId("time-left").textContent !== words) byId("time-left").textContent = words;
}

/** Larger or smaller captions, in steps; kept on this device for the next visit. */
export function resizeCaptions(step: number) {
  const size = Math.max(0.8, Math.min(2.2, captionSize() + step));
  localStorage.setItem("stagedoor.captions", String(size));
  applyCaptionSize();
}

export function applyCaptionSize() {
  byId("captions").style.setProperty("--scale", String(captionSize()));
}

function captionSize(): number {
  return Number(localStorage.getItem("stagedoor.captions")) || 1;
}

/** The consents as they are ticked. */
export function readConsents(): Record<string, boolean> {
  const boxes = [...byId("consents").querySelectorAll<HTMLInputElement>("input")];
  return Object.fromEntries(boxes.map((box) => [box.name, box.checked]));
}
