// The audit's entries in words.

import { expect, test } from "vitest";
import type { Change } from "../src/console/api";
import { namesIn, whatInWords, whoInWords } from "../src/console/record/words";

const change = (actor: string, action: string, subject = "", detail: Change["detail"] = {}): Change => ({
  ...{ id: action, at: "2026-11-20T18:00:00Z" },
  ...{ actor, action, subject, detail },
});
const DELETED = change("login:1", "event.delete", "e", { title: "After the show" });
const KEY = change("login:1", "key.create", "k", { label: "ticket shop", prefix: "abc" });
const names = namesIn([DELETED, KEY], { events: new Map(), keys: new Map() });

test("an event is called by its title, also when it is deleted by now", () => {
  expect(whatInWords(change("login:1", "event.open", "e"), names)).toBe("Opened the doors of “After the show”");
  expect(whatInWords(change("fan", "ticket.issue", "t", { event: "e" }), names)).toBe("Took a ticket for “After the show”");
  expect(whatInWords(change("login:1", "event.open", "another"), names)).toBe("Opened the doors of an event");
});

test("a changed plan says what it is from then on", () => {
  const changed = change("login:1", "event.change", "e", { slot_s: 150, spectators: false, queue_rule: "first_come" });
  expect(whatInWords(changed, names)).toBe("Changed the plan of “After the show”: for each fan 150 s; spectators no; who is next first come");
});

test("who it was: a person, one of their keys, a fan, the server", () => {
  const who = ["login:1", "key:abc", "key:xyz", "fan", "server"].map((actor) => whoInWords(actor, names));
  expect(who).toEqual(["You", "Your key “ticket shop”", "Your key “sd_xyz_…”", "A fan", "The server, by itself"]);
});

test("what is not known here is shown as it is", () => {
  expect(whatInWords(change("robot", "moon.land", "m"), names)).toBe("moon.land");
  expect(whoInWords("robot", names)).toBe("robot");
});
