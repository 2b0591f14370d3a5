// What this page reads of the messages that only events have: the line, the slot, the stage, what comes after.

import { fields, list, many, optional } from "./shape";

const PERSONA = fields({ id: "text", name: "text", pronouns: "text", about: "text", look: optional("text", "") });

/** How many reactions of each kind since they were last told. */
const COUNTS = fields({
  heart: optional("count", 0),
  applause: optional("count", 0),
  laugh: optional("count", 0),
  wow: optional("count", 0),
});

export const EVENT_SHAPES = {
  queue: fields({
    state: "text",
    place: optional("count", 0),
    of: optional("count", 0),
    wait_s: optional("number", null),
    text: optional("text", ""),
    title: optional("text", ""),
    persona: optional(PERSONA, null),
    disclosure: optional("text", ""),
    spectators: optional("flag", false),
  }),
  slot: fields({ phase: "text", left_s: optional("number", 0) }),
  stage: fields({ visit_id: optional("text", ""), name: optional("text", ""), state: "text" }),
  reactions: fields({ counts: COUNTS, watching: optional("count", 0) }),
  keepsake: fields({ state: "text", url: optional("text", ""), expires_at: optional("text", "") }),
  group: fields({
    you: "text",
    members: list(fields({ id: "text", name: optional("text", ""), state: optional("text", "here") })),
    floor: optional("text", ""),
  }),
  memory: fields({ facts: many("text"), mood: optional("text", "") }),
};
