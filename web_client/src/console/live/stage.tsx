// The stage on the console: nothing is loaded before it is opened, and nothing is drawn after it is closed.

import { useEffect, useRef, useState } from "preact/hooks";
import { complain } from "../parts/say";
import type { HostConnection } from "./connection";
import type { Visit } from "./state";
import type { Watch } from "./watch";

const REACTIONS = [["heart", "hearts"], ["applause", "applause"], ["laugh", "laughs"], ["wow", "wows"]] as const;

/** `chosenId`: the visit that the host asked to watch; "" follows the stage. */
type Needs = { host: HostConnection; visit: Visit | undefined; chosenId: string; speaking: boolean };

export function StageCard({ host, visit, chosenId, speaking }: Needs) {
  const place = useRef<HTMLDivElement>(null);
  const [watch, setWatch] = useState<Watch | null>(null);
  const [loud, setLoud] = useState(true);

  useEffect(() => {
    host.onStream = (message) => watch?.take(message);
    return () => {
      host.onStream = () => {};
      watch?.close();
    };
  }, [watch]);
  useEffect(() => {
    if (watch) watch.loud = loud && !speaking;
  }, [watch, loud, speaking]);

  useEffect(() => watch?.startOver(), [chosenId]);

  const open = async () => {
    if (!place.current || !host.welcome) return;
    try {
      const { Watch } = await import("./watch");
      const opening = new Watch(place.current);
      await opening.open(host.welcome, loud && !speaking);
      setWatch(opening);
    } catch (error) {
      complain(error);
    }
  };
  const { reactions } = host.live;
  const felt = REACTIONS.filter(([kind]) => reactions[kind]);
  return (
    <section class="card stage" aria-labelledby="stage-title">
      <h2 id="stage-title" class="hidden">
        Stage
      </h2>
      <div ref={place} class="spot" data-view="drawn" role="img" aria-label="The avatar, as spectators see it" data-open={watch !== null}>
        <canvas class="drawn" />
        <canvas class="room3d" />
      </div>
      {!watch && (
        <div class="curtain">
          <p>{visit ? `${visit.name || "A fan"} is on stage.` : "Nobody is on stage yet."}</p>
          <button type="button" onClick={() => void open()} disabled={!host.welcome}>
            Open the stage
          </button>
          <small>Picture and sound, as spectators get them.</small>
        </div>
      )}
      <p class="under" hidden={!watch && felt.length === 0}>
        <span class="counts">
          {felt.map(([kind, words]) => (
            <span key={kind}>
              <b>{reactions[kind]}</b> {words}
            </span>
          ))}
        </span>
        {watch && (
          <>
            <button type="button" class="small" aria-pressed={!loud} onClick={() => setLoud(!loud)}>
              {loud ? "Sound off" : "Sound on"}
            </button>
            <button type="button" class="small" onClick={() => setWatch(null)}>
              Close
            </button>
          </>
        )}
      </p>
    </section>
  );
}
