// Something to hand on: shown in a field that can be read and selected, with a button that copies it.

import { say } from "./say";

export function Copy({ label, text }: { label: string; text: string }) {
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    say("Copied.");
  };
  return (
    <p class="copy">
      <label>
        <span>{label}</span>
        <input type="text" readOnly value={text} onFocus={(event) => event.currentTarget.select()} />
      </label>
      <button type="button" class="small" onClick={() => void copy().catch(() => say("Select the text and copy it.", "error"))}>
        Copy
      </button>
    </p>
  );
}
