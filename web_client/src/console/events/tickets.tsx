// Tickets: the link for everyone, invitations by name, and who has come so far.

import { useState } from "preact/hooks";
import { ask, type CreatorEvent, type Ticket } from "../api";
import { Copy } from "../parts/copy";
import { complain, say } from "../parts/say";
import { Sure } from "../parts/sure";
import { useAsked } from "../parts/use-asked";

const STATES: Record<string, string> = {
  issued: "has not come yet",
  waiting: "in line",
  away: "in line, away for the moment",
  called: "called in",
  seated: "on stage",
  done: "was here",
  left: "left",
  no_show: "did not come when called",
  banned: "sent away",
  missed: "missed the event",
};
const REFRESH_S = 15; // fans come and go meanwhile
const VOIDABLE = ["issued", "waiting", "away"];
const OVER = ["done", "left", "no_show", "banned", "missed"];

export function Tickets({ event }: { event: CreatorEvent }) {
  const { value, fault, again } = useAsked<{ tickets: Ticket[] }>(`/events/${event.id}/tickets`, REFRESH_S);
  const [name, setName] = useState("");
  const [party, setParty] = useState("");
  const [invitation, setInvitation] = useState({ label: "", url: "" });

  const linkFor = async (ticket: Ticket) => {
    try {
      const { url, valid_s } = await ask<{ url: string; valid_s: number }>("POST", `/events/${event.id}/tickets/${ticket.id}/join`);
      setInvitation({ label: `For ${ticket.name} alone; it has to be opened within ${Math.round(valid_s / 60)} minutes`, url });
    } catch (error) {
      complain(error);
    }
  };
  const invite = async (submitted: Event) => {
    submitted.preventDefault();
    try {
      const { link } = await ask<{ link: string }>("POST", `/events/${event.id}/tickets`, { name: name.trim(), party: party.trim() });
      setInvitation({ label: `For ${name.trim()} alone; it may be opened again and again`, url: link });
      setName("");
      again();
    } catch (error) {
      complain(error);
    }
  };
  const revoke = async (id: string) => {
    await ask("DELETE", `/events/${event.id}/tickets/${id}`).catch(complain);
    again();
  };
  const forget = async ({ id, name: whose }: Ticket) => {
    try {
      await ask("DELETE", `/events/${event.id}/tickets/${id}/kept`);
      say(`Nothing is kept of ${whose || "this fan"} any more.`);
    } catch (error) {
      complain(error);
    }
  };
  return (
    <div class="tickets">
      <section class="card" aria-labelledby="links-title">
        <h2 id="links-title">Links to hand on</h2>
        {event.queue_rule !== "invited" && <Copy label="For fans: takes a ticket" text={publicLink("event", event.id)} />}
        {event.queue_rule === "invited" && <p>Only those you invite can come in.</p>}
        {event.spectators && <Copy label="For spectators" text={publicLink("watch", event.id)} />}
        <form class="inline" onSubmit={(submitted) => void invite(submitted)}>
          <label class="hidden" for="invite-name">
            Name of the fan
          </label>
          <input
            id="invite-name"
            type="text"
            maxLength={80}
            placeholder="Name of a fan to invite"
            value={name}
            onInput={(input) => setName(input.currentTarget.value)}
          />
          {event.group_size > 1 && (
            <input
              type="text"
              maxLength={40}
              aria-label="A word for friends who come together"
              placeholder="Friends’ word, if any"
              value={party}
              onInput={(input) => setParty(input.currentTarget.value)}
            />
          )}
          <button type="submit" disabled={!name.trim()}>
            Invite
          </button>
        </form>
        {invitation.url && <Copy label={invitation.label} text={invitation.url} />}
      </section>
      <section class="card" aria-labelledby="tickets-title">
        <h2 id="tickets-title">
          Tickets <span class="number">{value?.tickets.length ?? "…"}</span>
          <small> of {event.max_tickets}</small>
        </h2>
        {fault && <p class="fault">{fault}</p>}
        {value?.tickets.length === 0 && <p class="dim">Nobody has a ticket yet.</p>}
        <ul class="rows">
          {value?.tickets.map((ticket) => (
            <li key={ticket.id}>
              <span>
                {ticket.name || "A fan"} <small>{STATES[ticket.state] ?? ticket.state}</small>
                {ticket.invited && <small> · invited</small>}
                {ticket.party && <small> · with “{ticket.party}”</small>}
              </span>
              {VOIDABLE.includes(ticket.state) && (
                <span class="entry-acts">
                  <button type="button" class="small" onClick={() => void linkFor(ticket)}>
                    Link<span class="hidden"> for {ticket.name}</span>
                  </button>
                  <Sure
                    class="small"
                    question={`Take back the ticket of ${ticket.name}?`}
                    yes="Take it back"
                    onYes={() => void revoke(ticket.id)}
                  >
                    Take back<span class="hidden"> the ticket of {ticket.name}</span>
                  </Sure>
                </span>
              )}
              {OVER.includes(ticket.state) && (
                <Sure
                  class="small"
                  question={`Delete what is kept of ${ticket.name || "this fan"}: the recording, the words, and what the persona remembers?`}
                  yes="Delete it"
                  onYes={() => void forget(ticket)}
                >
                  Forget<span class="hidden"> {ticket.name}</span>
                </Sure>
              )}
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

/** A link for many: what it opens stands in the fragment, which no server's log holds. */
function publicLink(kind: "event" | "watch", id: string): string {
  return new URL(`/#${kind}=${id}`, location.href).href;
}
