// A new password. The server ends every other login with it, and says so here.

import { useState } from "preact/hooks";
import { ask } from "../api";
import { Field } from "../parts/field";
import { say } from "../parts/say";
import { useAsked } from "../parts/use-asked";

export function Password() {
  const { value: ways } = useAsked<{ oidc: boolean }>("/login");
  const [fault, setFault] = useState("");
  const [shown, setShown] = useState(false);
  const kind = (shown ? "text" : "password") as "password"; // the types want one name

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    try {
      await ask("POST", "/me/password", Object.fromEntries(new FormData(form)));
      form.reset();
      setFault("");
      say("The password was changed. Every other browser is signed out.");
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <section class="card" aria-labelledby="password-title">
      <h2 id="password-title">Password</h2>
      <form onSubmit={(event) => void submit(event)}>
        {fault && <p role="alert" class="fault">{fault}</p>}
        <div class="pair">
          <Field label="Current password" help={ways?.oidc ? "Empty, if you only ever signed in with your organisation." : ""}>
            <input type={kind} name="current" required={!ways?.oidc} maxLength={200} autocomplete="current-password" />
          </Field>
          <Field label="New password" help="At least 10 characters; a sentence is fine.">
            <input type={kind} name="password" required minLength={10} maxLength={200} autocomplete="new-password" />
          </Field>
        </div>
        <label class="choice">
          <input type="checkbox" checked={shown} onChange={(event) => setShown(event.currentTarget.checked)} />
          <span>Show what I type</span>
        </label>
        <p class="actions">
          <button type="submit">Change the password</button>
          <small>Every other browser where you are signed in is signed out.</small>
        </p>
      </form>
    </section>
  );
}
