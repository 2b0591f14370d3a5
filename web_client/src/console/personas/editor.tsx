// One persona as its text. The server checks it and says where something is missing.

import { useState } from "preact/hooks";
import { ask, type Persona } from "../api";
import { Field } from "../parts/field";
import { complain, say } from "../parts/say";
import { Sure } from "../parts/sure";
import { useAsked } from "../parts/use-asked";
import { linkTo } from "../route";
import { STARTER } from "./starter";

type Written = Persona & { toml: string };

/** `id`: the persona that is changed; "" for a new one. */
export function PersonaPage({ id }: { id: string }) {
  if (!id) return <Editor id="" toml={STARTER} />;
  return <Existing id={id} />;
}

function Existing({ id }: { id: string }) {
  const { value, fault } = useAsked<Written>(`/personas/${id}`);
  if (value) return <Editor id={id} toml={value.toml} />;
  return <main class="page">{fault ? <p class="fault">{fault}</p> : <p class="dim">One moment…</p>}</main>;
}

function Editor({ id, toml }: { id: string; toml: string }) {
  const [fault, setFault] = useState("");
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const named = id || String(form.get("id"));
    try {
      const { name } = await ask<Written>("PUT", `/personas/${named}`, { toml: String(form.get("toml")) });
      setFault("");
      say(`${name} is kept. Open events use it from their next visit on.`);
      location.hash = linkTo({ screen: "persona", id: named });
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
    }
  };
  const remove = async () => {
    try {
      await ask("DELETE", `/personas/${id}`);
      location.hash = linkTo({ screen: "personas" });
    } catch (error) {
      complain(error);
    }
  };
  return (
    <main class="page narrow">
      <h1>{id ? "Change a persona" : "New persona"}</h1>
      <form class="card" onSubmit={(event) => void save(event)}>
        {fault && <p role="alert" class="fault">{fault}</p>}
        {!id && (
          <Field label="Id" help="Small letters, digits and dashes; it never changes.">
            <input type="text" name="id" required pattern="[a-z0-9][a-z0-9_\-]{0,39}" maxLength={40} />
          </Field>
        )}
        <Field label="Who they are" help="TOML: a name, an equals sign, the words in quotes.">
          <textarea name="toml" rows={24} required spellcheck={false} defaultValue={toml} />
        </Field>
        <p class="actions">
          <button type="submit" class="primary">
            Keep it
          </button>
          {id && (
            <Sure class="danger" question={`Delete the persona “${id}”?`} yes="Delete it" onYes={() => void remove()}>
              Delete
            </Sure>
          )}
        </p>
      </form>
    </main>
  );
}
