// What is said, as it is said. Screen readers are told a line once, when it is whole.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Shown } from "./state";

const NEAR_END_PX = 40;

/** `lines`: of `visitId`, or of the table where it is. */
export function Transcript({ lines, visitId, persona }: { lines: Shown[]; visitId: string; persona: string }) {
  const { log, follows, read, toEnd } = useEnd(lines, visitId);
  const named = ({ who, name }: Shown) => ({ fan: name || "Fan", avatar: persona, host: "You" })[who] ?? who;
  const first = lines[0]?.line ?? 1;
  return (
    <>
      <div ref={log} class="lines" role="log" aria-label="Transcript" tabIndex={0} onScroll={read}>
        {lines.length === 0 && <p class="dim">Nothing has been said yet.</p>}
        {first > 1 && <p class="dim">What was said before is not shown any more.</p>}
        {lines.map((line) => (
          <Spoken key={`${line.visitId} ${line.line}`} line={line} name={named(line)} />
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
function useEnd(lines: Shown[], visitId: string) {
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
  }, [lines]);
  useLayoutEffect(toEnd, [visitId]);
  return { log, follows, read, toEnd };
}

function Spoken({ line: { who, text, final }, name }: { line: Shown; name: string }) {
  if (who === "gap") return <p class="gap">The connection was lost here. Words are missing.</p>;
  return (
    <p class={who} data-final={final} aria-hidden={!final || undefined}>
      <b>{name}</b> <span>{text}</span>
    </p>
  );
}
