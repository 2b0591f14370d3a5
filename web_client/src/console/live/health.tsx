// How the server does: how fast the avatar answers, and whether it had to leave something out.

import type { Link } from "./connection";
import type { Live } from "./state";

const LINKS: Record<Link, string> = {
  connecting: "Connecting…",
  open: "Connected",
  lost: "The connection was lost; it is being made again… What you see is as it was.",
  refused: "Not connected",
};
const SLOW_MS = 1500;

export function Health({ health, link }: { health: Live["health"]; link: Link }) {
  const slow = health?.v2v_p50_ms != null && health.v2v_p50_ms > SLOW_MS;
  return (
    <p class="health" role="status" data-link={link} data-slow={slow}>
      <span class="lamp" aria-hidden="true" />
      <span class="link-state">{LINKS[link]}</span>
      {health?.v2v_p50_ms != null && (
        <span>
          answers in <b>{Math.round(health.v2v_p50_ms)} ms</b>
          {health.v2v_p95_ms != null && `, 19 of 20 within ${Math.round(health.v2v_p95_ms)} ms`}
        </span>
      )}
      {health && <span>{health.effort === 0 ? "nothing left out" : "busy: early guesses are left out"}</span>}
      {health && health.spectators > 0 && <span>{health.spectators} watching</span>}
    </p>
  );
}
