// The form in which an event is planned and changed. plan.ts turns it into what the server keeps.

import { useState } from "preact/hooks";
import type { EventPlan, Persona } from "../api";
import { Field } from "../parts/field";
import { toLocalInput } from "../parts/times";
import { fansThatFit, faultOf, planOf } from "./plan";

const RULES = [
  ["first_come", "First come, first served"],
  ["lottery", "Drawn by lot when the event opens"],
  ["invited", "Only those I invite"],
] as const;
type Needs = { plan: EventPlan; personas: Persona[]; verb: string; onPlan: (plan: EventPlan) => Promise<void> };

export function PlanForm({ plan, personas, verb, onPlan }: Needs) {
  const [fault, setFault] = useState("");
  const [shown, setShown] = useState(plan);
  const read = (form: HTMLFormElement) => planOf(new FormData(form));

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = read(event.currentTarget as HTMLFormElement);
    const wrong = faultOf(given);
    setFault(wrong);
    if (wrong) return;
    await onPlan(given).catch((error: Error) => setFault(error.message));
  };
  const preview = (event: Event) => {
    const form = event.currentTarget as HTMLFormElement;
    if (form.checkValidity()) setShown(read(form));
  };
  const persona = personas.find(({ id }) => id === shown.persona_id);
  return (
    <form class="card plan" onSubmit={(event) => void submit(event)} onChange={preview}>
      {fault && <p role="alert" class="fault">{fault}</p>}
      <Field label="Title" help="Fans see it while they wait.">
        <input type="text" name="title" required maxLength={120} defaultValue={plan.title} />
      </Field>
      <Field label="Persona" help={persona?.about ?? ""}>
        <select name="persona_id" required>
          {personas.map(({ id, name }) => (
            <option key={id} value={id} selected={id === plan.persona_id}>
              {name}
            </option>
          ))}
        </select>
      </Field>
      <div class="pair">
        <Field label="Opens">
          <input type="datetime-local" name="opens_at" required defaultValue={toLocalInput(plan.opens_at)} />
        </Field>
        <Field label="Closes">
          <input type="datetime-local" name="closes_at" required defaultValue={toLocalInput(plan.closes_at)} />
        </Field>
      </div>
      <div class="pair">
        <Field label="Minutes for each fan">
          <input type="number" name="slot_min" required min={0.5} max={60} step={0.5} defaultValue={plan.slot_s / 60} />
        </Field>
        <Field label="At the same time" help="Places: each has an avatar of its own.">
          <input type="number" name="places" required min={1} max={32} defaultValue={plan.places} />
        </Field>
        <Field label="Tickets at most">
          <input type="number" name="max_tickets" required min={1} max={10000} defaultValue={plan.max_tickets} />
        </Field>
      </div>
      <p class="note" role="status">
        The time is enough for about <b>{fansThatFit(shown)}</b> fans.
      </p>
      <Field label="Who is next">
        <select name="queue_rule">
          {RULES.map(([rule, words]) => (
            <option key={rule} value={rule} selected={rule === plan.queue_rule}>
              {words}
            </option>
          ))}
        </select>
      </Field>
      <fieldset>
        <legend>Beyond the talk</legend>
        <label class="choice">
          <input type="checkbox" name="spectators" defaultChecked={plan.spectators} />
          <span>Spectators may watch. A visit is shown only if its fan agrees; their own words never are.</span>
        </label>
        <label class="choice">
          <input type="checkbox" name="keepsakes" defaultChecked={plan.keepsakes} />
          <span>Fans may keep a recording, if they agree to one. Your exports hold it too.</span>
        </label>
      </fieldset>
      <details>
        <summary>Finer rules</summary>
        <div class="pair">
          <Field label="Overtime, seconds" help="The persona may finish its sentence and say goodbye.">
            <input type="number" name="overtime_s" required min={0} max={600} defaultValue={plan.overtime_s} />
          </Field>
          <Field label="No-show after, seconds" help="Then the next one is called in.">
            <input type="number" name="no_show_s" required min={10} max={600} defaultValue={plan.no_show_s} />
          </Field>
          <Field label="Fans together">
            <input type="number" name="group_size" required min={1} max={4} defaultValue={plan.group_size} />
          </Field>
          <Field label="Delete after, days" help="Recordings and transcripts; counted from the end.">
            <input type="number" name="retention_days" required min={1} max={365} defaultValue={plan.retention_days} />
          </Field>
        </div>
      </details>
      <p class="actions">
        <button type="submit" class="primary">
          {verb}
        </button>
      </p>
    </form>
  );
}
