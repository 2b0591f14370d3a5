// Taking over: the host's own voice through the avatar's face. While it is on, the whole page says so in red.

import { useEffect, useRef, useState } from "preact/hooks";
import { loudness, Mic } from "../../audio/mic";
import { complain } from "../parts/say";
import type { HostConnection } from "./connection";
import type { ActFields, ActKind } from "./messages";
import type { Visit } from "./state";

type Needs = {
  host: HostConnection;
  visit: Visit;
  persona: string;
  act: (kind: ActKind, fields?: ActFields) => Promise<boolean>;
  onSpeaking: (speaking: boolean) => void; // told false too when all of this goes away
};

export function Voice({ host, visit, persona, act, onSpeaking }: Needs) {
  const [live, setLive] = useState(false);
  const [hold, setHold] = useState(true);
  const [held, setHeld] = useState(false);
  const [level, setLevel] = useState(0);
  const heard = live && (!hold || held);
  const sends = useRef(false);
  sends.current = heard;
  const mic = useRef<Mic>(null);
  mic.current ??= new Mic((chunk) => {
    if (sends.current) host.speak(chunk);
    setLevel(sends.current ? loudness(chunk) : 0);
  });

  const here = useRef(true); // another visit may be chosen while the microphone or the server is still asked
  const about = { visit_id: visit.visit_id };
  const takeOver = async () => {
    try {
      await mic.current?.open(host.welcome?.audio_in.sample_rate_hz ?? 16_000);
    } catch (error) {
      return complain(error);
    }
    const taken = here.current && (await act("take_over", about));
    if (taken && here.current) return setLive(true);
    mic.current?.close();
    if (taken) void act("hand_back", about);
  };
  const handBack = () => {
    void act("hand_back", about);
    setLive(false);
    setHeld(false);
  };
  useEffect(() => {
    onSpeaking(live);
    if (!live) mic.current?.close();
  }, [live]);
  useEffect(() => setLive(false), [host.welcome, host.link]); // the server hands back by itself when its host is gone
  useEffect(
    () => () => {
      here.current = false;
      mic.current?.close();
      onSpeaking(false);
    },
    [],
  );
  useSpaceBar(live && hold, setHeld);
  const place = useKeptFocus(live);

  if (!live) {
    return (
      <div ref={place} class="voice">
        <button type="button" class="take-over" onClick={() => void takeOver()}>
          Take over with my voice
        </button>
        <small>{visit.name || "The fan"} is told that it is you who speaks.</small>
      </div>
    );
  }
  return (
    <div ref={place} class="voice on-air" data-heard={heard}>
      <p role="alert">
        <strong>You are live.</strong> {visit.name || "The fan"} hears your voice from {persona}’s face, and was told so.
      </p>
      <meter min={0} max={1} value={level} aria-label="Loudness of your voice" />
      <p class="actions">
        {hold && (
          <button
            type="button"
            class="hold"
            aria-pressed={held}
            onPointerDown={() => setHeld(true)}
            onPointerUp={() => setHeld(false)}
            onPointerLeave={() => setHeld(false)}
          >
            {held ? "Let go to stop" : "Hold to speak"}
          </button>
        )}
        <label class="choice">
          <input type="checkbox" checked={!hold} onChange={(event) => setHold(!event.currentTarget.checked)} />
          <span>Keep my microphone open</span>
        </label>
        <button type="button" class="hand-back" onClick={handBack}>
          Hand back to {persona}
        </button>
      </p>
    </div>
  );
}

/** When one set of buttons takes the place of another, the keyboard goes on with the new first one. */
function useKeptFocus(changes: boolean) {
  const place = useRef<HTMLDivElement>(null);
  const before = useRef(changes);
  useEffect(() => {
    if (before.current !== changes && document.activeElement === document.body) place.current?.querySelector("button")?.focus();
    before.current = changes;
  }, [changes]);
  return place;
}

/** Holding the space bar is holding the button, unless something is typed or another button has the focus. */
function useSpaceBar(active: boolean, onHold: (held: boolean) => void) {
  useEffect(() => {
    if (!active) return;
    const key = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.key !== " " || target.matches("input, textarea, select, summary, button:not(.hold)")) return;
      event.preventDefault();
      onHold(event.type === "keydown");
    };
    const letGo = () => onHold(false);
    document.addEventListener("keydown", key);
    document.addEventListener("keyup", key);
    addEventListener("blur", letGo);
    return () => {
      document.removeEventListener("keydown", key);
      document.removeEventListener("keyup", key);
      removeEventListener("blur", letGo);
    };
  }, [active]);
}
