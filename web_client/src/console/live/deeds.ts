// What a host did, in words: for the record beside the live view and for the one that the server keeps. Pure.

import type { ActFields, ActKind } from "./messages";

/** `name` is whom it was about. Nothing for what is no intervention, and for a kind that is not known here. */
export function inWords(kind: string, name: string, { text, seconds, place, allow }: ActFields): string {
  const words: Record<ActKind, string> = {
    direct: `Whispered “${text}”`,
    say: `Had it say “${text}”`,
    topic: `${allow ? "Allowed" : "Closed"} the topic “${text}”`,
    take_over: `Took over for ${name}`,
    hand_back: "Handed back to the avatar",
    mute: `Muted the talk with ${name}`,
    unmute: `Let the talk with ${name} go on`,
    watch: "",
    skip: `Let the next one go before ${name}`,
    end: `Ended the visit of ${name}`,
    extend: `Gave ${name} ${seconds} more seconds`,
    pause: "Paused the line",
    resume: "Let the line go on",
    reorder: `Moved ${name} to place ${place}`,
    ban: `Sent ${name} away for good`,
  };
  return words[kind as ActKind] ?? "";
}
