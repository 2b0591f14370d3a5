// A button that asks once more before it does something that cannot be undone.

import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

type Needs = {
  children: ComponentChildren;
  question: string;
  yes: string;
  onYes: () => void;
  class?: string;
  disabled?: boolean;
};

export function Sure({ children, question, yes, onYes, class: looks = "", disabled = false }: Needs) {
  const dialog = useRef<HTMLDialogElement>(null);
  const answer = (agreed: boolean) => {
    dialog.current?.close();
    if (agreed) onYes();
  };
  return (
    <>
      <button type="button" class={looks} disabled={disabled} onClick={() => dialog.current?.showModal()}>
        {children}
      </button>
      <dialog ref={dialog} aria-label={question}>
        <p>{question}</p>
        <p class="actions">
          <button type="button" class="danger" onClick={() => answer(true)}>
            {yes}
          </button>
          <button type="button" class="quiet" onClick={() => answer(false)}>
            Keep as it is
          </button>
        </p>
      </dialog>
    </>
  );
}
