// Deleting an event: what goes with it, what stays, and not while fans are in it.

import { ask, type CreatorEvent } from "../api";
import { ForGood } from "../parts/for-good";
import { say } from "../parts/say";
import { linkTo } from "../route";

const GOES = [
  "Its tickets; links to them stop working.",
  "Its visits, transcripts and recordings. Fans can no longer open their keepsakes.",
  "Its report, and what you did in its live view.",
];
const STAYS = [
  "Its fans, as people who may come to your other events, and what personas remember of them, if they agreed to it.",
  "The persona.",
  "In your record: that there was an event with this title, and what was changed when.",
  "Keepsakes that fans downloaded before.",
];

export function DeleteEvent({ event }: { event: CreatorEvent }) {
  if (event.state === "open" || event.state === "paused") {
    return <p class="dim">An event can be deleted when it is closed.</p>;
  }
  const remove = async () => {
    await ask("DELETE", `/events/${event.id}`);
    location.hash = linkTo({ screen: "events" });
    say(`“${event.title}” is deleted, with all that was kept of it.`);
  };
  return (
    <p>
      <ForGood title={`Delete “${event.title}”?`} goes={GOES} stays={STAYS} typed={event.title} typedIs="its title" onYes={remove}>
        Delete this event
      </ForGood>
    </p>
  );
}
