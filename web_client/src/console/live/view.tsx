// The live view of one event: the stage, the talk, the line, and everything a host can do meanwhile.

import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import { say } from "../parts/say";
import { HostConnection } from "./connection";
import { Health } from "./health";
import type { ActFields, ActKind } from "./messages";
import { Mood } from "./mood";
import { Queue } from "./queue";
import { Record } from "./record";
import { StageCard } from "./stage";
import { talkOf } from "./state";
import { Topics, Waiting } from "./topics";
import { Transcript } from "./transcript";
import { VisitBar, VisitTabs } from "./visit-bar";
import { Voice } from "./voice";
import { Whisper } from "./whisper";

type Needs = { token: () => Promise<string>; earlier?: { at: string; words: string }[]; onPaused?: () => void };

/** `token` gives a host's join token; `earlier`: what is in the record; `onPaused`: the line was paused, or goes on. */
export function LiveView({ token, earlier = [], onPaused = () => {} }: Needs) {
  const host = useHost(token);
  const [chosenId, setChosen] = useState("");
  const [speaksIn, setSpeaksIn] = useState(""); // the visit that the host speaks in: nothing takes them out of it
  const speaking = speaksIn !== "";
  const { live, link, welcome } = host;
  const byId = (id: string) => live.visits.find(({ visit_id: visitId }) => visitId === id);
  const visit = byId(speaksIn) ?? byId(chosenId) ?? byId(live.stage.visitId) ?? live.visits[0];
  const persona = welcome?.persona.name ?? "the avatar";

  const act = async (kind: ActKind, fields?: ActFields): Promise<boolean> => {
    const { ok, why } = await host.act(kind, fields);
    if (!ok) say(`That was not done: ${why}.`, "error");
    if (kind === "pause" || kind === "resume") onPaused();
    return ok;
  };
  const choose = (id: string) => {
    if (speaking && id !== speaksIn) void act("hand_back", { visit_id: speaksIn });
    setSpeaksIn("");
    setChosen(id);
    void act("watch", { visit_id: id });
  };
  useEffect(() => {
    document.body.dataset.onAir = String(speaking);
  }, [speaking]);
  useEffect(() => () => void delete document.body.dataset.onAir, []);

  if (link === "refused") {
    return (
      <section class="card">
        <h2>The live view could not be opened</h2>
        <p>{host.refusal}</p>
        <button type="button" onClick={() => void host.open()}>
          Try again
        </button>
      </section>
    );
  }
  return (
    <div class="live">
      <Health health={live.health} link={link} />
      <div class="column">
        <StageCard {...{ host, visit, speaking }} chosenId={byId(chosenId) ? chosenId : ""} />
        {visit && <Voice key={visit.visit_id} {...{ host, visit, persona, act }} onSpeaking={(on) => setSpeaksIn(on ? visit.visit_id : "")} />}
      </div>
      <section class="card talk" aria-labelledby="talk-title">
        <h2 id="talk-title" class="hidden">
          Who is on stage
        </h2>
        {visit ? (
          <>
            <VisitTabs visits={live.visits} chosen={visit} choose={choose} />
            <VisitBar {...{ visit, persona, act }} />
            <Mood visit={visit} />
            <div class="talk-log">
              <Waiting {...{ visit, act }} />
              <Transcript lines={talkOf(live.visits, visit)} visitId={visit.visit_id} persona={persona} />
            </div>
            <Whisper {...{ visit, persona, act }} />
          </>
        ) : (
          <p class="empty dim">Nobody is on stage. The next one in line is called in by itself.</p>
        )}
      </section>
      <div class="column">
        <Queue queue={live.queue} inLine={live.inLine} paused={live.paused} act={act} />
        {visit && <Topics {...{ visit, act }} />}
        <Record deeds={live.deeds} earlier={earlier} />
      </div>
    </div>
  );
}

/** The connection of this screen: opened with it, closed with it; the screen follows it, at most once a frame. */
function useHost(token: Needs["token"]): HostConnection {
  const [, again] = useReducer((n: number) => n + 1, 0);
  const host = useRef<HostConnection>(null);
  host.current ??= new HostConnection(token);
  useEffect(() => {
    const mine = host.current!;
    let frame = 0;
    const draw = () => {
      frame = 0;
      again(undefined);
    };
    mine.onChange = () => void (frame ||= requestAnimationFrame(draw));
    void mine.open();
    return () => {
      cancelAnimationFrame(frame);
      mine.close();
    };
  }, []);
  return host.current;
}
