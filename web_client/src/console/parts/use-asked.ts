// Something asked of the server for a screen: what it said, or why it could not be had, and a way to ask again.

import { useCallback, useEffect, useState } from "preact/hooks";
import { ask } from "../api";

type Asked<T> = { value: T | null; fault: string; again: () => void };

export function useAsked<T>(path: string): Asked<T> {
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
  useEffect(again, [again]);
  return { value, fault, again };
}
