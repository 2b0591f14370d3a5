// The personas that a creator may choose: their own, and those that come with the server.

import type { Persona } from "../api";
import { useAsked } from "../parts/use-asked";
import { linkTo } from "../route";

export function PersonaList() {
  const { value, fault } = useAsked<{ personas: Persona[] }>("/personas");
  const own = value?.personas.filter((persona) => persona.own) ?? [];
  const bundled = value?.personas.filter((persona) => !persona.own) ?? [];
  return (
    <main class="page">
      <div class="title-row">
        <h1>Personas</h1>
        <a class="button primary" href={linkTo({ screen: "persona", id: "" })}>
          New persona
        </a>
      </div>
      {fault && <p class="fault">{fault}</p>}
      {value && own.length === 0 && (
        <p class="card empty">None of your own yet. An event can use one of those that come with the server.</p>
      )}
      {own.length > 0 && <Group title="Your own" personas={own} />}
      {bundled.length > 0 && <Group title="They come with the server" personas={bundled} />}
    </main>
  );
}

function Group({ title, personas }: { title: string; personas: Persona[] }) {
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <ul class="events">
        {personas.map(({ id, name, about, own }) => (
          <li key={id}>
            {own ? (
              <a class="card" href={linkTo({ screen: "persona", id })}>
                <strong>{name}</strong>
                <small>{about}</small>
              </a>
            ) : (
              <div class="card">
                <strong>{name}</strong>
                <small>{about}</small>
              </div>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
