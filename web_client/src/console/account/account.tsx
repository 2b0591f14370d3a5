// The account: who is signed in, the keys with which other programs may act for them, the password, and the way out.

import { useState } from "preact/hooks";
import { ask, type ApiKey, type Creator } from "../api";
import { Copy } from "../parts/copy";
import { complain } from "../parts/say";
import { Sure } from "../parts/sure";
import { moment } from "../parts/times";
import { useAsked } from "../parts/use-asked";
import { Leaving } from "./leaving";
import { Password } from "./password";

/** `onGone`: the account was deleted. */
export function Account({ creator, onGone }: { creator: Creator; onGone: () => void }) {
  return (
    <main class="page narrow">
      <h1>Your account</h1>
      <p>
        {creator.name} · {creator.email}
      </p>
      <Keys />
      <Password />
      <Leaving creator={creator} onGone={onGone} />
    </main>
  );
}

function Keys() {
  const { value, fault, again } = useAsked<{ keys: ApiKey[] }>("/keys");
  const [label, setLabel] = useState("");
  const [fresh, setFresh] = useState("");

  const create = async (event: Event) => {
    event.preventDefault();
    try {
      const { key } = await ask<{ key: string }>("POST", "/keys", { label: label.trim() });
      setFresh(key);
      setLabel("");
      again();
    } catch (error) {
      complain(error);
    }
  };
  const revoke = async (id: string) => {
    await ask("DELETE", `/keys/${id}`).catch(complain);
    again();
  };
  return (
    <section class="card" aria-labelledby="keys-title">
      <h2 id="keys-title">API keys</h2>
      <p class="dim">For your own platform: with a key it may do what you may do here. Treat it like a password.</p>
      {fault && <p class="fault">{fault}</p>}
      {fresh && (
        <div class="note">
          <p>This is the new key. It is shown only now; keep it somewhere safe.</p>
          <Copy label="New key" text={fresh} />
        </div>
      )}
      <ul class="rows">
        {value?.keys.map((key) => (
          <li key={key.id}>
            <span>
              {key.label} <small>sd_{key.prefix}_… · since {moment(key.created_at)}</small>
            </span>
            <Sure
              class="small"
              question={`Revoke “${key.label}”? What uses it stops working at once.`}
              yes="Revoke"
              onYes={() => void revoke(key.id)}
            >
              Revoke<span class="hidden"> {key.label}</span>
            </Sure>
          </li>
        ))}
      </ul>
      <form class="inline" onSubmit={(event) => void create(event)}>
        <label class="hidden" for="key-label">
          What the key is for
        </label>
        <input
          id="key-label"
          type="text"
          maxLength={80}
          placeholder="What it is for, such as “ticket shop”"
          value={label}
          onInput={(event) => setLabel(event.currentTarget.value)}
        />
        <button type="submit" disabled={!label.trim()}>
          Make a key
        </button>
      </form>
    </section>
  );
}
