"""A server of ours for the C# clients: every engine is scripted, everything else is real."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import numpy as np

from server.listener import bind, build_asgi, build_server
from server.room import Room
from speech.engines.scripted import spoken_line
from tests.session.world import World

QUESTION = "What is your cat called?"
ANSWER = "Miso. She runs the house."
SPOKEN = 1  # the line of the script that the fan speaks
LINE = str(World.lines[SPOKEN])
SPOKEN_ANSWER = "She is eleven, and every box in the house is hers."


def speech() -> bytes:
    """The spoken line as PCM16 at 16 kHz."""
    return (spoken_line(SPOKEN, len(LINE.split())) * 32767).astype(np.dtype("<i2")).tobytes()


@asynccontextmanager
async def scripted_house() -> AsyncIterator[tuple[str, Room]]:
    """A server around scripted engines on a free port: its WebSocket's address, and its room."""
    world = World(answers={QUESTION: ANSWER, LINE: SPOKEN_ANSWER})
    listening = bind("127.0.0.1", 0)
    room = world.room()
    server = build_server(build_asgi(room, ()))
    serving = asyncio.create_task(server.serve([listening]), name="scripted-house")
    try:
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}/ws", room
    finally:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await serving
