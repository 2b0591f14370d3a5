"""Two hundred turns: nothing piles up."""

import asyncio
import gc

import psutil

from tests.session.virtual import run_virtual
from tests.session.world import World, fan_in


def test_200_turns_leave_no_tasks_and_no_memory_behind() -> None:
    async def story() -> None:
        process = psutil.Process()
        async with fan_in(World()) as fan:
            tasks, resident = 0, 0
            for turn in range(200):
                await fan.speak(turn % 2, words=5)
                await fan.silence(3)
                fan.socket.down.clear()
                fan.socket.log.clear()
                if turn == 60:
                    gc.collect()
                    tasks, resident = len(asyncio.all_tasks()), process.memory_info().rss
            gc.collect()
            assert len(asyncio.all_tasks()) <= tasks
            grown_mb = (process.memory_info().rss - resident) / 1e6
            assert grown_mb < 10, f"{grown_mb:.1f} MB more after 140 turns"
            assert fan.errors() == []

    run_virtual(story())
