// The audit, read page by page from its end: what was read so far, and whether there is more.

import { useEffect, useState } from "preact/hooks";
import { ask, type Change } from "../api";

const PAGE = 100;
type Read = { changes: Change[]; fault: string; more: (() => void) | null };

/** `eventId`: only what belongs to this event; "" for everything. */
export function useChanges(eventId: string): Read {
  const [changes, setChanges] = useState<Change[]>([]);
  const [more, setMore] = useState(false);
  const [fault, setFault] = useState("");
  const read = async (before: Change[]) => {
    const from = before.at(-1)?.id;
    const about = new URLSearchParams({ limit: String(PAGE), ...(eventId && { event: eventId }), ...(from && { before: from }) });
    try {
      const { changes: found } = await ask<{ changes: Change[] }>("GET", `/audit?${about}`);
      setChanges([...before, ...found]);
      setMore(found.length === PAGE);
      setFault("");
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
    }
  };
  useEffect(() => void read([]), [eventId]);
  return { changes, fault, more: more ? () => void read(changes) : null };
}
