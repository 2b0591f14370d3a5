import { expect, test } from "vitest";
import { askedLevel, QualityChoice } from "../src/scene/quality";

const watch = (choice: QualityChoice, frameMs: number, pictures: number) => {
  for (let k = 0; k < pictures; k++) choice.note(frameMs);
  return choice.level;
};

test("the link may ask for a level, and nothing else is one", () => {
  expect(askedLevel("?quality=low&debug")).toBe("low");
  expect(askedLevel("?quality=ultra")).toBeNull();
  expect(askedLevel("")).toBeNull();
});

test("steps down while pictures are slow, never up, and gives up on 3D at last", () => {
  const choice = new QualityChoice(null, "high");
  expect(watch(choice, 16, 500)).toBe("high");
  expect(watch(choice, 40, 45)).toBe("medium");
  expect(watch(choice, 40, 45)).toBe("low");
  expect(watch(choice, 16, 500)).toBe("low");
  expect(choice.hopeless).toBe(false);
  watch(choice, 400, 60);
  expect(choice.hopeless).toBe(true);
});

test("one slow picture, or a tab that was away, changes nothing", () => {
  const choice = new QualityChoice(null, "high");
  for (let k = 0; k < 200; k++) choice.note(k % 10 === 0 ? 90 : 16);
  choice.note(60_000);
  expect(choice.level).toBe("high");
});

test("a level that was asked for stays", () => {
  expect(watch(new QualityChoice("high", "medium"), 300, 500)).toBe("high");
});
