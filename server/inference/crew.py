"""The hall's side of a group of engines: the process that works, and a loaded one in reserve that takes its place.

When the process is lost the spare goes on at once, what the lost one had to do is given back to the lanes, which try it
once more, and another spare is loaded. Sessions live here in the hall: none is lost with a process.
What comes next: life.py is one process, worker.py its other end.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf
from typing import Any, Final

import structlog
import zmq.asyncio

from protocol.errors import EngineError
from server.inference.life import Life
from server.inference.patience import Patience
from server.inference.planned import WorkerLostError
from server.inference.worker import Load

log = structlog.get_logger()

LASTED_S: Final = 10.0  # a process that worked for less is replaced more and more slowly
MAX_PAUSE_S: Final = 15.0


class EngineProcess:
    """The processes of one group of engines, alive from `start` to `close`. Belongs to one event loop."""

    def __init__(
        self, name: str, load: Load, folder: str, patience: Patience | None = None, *, spare: bool = False
    ) -> None:
        """`folder` is where its sockets lie; only this user may enter it. `spare`: keep a loaded process in reserve."""
        self.name = name
        self.facts: dict[str, Any] = {}
        self.restarts = 0
        self.recovered_s: list[float] = []  # how long nobody worked, each time one was lost; the newest 100
        self._load = load
        self._folder = folder
        self._patience = patience or Patience()
        self._wants_spare = spare
        self._crews: list[ProcessCrew] = []
        self._lives = 0
        self._now: Callable[[], float] = asyncio.get_running_loop().time
        self._context = zmq.asyncio.Context()
        self._current: Life | None = None
        self._spare: Life | None = None
        self._on_duty_at = self._now()
        self._lost_at: float | None = None  # since when nobody works
        self._short_lives = 0
        self._next_launch_at = 0.0
        self._first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._news = asyncio.Event()  # a process was loaded
        self._keeper: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether it takes work."""
        return self._current is not None and self._current.loaded

    @property
    def spare_ready(self) -> bool:
        """Whether it could be lost and go on at once."""
        return self._spare is not None and self._spare.loaded

    @property
    def pid(self) -> int | None:
        """The process that works now."""
        return self._current.pid if self._current else None

    async def start(self) -> None:
        """Returns when the engines are loaded and `facts` known, in the spare too. Raises EngineError when they cannot
        be.
        """
        self._keeper = asyncio.create_task(self._keep(), name=f"engines-{self.name}")
        await self._first

    def crew(self, lane: str, workers: int = 1) -> "ProcessCrew":
        """The crew of one of its lanes."""
        self._crews.append(ProcessCrew(self, lane, workers))
        return self._crews[-1]

    async def close(self) -> None:
        """Ends the processes: they are asked, and killed when they take too long."""
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        self._context.destroy(linger=0)

    def assign(self, lane: str, jobs: Sequence[Any]) -> "asyncio.Future[Sequence[Any]]":
        """Begins a batch."""
        if self._current is not None and self._current.loaded:
            return self._current.assign(lane, jobs)
        answer: asyncio.Future[Sequence[Any]] = asyncio.get_running_loop().create_future()
        answer.set_result([WorkerLostError(f"the {self.name} engines are not there")] * len(jobs))
        return answer

    # --- one process after the other ---

    async def _keep(self) -> None:
        try:
            while True:
                self._fill()
                await self._something_happened()
                if self._spare and self._spare.lost.done():
                    self._drop_spare(self._spare)
                if self._current and self._current.lost.done():
                    why = self._replace(self._current)
                    if not self.facts:
                        self._first.set_exception(EngineError(f"the {self.name} engines cannot be loaded: {why}"))
                        return
        except asyncio.CancelledError:
            lives = [life for life in (self._current, self._spare) if life]
            await asyncio.gather(*(life.say_goodbye() for life in lives))
            raise

    def _fill(self) -> None:
        """Begins the lives that are wanted and allowed now."""
        if self._now() < self._next_launch_at:
            return
        if self._current is None:
            self._current = self._launch()
        elif self._current.loaded and self._wants_spare and self._spare is None:
            self._spare = self._launch()

    def _launch(self) -> Life:
        self._lives += 1
        endpoint = f"ipc://{self._folder}/{self.name}-{self._lives}"
        return Life(self.name, self._load, endpoint, self._context, self._patience, self._loaded)

    async def _something_happened(self) -> None:
        """A process was lost or loaded, or the pause before the next one is over."""
        self._news.clear()
        news = asyncio.create_task(self._news.wait(), name=f"news-{self.name}")
        lost = [life.lost for life in (self._current, self._spare) if life]
        pause_s = self._next_launch_at - self._now()
        try:
            await asyncio.wait(
                (news, *lost), timeout=pause_s if pause_s > 0 else None, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            news.cancel()
            with suppress(asyncio.CancelledError):
                await news

    def _replace(self, life: Life) -> str:
        """The process that worked was lost: the spare, if there is one, goes on. Returns why."""
        why = life.lost.result()
        lasted_s = self._now() - self._on_duty_at
        self._lost_at = self._now()
        self._current, self._spare = self._spare, None
        if spared := self.ready:
            self._take_over()
        life.bury(why)
        self.restarts += 1
        self._pause_after(lasted_s)
        log.error("engines_lost", group=self.name, why=why, restarts=self.restarts, spared=spared)
        return why

    def _drop_spare(self, life: Life) -> None:
        """The spare was lost before anybody needed it; fans notice nothing."""
        self._spare = None
        why = life.lost.result()
        life.bury(why)
        self._pause_after(self._now() - life.begun_at)
        if not self._first.done():
            self._first.set_result(None)
        log.warning("spare_lost", group=self.name, why=why)

    def _pause_after(self, lasted_s: float) -> None:
        self._short_lives = 0 if lasted_s > LASTED_S else self._short_lives + 1
        pause_s = min(MAX_PAUSE_S, 0.25 * 2**self._short_lives) if self._short_lives > 1 else 0.0
        self._next_launch_at = self._now() + pause_s if pause_s else -inf

    def _loaded(self, life: Life) -> None:
        self._news.set()
        self.facts = life.facts
        if life is self._current:
            self._take_over()
        if not self._first.done() and (life is self._spare or not self._wants_spare):
            self._first.set_result(None)

    def _take_over(self) -> None:
        """The current process works from now on."""
        self._on_duty_at = self._now()
        if self._lost_at is not None:
            self.recovered_s = [*self.recovered_s[-99:], self._on_duty_at - self._lost_at]
            self._lost_at = None
            log.info("engines_back", group=self.name, after_s=round(self.recovered_s[-1], 3))
        for crew in self._crews:
            crew.on_ready()


class ProcessCrew:
    """A Crew in an EngineProcess."""

    def __init__(self, process: EngineProcess, lane: str, workers: int) -> None:
        self.workers = workers
        self.on_ready: Callable[[], None] = lambda: None
        self._process = process
        self._lane = lane

    @property
    def ready(self) -> bool:
        """See Crew."""
        return self._process.ready

    @property
    def spare_ready(self) -> bool:
        """See Crew."""
        return self._process.spare_ready

    @property
    def losses(self) -> int:
        """See Crew."""
        return self._process.restarts

    def run(self, jobs: Sequence[Any]) -> "asyncio.Future[Sequence[Any]]":
        """See Crew."""
        return self._process.assign(self._lane, jobs)

    def close(self) -> None:
        """See Crew: the process is ended by its own `close`, because lanes share it."""
