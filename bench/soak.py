"""A whole meet-and-greet with real models: fans come in one after another for half an hour. Does anything wear out?

`python -m bench.soak --minutes 30` starts a real server, opens an event by its REST API, and keeps a crowd of recorded
fans in its line: each takes a ticket, waits, comes in the moment they are called, talks until the avatar has said
goodbye, and goes; another takes their place. Writes out/bench/soak.json and queue.json (flat, units in the names). The
greeting is timed from the acknowledgement of the disclosure, sent at once, to its first sound at the client.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import psutil

from bench.clips import Clip, ClipError, load_clips, whole_turns
from bench.fan import Fan, FanError
from bench.measures import percentile
from bench.server_process import HOUSE, ServerProcess, ServerProcessError
from protocol.messages import ReplyChunk, TurnReport
from protocol.visit_messages import SlotTime

PLACES = 2
CROWD = 4  # fans who talk or wait at the same time
SLOT_S, OVERTIME_S = 45.0, 10.0
PAUSE_S = 1.5  # between a reply and the fan's next words
LEAVE_S = 10.0  # of goodbye
WATCH_S = 15.0
WARM_SHARE = 0.3  # of the time, in which caches fill: memory is compared from there on

Figure = float | int | str | None


@dataclass(slots=True)
class Seen:
    """What the fans saw and the machine used."""

    greeting_ms: list[float] = field(default_factory=list)
    wait_s: list[float] = field(default_factory=list)
    v2v_ms: list[float] = field(default_factory=list)
    phases: list[Sequence[str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    rss_mb: list[tuple[float, float]] = field(default_factory=list)  # minutes since the beginning, MB


class Box:
    """The event's office: tickets by the REST API."""

    def __init__(self, url: str) -> None:
        self._http = httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=20.0)
        self._event = ""

    async def open(self) -> None:
        """Makes an account and an event, and opens it. Raises FanError."""
        account = {"name": "Bench", "email": "bench@example.org", "password": "a long soak in warm water"}
        me = await self._post("/creators", account)
        self._http.headers["X-CSRF-Token"] = me["csrf"]
        now = datetime.now(UTC)
        event = {
            "title": "Soak", "persona_id": "nova", "opens_at": now.isoformat(), "places": PLACES, "slot_s": SLOT_S,
            "closes_at": (now + timedelta(days=1)).isoformat(), "overtime_s": OVERTIME_S, "max_tickets": 10_000,
        }  # fmt: skip
        self._event = (await self._post("/events", event))["id"]
        await self._post(f"/events/{self._event}/open", {})

    async def ticket(self, name: str) -> str:
        """The join token of a new fan's ticket. Raises FanError."""
        made = await self._post(f"/events/{self._event}/tickets", {"name": name})
        joined = await self._post(f"/events/{self._event}/tickets/{made['ticket_id']}/join", {})
        token: str = joined["token"]
        return token

    async def states(self) -> dict[str, int]:
        """How many tickets are in which state."""
        found: dict[str, int] = (await self._http.get(f"/events/{self._event}")).json()["tickets"]
        return found

    async def close(self) -> None:
        """Lets go of the server."""
        await self._http.aclose()

    async def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        answer = await self._http.post(path, json=body)
        if answer.is_error:
            raise FanError(f"POST {path}: {answer.status_code} {answer.text}")
        return answer.json()


async def visit(url: str, token: str, clips: Sequence[Clip], seed: int, seen: Seen) -> None:
    """One fan's evening. Raises FanError."""
    arrived_at = asyncio.get_running_loop().time()
    async with Fan(url, token, seed=seed, patience_s=1800.0) as fan:
        seen.wait_s.append(fan.entered_at - arrived_at)
        await fan.until(lambda: any(isinstance(a.message, ReplyChunk) for a in fan.arrivals), 20.0)
        first = next((a.at for a in fan.arrivals if isinstance(a.message, ReplyChunk)), None)
        if first is not None:
            seen.greeting_ms.append((first - fan.entered_at) * 1000)
        await fan.hear_greeting()
        for k in count(seed):
            if _is_over(fan):
                break
            await fan.utter(clips[k % len(clips)])
            await fan.until(lambda: _is_over(fan), PAUSE_S)
            await fan.until(lambda: fan.reply_is_over() or _is_over(fan), LEAVE_S)
        await fan.until(fan.reply_is_over, LEAVE_S)
        seen.v2v_ms += [
            a.message.voice_to_voice_ms
            for a in fan.arrivals
            if isinstance(a.message, TurnReport) and a.message.turn_id > 0
        ]
        seen.phases.append([a.message.phase for a in fan.arrivals if isinstance(a.message, SlotTime)])
        seen.problems += [f"{error.code}: {error.message}" for error in fan.errors]


def _is_over(fan: Fan) -> bool:
    return any(isinstance(a.message, SlotTime) and a.message.phase == "over" for a in fan.arrivals)


async def soak(server: ServerProcess, clips: Sequence[Clip], minutes: float) -> tuple[Seen, dict[str, int]]:
    """Keeps the line full for so long, then lets everybody finish."""
    seen, box, loop = Seen(), Box(server.url), asyncio.get_running_loop()
    began_at, numbers = loop.time(), count(1)
    await box.open()

    async def fans() -> None:
        while loop.time() < began_at + 60 * minutes:
            number = next(numbers)
            try:
                await visit(server.ws_url, await box.ticket(f"Fan {number}"), clips, number, seen)
            except FanError as error:
                seen.problems.append(str(error))

    async def watch() -> None:
        while True:
            process = psutil.Process(server.pid)
            everything = [process, *process.children(recursive=True)]
            rss = sum(one.memory_info().rss for one in everything) / 2**20
            seen.rss_mb.append(((loop.time() - began_at) / 60, rss))
            await asyncio.sleep(WATCH_S)

    watching = asyncio.create_task(watch(), name="watch")
    try:
        await asyncio.gather(*(fans() for _ in range(CROWD)))
        return seen, await box.states()
    finally:
        watching.cancel()
        await box.close()


def summarise(seen: Seen, states: Mapping[str, int], minutes: float) -> dict[str, Figure]:
    """The flat figures."""
    warm = [mb for minute, mb in seen.rss_mb if minute >= WARM_SHARE * minutes]
    finished = sum("over" in phases for phases in seen.phases)
    return {
        "minutes": minutes,
        "places": PLACES,
        "visits": len(seen.phases),
        "visits_with_goodbye": finished,
        "tickets": sum(states.values()),
        "tickets_done": states.get("done", 0),
        "tickets_not_ended": sum(states.get(state, 0) for state in ("waiting", "away", "called", "seated")),
        "problems": len(seen.problems),
        "wait_p50_s": percentile(seen.wait_s, 50),
        "v2v_p50_ms": percentile(seen.v2v_ms, 50),
        "v2v_p95_ms": percentile(seen.v2v_ms, 95),
        "turns": len(seen.v2v_ms),
        "rss_begin_mb": round(warm[0], 1) if warm else None,
        "rss_end_mb": round(warm[-1], 1) if warm else None,
        "rss_growth_mb_per_h": _slope(seen, minutes),
    }


def _slope(seen: Seen, minutes: float) -> float | None:
    """Least squares through the memory after the caches filled."""
    points = [(minute / 60, mb) for minute, mb in seen.rss_mb if minute >= WARM_SHARE * minutes]
    if len(points) < 3:
        return None
    mean_h, mean_mb = (sum(values) / len(points) for values in zip(*points, strict=True))
    spread = sum((hour - mean_h) ** 2 for hour, _ in points)
    return round(float(sum((hour - mean_h) * (mb - mean_mb) for hour, mb in points) / spread), 1)


def queue_figures(seen: Seen) -> dict[str, Figure]:
    """How soon the avatar greets whoever comes in."""
    return {
        "greeting_p50_ms": percentile(seen.greeting_ms, 50),
        "greeting_p95_ms": percentile(seen.greeting_ms, 95),
        "greeting_max_ms": percentile(seen.greeting_ms, 100),
        "greetings": len(seen.greeting_ms),
        "greeting_target_ms": 200,
        "places": PLACES,
    }


def main(argv: Sequence[str]) -> int:
    """Runs the soak and prints its figures; exits with 1 when it could not be run or somebody was not served."""
    parser = argparse.ArgumentParser(prog="bench.soak", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--clips", type=Path, default=HOUSE / "tests" / "clips", help="folder with manifest.csv")
    parser.add_argument("--out", type=Path, default=HOUSE / "out" / "bench")
    options = parser.parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    settings = {
        "server.max_sessions": str(2 * PLACES),
        "accounts.sign_up": "open",
        "accounts.tries_per_minute": "1000",
        "limits.max_idle_s": "600",
    }
    try:
        clips = whole_turns(load_clips(options.clips))
        with ServerProcess(settings, log=options.out / "soak_server.log") as server:
            seen, states = asyncio.run(soak(server, clips, options.minutes))
    except (ClipError, FanError, ServerProcessError) as error:
        print(f"soak: {error}", file=sys.stderr)
        return 1
    figures, queue = summarise(seen, states, options.minutes), queue_figures(seen)
    (options.out / "soak.json").write_text(json.dumps({**figures, "states": states}, indent=2) + "\n", "utf-8")
    (options.out / "queue.json").write_text(json.dumps(queue, indent=2) + "\n", "utf-8")
    width = max(map(len, (*figures, *queue)))
    print("\n".join(f"  {name:<{width}}  {value}" for name, value in {**figures, **queue}.items()))
    for problem in seen.problems[:20]:
        print(f"  problem: {problem}")
    return 0 if not seen.problems and not figures["tickets_not_ended"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
