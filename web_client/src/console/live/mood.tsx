// How the fan seems to feel, where they agreed to it being noticed.

import type { Visit } from "./state";

const FEELINGS: Record<string, string> = {
  neutral: "calm",
  joy: "happy",
  sadness: "sad",
  anger: "angry",
  fear: "afraid",
  surprise: "surprised",
  affection: "touched",
};

export function Mood({ visit: { mood, consents, name: given } }: { visit: Visit }) {
  const name = given || "The fan";
  if (!consents?.emotion_sensing) return <p class="mood dim">{name} did not agree to their mood being noticed.</p>;
  if (!mood) return <p class="mood sensed dim">Nothing can be said about {name}’s mood yet.</p>;
  const sure = mood.confidence > 0.7 ? "seems" : mood.confidence > 0.4 ? "may be" : "might be";
  return (
    <p class="mood sensed">
      <span class="feeling">
        {name} {sure} <b>{FEELINGS[mood.category] ?? mood.category}</b>
      </span>
      <meter min={-1} max={1} low={-0.33} high={0.33} optimum={1} value={mood.valence} aria-label="From unhappy to happy" />
      {mood.reason && <small>{mood.reason}</small>}
    </p>
  );
}
