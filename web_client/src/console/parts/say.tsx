// Words about what just happened, read out at once and gone after a while: one place for the whole console.

import { useEffect, useState } from "preact/hooks";

const SHOWN_MS = 7000;
type Said = { words: string; kind: "note" | "error" };

let show: (said: Said) => void = () => {};

/** Tells the person something; the newest words replace the ones before. */
export function say(words: string, kind: Said["kind"] = "note") {
  show({ words, kind });
}

/** Tells what went wrong, in the words of the error. */
export function complain(error: unknown) {
  say(error instanceof Error ? error.message : String(error), "error");
}

export function Said() {
  const [said, setSaid] = useState<Said | null>(null);
  useEffect(() => {
    show = setSaid;
  }, []);
  useEffect(() => {
    const timer = said && setTimeout(() => setSaid(null), SHOWN_MS);
    return () => clearTimeout(timer ?? undefined);
  }, [said]);
  return (
    <div class="said" aria-live="assertive">
      {said && <p data-kind={said.kind}>{said.words}</p>}
    </div>
  );
}
