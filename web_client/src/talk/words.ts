// What the page says when something goes wrong: the server's codes in words a visitor can act on.

const BY_CODE: Record<string, string> = {
  bad_token: "This join link is not valid any more. Please ask for a new one.",
  busy: "Every place is taken at the moment. Please try again in a minute.",
  idle: "Nothing was heard from you for a while, so the visit was ended.",
  session_over: "The time of this visit is over. Thank you for coming.",
  slow_reader: "Your connection was too slow for the voice to keep up.",
  too_large: "Something that was sent was too large.",
  rate_limited: "That was too much at once. Please wait a moment.",
  unsupported: "This page and the server do not speak the same version. Please reload the page.",
  engine_failed: "Something failed on our side while answering. Please say it again.",
  internal: "Something failed on our side.",
  resume_refused: "You were away for too long, so that visit is over. You can begin a new one.",
  taken_over: "This visit goes on in another tab or on another device.",
  ticket_over: "This ticket was used, or is not valid any more.",
  event_closed: "The event is closed. Thank you for coming.",
  no_show: "It was your turn, but nobody came in. You can get in line again, a few places back.",
  overloaded: "Very much is going on just now. Please say it again in a moment.",
};

/** Words for an `error` message. A code we do not know is shown in the server's own words. */
export function wordsForError({ code, message }: { code: string; message: string }): string {
  return BY_CODE[code] ?? `The server reported a problem: ${message}`;
}

/** Words for a connection that closed without a reason given before. */
export function wordsForClose(wasOpen: boolean): string {
  return wasOpen
    ? "The connection was lost. You can come back; it will be a new conversation."
    : "The server could not be reached. It may be starting, or your network may block it.";
}
