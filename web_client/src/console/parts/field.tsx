// One labelled field of a form, with a line of help under it.

import type { ComponentChildren } from "preact";

export function Field({ label, help, children }: { label: string; help?: string; children: ComponentChildren }) {
  return (
    <label class="field">
      <span class="label">{label}</span>
      {children}
      {help && <small>{help}</small>}
    </label>
  );
}
