// One line for the avatar: whispered as a direction, which it weaves in, or said now, word for word.

import { useState } from "preact/hooks";
import type { ActFields, ActKind } from "./messages";
import type { Visit } from "./state";

const MOST_CHARS = 400;
type Needs = { visit: Visit; persona: string; act: (kind: ActKind, fields?: ActFields) => Promise<boolean> };

/** What is typed belongs to the visit it was typed in: the next fan's never gets it. */
export function Whisper({ visit, persona, act }: Needs) {
  const { visit_id: id } = visit;
  const [drafts, setDrafts] = useState<Record<string, string>>({});
  const text = drafts[id] ?? "";
  const setText = (draft: string) => setDrafts((before) => ({ ...before, [id]: draft }));
  const send = async (kind: "direct" | "say") => {
    const line = text.trim();
    if (line && (await act(kind, { visit_id: id, text: line }))) setText("");
  };
  const key = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !event.ctrlKey) return;
    event.preventDefault();
    void send("say");
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void send("direct");
  };
  return (
    <form class="whisper" onSubmit={submit}>
      <label class="hidden" for="whisper">
        A line for {persona}, in the talk with {visit.name || "the fan"}
      </label>
      <input
        id="whisper"
        type="text"
        autocomplete="off"
        maxLength={MOST_CHARS}
        placeholder="Mention the tour…"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={key}
      />
      <button type="submit" class="primary" disabled={!text.trim()} title="Enter: only the avatar learns of it">
        Whisper
      </button>
      <button type="button" disabled={!text.trim()} title="Ctrl and Enter: said word for word" onClick={() => void send("say")}>
        Say it now
      </button>
    </form>
  );
}
