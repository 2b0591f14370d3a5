"""What an audience costs: how much later 200 spectators get each slice than the fan does. `python -m bench.stage`

A real server (uvicorn, real sockets) with scripted engines in this process; the fan and the spectators in another one
on the same machine, which is part of what is measured. Writes out/bench/stage.json, flat, units in the names.
"""

import argparse
import asyncio
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any, Final

from protocol.messages import Limits
from server.events.line import EventRules
from server.events.seats import LiveVisit, Seat
from server.listener import bind, build_asgi, build_server
from server.room import Room
from server.stage.backstage import Backstage
from server.tokens import JoinClaims
from tests.session.stage_house import Kept, MadeUpDesk, MadeUpDesks
from tests.session.world import World

TARGET_P95_MS: Final = 30.0
STORY: Final = " ".join(f"And then, on day {day}, we drove on to the sea." for day in range(7))


def main() -> None:
    """Measures both encodings that pages ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spectators", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=28.0)
    parser.add_argument("--out", type=Path, default=Path("out/bench/stage.json"))
    args = parser.parse_args()
    figures: dict[str, float] = {"spectators": args.spectators, "target_p95_ms": TARGET_P95_MS}
    for encoding, mark in (("opus", ""), ("pcm16", "_pcm16")):
        for name, value in asyncio.run(measure(args.spectators, encoding, args.seconds)).items():
            figures[name.replace("spectator_", f"spectator{mark}_", 1)] = value
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures, indent=1))


async def measure(n: int, encoding: str, seconds: float) -> dict[str, float]:
    """Figures of one audience."""
    world = World(answers=lambda prompt: STORY, limits=Limits(max_messages_per_s=500))
    room = world.room()
    listening = bind("127.0.0.1", 0)
    server = build_server(build_asgi(room, ()))
    serving = asyncio.create_task(server.serve(sockets=[listening]), name="serve")
    seating = asyncio.create_task(seat(room), name="seat")
    spectator = room.signer.sign(JoinClaims(event="e1", role="spectator"), valid_s=600)
    fan = room.signer.sign(JoinClaims(), valid_s=600)
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    audience = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.stage_audience", str(listening.getsockname()[1]), fan, spectator,
        str(n), encoding, str(seconds), stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        out, _ = await asyncio.wait_for(audience.communicate(), seconds + 120)
    finally:
        after, took_s = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter() - began
        server.should_exit = True
        seating.cancel()
        await asyncio.gather(serving, seating, return_exceptions=True)
        await room.close()
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {**summary(json.loads(out.splitlines()[-1])), "spectator_server_core_share": round(cpu_s / took_s, 3)}


async def seat(room: Room) -> None:
    """Puts the fan who comes in on the stage of an event."""
    desk: Any = MadeUpDesk(EventRules("e1", "The bench", spectators=True))
    desks: Any = MadeUpDesks(desk)
    room.backstage = backstage = Backstage(desks, Kept(), room.lanes, lambda: (room.n_sessions, 0))
    while not room.n_sessions:
        await asyncio.sleep(0.01)
    (session,) = room._sessions
    place = Seat(desk.rules, "t1", "f1", "Ana", 0, 600.0, session.persona)
    await backstage.attend(LiveVisit(place, session, "v1"))
    await asyncio.Event().wait()


def summary(seen: dict[str, Any]) -> dict[str, float]:
    """Delays as a client sees them: behind the fan's own, in the same process."""
    delays = sorted(seen["delays_ms"])

    def at(share: float) -> float:
        return round(delays[int(share * (len(delays) - 1))], 2) if delays else -1.0

    return {
        "spectator_delay_p50_ms": at(0.5),
        "spectator_delay_p95_ms": at(0.95),
        "spectator_delay_p99_ms": at(0.99),
        "spectator_delay_max_ms": at(1.0),
        "spectator_chunks": seen["chunks"],
        "spectator_slices_missed": seen["missed"],
        "spectator_connections_lost": seen["lost"],
    }


if __name__ == "__main__":
    main()
