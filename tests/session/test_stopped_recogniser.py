"""A recogniser in a real process that stops before a fan's words: on a real clock, because processes have no other.

The fan is asked for a second, the process is found out and replaced by its spare, and the question is answered.
"""

import asyncio
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.inference.crew import EngineProcess
from server.inference.patience import Patience
from server.inference.planned import PlannedLane
from tests.session.world import Fan, World, fan_in
from tests.worker_engines import ASKED, load_recogniser

SILENCE_S = 5.0  # far more than the 2 s after which a fan is asked for a second


@dataclass
class WorldWithAProcess(World):
    process: EngineProcess | None = None

    def lane(self, name: str, run: Any, *, cost_s: float = 0.0) -> Any:
        if name == "asr" and self.process:
            return PlannedLane("asr", self.process.crew("asr"))
        return super().lane(name, run, cost_s=cost_s)


def spoken(fan: Fan) -> list[str]:
    """What was said to the fan, reply by reply."""
    replies = sorted({chunk.reply_id for chunk in fan.chunks() if chunk.audio})
    return [fan.words(reply_id) for reply_id in replies]


async def test_a_fan_is_asked_for_a_second_until_the_spare_knows_the_words(tmp_path: Path) -> None:
    process = EngineProcess("recogniser", load_recogniser, str(tmp_path), Patience(SILENCE_S), spare=True)
    try:
        await process.start()
        world = WorldWithAProcess(answers=lambda prompt: "It was raining.", rehearse=True, process=process)
        async with fan_in(world) as fan:
            os.kill(process.pid or 0, signal.SIGSTOP)
            await fan.speak(0, words=3)
            async with asyncio.timeout(90):
                while len(spoken(fan)) < 2 or spoken(fan)[1] != "It was raining.":
                    await fan.silence(0.2)
            assert spoken(fan) == ["Give me a second.", "It was raining."]
            assert fan.finals() == [ASKED]
            assert process.restarts == 1
            assert fan.errors() == []
    finally:
        await process.close()
