// What is said, as it is said. Screen readers are told a line once, when it is whole.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Line, Visit } from "./state";

const NEAR_END_PX = 40;

export function Transcript({ visit, persona }: { visit: Visit; persona: string }) {
  const { log, follows, read, toEnd } = useEnd(visit);
  const names: Record<string, string> = { fan: visit.name || "Fan", avatar: persona, host: "You" };
  const first = visit.lines[0]?.line ?? 1;
  return (
    <>
      <div ref={log} class="lines" role="log" aria-label="Transcript" tabIndex={0} onScroll={read}>
        {visit.lines.length === 0 && <p class="dim">Nothing has been said yet.</p>}
        {first > 1 && <p class="dim">What was said before is not shown any more.</p>}
        {visit.lines.map((line) => (
          <Spoken key={line.line} line={line} name={names[line.who] ?? line.who} />
        ))}
      </div>
      {!follows && (
        <button type="button" class="small to-end" onClick={toEnd}>
          Newest words ↓
        </button>
      )}
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
  if (who === "gap") return <p class="gap">The connection was lost here. Words are missing.</p>;
  return (
    <p class={who} data-final={final} aria-hidden={!final || undefined}>
      <b>{name}</b> <span>{text}</span>
    </p>
  );
}
