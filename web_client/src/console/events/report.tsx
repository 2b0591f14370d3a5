// What came of an event: its numbers, its charts, and the tables for those who count on.

import { useState } from "preact/hooks";
import { fileOf, type CreatorEvent } from "../api";
import { useAsked } from "../parts/use-asked";
import { linkTo } from "../route";
import { Actions } from "./actions";
import { figuresOf, type Report } from "./figures";
import { Visits } from "./visits";

export function ReportPage({ event }: { event: CreatorEvent }) {
  const base = `/events/${event.id}/report`;
  const { value, fault } = useAsked<Report>(base);
  const [noChart, setNoChart] = useState(false);
  const [opened] = useState(() => Date.now()); // or the browser shows the picture that it had the last time
  return (
    <div class="report">
      <section class="card" aria-labelledby="report-title">
        <h2 id="report-title">In numbers</h2>
        {event.state !== "closed" && <p class="note">The event is not over: these numbers still grow.</p>}
        {value?.visits === 0 && <p>{event.state === "closed" ? "Nobody came." : "Nobody has come yet."} Charts begin with the first visit.</p>}
        {fault && <p class="fault">{fault}</p>}
        <dl class="figures">
          {value &&
            figuresOf(value).map(({ label, figure, help }) => (
              <div key={label}>
                <dt>{label}</dt>
                <dd>
                  {figure}
                  {help && <small>{help}</small>}
                </dd>
              </div>
            ))}
        </dl>
        <p class="actions">
          <a class="button" href={fileOf(`${base}.csv`)} download={`${event.title}.csv`}>
            Table of all visits (CSV)
          </a>
          <a class="button" href={fileOf(`/events/${event.id}/export`)} download={`${event.title}.zip`}>
            Everything that is kept (ZIP)
          </a>
          <a href={linkTo({ screen: "record", eventId: event.id })}>What was changed of it, and when</a>
        </p>
      </section>
      {value && value.visits > 0 && !noChart && (
        <section class="card" aria-labelledby="charts-title">
          <h2 id="charts-title">In pictures</h2>
          <div class="chart" role="region" aria-labelledby="charts-title" tabIndex={0}>
            <img src={fileOf(`${base}.png?opened=${opened}`)} alt={`Charts of ${event.title}: waits, answer times and stars`} onError={() => setNoChart(true)} />
          </div>
        </section>
      )}
      {value && value.visits > 0 && <Visits visits={value.each} />}
      <Actions eventId={event.id} />
    </div>
  );
}
