// What the host knows, message by message.

import { expect, test } from "vitest";
import type { HostMessage } from "../src/console/live/messages";
import { asked, learn, leftNow, NOTHING_YET, rejoined, talkOf, type Live } from "../src/console/live/state";

const CONSENTS = { recording: false, memory: false, emotion_sensing: true, audience: false };
const visit = (change: object = {}): HostMessage => ({
  type: "host.visit",
  visit_id: "v",
  ticket_id: "t",
  name: "Maya",
  state: "live",
  consents: CONSENTS,
  left_s: 90,
  table: [],
  ...change,
});
const said = (line: number, who: string, text: string, final = true): HostMessage => ({ type: "host.transcript", visit_id: "v", line, who, text, final, at_ms: line });
const soFar = (...lines: [number, string, string][]): HostMessage => ({
  type: "host.lines",
  visit_id: "v",
  lines: lines.map(([line, who, text]) => ({ line, who, text, final: true, at_ms: line })),
});
const words = (live: Live) => live.visits[0].lines.map(({ who, text }) => text || who);
const mood: HostMessage = { type: "host.mood", visit_id: "v", category: "joy", valence: 1, arousal: 0, confidence: 1, reason: "" };
const after = (...messages: HostMessage[]): Live => messages.reduce((live, message) => learn(live, message, 1000), NOTHING_YET);

test("a partial is replaced until it is final, whoever speaks in between", () => {
  const live = after(visit(), said(1, "fan", "I was", false), said(2, "avatar", "Oh", false), said(1, "fan", "I was there"), said(2, "avatar", "Oh!"));
  expect(live.visits[0].lines).toEqual([
    { line: 1, who: "fan", text: "I was there", final: true, at_ms: 1 },
    { line: 2, who: "avatar", text: "Oh!", final: true, at_ms: 2 },
  ]);
});

test("a partial that turned out to be nothing is gone", () => {
  expect(after(visit(), said(1, "fan", "uh", false), said(1, "fan", "")).visits[0].lines).toEqual([]);
  expect(after(visit(), said(1, "fan", "")).visits[0].lines).toEqual([]);
});

test("an hour of talk keeps its newest lines", () => {
  const long = after(visit(), ...Array.from({ length: 3000 }, (_, k) => said(k + 1, k % 2 ? "avatar" : "fan", `Line ${k}`)));
  expect(long.visits[0].lines.length).toBeLessThan(400);
  expect(long.visits[0].lines.at(-1)).toMatchObject({ line: 3000, text: "Line 2999" });
});

test("who comes in late, or reloads, reads what was said before", () => {
  const late = after(visit(), soFar([1, "avatar", "Hello!"], [2, "fan", "Hi"]), said(3, "avatar", "How are you?"));
  expect(words(late)).toEqual(["Hello!", "Hi", "How are you?"]);
});

test("after a lost connection what was missed comes in its place, nothing twice", () => {
  const before = after(visit(), said(1, "avatar", "Hello!"), said(2, "fan", "I was", false));
  const again = soFar([1, "avatar", "Hello!"], [2, "fan", "I was there"], [3, "avatar", "Oh!"]);
  expect(words(learn(rejoined(before), again, 2000))).toEqual(["Hello!", "I was there", "Oh!"]);
});

test("what nobody knows any more is a gap", () => {
  const before = after(visit(), said(1, "avatar", "Hello!"), said(2, "fan", "I was", false));
  const again = learn(rejoined(before), soFar([104, "avatar", "See you!"]), 2000);
  expect(words(again)).toEqual(["Hello!", "gap", "See you!"]);
  expect(words(learn(rejoined(again), soFar([104, "avatar", "See you!"]), 3000))).toEqual(["Hello!", "gap", "See you!"]);
});

test("what was said in one visit is never in another's", () => {
  const ife = { visit_id: "w", name: "Ife" };
  const live = after(visit(), visit(ife), said(1, "fan", "Only for Maya"), { ...said(1, "fan", "Only for Ife"), ...{ visit_id: "w" } } as HostMessage);
  expect(live.visits.map(({ lines }) => lines.map(({ text }) => text))).toEqual([["Only for Maya"], ["Only for Ife"]]);
});

test("after a lost connection the words stay, and visits that ended meanwhile go", () => {
  const ife = { visit_id: "w", name: "Ife" };
  const health: HostMessage = { type: "host.health", v2v_p50_ms: null, v2v_p95_ms: null, effort: 0, spectators: 0 };
  const before = after(visit(), visit(ife), said(1, "fan", "I was there"), said(2, "avatar", "Oh", false));
  const back = [visit({ left_s: 30 }), soFar([1, "fan", "I was there"]), health].reduce((live, message) => learn(live, message, 9000), rejoined(before));
  expect(back.visits.map(({ name, lines }) => [name, lines.map(({ who }) => who)])).toEqual([["Maya", ["fan"]]]);
  expect(leftNow(back.visits[0], 9000)).toBe(30);
});

test("the mood is forgotten with the consent, and all of it when the visit ends", () => {
  const felt = after(visit(), mood);
  expect(felt.visits[0].mood?.category).toBe("joy");
  const taken = learn(felt, visit({ consents: { ...CONSENTS, emotion_sensing: false } }), 2000);
  expect(taken.visits[0].mood).toBe(null);
  expect(learn(taken, visit({ state: "ended" }), 3000).visits).toEqual([]);
});

test("time runs on between what the server says", () => {
  const [maya] = after(visit()).visits;
  expect(leftNow(maya, 31_000)).toBe(60);
  expect(leftNow(maya, 999_000)).toBe(0);
});

test("reactions add up", () => {
  const clap: HostMessage = { type: "reactions", counts: { heart: 2, applause: 0, laugh: 0, wow: 0 }, watching: 3 };
  expect(after(clap, clap).reactions.heart).toBe(4);
});

test("what was asked is in the record, with how it ended", () => {
  const whispered = asked(after(visit()), "a1", "direct", { visit_id: "v", text: "mention the tour" }, new Date(0));
  const watched = asked(whispered, "a2", "watch", { visit_id: "v" }, new Date(0)); // watching is no intervention
  const live = learn(watched, { type: "host.done", action_id: "a1", ok: false, code: "not_found", message: "gone" }, 0);
  expect(live.deeds).toMatchObject([{ words: "Whispered “mention the tour”", outcome: "refused", why: "gone" }]);
});

test("at a table everybody's words are one talk, in the order in which they were said", () => {
  const table = ["v", "w"];
  const ben = (line: number, who: string, text: string, atMs: number) => ({ ...said(line, who, text), visit_id: "w", at_ms: atMs }) as HostMessage;
  const maya = (line: number, who: string, text: string, atMs: number) => ({ ...said(line, who, text), at_ms: atMs }) as HostMessage;
  const { visits } = after(
    visit({ table }),
    visit({ visit_id: "w", name: "Ben", table }),
    visit({ visit_id: "x", name: "Ife" }),
    maya(1, "fan", "Hello!", 10),
    ben(1, "fan", "And I?", 30),
    maya(2, "avatar", "Maya, hello!", 20),
    ben(2, "avatar", "Ben, you too!", 40),
    { ...said(1, "fan", "Elsewhere"), visit_id: "x" } as HostMessage,
  );
  for (const chosen of visits.slice(0, 2)) {
    expect(talkOf(visits, chosen).map(({ name, who, text }) => [who === "fan" ? name : who, text])).toEqual([
      ["Maya", "Hello!"],
      ["avatar", "Maya, hello!"],
      ["Ben", "And I?"],
      ["avatar", "Ben, you too!"],
    ]);
  }
  expect(talkOf(visits, visits[2]).map(({ text }) => text)).toEqual(["Elsewhere"]);
});
