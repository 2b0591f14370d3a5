"""The client under test: plays it every scene, one for each of its connections, and writes down what came of it.

What comes next: report.py makes a report of the results.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from websockets.exceptions import WebSocketException

from server.conformance.report import NotApplicableError, Result, ViolationError
from server.conformance.scenes import SCENES, Memory, Scene, lost, shown_out
from server.conformance.stage import Guest, host

FIRST_WAIT_S = 600.0  # somebody has to start the client
NEXT_WAIT_S = 40.0
QUIET_AFTER_FATAL_S = 4.0

Guests = asyncio.Queue[tuple[Guest, asyncio.Event]]


async def check_client(
    port: int, told: Callable[[Result], None], only: str = "", page: Path | None = None
) -> list[Result]:
    """Serves on 127.0.0.1:`port`, plays a scene to each connection, and ends when all were played or nobody comes.

    page: a folder with the files of a client that runs in a browser; they are served at the same address.
    """
    scenes = [
        (chapter, demanded, scene)
        for chapter, listed in SCENES.items()
        for demanded, scene in listed.items()
        if only.lower() in f"{chapter}: {demanded}".lower()
    ]
    guests: Guests = asyncio.Queue(maxsize=4)
    done = asyncio.Event()

    async def welcome(guest: Guest) -> None:
        if guests.full():
            return
        played = asyncio.Event()
        guests.put_nowait((guest, played))
        await played.wait()

    hosting = asyncio.create_task(host(port, welcome, done, page), name="conformance-host")
    try:
        return await _play_all(scenes, guests, told)
    finally:
        done.set()
        await asyncio.gather(hosting, return_exceptions=False)


async def _play_all(
    scenes: list[tuple[str, str, Scene]],
    guests: Guests,
    told: Callable[[Result], None],
) -> list[Result]:
    results: list[Result] = []
    memory = Memory()
    for chapter, demanded, scene in scenes:
        results.append(await _play(chapter, demanded, scene, guests, memory, first=not results))
        told(results[-1])
    if scenes and scenes[-1][2] is shown_out and results[-1].outcome == "passed":
        results[-1] = await _stays_away(results[-1], guests)
    return results


async def _play(
    chapter: str,
    demanded: str,
    scene: Scene,
    guests: Guests,
    memory: Memory,
    *,
    first: bool,
) -> Result:
    began = time.monotonic()
    try:
        async with asyncio.timeout(FIRST_WAIT_S if first else NEXT_WAIT_S):
            guest, played = await guests.get()
    except TimeoutError:
        return Result(chapter, demanded, "failed", "nobody connected", time.monotonic() - began)
    try:
        await scene(guest, memory)
        if scene not in (lost, shown_out):
            await guest.close()
    except NotApplicableError as reason:
        return Result(chapter, demanded, "skipped", str(reason), time.monotonic() - began)
    except (ViolationError, WebSocketException, TimeoutError) as error:
        return Result(chapter, demanded, "failed", str(error), time.monotonic() - began)
    finally:
        played.set()
    return Result(chapter, demanded, "passed", "", time.monotonic() - began)


async def _stays_away(result: Result, guests: Guests) -> Result:
    try:
        async with asyncio.timeout(QUIET_AFTER_FATAL_S):
            _, played = await guests.get()
    except TimeoutError:
        return result
    played.set()
    return Result(result.chapter, result.demand, "failed", "it came back by itself", result.took_s)
