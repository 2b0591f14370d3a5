// Something large that cannot be undone: says what goes and what stays, and wants a word typed before it is done.

import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { complain } from "./say";

type Needs = {
  children: ComponentChildren;
  title: string;
  goes: string[];
  stays: string[];
  typed: string; // what has to be typed, letter by letter
  typedIs: string; // what that is: "the title"
  onYes: () => Promise<void>;
};

export function ForGood({ children, title, goes, stays, typed, typedIs, onYes }: Needs) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [given, setGiven] = useState("");
  const [busy, setBusy] = useState(false);
  const agreed = given.trim() === typed.trim();

  const submit = async (event: Event) => {
    event.preventDefault();
    if (!agreed || busy) return;
    setBusy(true);
    await onYes().catch(complain);
    setBusy(false);
    dialog.current?.close();
  };
  return (
    <>
      <button type="button" class="danger" onClick={() => dialog.current?.showModal()}>
        {children}
      </button>
      <dialog ref={dialog} class="for-good" aria-label={title} onClose={() => setGiven("")}>
        <form onSubmit={(event) => void submit(event)}>
          <h2>{title}</h2>
          <Points title="What goes, at once and for good" points={goes} />
          <Points title="What stays" points={stays} />
          <label class="field">
            <span class="label">To go on, type {typedIs}:</span>
            <code>{typed}</code>
            <input type="text" autocomplete="off" autocapitalize="off" spellcheck={false} value={given} onInput={(event) => setGiven(event.currentTarget.value)} />
          </label>
          <p class="actions">
            <button type="submit" class="danger" disabled={!agreed || busy}>
              {children}
            </button>
            <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
              Keep as it is
            </button>
          </p>
        </form>
      </dialog>
    </>
  );
}

function Points({ title, points }: { title: string; points: string[] }) {
  return (
    <>
      <h3>{title}</h3>
      <ul>
        {points.map((point) => (
          <li key={point}>{point}</li>
        ))}
      </ul>
    </>
  );
}
