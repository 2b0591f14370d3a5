// What is said, as it is said, and the fan's mood where they agreed to it being noticed.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Line, Mood, Visit } from "./state";

const NEAR_END_PX = 40;
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
  const { log, follows, read, toEnd } = useEnd(visit);
  const names: Record<string, string> = { fan: visit.name || "Fan", avatar: persona, host: "You" };
  const first = visit.lines[0]?.n ?? 1;
  return (
    <>
      <MoodLine mood={visit.mood} sensed={visit.consents?.emotion_sensing ?? false} name={visit.name || "The fan"} />
      <div class="talk-log">
        <div ref={log} class="lines" role="log" aria-label="Transcript" tabIndex={0} onScroll={read}>
          {visit.lines.length === 0 && <p class="dim">Nothing has been said yet.</p>}
          {first > 1 && <p class="dim">What was said before is not shown any more.</p>}
          {visit.lines.map((line) => (
            <Spoken key={line.n} line={line} name={names[line.who] ?? line.who} />
          ))}
        </div>
        {!follows && (
          <button type="button" class="small to-end" onClick={toEnd}>
            Newest words ↓
          </button>
        )}
      </div>
    </>
  );
}

/** The log follows what is said, until somebody scrolls back to read. */
function useEnd(visit: Visit) {
  const log = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(true);
  const toEnd = () => {
    setFollows(true);
    log.current?.scrollTo({ top: log.current.scrollHeight });
  };
  const read = () => {
    const box = log.current;
    if (box) setFollows(box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX);
  };
  useLayoutEffect(() => {
    if (follows) toEnd();
  }, [visit]);
  useLayoutEffect(toEnd, [visit.visit_id]);
  return { log, follows, read, toEnd };
}

function Spoken({ line: { who, text, final }, name }: { line: Line; name: string }) {
  if (who === "gap") return <p class="gap">The connection was lost here. Words may be missing.</p>;
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
