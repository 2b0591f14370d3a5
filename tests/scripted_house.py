"""A real server on a real port around scripted engines: every socket is real, every answer is known."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from server.listener import bind, build_asgi, build_server
from server.room import Room
from tests.session.world import World


@dataclass(frozen=True)
class House:
    """Where it listens."""

    url: str
    room: Room


@asynccontextmanager
async def house(world: World) -> AsyncIterator[House]:
    """The server, on a free port of this machine."""
    listening = bind("127.0.0.1", 0)
    room = world.room()
    server = build_server(build_asgi(room, ()))
    serving = asyncio.create_task(server.serve(sockets=[listening]), name="scripted-house")
    try:
        while not server.started:
            await asyncio.sleep(0.01)
        yield House(f"ws://127.0.0.1:{listening.getsockname()[1]}/ws", room)
    finally:
        server.should_exit = True
        await serving
        listening.close()
