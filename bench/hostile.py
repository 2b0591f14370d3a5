"""What strangers cost their neighbours: `python -m bench.hostile`. Quiet and hostile phases alternate in one run.

A real server on a real port with scripted engines, in a process of its own: its answers take the same time whatever
happens, so what grows is the server's own waiting. Six neighbours speak and are answered, while another process does
its worst: floods, broken and giant messages, bombs, sockets half open, readers that do not read, forged and replayed
tokens. Prints the neighbours' voice-to-voice, its ratio, and what the strangers got through.
"""

import asyncio
import multiprocessing
import os
import random
import socket
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from multiprocessing.synchronize import Event
from urllib.parse import urlsplit

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from avatar.engines.scripted import ScriptedLlm
from protocol.codec import Codec
from protocol.messages import (
    SUBPROTOCOL_MSGPACK,
    AudioChunk,
    ClientMessage,
    DisclosureAcknowledged,
    Hello,
    Ping,
    Resume,
    TextInput,
    TurnReport,
)
from protocol.packets import join_packets
from protocol.timeline import INPUT_RATE_HZ, AudioFormat
from speech.engines.scripted import spoken_line
from tests.scripted_house import house
from tests.session.world import World

NEIGHBOURS = 6
TURNS = 6  # of each neighbour in a phase
PHASES = ("quiet", "hostile", "quiet", "hostile")
FRAME_S = 0.02
CODEC = Codec(SUBPROTOCOL_MSGPACK)


def main() -> None:
    """Runs the phases and prints what came of them."""
    spawn = multiprocessing.get_context("spawn")
    address, attacking, over = spawn.Queue(), spawn.Event(), spawn.Event()
    got_through = spawn.Queue()
    server = spawn.Process(target=_serve, args=(address, over), daemon=True)
    server.start()
    url = address.get(timeout=60)
    strangers = spawn.Process(target=_attack, args=(url, attacking, over, got_through), daemon=True)
    strangers.start()
    try:
        measured = asyncio.run(_measure(url, attacking))
    finally:
        over.set()
    for name, times_ms in measured.items():
        print(f"{name:8} n {len(times_ms)}, median {statistics.median(times_ms):.0f} ms, p95 {_p95(times_ms):.0f} ms")
    print(f"p95 grows by {100 * (_p95(measured['hostile']) / _p95(measured['quiet']) - 1):.1f} %")
    print(f"strangers: {dict(sorted(got_through.get(timeout=30).items()))}")
    for process in (server, strangers):
        process.join(20)


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


# --- the server and its neighbours --------------------------------------------------------------------------


def _serve(address: "multiprocessing.Queue[str]", over: Event) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))

    async def serve() -> None:
        world = World(llm=ScriptedLlm({}), lines=["What is your cat called?"], max_sessions=64)
        async with house(world) as running:
            address.put(running.url)
            while not over.is_set():
                await asyncio.sleep(0.2)

    asyncio.run(serve())


async def _measure(url: str, attacking: Event) -> dict[str, list[float]]:
    measured: dict[str, list[float]] = {"quiet": [], "hostile": []}
    for phase in PHASES:
        (attacking.set if phase == "hostile" else attacking.clear)()
        await asyncio.sleep(2.0)
        visits = await asyncio.gather(*(_neighbour(url, i) for i in range(NEIGHBOURS)))
        measured[phase] += [v2v for visit in visits for v2v in visit]
    attacking.clear()
    return measured


async def _neighbour(url: str, index: int) -> list[float]:
    """Asks aloud, TURNS times; the server's reports, and how much later than its report a reply came here."""
    await asyncio.sleep(0.4 * index)
    line = (spoken_line(0, 5) * 32767).astype("<i2").tobytes() + bytes(2 * int(0.6 * INPUT_RATE_HZ))
    times_ms: list[float] = []
    async with _line(url) as socket_:
        await _say(socket_, Hello(), DisclosureAcknowledged())
        for _ in range(TURNS):
            voice_end_s = 1.5
            began = time.monotonic()
            speaking = asyncio.create_task(_stream(socket_, line))
            async for data in socket_:
                if isinstance(CODEC.decode_server(data), TurnReport):
                    times_ms.append((time.monotonic() - began - voice_end_s) * 1000)
                    break
            await speaking
            await asyncio.sleep(1.5)
    return times_ms


async def _stream(socket_: ClientConnection, pcm16: bytes) -> None:
    began, step = time.monotonic(), 2 * int(FRAME_S * INPUT_RATE_HZ)
    for n, at in enumerate(range(0, len(pcm16), step), 1):
        await _say(socket_, AudioChunk(pcm16[at : at + step]))
        await asyncio.sleep(max(0.0, began + n * FRAME_S - time.monotonic()))


def _line(url: str, **options: object) -> connect:
    return connect(url, subprotocols=[Subprotocol(SUBPROTOCOL_MSGPACK)], **{"compression": None, **options})  # type: ignore[arg-type]


async def _say(socket_: ClientConnection, *messages: ClientMessage) -> None:
    for message in messages:
        await socket_.send(CODEC.encode(message))


# --- the strangers ------------------------------------------------------------------------------------------


def _attack(url: str, attacking: Event, over: Event, got_through: "multiprocessing.Queue[Counter[str]]") -> None:
    os.nice(19)  # their own work shall not be what slows this machine down
    done: Counter[str] = Counter()

    async def again_and_again(name: str, attack: Callable[[str], Awaitable[None]]) -> None:
        while not over.is_set():
            if not attacking.is_set():
                await asyncio.sleep(0.1)
                continue
            with suppress(WebSocketException, OSError, TimeoutError):
                async with asyncio.timeout(10):
                    await attack(url)
            done[name] += 1
            await asyncio.sleep(0.02)

    async def all_of_them() -> None:
        await asyncio.gather(*(again_and_again(name, attack) for name, attack in ATTACKS.items()))

    asyncio.run(all_of_them())
    got_through.put(done)


async def _until_closed(socket_: ClientConnection) -> None:
    async for _ in socket_:
        pass


async def _floods(url: str) -> None:
    async with _line(url) as line:
        await _say(line, Hello(), DisclosureAcknowledged(), *(Ping(n) for n in range(2000)))
        await _until_closed(line)


async def _breaks(url: str) -> None:
    async with _line(url) as line:
        await _say(line, Hello())
        for _ in range(50):
            await line.send(random.randbytes(200))
        await _until_closed(line)


async def _sends_giants(url: str) -> None:
    async with _line(url) as line:
        await line.send(bytes(8 * 1024 * 1024))
        await _until_closed(line)


async def _sends_audio_ahead(url: str) -> None:
    async with _line(url) as line:
        await _say(line, Hello(), DisclosureAcknowledged(), *(AudioChunk(bytes(60_000)) for _ in range(50)))
        await _until_closed(line)


async def _sends_opus_bombs(url: str) -> None:
    bomb = join_packets([b"\x1b\x02"] * 12_000)
    async with _line(url) as line:
        await _say(line, Hello(audio_in=AudioFormat("opus", 48_000)), DisclosureAcknowledged())
        await _say(line, *(AudioChunk(bomb) for _ in range(30)))
        await _until_closed(line)


async def _sends_deflate_bombs(url: str) -> None:
    async with _line(url, compression="deflate") as line:
        await line.send(bytes(2 * 1024 * 1024))
        await _until_closed(line)


async def _forges(url: str) -> None:
    async with _line(url) as line:
        await _say(line, Hello(token="e30.e30.forged"))
        await _until_closed(line)


async def _replays(url: str) -> None:
    async with _line(url) as line:
        await _say(line, Hello(resume=Resume("stolen and used")))
        await _until_closed(line)


async def _does_not_read(url: str) -> None:
    async with _line(url, max_queue=1) as line:
        await _say(line, Hello(), DisclosureAcknowledged())
        line.transport.pause_reading()
        for _ in range(20):
            await _say(line, TextInput("Tell me everything."))
            await asyncio.sleep(0.3)
        line.transport.abort()


async def _leaves_half_open(url: str) -> None:
    where = urlsplit(url)
    sockets = [socket.socket() for _ in range(50)]
    try:
        for half_open in sockets:
            half_open.setblocking(False)
            await asyncio.get_running_loop().sock_connect(half_open, (where.hostname, where.port))
            await asyncio.get_running_loop().sock_sendall(half_open, b"GET /ws HTTP/1.1\r\nHost: x\r\n")
        await asyncio.sleep(3)
    finally:
        for half_open in sockets:
            half_open.close()


ATTACKS: dict[str, Callable[[str], Awaitable[None]]] = {
    "floods": _floods,
    "broken messages": _breaks,
    "giant frames": _sends_giants,
    "audio ahead": _sends_audio_ahead,
    "opus bombs": _sends_opus_bombs,
    "deflate bombs": _sends_deflate_bombs,
    "forged tokens": _forges,
    "replayed tokens": _replays,
    "unread replies": _does_not_read,
    "half-open sockets": _leaves_half_open,
}

if __name__ == "__main__":
    main()
