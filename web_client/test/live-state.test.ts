// What the host knows, message by message.

import { expect, test } from "vitest";
import type { HostMessage } from "../src/console/live/messages";
import { asked, learn, leftNow, NOTHING_YET, type Live } from "../src/console/live/state";

const CONSENTS = { recording: false, memory: false, emotion_sensing: true, audience: false };
const visit = (change: object = {}): HostMessage => ({
  type: "host.visit",
  visit_id: "v",
  ticket_id: "t",
  name: "Maya",
  state: "live",
  consents: CONSENTS,
  left_s: 90,
  ...change,
});
const said = (who: string, text: string, final: boolean): HostMessage => ({ type: "host.transcript", visit_id: "v", who, text, final });
const mood: HostMessage = { type: "host.mood", visit_id: "v", category: "joy", valence: 1, arousal: 0, confidence: 1, reason: "" };
const after = (...messages: HostMessage[]): Live => messages.reduce((live, message) => learn(live, message, 1000), NOTHING_YET);

test("a partial is replaced until it is final, whoever speaks in between", () => {
  const live = after(visit(), said("fan", "I was", false), said("avatar", "Oh", false), said("fan", "I was there", true), said("avatar", "Oh!", true));
  expect(live.visits[0].lines).toEqual([
    { who: "fan", text: "I was there", final: true },
    { who: "avatar", text: "Oh!", final: true },
  ]);
});

test("a partial that turned out to be nothing is gone", () => {
  expect(after(visit(), said("fan", "uh", false), said("fan", "", true)).visits[0].lines).toEqual([]);
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
