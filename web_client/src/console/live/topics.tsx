// Topics of the visit: one that came up waits for a word of the host; any other can be closed before it comes up.

import { useState } from "preact/hooks";
import type { ActFields, ActKind } from "./messages";
import { proposedIn, type Visit } from "./state";

const STATES: Record<string, string> = { allowed: "allowed", vetoed: "closed" };
type Needs = { visit: Visit; act: (kind: ActKind, fields?: ActFields) => Promise<boolean> };

/** What the host should decide now, one after another, above the oldest words that are seen: nothing has to move. */
export function Waiting({ visit, act }: Needs) {
  const [topic, ...more] = proposedIn(visit);
  return (
    <div class="waiting" role="status">
      {topic && (
        <p class="note">
          <span>
            <b>{topic}</b> came up. May they talk about it?
            {more.length > 0 && <small> And {more.length} more.</small>}
          </span>
          <span class="entry-acts">
            <Decide {...{ visit, topic, act }} />
          </span>
        </p>
      )}
    </div>
  );
}

function Decide({ visit, topic, state = "", act }: Needs & { topic: string; state?: string }) {
  const decide = (allow: boolean) => void act("topic", { visit_id: visit.visit_id, text: topic, allow });
  return (
    <>
      <button type="button" class="small" disabled={state === "allowed"} onClick={() => decide(true)}>
        Allow<span class="hidden"> {topic}</span>
      </button>
      <button type="button" class="small" disabled={state === "vetoed"} onClick={() => decide(false)}>
        Close<span class="hidden"> {topic}</span>
      </button>
    </>
  );
}

export function Topics({ visit, act }: Needs) {
  const [text, setText] = useState("");
  const close = async (event: Event) => {
    event.preventDefault();
    const topic = text.trim();
    if (topic && (await act("topic", { visit_id: visit.visit_id, text: topic, allow: false }))) setText("");
  };
  return (
    <section class="card topics" aria-labelledby="topics-title">
      <h2 id="topics-title">Topics</h2>
      <ul>
        {visit.topics.filter(({ state }) => state !== "proposed").map(({ topic, state }) => (
          <li key={topic} data-state={state}>
            <span>
              {topic} <small>{STATES[state] ?? state}</small>
            </span>
            <Decide {...{ visit, topic, state, act }} />
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
