// One event: its state and what can be done with it, and a tab for each side of it.

import { ask, type Action, type CreatorEvent, type EventPlan, type Persona } from "../api";
import { LiveView } from "../live/view";
import { complain, say } from "../parts/say";
import { Sure } from "../parts/sure";
import { moment } from "../parts/times";
import { useAsked } from "../parts/use-asked";
import { linkTo, TABS, type Tab } from "../route";
import { inTheRecord } from "./actions";
import { DeleteEvent } from "./delete";
import { PlanForm } from "./form";
import { STATE_WORDS } from "./list";
import { ReportPage } from "./report";
import { Tickets } from "./tickets";

const REFRESH_S = 30; // its time may come, or be over
const TAB_WORDS: Record<Tab, string> = { live: "Live", tickets: "Tickets", plan: "Plan", report: "Report" };

export function EventPage({ id, tab }: { id: string; tab: Tab }) {
  const { value: event, fault, again } = useAsked<CreatorEvent>(`/events/${id}`, REFRESH_S);
  if (!event) return <main class="page">{fault ? <p class="fault">{fault}</p> : <p class="dim">One moment…</p>}</main>;

  const move = async (step: "open" | "close") => {
    await ask("POST", `/events/${id}/${step}`).catch(complain);
    again();
  };
  return (
    <main class="page event" data-tab={tab}>
      <div class="title-row">
        <div>
          <h1>{event.title}</h1>
          <p class="dim">
            <span class="badge" data-state={event.state}>
              {STATE_WORDS[event.state]}
            </span>{" "}
            {moment(event.opens_at)} to {moment(event.closes_at)}
          </p>
        </div>
        <Steps event={event} move={(step) => void move(step)} />
      </div>
      <nav class="tabs" aria-label="This event">
        {TABS.map((known) => (
          <a key={known} href={linkTo({ screen: "event", id, tab: known })} aria-current={known === tab ? "page" : undefined}>
            {TAB_WORDS[known]}
          </a>
        ))}
      </nav>
      {tab === "live" && <Live event={event} again={again} />}
      {tab === "tickets" && <Tickets event={event} />}
      {tab === "plan" && <Plan event={event} again={again} />}
      {tab === "report" && <ReportPage event={event} />}
    </main>
  );
}

function Steps({ event, move }: { event: CreatorEvent; move: (step: "open" | "close") => void }) {
  const { state } = event;
  return (
    <p class="actions">
      {state === "draft" && (
        <button type="button" class="primary" onClick={() => move("open")}>
          Open the doors
        </button>
      )}
      {(state === "open" || state === "paused") && (
        <Sure question={`Close “${event.title}”? Those still in line go home.`} yes="Yes, close it" onYes={() => move("close")}>
          Close the event
        </Sure>
      )}
    </p>
  );
}

function Live({ event, again }: { event: CreatorEvent; again: () => void }) {
  const { value } = useAsked<{ actions: Action[] }>(`/events/${event.id}/actions`);
  if (event.state === "draft") return <p class="card empty">The doors are not open yet. Open them, and the line begins.</p>;
  if (event.state === "closed") return <p class="card empty">This event is over. Its numbers are in the report.</p>;
  const hostToken = async () => (await ask<{ token: string }>("POST", `/events/${event.id}/host-token`)).token;
  return <LiveView token={hostToken} earlier={value ? inTheRecord(value.actions) : []} onPaused={again} />;
}

function Plan({ event, again }: { event: CreatorEvent; again: () => void }) {
  const { value, fault } = useAsked<{ personas: Persona[] }>("/personas");
  const save = async (plan: EventPlan) => {
    await ask("PATCH", `/events/${event.id}`, plan);
    say("The plan was changed.");
    again();
  };
  return (
    <div class="narrow">
      {fault && <p class="fault">{fault}</p>}
      {value && <PlanForm plan={event} personas={value.personas} verb="Keep the changes" onPlan={save} />}
      <DeleteEvent event={event} />
    </div>
  );
}
