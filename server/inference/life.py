"""One life of an engine's process, from the hall's side: begun, given batches, listened to, watched, and buried.

It is lost when it ends, when it holds more memory than it may, or when patience.py gives it up: silent for too long, or
with a batch that takes for ever. What comes next: crew.py puts another one in its place.
"""

import asyncio
import multiprocessing
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import zmq
import zmq.asyncio

from protocol.errors import EngineError
from server.inference.patience import Patience, Signs, Vigil, threads_of
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

_spawn = multiprocessing.get_context("spawn")  # forked threads of numeric libraries would hang

WATCH_S: Final = 0.25
GOODBYE_S: Final = 1.0


@dataclass(slots=True)
class _Batch:
    answer: "asyncio.Future[Sequence[Any]]"
    size: int
    emits: dict[int, Callable[[Any], bool]]
    news_at: float  # when it was begun, or its last piece came
    begun: set[int] = field(default_factory=set)  # jobs that were heard of: no second try goes unnoticed


class Life:
    """A process that loads the engines of the group `name`. `lost` is done when it is, and says why."""

    def __init__(
        self,
        name: str,
        load: Load,
        endpoint: str,
        context: zmq.asyncio.Context,
        patience: Patience,
        on_loaded: Callable[["Life"], None],
    ) -> None:
        self.loaded = False
        self.facts: dict[str, Any] = {}
        self._name = name
        self._patience = patience
        self._on_loaded = on_loaded
        self._now: Callable[[], float] = asyncio.get_running_loop().time
        self._numbers = 0
        self._batches: dict[int, _Batch] = {}  # bounded by the lanes' workers
        self._socket: zmq.asyncio.Socket = context.socket(zmq.DEALER)
        self._socket.linger = 0
        self._socket.bind(endpoint)
        self._process = _spawn.Process(
            target=work, args=(endpoint, load, os.getpid()), name=f"engines-{name}", daemon=True
        )
        self._process.start()
        self.begun_at = self._heard_at = self._now()
        self.lost = asyncio.create_task(self._attend(), name=f"attend-{name}")

    @property
    def pid(self) -> int | None:
        """The process."""
        return self._process.pid

    def assign(self, lane: str, jobs: Sequence[Any]) -> "asyncio.Future[Sequence[Any]]":
        """Begins a batch. Only when loaded."""
        answer: asyncio.Future[Sequence[Any]] = asyncio.get_running_loop().create_future()
        emits = {i: job.emit for i, job in enumerate(jobs) if getattr(job, "emit", None)}
        mute = tuple(replace(job, emit=None) if i in emits else job for i, job in enumerate(jobs))
        self._numbers += 1
        self._batches[self._numbers] = _Batch(answer, len(jobs), emits, self._now())
        self._send(Assignment(self._numbers, lane, mute, tuple(emits)))
        return answer

    def bury(self, why: str) -> None:
        """Kills what is left of it and gives back what it had to do."""
        self.lost.cancel()
        self._process.kill()
        self._process.join()
        self._socket.close()
        for batch in self._batches.values():
            if not batch.answer.done():
                batch.answer.set_result([self._loss(batch, index, why) for index in range(batch.size)])

    async def say_goodbye(self) -> None:
        """It is asked to end, and buried when it takes too long."""
        self._send(Goodbye())
        for _ in range(int(GOODBYE_S / 0.02)):
            if not self._process.is_alive():
                break
            await asyncio.sleep(0.02)
        self.bury("closed")
        await asyncio.gather(self.lost, return_exceptions=True)

    def _loss(self, batch: _Batch, index: int, why: str) -> EngineError:
        kind = EngineError if index in batch.begun else WorkerLostError
        return kind(f"the {self._name} engines were lost: {why}")

    # --- is it alive? ---

    async def _attend(self) -> str:
        """Returns why the process was lost."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[str] = loop.create_future()
        loop.add_reader(self._process.sentinel, _settle, ended, "it ended")
        listening = asyncio.create_task(self._listen(), name=f"hear-{self._name}")
        watching = asyncio.create_task(self._watch(), name=f"watch-{self._name}")
        try:
            done, _ = await asyncio.wait((ended, listening, watching), return_when=asyncio.FIRST_COMPLETED)
            first = next(iter(done))
            error = first.exception()
            return first.result() if error is None else f"what it said cannot be read: {type(error).__name__}: {error}"
        finally:
            loop.remove_reader(self._process.sentinel)
            for task in (listening, watching):
                task.cancel()
            await asyncio.gather(listening, watching, return_exceptions=True)

    async def _watch(self) -> str:
        vigil = Vigil(self.pid or 0, self._patience)
        why = None
        while why is None:  # never at the first look: after a stall of this loop signs of life may lie unread
            await asyncio.sleep(WATCH_S)
            news_at = min((batch.news_at for batch in self._batches.values()), default=None)
            why = vigil.why_lost(self._now(), Signs(self._heard_at, news_at, self.loaded), threads_of)
        return why

    # --- what is said ---

    async def _listen(self) -> str:
        while True:
            message = unpack(await self._socket.recv_multipart(copy=False))
            self._heard_at = self._now()
            match message:
                case Done(number, results):
                    batch = self._batches.pop(number)
                    if not batch.answer.done():
                        batch.answer.set_result(results)
                case Piece(number, index, piece):
                    self._pass_on(number, index, piece)
                    await asyncio.sleep(0)  # what lies ready is read without a pause, and who stops it must be heard
                case Loaded(facts):
                    self.loaded, self.facts = True, facts
                    self._on_loaded(self)
                case Unloadable(error):
                    return error
                case Alive(peak_rss_mb):
                    if 0 < self._patience.max_rss_mb < peak_rss_mb:
                        return f"it held {peak_rss_mb:.0f} MB"

    def _pass_on(self, number: int, index: int, piece: Any) -> None:
        batch = self._batches[number]
        batch.news_at = self._now()
        batch.begun.add(index)
        if not batch.emits[index](piece):
            self._send(Stop(number, index))

    def _send(self, message: FromHall) -> None:
        # Sent at once, or when there is room; a process that does not read is found out by the watch.
        sent = asyncio.ensure_future(self._socket.send_multipart(pack(message), copy=False))
        sent.add_done_callback(lambda done: done.cancelled() or done.exception())


def _settle(future: "asyncio.Future[str]", result: str) -> None:
    if not future.done():
        future.set_result(result)
