// A new event.

import { ask, type CreatorEvent, type EventPlan, type Persona } from "../api";
import { useAsked } from "../parts/use-asked";
import { linkTo } from "../route";
import { PlanForm } from "./form";
import { freshPlan } from "./plan";

export function NewEvent() {
  const { value, fault } = useAsked<{ personas: Persona[] }>("/personas");
  const create = async (plan: EventPlan) => {
    const { id } = await ask<CreatorEvent>("POST", "/events", plan);
    location.hash = linkTo({ screen: "event", id, tab: "tickets" });
  };
  return (
    <main class="page narrow">
      <h1>New event</h1>
      {fault && <p class="fault">{fault}</p>}
      {value && (
        <PlanForm plan={freshPlan(value.personas[0]?.id ?? "", Date.now())} personas={value.personas} verb="Plan it" onPlan={create} />
      )}
    </main>
  );
}
