"""The package's Core talks with our server over a real socket: every engine is scripted, everything else is real."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import numpy as np

from protocol.messages import SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK
from server.listener import bind, build_asgi, build_server
from server.room import Room
from speech.engines.scripted import spoken_line
from tests.session.world import World
from tests.unity.toolchain import Toolchain

QUESTION = "What is your cat called?"
ANSWER = "Miso. She runs the house."
SPOKEN = 1  # the line of the script that the fan speaks
LINE = str(World.lines[SPOKEN])
SPOKEN_ANSWER = "She is eleven, and every box in the house is hers."


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


async def visit(
    toolchain: Toolchain, built: Path, address: str, subprotocol: str, speech: Path
) -> list[tuple[str, str]]:
    """What happened to the fan, in order."""
    process = await asyncio.create_subprocess_exec(
        *toolchain.command(built / "LiveFan.dll", address, subprotocol, QUESTION, str(speech)),
        env=toolchain.environment(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        said, complaints = await asyncio.wait_for(process.communicate(), 100)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, (said + complaints).decode()
    return [(what, detail) for what, _, detail in (line.partition("\t") for line in said.decode().splitlines())]


async def test_a_visit_from_disclosure_to_goodbye_in_both_forms(
    toolchain: Toolchain, built: Path, tmp_path: Path
) -> None:
    speech = tmp_path / "speech.pcm"
    pcm = spoken_line(SPOKEN, len(LINE.split())) * 32767
    speech.write_bytes(pcm.astype(np.dtype("<i2")).tobytes())
    async with scripted_house() as (address, room):
        visits = [visit(toolchain, built, address, form, speech) for form in (SUBPROTOCOL_MSGPACK, SUBPROTOCOL_JSON)]
        for happened in await asyncio.gather(*visits):
            check(happened)
        assert room.n_sessions == 0, "the goodbyes arrived: no place is kept for a fan who may come back"


def check(happened: list[tuple[str, str]]) -> None:
    """A conversation with a lost connection in its middle, and nothing of it lost."""
    everything: dict[str, list[str]] = {}
    for what, detail in happened:
        everything.setdefault(what, []).append(detail)
    assert everything["state"] == ["Connecting", "Disclosing", "Open", "Away", "Connecting", "Open", "Closed"]
    assert "AI" in everything["disclosure"][0]
    assert everything["early sound"] == ["False"], "nothing goes out before the disclosure was acknowledged"
    assert everything["final"][:2] == [QUESTION, LINE]
    assert everything["heard"] == [ANSWER, SPOKEN_ANSWER]
    assert (everything["sounded"], everything["jaw moved"]) == (["True"], ["True"])
    assert (everything["silent"], everything["ended"]) == (["True"], ["False"]), "the interruption"
    assert everything["over"] == ["1000 left"]
    assert everything["malformed"] == ["0"]
    assert "error" not in everything
