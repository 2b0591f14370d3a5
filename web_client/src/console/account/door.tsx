// The door: signing in, and the first account where the server lets people sign up.

import { useState } from "preact/hooks";
import { ask, type Creator } from "../api";
import { Field } from "../parts/field";

export type Session = { creator: Creator; csrf: string };
type Needs = { signUp: boolean; oidc: boolean; onSession: (session: Session) => void };

export function Door({ signUp, oidc, onSession }: Needs) {
  const [joining, setJoining] = useState(false);
  const [fault, setFault] = useState("");
  const [busy, setBusy] = useState(false);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement)) as Record<string, string>;
    setBusy(true);
    setFault("");
    try {
      if (joining) await ask("POST", "/creators", given);
      onSession(await ask<Session>("POST", "/login", { email: given.email, password: given.password }));
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <main class="door">
      <form class="card" onSubmit={(event) => void submit(event)} aria-labelledby="door-title">
        <h1 id="door-title">{joining ? "Create your account" : "Sign in"}</h1>
        {fault && <p role="alert" class="fault">{fault}</p>}
        {joining && (
          <Field label="Your name" help="Fans see it when you speak yourself.">
            <input type="text" name="name" required maxLength={80} autocomplete="name" />
          </Field>
        )}
        <Field label="E-mail">
          <input type="email" name="email" required maxLength={200} autocomplete="username" />
        </Field>
        <Field label="Password" help={joining ? "At least 12 characters; a sentence is fine." : ""}>
          <input
            type="password"
            name="password"
            required
            minLength={joining ? 12 : 1}
            maxLength={200}
            autocomplete={joining ? "new-password" : "current-password"}
          />
        </Field>
        <p class="actions">
          <button type="submit" class="primary" disabled={busy}>
            {joining ? "Create it" : "Sign in"}
          </button>
          {oidc && (
            <a class="button" href="/api/v1/login/oidc">
              Sign in with your organisation
            </a>
          )}
        </p>
        {signUp && (
          <p class="dim">
            {joining ? "You have an account? " : "First time here? "}
            <button type="button" class="link" onClick={() => setJoining(!joining)}>
              {joining ? "Sign in" : "Create an account"}
            </button>
          </p>
        )}
        {!signUp && <p class="dim">Whoever runs this server creates accounts: <code>stagedoor creators add</code>.</p>}
      </form>
    </main>
  );
}
