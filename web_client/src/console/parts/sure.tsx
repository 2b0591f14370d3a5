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
  const close = (agreed: boolean) => {
    dialog.current?.close();
    answer(agreed); // now, not at the event of closing: whoever asks again at once gets the question again
  };
  const escape = (event: Event) => {
    event.preventDefault();
    close(false);
  };
  return (
    <dialog ref={dialog} aria-label={question} onCancel={escape}>
      <p>{question}</p>
      <p class="actions">
        <button type="button" class="danger" onClick={() => close(true)}>
          {yes}
        </button>
        <button type="button" class="quiet" autofocus onClick={() => close(false)}>
          Keep as it is
        </button>
      </p>
    </dialog>
  );
}
