// Which screen is shown: it stands in the address after `#`, so that a link, a reload and the back button all work.

export const TABS = ["live", "tickets", "plan", "report"] as const;
export type Tab = (typeof TABS)[number];
export type Route =
  | { screen: "events" }
  | { screen: "new" }
  | { screen: "account" }
  | { screen: "record"; eventId: string } // "" for everything
  | { screen: "personas" }
  | { screen: "persona"; id: string } // "" for a new one
  | { screen: "host"; token: string } // by a host's own link, without an account
  | { screen: "event"; id: string; tab: Tab };

/** The route of an address; what it does not know leads to the list of events. */
export function routeOf(hash: string): Route {
  const token = new URLSearchParams(hash.replace(/^#/, "")).get("join");
  if (token) return { screen: "host", token };
  const [screen, id, tab] = hash.replace(/^#\/?/, "").split("/");
  if (screen === "new" || screen === "account" || screen === "personas") return { screen };
  if (screen === "record") return { screen, eventId: id ?? "" };
  if (screen === "persona") return { screen, id: id ?? "" };
  if (screen !== "events" || !id) return { screen: "events" };
  return { screen: "event", id, tab: TABS.find((known) => known === tab) ?? "live" };
}

/** The address of a route. */
export function linkTo(route: Exclude<Route, { screen: "host" }>): string {
  if (route.screen === "persona") return `#/persona/${route.id}`;
  if (route.screen === "record") return route.eventId ? `#/record/${route.eventId}` : "#/record";
  if (route.screen !== "event") return `#/${route.screen}`;
  return `#/events/${route.id}/${route.tab}`;
}
