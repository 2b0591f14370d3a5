// Topics of the visit: those that came up wait for a word of the host; any other can be closed before it comes up.

import { useState } from "preact/hooks";
import type { ActFields, ActKind } from "./messages";
import type { Visit } from "./state";

const STATES: Record<string, string> = { proposed: "came up", allowed: "allowed", vetoed: "closed" };
type Needs = { visit: Visit; act: (kind: ActKind, fields?: ActFields) => Promise<boolean> };

export function Topics({ visit, act }: Needs) {
  const [text, setText] = useState("");
  const decide = (topic: string, allow: boolean) => act("topic", { visit_id: visit.visit_id, text: topic, allow });
  const close = async (event: Event) => {
    event.preventDefault();
    const topic = text.trim();
    if (topic && (await decide(topic, false))) setText("");
  };
  return (
    <section class="card topics" aria-labelledby="topics-title">
      <h2 id="topics-title">Topics</h2>
      <ul>
        {visit.topics.map(({ topic, state }) => (
          <li key={topic} data-state={state}>
            <span>
              {topic} <small>{STATES[state] ?? state}</small>
            </span>
            <button type="button" class="small" disabled={state === "allowed"} onClick={() => void decide(topic, true)}>
              Allow<span class="hidden"> {topic}</span>
            </button>
            <button type="button" class="small" disabled={state === "vetoed"} onClick={() => void decide(topic, false)}>
              Close<span class="hidden"> {topic}</span>
            </button>
          </li>
        ))}
      </ul>
      <form onSubmit={(event) => void close(event)}>
        <label class="hidden" for="topic">
          A topic to keep closed
        </label>
        <input
          id="topic"
          type="text"
          maxLength={80}
          autocomplete="off"
          placeholder="Keep a topic closed…"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" disabled={!text.trim()}>
          Close it
        </button>
      </form>
    </section>
  );
}
