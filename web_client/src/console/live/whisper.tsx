// One line for the avatar: whispered as a direction, which it weaves in, or said now, word for word.

import { useState } from "preact/hooks";
import type { ActFields, ActKind } from "./messages";

const MOST_CHARS = 400;
type Needs = { visitId: string; persona: string; act: (kind: ActKind, fields?: ActFields) => Promise<boolean> };

export function Whisper({ visitId, persona, act }: Needs) {
  const [text, setText] = useState("");
  const send = async (kind: "direct" | "say") => {
    const line = text.trim();
    if (line && (await act(kind, { visit_id: visitId, text: line }))) setText("");
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
        A line for {persona}
      </label>
      <input
        id="whisper"
        type="text"
        autocomplete="off"
        maxLength={MOST_CHARS}
        placeholder={`“Mention the tour”, or a line for ${persona} to say`}
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
