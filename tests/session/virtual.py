"""An event loop whose time jumps to the next timer instead of waiting: minutes of conversation in milliseconds."""

import asyncio
import selectors
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

LOOK_S = 0.02  # of real time, between two looks at the timers while a thread is waited for


class _JumpingSelector(selectors.SelectSelector):
    """Answers at once; tells the loop how long it would have slept."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        patience_s = LOOK_S if timeout is None else min(timeout, LOOK_S)  # 0: something else is to be done
        ready = super().select(patience_s if self.loop.standing else 0)
        if not ready and not self.loop.standing:
            if timeout is None:
                raise RuntimeError("everything waits for something that no timer will bring")
            self.loop.jump(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Only for code without threads, processes and sockets, but for what stands in `standing_still`."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.standing = 0
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def jump(self, seconds: float) -> None:
        """To the timer that is next, exactly: sums of differences would drift, and a replay with them."""
        self.now += seconds
        if self._scheduled and abs(self._scheduled[0].when() - self.now) < 1e-6:
            self.now = self._scheduled[0].when()

    def time(self) -> float:
        return self.now

    async def shutdown_default_executor(self, *patience_s: Any) -> None:
        """The loop is closing: its last threads end when they end."""
        with self.standing_still():
            await super().shutdown_default_executor(*patience_s)  # from Python 3.12 on there is one

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """For work in a thread, such as a database's: no virtual time passes meanwhile."""
        self.standing += 1
        try:
            yield
        finally:
            self.standing -= 1


def run_virtual(story: Coroutine[Any, Any, T], *, limit_s: float = 36_000.0) -> T:
    """Runs the coroutine to its end on a virtual clock; fails if it leaves tasks behind or takes `limit_s`."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_bounded(story, limit_s))


async def _bounded(story: Coroutine[Any, Any, T], limit_s: float) -> T:
    async with asyncio.timeout(limit_s):
        result = await story
    left = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not left, f"tasks left behind: {left}"
    return result
