// Who is on stage, how long still, and what can be done about the visit. With several places: which one is watched.

import { useEffect, useState } from "preact/hooks";
import { Sure } from "../parts/sure";
import { clock } from "../parts/times";
import type { ActFields, ActKind } from "./messages";
import { leftNow, proposedIn, type Visit } from "./state";

const EXTRA_S = 60;
type Act = (kind: ActKind, fields?: ActFields) => Promise<boolean>;

export function VisitTabs({ visits, chosen, choose }: { visits: Visit[]; chosen: Visit; choose: (id: string) => void }) {
  if (visits.length < 2) return null;
  return (
    <div class="seats" role="group" aria-label="Who is watched">
      {visits.map((visit, k) => (
        <button key={visit.visit_id} type="button" aria-pressed={visit === chosen} onClick={() => choose(visit.visit_id)}>
          {visit.name || `Place ${k + 1}`}
          {visit !== chosen && <TimeLeft visit={visit} />}
          {visit !== chosen && proposedIn(visit).length > 0 && <span class="waits">a topic waits</span>}
        </button>
      ))}
    </div>
  );
}

export function VisitBar({ visit, persona, act }: { visit: Visit; persona: string; act: Act }) {
  const { visit_id, ticket_id, name } = visit;
  const about = { visit_id, ticket_id };
  const muted = visit.state === "muted";
  return (
    <div class="visit-bar">
      <p class="on-stage">
        <strong>{name || "A fan"}</strong>
        <TimeLeft visit={visit} />
        <small>{agreed(visit)}</small>
      </p>
      <p class="actions">
        <button type="button" class="small" onClick={() => void act("extend", { ...about, seconds: EXTRA_S })}>
          One more minute
        </button>
        <button
          type="button"
          class="small"
          aria-pressed={muted}
          onClick={() => void act(muted ? "unmute" : "mute", { visit_id })}
        >
          {muted ? "Unmute" : "Mute"}
          <span class="hidden"> the talk with {name || "the fan"}</span>
        </button>
        <Sure
          class="small"
          question={`End the visit of ${name || "this fan"} now? ${persona} says goodbye first.`}
          yes="End the visit"
          onYes={() => void act("end", about)}
        >
          End
        </Sure>
        <Sure
          class="small"
          question={`Send ${name || "this fan"} away for good? They cannot come back to this event.`}
          yes="Send away"
          onYes={() => void act("ban", about)}
        >
          Ban
        </Sure>
      </p>
    </div>
  );
}

/** The time that is left, counted down between what the server says. */
function TimeLeft({ visit }: { visit: Visit }) {
  const [nowMs, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const left = leftNow(visit, Math.max(nowMs, visit.toldAt));
  if (left === null) return null;
  return (
    <span class="left" data-short={left < 60}>
      {clock(left)} left
    </span>
  );
}

function agreed({ consents }: Visit): string {
  const words = [
    consents?.audience && "spectators",
    consents?.recording && "recording",
    consents?.memory && "memory",
    consents?.emotion_sensing && "mood",
  ].filter(Boolean);
  return words.length > 0 ? `agreed to: ${words.join(", ")}` : "agreed to none of the extras";
}
