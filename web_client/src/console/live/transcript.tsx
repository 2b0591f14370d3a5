// What is said, as it is said, and the fan's mood where they agreed to it being noticed.

import { useEffect, useRef } from "preact/hooks";
import type { Line, Mood, Visit } from "./state";

const FEELINGS: Record<string, string> = {
  neutral: "calm",
  joy: "happy",
  sadness: "sad",
  anger: "angry",
  fear: "afraid",
  surprise: "surprised",
  affection: "touched",
};

export function Transcript({ visit, persona }: { visit: Visit; persona: string }) {
  const log = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = log.current;
    if (box && box.scrollHeight - box.scrollTop - box.clientHeight < 160) box.scrollTop = box.scrollHeight;
  }, [visit.lines]);
  const names: Record<string, string> = { fan: visit.name || "Fan", avatar: persona, host: "You" };
  return (
    <>
      <MoodLine mood={visit.mood} sensed={visit.consents?.emotion_sensing ?? false} name={visit.name || "The fan"} />
      <div ref={log} class="lines" role="log" aria-label="Transcript" tabIndex={0}>
        {visit.lines.length === 0 && <p class="dim">Nothing has been said yet.</p>}
        {visit.lines.map((line, k) => (
          <Spoken key={k} line={line} name={names[line.who] ?? line.who} />
        ))}
      </div>
    </>
  );
}

function Spoken({ line: { who, text, final }, name }: { line: Line; name: string }) {
  return (
    <p class={who} data-final={final}>
      <b>{name}</b> <span>{text}</span>
    </p>
  );
}

function MoodLine({ mood, sensed, name }: { mood: Mood | null; sensed: boolean; name: string }) {
  if (!sensed) return <p class="mood dim">{name} did not agree to their mood being noticed.</p>;
  if (!mood) return <p class="mood dim">Nothing can be said about {name}’s mood yet.</p>;
  const sure = mood.confidence > 0.7 ? "seems" : mood.confidence > 0.4 ? "may be" : "might be";
  return (
    <p class="mood">
      <span class="feeling">
        {name} {sure} <b>{FEELINGS[mood.category] ?? mood.category}</b>
      </span>
      <meter min={-1} max={1} low={-0.33} high={0.33} optimum={1} value={mood.valence} aria-label="From unhappy to happy" />
      {mood.reason && <small>{mood.reason}</small>}
    </p>
  );
}
