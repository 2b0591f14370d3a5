// What watchers hear keeps its order when one fan goes and the next one's replies begin at one again.

import { expect, test } from "vitest";
import { Numbering } from "../src/talk/numbering";

const chunk = (reply_id: number) => ({ type: "reply.chunk", reply_id });
const live = (visit_id: string) => ({ state: "live", visit_id });

test("numbers grow over visits, and what played of the one before is silenced", () => {
  const numbering = new Numbering();
  expect(numbering.turn(live("a"))).toBe(null);
  expect(numbering.renumber(chunk(1)).reply_id).toBe(1);
  expect(numbering.renumber(chunk(7)).reply_id).toBe(7);
  expect(numbering.turn(live("b"))).toBe(7);
  expect(numbering.renumber(chunk(1)).reply_id).toBeGreaterThan(7);
});

test("the creator speaking in between stops nothing; a closed curtain does", () => {
  const numbering = new Numbering();
  numbering.turn(live("a"));
  numbering.renumber(chunk(3));
  expect(numbering.turn({ state: "host", visit_id: "a" })).toBe(null);
  expect(numbering.turn({ state: "private", visit_id: "a" })).toBe(3);
  expect(numbering.turn({ state: "private", visit_id: "b" })).toBe(null);
});

test("what has no reply passes as it is", () => {
  const other = { type: "listening", seq: 4 };
  expect(new Numbering().renumber(other)).toBe(other);
});
