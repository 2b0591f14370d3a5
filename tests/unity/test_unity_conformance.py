"""The package's Core plays in every scene of the conformance kit, as any client has to."""

import asyncio
import socket
from pathlib import Path

from protocol.messages import SUBPROTOCOL_MSGPACK
from server.conformance.client import check_client
from server.conformance.report import Result
from tests.unity.toolchain import Toolchain


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_the_core_plays_every_scene(toolchain: Toolchain, built: Path) -> None:
    port = free_port()
    told: list[Result] = []
    checking = asyncio.create_task(check_client(port, told.append), name="conformance")
    fan = await asyncio.create_subprocess_exec(
        *toolchain.command(built / "StageFan.dll", f"ws://127.0.0.1:{port}/ws", SUBPROTOCOL_MSGPACK),
        env=toolchain.environment(), stdin=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        results = await asyncio.wait_for(checking, 110)
    finally:
        checking.cancel()
        if fan.stdin is not None:
            fan.stdin.close()
        await asyncio.wait_for(fan.wait(), 10)
    failures = [f"{result.chapter}: {result.demand}: {result}" for result in results if result.outcome != "passed"]
    assert failures == [], "\n".join(failures)
    assert len(results) > 5
