// The creators' console, from the door on: who is signed in, which screen the address names. Start reading here.

import "./console.css";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Account } from "./account/account";
import { Door, type Session } from "./account/door";
import { expectSession, forgetSession, mayHaveSession } from "./account/session";
import { ask, rememberCsrf, whenSignedOut, type ApiError } from "./api";
import { EventPage } from "./events/event";
import { EventList } from "./events/list";
import { NewEvent } from "./events/new";
import { LiveView } from "./live/view";
import { complain, Said } from "./parts/say";
import { PersonaPage } from "./personas/editor";
import { PersonaList } from "./personas/list";
import { Changes } from "./record/changes";
import { linkTo, routeOf, type Route } from "./route";

const SCREENS: [string, Exclude<Route, { screen: "host" }>][] = [
  ["Events", { screen: "events" }],
  ["Personas", { screen: "personas" }],
  ["Record", { screen: "record", eventId: "" }],
  ["Account", { screen: "account" }],
];

function Console() {
  const [session, setSession] = useState<Session | null | "asking">("asking");
  const [ways, setWays] = useState({ sign_up: false, oidc: false });
  const [route, setRoute] = useState(() => routeOf(location.hash));

  const begin = (found: Session) => {
    rememberCsrf(found.csrf);
    expectSession();
    setSession(found);
  };
  const leaveBehind = () => {
    forgetSession();
    setSession(null);
  };
  const leave = async () => {
    await ask("POST", "/logout").catch(complain);
    leaveBehind();
  };
  useEffect(() => {
    const turn = () => setRoute(routeOf(location.hash));
    addEventListener("hashchange", turn);
    whenSignedOut(leaveBehind);
    const finding = mayHaveSession() ? ask<Session>("GET", "/me").then(begin) : Promise.reject();
    finding.catch((error?: ApiError) => {
      if (error && error.status !== 401) complain(error);
      setSession(null);
    });
    return () => removeEventListener("hashchange", turn);
  }, []);
  useEffect(() => {
    if (session === null) ask<typeof ways>("GET", "/login").then(setWays, complain);
  }, [session]);

  return (
    <>
      <header>
        <a class="brand" href={linkTo({ screen: "events" })}>
          Stagedoor <span>console</span>
        </a>
        {session && session !== "asking" && (
          <nav aria-label="Console">
            {SCREENS.map(([words, to]) => (
              <a key={words} href={linkTo(to)} aria-current={route.screen === to.screen ? "page" : undefined}>
                {words}
              </a>
            ))}
            <button type="button" class="quiet small" onClick={() => void leave()}>
              Sign out
            </button>
          </nav>
        )}
      </header>
      <Said />
      {route.screen === "host" && (
        <main class="page">
          <LiveView token={async () => route.token} />
        </main>
      )}
      {route.screen !== "host" && session === null && <Door ways={ways} onSession={begin} />}
      {session && session !== "asking" && (
        <>
          {route.screen === "events" && <EventList />}
          {route.screen === "new" && <NewEvent />}
          {route.screen === "account" && <Account creator={session.creator} onGone={leaveBehind} />}
          {route.screen === "record" && <Changes eventId={route.eventId} />}
          {route.screen === "personas" && <PersonaList />}
          {route.screen === "persona" && <PersonaPage key={route.id} id={route.id} />}
          {route.screen === "event" && <EventPage key={route.id} id={route.id} tab={route.tab} />}
        </>
      )}
    </>
  );
}

const place = document.getElementById("console");
if (place) render(<Console />, place);
