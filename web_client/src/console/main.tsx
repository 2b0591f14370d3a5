// The creators' console, from the door on: who is signed in, which screen the address names. Start reading here.

import "./console.css";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Account } from "./account/account";
import { Door, type Session } from "./account/door";
import { ApiError, ask, rememberCsrf } from "./api";
import { EventPage } from "./events/event";
import { EventList } from "./events/list";
import { NewEvent } from "./events/new";
import { complain, Said } from "./parts/say";
import { linkTo, routeOf } from "./route";

type Doors = { sign_up?: boolean; oidc?: boolean };

function Console() {
  const [session, setSession] = useState<Session | null | "asking">("asking");
  const [doors, setDoors] = useState<Doors>({});
  const [route, setRoute] = useState(() => routeOf(location.hash));

  const begin = (found: Session) => {
    rememberCsrf(found.csrf);
    setSession(found);
  };
  const leave = async () => {
    await ask("POST", "/logout").catch(complain);
    setSession(null);
  };
  useEffect(() => {
    const turn = () => setRoute(routeOf(location.hash));
    addEventListener("hashchange", turn);
    ask<Session>("GET", "/me").then(begin, (error: ApiError) => {
      if (error.status !== 401) complain(error);
      setSession(null);
    });
    ask<Doors>("GET", "/doors").then(setDoors, () => {});
    return () => removeEventListener("hashchange", turn);
  }, []);

  return (
    <>
      <header>
        <a class="brand" href={linkTo({ screen: "events" })}>
          Stagedoor <span>console</span>
        </a>
        {session && session !== "asking" && (
          <nav aria-label="Console">
            <a href={linkTo({ screen: "events" })} aria-current={route.screen === "events" ? "page" : undefined}>
              Events
            </a>
            <a href={linkTo({ screen: "account" })} aria-current={route.screen === "account" ? "page" : undefined}>
              Account
            </a>
            <button type="button" class="quiet small" onClick={() => void leave()}>
              Sign out
            </button>
          </nav>
        )}
      </header>
      <Said />
      {session === null && <Door signUp={doors.sign_up ?? false} oidc={doors.oidc ?? false} onSession={begin} />}
      {session && session !== "asking" && (
        <>
          {route.screen === "events" && <EventList />}
          {route.screen === "new" && <NewEvent />}
          {route.screen === "account" && <Account creator={session.creator} />}
          {route.screen === "event" && <EventPage key={route.id} id={route.id} tab={route.tab} />}
        </>
      )}
    </>
  );
}

const place = document.getElementById("console");
if (place) render(<Console />, place);
