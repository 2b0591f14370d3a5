"""The hall's side of an engine's process: starts it, gives it batches, hears what it says, and starts it anew.

A process is lost when it ends, when it is silent for too long, when a batch takes for ever, or when it holds more
memory than it may. It is killed then, a new one is started at once, and what it had to do is given back to the lanes,
which try it once more. Sessions live here in the hall: none is lost with a process. What comes next: worker.py.
"""

import asyncio
import multiprocessing
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.context import SpawnProcess
from typing import Any, Final

import structlog
import zmq
import zmq.asyncio

from protocol.errors import EngineError
from server.inference.planned import WorkerLostError
from server.inference.wire import (
    Alive,
    Assignment,
    Done,
    FromHall,
    Goodbye,
    Loaded,
    Piece,
    Stop,
    Unloadable,
    pack,
    unpack,
)
from server.inference.worker import Load, work

log = structlog.get_logger()

_spawn = multiprocessing.get_context("spawn")  # forked threads of numeric libraries would hang

WATCH_S: Final = 0.25
GOODBYE_S: Final = 1.0
LASTED_S: Final = 10.0  # a process that lived for less is started again more and more slowly
MAX_PAUSE_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Patience:
    """When a process is given up: no sign of life for `silence_s`, no result or new text for `hang_s`, not loaded
    after `load_s`, more memory than `max_rss_mb` (0: as much as there is).
    """

    silence_s: float = 5.0
    hang_s: float = 30.0
    load_s: float = 120.0
    max_rss_mb: int = 0


@dataclass(slots=True)
class _Batch:
    answer: "asyncio.Future[Sequence[Any]]"
    size: int
    emits: dict[int, Callable[[Any], bool]]
    news_at: float  # when it was begun, or its last piece came
    begun: set[int] = field(default_factory=set)  # jobs that were heard of: no second try goes unnoticed


@dataclass(slots=True)
class _Process:
    """One life of the group's process."""

    process: SpawnProcess
    socket: zmq.asyncio.Socket
    born_at: float
    heard_at: float
    loaded: bool = False
    batches: dict[int, _Batch] = field(default_factory=dict)  # bounded by the lanes' workers


class EngineProcess:
    """The process of one group of engines, alive from `start` to `close`. Belongs to one event loop."""

    def __init__(self, name: str, load: Load, folder: str, patience: Patience | None = None) -> None:
        """`folder` is where its sockets lie; only this user may enter it."""
        self.name = name
        self.facts: dict[str, Any] = {}
        self.restarts = 0
        self.recovered_s: list[float] = []  # how long each restart took; the newest 100
        self._load = load
        self._folder = folder
        self._patience = patience or Patience()
        self._crews: list[ProcessCrew] = []
        self._numbers = 0
        self._lives = 0
        self._now: Callable[[], float] = asyncio.get_running_loop().time
        self._context = zmq.asyncio.Context()
        self._current: _Process | None = None
        self._first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._keeper: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether it takes work."""
        return self._current is not None and self._current.loaded

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return self._current.process.pid if self._current else None

    async def start(self) -> None:
        """Returns when the engines are loaded and `facts` known. Raises EngineError when they cannot be."""
        self._keeper = asyncio.create_task(self._keep(), name=f"engines-{self.name}")
        await self._first

    def crew(self, lane: str, workers: int = 1) -> "ProcessCrew":
        """The crew of one of its lanes."""
        self._crews.append(ProcessCrew(self, lane, workers))
        return self._crews[-1]

    async def close(self) -> None:
        """Ends the process: it is asked, and killed when it takes too long."""
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        self._context.destroy(linger=0)

    # --- a process's life ---

    async def _keep(self) -> None:
        """One process after the other."""
        short_lives, lost_at = 0, self._now()
        while True:
            life = self._launch()
            try:
                why = await self._attend(life, lost_at)
            except asyncio.CancelledError:
                await self._say_goodbye(life)
                raise
            lost_at, self._current = self._now(), None
            self._bury(life, why)
            if not self._first.done():
                self._first.set_exception(EngineError(f"the {self.name} engines cannot be loaded: {why}"))
                return
            self.restarts += 1
            short_lives = 0 if lost_at - life.born_at > LASTED_S else short_lives + 1
            pause_s = min(MAX_PAUSE_S, 0.25 * 2**short_lives) if short_lives > 1 else 0.0
            log.error("engines_lost", group=self.name, why=why, restarts=self.restarts, pause_s=pause_s)
            await asyncio.sleep(pause_s)

    def _launch(self) -> _Process:
        self._lives += 1
        endpoint = f"ipc://{self._folder}/{self.name}-{self._lives}"
        socket = self._context.socket(zmq.DEALER)
        socket.linger = 0
        socket.bind(endpoint)
        process = _spawn.Process(
            target=work, args=(endpoint, self._load, os.getpid()), name=f"engines-{self.name}", daemon=True
        )
        process.start()
        self._current = _Process(process, socket, self._now(), self._now())
        return self._current

    async def _attend(self, life: _Process, lost_at: float) -> str:
        """Returns why the process was lost."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[str] = loop.create_future()
        loop.add_reader(life.process.sentinel, _settle, ended, "it ended")
        listening = asyncio.create_task(self._listen(life, lost_at), name=f"hear-{self.name}")
        watching = asyncio.create_task(self._watch(life), name=f"watch-{self.name}")
        try:
            done, _ = await asyncio.wait((ended, listening, watching), return_when=asyncio.FIRST_COMPLETED)
            first = next(iter(done))
            error = first.exception()
            return first.result() if error is None else f"what it said cannot be read: {type(error).__name__}: {error}"
        finally:
            loop.remove_reader(life.process.sentinel)
            for task in (listening, watching):
                task.cancel()
            await asyncio.gather(listening, watching, return_exceptions=True)

    def _bury(self, life: _Process, why: str) -> None:
        life.process.kill()
        life.process.join()
        life.socket.close()
        for batch in life.batches.values():
            if not batch.answer.done():
                batch.answer.set_result([self._loss(batch, index, why) for index in range(batch.size)])

    def _loss(self, batch: _Batch, index: int, why: str) -> EngineError:
        kind = EngineError if index in batch.begun else WorkerLostError
        return kind(f"the {self.name} engines were lost: {why}")

    async def _say_goodbye(self, life: _Process) -> None:
        self._send(life, Goodbye())
        for _ in range(int(GOODBYE_S / 0.02)):
            if not life.process.is_alive():
                break
            await asyncio.sleep(0.02)
        self._bury(life, "closed")

    async def _watch(self, life: _Process) -> str:
        patience = self._patience
        missed = 0
        while missed < 2:  # twice, because after a stall of this loop the signs of life may lie unread in the socket
            await asyncio.sleep(WATCH_S)
            limit_s = patience.silence_s if life.loaded else patience.load_s
            missed = missed + 1 if self._now() - life.heard_at > limit_s else 0
            if any(self._now() - batch.news_at > patience.hang_s for batch in life.batches.values()):
                return f"a batch took more than {patience.hang_s:.0f} s"
        return "it was silent"

    # --- what is said ---

    async def _listen(self, life: _Process, lost_at: float) -> str:
        while True:
            message = unpack(await life.socket.recv_multipart(copy=False))
            life.heard_at = self._now()
            match message:
                case Done(number, results):
                    batch = life.batches.pop(number)
                    if not batch.answer.done():
                        batch.answer.set_result(results)
                case Piece(number, index, piece):
                    self._pass_on(life, number, index, piece)
                case Loaded(facts):
                    self._begin(life, facts, lost_at)
                case Unloadable(error):
                    return error
                case Alive(peak_rss_mb):
                    if 0 < self._patience.max_rss_mb < peak_rss_mb:
                        return f"it held {peak_rss_mb:.0f} MB"

    def _begin(self, life: _Process, facts: dict[str, Any], lost_at: float) -> None:
        life.loaded, self.facts = True, facts
        if self._first.done():
            self.recovered_s = [*self.recovered_s[-99:], self._now() - lost_at]
            log.info("engines_back", group=self.name, after_s=round(self.recovered_s[-1], 2))
        else:
            self._first.set_result(None)
        for crew in self._crews:
            crew.on_ready()

    def _pass_on(self, life: _Process, number: int, index: int, piece: Any) -> None:
        batch = life.batches[number]
        batch.news_at = self._now()
        batch.begun.add(index)
        if not batch.emits[index](piece):
            self._send(life, Stop(number, index))

    def assign(self, lane: str, jobs: Sequence[Any]) -> "asyncio.Future[Sequence[Any]]":
        """Begins a batch. Only while `ready`."""
        answer: asyncio.Future[Sequence[Any]] = asyncio.get_running_loop().create_future()
        life = self._current
        if life is None or not life.loaded:
            answer.set_result([WorkerLostError(f"the {self.name} engines are not there")] * len(jobs))
            return answer
        emits = {i: job.emit for i, job in enumerate(jobs) if getattr(job, "emit", None)}
        mute = tuple(replace(job, emit=None) if i in emits else job for i, job in enumerate(jobs))
        self._numbers += 1
        life.batches[self._numbers] = _Batch(answer, len(jobs), emits, self._now())
        self._send(life, Assignment(self._numbers, lane, mute, tuple(emits)))
        return answer

    def _send(self, life: _Process, message: FromHall) -> None:
        # Sent at once, or when there is room; a process that does not read is found out by the watch.
        sent = asyncio.ensure_future(life.socket.send_multipart(pack(message), copy=False))
        sent.add_done_callback(lambda done: done.cancelled() or done.exception())


def _settle(future: "asyncio.Future[str]", result: str) -> None:
    if not future.done():
        future.set_result(result)


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

    def run(self, jobs: Sequence[Any]) -> "asyncio.Future[Sequence[Any]]":
        """See Crew."""
        return self._process.assign(self._lane, jobs)

    def close(self) -> None:
        """See Crew: the process is ended by its own `close`, because lanes share it."""
