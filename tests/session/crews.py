"""Lanes as the server has them, with crews on a virtual clock that take time, die with their work and come back."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from server.batching import BatchRules
from server.inference.planned import PlannedLane, WorkerLostError
from server.room import Room
from tests.session.world import World

RESTART_S = 1.5
SIZES = {"vad": (1, 8), "turn": (1, 8), "asr": (2, 4), "meaning": (1, 8), "llm": (8, 1)}  # workers, jobs in a batch


class MortalCrew:
    """Answers a batch after `cost_s`. `die` loses what runs, like EngineProcess: begun texts for good, the rest not."""

    def __init__(self, run: Callable[[Sequence[Any]], Sequence[Any]], cost_s: float, workers: int) -> None:
        self.workers = workers
        self.ready, self.spare_ready, self.losses = True, False, 0
        self.on_ready: Callable[[], None] = lambda: None
        self.deaths = 0
        self._run = run
        self._cost_s = cost_s
        self._running: dict[asyncio.Future[Sequence[Any]], list[bool]] = {}

    def run(self, jobs: Sequence[Any]) -> asyncio.Future[Sequence[Any]]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Sequence[Any]] = loop.create_future()
        begun = [False] * len(jobs)
        self._running[answer] = begun
        loop.call_later(self._cost_s, self._answer, answer, jobs, begun)
        return answer

    def _answer(self, answer: asyncio.Future[Sequence[Any]], jobs: Sequence[Any], begun: list[bool]) -> None:
        if answer in self._running:
            del self._running[answer]
            try:
                answer.set_result(self._run(jobs))
            except Exception as error:
                answer.set_exception(error)

    def die(self) -> None:
        if not self.ready:
            return
        self.ready, self.deaths = False, self.deaths + 1
        for answer, begun in self._running.items():
            answer.set_result([WorkerLostError("killed")] * len(begun))
        self._running.clear()
        asyncio.get_running_loop().call_later(RESTART_S, self._rise)

    def _rise(self) -> None:
        self.ready = True
        self.on_ready()

    def close(self) -> None:
        pass


@dataclass
class MortalWorld(World):
    """A World whose engines are in crews; `crews` is filled when the room is built."""

    crews: dict[str, MortalCrew] = field(default_factory=dict)
    lanes: dict[str, PlannedLane[Any, Any]] = field(default_factory=dict)

    def room(self) -> Room:
        room = super().room()
        status = {"status": lambda: {name: lane.status() for name, lane in self.lanes.items()}}
        room.lanes = replace(room.lanes, **status)
        return room

    def lane(self, name: str, run: Any, *, cost_s: float = 0.0) -> Any:
        workers, max_batch = SIZES.get(name, (1, 1))
        self.crews[name] = MortalCrew(run, cost_s, workers)
        self.lanes[name] = PlannedLane(name, self.crews[name], BatchRules(max_batch))
        return self.lanes[name]
