// The door: signing in, and the first account where the server lets people sign up.

import { useState } from "preact/hooks";
import { ask, type Creator } from "../api";
import { expectSession } from "./session";
import { Field } from "../parts/field";

export type Session = { creator: Creator; csrf: string };
type Needs = { ways: { sign_up: boolean; oidc: boolean }; onSession: (session: Session) => void };

export function Door({ ways, onSession }: Needs) {
  const [joining, setJoining] = useState(false);
  const [fault, setFault] = useState("");
  const [busy, setBusy] = useState(false);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement)) as Record<string, string>;
    setBusy(true);
    setFault("");
    try {
      onSession(await ask<Session>("POST", joining ? "/creators" : "/login", given));
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
        <Field label="Password" help={joining ? "At least 10 characters; a sentence is fine." : ""}>
          <input
            type="password"
            name="password"
            required
            minLength={joining ? 10 : 1}
            maxLength={200}
            autocomplete={joining ? "new-password" : "current-password"}
          />
        </Field>
        <p class="actions">
          <button type="submit" class="primary" disabled={busy}>
            {joining ? "Create it" : "Sign in"}
          </button>
          {ways.oidc && (
            <a class="button" href="/api/v1/login/oidc" onClick={expectSession}>
              Sign in with your organisation
            </a>
          )}
        </p>
        {ways.sign_up && (
          <p class="dim">
            {joining ? "You have an account? " : "First time here? "}
            <button type="button" class="link" onClick={() => setJoining(!joining)}>
              {joining ? "Sign in" : "Create an account"}
            </button>
          </p>
        )}
        {!ways.sign_up && (
          <p class="dim">
            Accounts are made by whoever runs this server, with <code>stagedoor creators add</code>.
          </p>
        )}
      </form>
    </main>
  );
}
