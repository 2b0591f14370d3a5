// A button that asks once more before it does something that cannot be undone.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

type Needs = {
  children: ComponentChildren;
  question: string;
  yes: string;
  onYes: () => void;
  class?: string;
};

export function Sure({ children, question, yes, onYes, class: looks = "" }: Needs) {
  const [asking, setAsking] = useState(false);
  const answer = (agreed: boolean) => {
    setAsking(false);
    if (agreed) onYes();
  };
  return (
    <>
      <button type="button" class={looks} onClick={() => setAsking(true)}>
        {children}
      </button>
      {asking && <Question {...{ question, yes, answer }} />}
    </>
  );
}

type Asked = { question: string; yes: string; answer: (agreed: boolean) => void };

/** Closed before it is taken away, so that the keyboard is back where it was. */
function Question({ question, yes, answer }: Asked) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-label={question} onClose={(event) => answer(event.currentTarget.returnValue === "yes")}>
      <p>{question}</p>
      <p class="actions">
        <button type="button" class="danger" onClick={() => dialog.current?.close("yes")}>
          {yes}
        </button>
        <button type="button" class="quiet" autofocus onClick={() => dialog.current?.close()}>
          Keep as it is
        </button>
      </p>
    </dialog>
  );
}
