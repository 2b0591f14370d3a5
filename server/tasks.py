"""The tasks that somebody owns: named, noted when they fail, ended together. session.py has one of these."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger()


class Tasks:
    """Belongs to one event loop; `owner` stands behind each task's name."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Runs until it is done, or until `close`."""
        task = asyncio.create_task(work, name=f"{name}-{self._owner}")
        self._running.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("task_failed", task=task.get_name(), error=repr(error))

    async def finish(self) -> None:
        """Waits for all of them. Never raises."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def close(self) -> None:
        """Ends them all. Never raises."""
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
