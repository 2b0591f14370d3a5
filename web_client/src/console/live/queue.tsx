// The line: who waits, how long, and their order, which is changed by dragging or with the arrow keys.

import { useState } from "preact/hooks";
import { Sure } from "../parts/sure";
import { about } from "../parts/times";
import type { ActFields, ActKind } from "./messages";
import type { Live } from "./state";

type Entry = Live["queue"][number];
type Needs = { queue: Entry[]; inLine: number; paused: boolean; act: (kind: ActKind, fields?: ActFields) => Promise<boolean> };

const STATES: Record<string, string> = { away: "away for the moment", called: "called in", waiting: "" };

export function Queue({ queue: line, inLine, paused, act }: Needs) {
  const [dragged, setDragged] = useState("");
  const [over, setOver] = useState("");
  const [moved, setMoved] = useState("");

  const move = async (entry: Entry, place: number) => {
    if (place < 1 || place > inLine || place === entry.place) return;
    if (await act("reorder", { ticket_id: entry.ticket_id, place })) setMoved(`${entry.name} is now number ${place}.`);
  };
  const drop = (onto: Entry) => {
    const entry = line.find((other) => other.ticket_id === dragged);
    setDragged("");
    setOver("");
    if (entry) void move(entry, onto.place);
  };
  return (
    <section class="card queue" aria-labelledby="queue-title">
      <div class="bar-above">
        <h2 id="queue-title">
          In line <span class="number">{inLine}</span>
        </h2>
        <button type="button" class="small" onClick={() => void act(paused ? "resume" : "pause")}>
          {paused ? "Let the line go on" : "Pause the line"}
        </button>
      </div>
      {paused && <p class="note">Paused: those on stage finish, nobody new is called in.</p>}
      {line.length === 0 && <p class="dim">Nobody is waiting.</p>}
      <ol>
        {line.map((entry) => (
          <li
            key={entry.ticket_id}
            draggable
            data-over={over === entry.ticket_id && dragged !== entry.ticket_id}
            data-dragged={dragged === entry.ticket_id}
            onDragStart={() => setDragged(entry.ticket_id)}
            onDragEnd={() => setDragged("")}
            onDragOver={(event) => {
              event.preventDefault();
              setOver(entry.ticket_id);
            }}
            onDrop={() => drop(entry)}
          >
            <Handle entry={entry} move={move} />
            <span class="name">
              {entry.name || "A fan"}
              <small>{STATES[entry.state] || (entry.wait_s === null ? "" : `in ${about(entry.wait_s)}`)}</small>
            </span>
            <EntryMenu entry={entry} act={act} />
          </li>
        ))}
      </ol>
      <p class="hidden" role="status">
        {moved}
      </p>
    </section>
  );
}

/** The number in line, which is also what moves the entry: dragged by the mouse, or moved by the arrow keys. */
function Handle({ entry, move }: { entry: Entry; move: (entry: Entry, place: number) => Promise<void> }) {
  const key = (event: KeyboardEvent) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    void move(entry, entry.place + step);
  };
  const label = `${entry.name}, number ${entry.place}. Arrow keys move them up or down.`;
  return (
    <button type="button" class="handle" aria-label={label} title="Drag, or use the arrow keys" onKeyDown={key}>
      {entry.place}
    </button>
  );
}

function EntryMenu({ entry, act }: { entry: Entry; act: Needs["act"] }) {
  const { ticket_id, name } = entry;
  return (
    <span class="entry-acts">
      <button type="button" class="small" onClick={() => void act("skip", { ticket_id })}>
        Skip<span class="hidden"> {name}</span>
      </button>
      <Sure
        class="small"
        question={`Send ${name || "this fan"} away for good? Their ticket becomes void.`}
        yes="Send away"
        onYes={() => void act("ban", { ticket_id })}
      >
        Ban<span class="hidden"> {name}</span>
      </Sure>
    </span>
  );
}
