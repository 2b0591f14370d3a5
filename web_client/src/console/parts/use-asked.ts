// Something asked of the server for a screen: what it said, or why it could not be had, and a way to ask again.

import { useCallback, useEffect, useState } from "preact/hooks";
import { ask } from "../api";

type Asked<T> = { value: T | null; fault: string; again: () => void };

/** `everyS`: asked anew so often, for what others change meanwhile; 0 is once. */
export function useAsked<T>(path: string, everyS = 0): Asked<T> {
  const [value, setValue] = useState<T | null>(null);
  const [fault, setFault] = useState("");
  const again = useCallback(() => {
    ask<T>("GET", path).then(
      (said) => {
        setValue(said);
        setFault("");
      },
      (error: Error) => setFault(error.message),
    );
  }, [path]);
  useEffect(() => {
    again();
    const timer = everyS ? setInterval(again, 1000 * everyS) : undefined;
    return () => clearInterval(timer);
  }, [again, everyS]);
  return { value, fault, again };
}
