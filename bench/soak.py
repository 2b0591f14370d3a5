"""A whole meet-and-greet with real models: fans come in one after another for half an hour. Does anything wear out?

`python -m bench.soak --minutes 30` starts a real server, opens an event by its REST API, and keeps a crowd of recorded
fans in its line: each takes a ticket, waits, comes in the moment they are called, talks until the avatar has said
goodbye, and goes; another takes their place. Writes out/bench/soak.json and queue.json (flat, units in the names). The
greeting is timed from the acknowledgement of the disclosure, sent at once, to its first sound at the client. It ends
with a verdict (wear.py), so nobody need watch: exit status 1 when a ticket was lost, a seat given twice, a fan not
served, or something grew.
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
from bench.wear import Figure, Sample, Seats, ticket_figures, verdict, wear_figures
from protocol.messages import ReplyChunk, TurnReport
from protocol.visit_messages import SlotTime

PLACES = 2
CROWD = 4  # fans who talk or wait at the same time
SLOT_S, OVERTIME_S = 45.0, 10.0
PAUSE_S = 1.5  # between a reply and the fan's next words
LEAVE_S = 10.0  # of goodbye
WATCH_S = 5.0


@dataclass(slots=True)
class Seen:
    """What the fans saw and the machine used."""

    greeting_ms: list[float] = field(default_factory=list)
    wait_s: list[float] = field(default_factory=list)
    v2v_ms: list[float] = field(default_factory=list)
    phases: list[Sequence[str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    seats: Seats = field(default_factory=lambda: Seats(PLACES))


class Box:
    """The event's office: tickets by the REST API."""

    def __init__(self, url: str) -> None:
        self._http = httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=20.0)
        self._event = ""
        self.issued = 0

    async def open(self, **chosen: Any) -> None:
        """Makes an account and an event, and opens it; `chosen`: of the event. Raises FanError."""
        account = {"name": "Bench", "email": "bench@example.org", "password": "a long soak in warm water"}
        me = await self._post("/creators", account)
        self._http.headers["X-CSRF-Token"] = me["csrf"]
        now = datetime.now(UTC)
        event = {
            "title": "Soak", "persona_id": "nova", "opens_at": now.isoformat(), "places": PLACES, "slot_s": SLOT_S,
            "closes_at": (now + timedelta(days=1)).isoformat(), "overtime_s": OVERTIME_S, "max_tickets": 10_000,
            **chosen,
        }  # fmt: skip
        self._event = (await self._post("/events", event))["id"]
        await self._post(f"/events/{self._event}/open", {})

    async def ticket(self, name: str) -> str:
        """The join token of a new fan's ticket. Raises FanError."""
        made = await self._post(f"/events/{self._event}/tickets", {"name": name})
        self.issued += 1
        joined = await self._post(f"/events/{self._event}/tickets/{made['ticket_id']}/join", {})
        token: str = joined["token"]
        return token

    async def states(self) -> dict[str, int]:
        """How many tickets are in which state."""
        found: dict[str, int] = (await self._http.get(f"/events/{self._event}")).json()["tickets"]
        return found

    async def tickets(self) -> list[dict[str, Any]]:
        """Every ticket as it is now."""
        found: list[dict[str, Any]] = (await self._http.get(f"/events/{self._event}/tickets")).json()["tickets"]
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


def used(server: ServerProcess, minute: float) -> Sample:
    """What the server and its processes use just now."""
    process = psutil.Process(server.pid)
    everything = [process, *process.children(recursive=True)]
    return Sample(
        minute,
        sum(one.memory_info().rss for one in everything) / 2**20,
        sum(one.num_fds() for one in everything),
        sum(one.num_threads() for one in everything),
        int(server.counters()["stagedoor_tasks"]),
    )


async def soak(server: ServerProcess, clips: Sequence[Clip], minutes: float) -> tuple[Seen, dict[str, Figure]]:
    """Keeps the line full for so long, then lets everybody finish. Returns what became of the tickets too."""
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
            seen.samples.append(await asyncio.to_thread(used, server, (loop.time() - began_at) / 60))
            seen.seats.look(await box.tickets())
            await asyncio.sleep(WATCH_S)

    watching = asyncio.create_task(watch(), name="watch")
    try:
        await asyncio.gather(*(fans() for _ in range(CROWD)))
        if watching.done():
            watching.result()  # it never ends by itself
        seen.seats.look(await box.tickets())
        return seen, ticket_figures(box.issued, await box.states(), seen.seats)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await box.close()


def summarise(seen: Seen, tickets: Mapping[str, Figure], minutes: float) -> dict[str, Figure]:
    """The flat figures."""
    finished = sum("over" in phases for phases in seen.phases)
    return {
        "minutes": minutes,
        "places": PLACES,
        "visits": len(seen.phases),
        "visits_with_goodbye": finished,
        **tickets,
        "problems": len(seen.problems),
        "wait_p50_s": percentile(seen.wait_s, 50),
        "v2v_p50_ms": percentile(seen.v2v_ms, 50),
        "v2v_p95_ms": percentile(seen.v2v_ms, 95),
        "turns": len(seen.v2v_ms),
        **wear_figures(seen.samples, minutes),
    }


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
    """Runs the soak and prints its figures; exits with 1 when it could not be run, or something is wrong."""
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
            seen, tickets = asyncio.run(soak(server, clips, options.minutes))
    except (ClipError, FanError, ServerProcessError) as error:
        print(f"soak: {error}", file=sys.stderr)
        return 1
    figures, queue = summarise(seen, tickets, options.minutes), queue_figures(seen)
    wrong = verdict(figures, options.minutes)
    (options.out / "soak.json").write_text(json.dumps({**figures, "verdict": wrong}, indent=2) + "\n", "utf-8")
    (options.out / "queue.json").write_text(json.dumps(queue, indent=2) + "\n", "utf-8")
    width = max(map(len, (*figures, *queue)))
    print("\n".join(f"  {name:<{width}}  {value}" for name, value in {**figures, **queue}.items()))
    for problem in (*seen.problems[:20], *seen.seats.wrong[:20]):
        print(f"  problem: {problem}")
    print("soak: " + ("; ".join(wrong) or "nothing wore out, nobody was lost"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
