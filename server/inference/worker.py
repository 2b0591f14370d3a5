"""An engine's process: loads the engines of one group, runs the batches that the hall assigns, says that it is alive.

The main thread owns the socket and only passes messages on; every lane has threads of its own, so the voice detector
never waits for the recogniser. What the threads say goes to the main thread over an in-process socket.
What comes next: crew.py, at the other end.
"""

import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

import zmq

from protocol.errors import EngineError, StagedoorError
from server.inference.planned import Run
from server.inference.wire import (
    Alive,
    Assignment,
    Done,
    FromWorker,
    Goodbye,
    Loaded,
    Piece,
    Stop,
    Unloadable,
    pack,
    unpack,
)

HEARTBEAT_S: Final = 0.5
_MB: Final = 2**20 if sys.platform == "darwin" else 2**10  # what getrusage counts in


def peak_rss_mb() -> float:
    """The most memory that this process held at once."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux, where getrusage begins with the peak of the process that started this one
        return int(status.read_text("ascii", "replace").partition("VmHWM:")[2].split()[0]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MB


@dataclass(frozen=True, slots=True)
class Work:
    """How a lane's batches are run. `run` may be called from `workers` threads at once."""

    run: Run[Any, Any]
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Group:
    """Engines that share a process. `facts` is what the hall must know of them; it is pickled. `close` frees what would
    outlive the engines' last use; a process of their own ends without it.
    """

    lanes: Mapping[str, Work]
    facts: dict[str, Any] = field(default_factory=dict)
    close: Callable[[], None] = lambda: None


#: Loads the engines; called in the new process, so it is pickled: a top-level function, or a partial of one.
Load = Callable[[], Group]


def work(endpoint: str, load: Load, hall_pid: int) -> None:
    """The process's main function: ends when the hall says so, or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the hall too, which lets us finish
    with zmq.Context() as context, context.socket(zmq.DEALER) as hall:
        hall.linger = 200
        hall.connect(endpoint)
        try:
            group = load()
        except StagedoorError as error:
            hall.send_multipart(pack(Unloadable(str(error))))
            return
        except Exception as error:
            hall.send_multipart(pack(Unloadable(f"{type(error).__name__}: {error}")))
            return
        _Worker(context, hall, group).run(hall_pid)
        os._exit(0)  # not sys.exit: threads may be deep in an engine, and there is nothing to be written down


class _Worker:
    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", hall: "zmq.Socket[bytes]", group: Group) -> None:
        self._hall = hall
        self._group = group
        self._inbox = context.socket(zmq.PULL)
        self._inbox.bind("inproc://said")
        self._outlet = context.socket(zmq.PUSH)
        self._outlet.connect("inproc://said")
        self._outlet_lock = threading.Lock()  # engines may call `emit` from threads of their own
        self._stopped: set[tuple[int, int]] = set()
        # Bounded by the hall, which assigns no more batches than there are threads.
        self._assigned: dict[str, SimpleQueue[Assignment | None]] = {name: SimpleQueue() for name in group.lanes}

    def run(self, hall_pid: int) -> None:
        """Passes messages until Goodbye, or until the hall is gone."""
        for name, lane in self._group.lanes.items():
            for n in range(lane.workers):
                threading.Thread(target=self._serve, args=(name,), name=f"{name}-{n}", daemon=True).start()
        workers = {name: lane.workers for name, lane in self._group.lanes.items()}
        self._hall.send_multipart(pack(Loaded({**self._group.facts, "workers": workers})))
        poller = zmq.Poller()
        poller.register(self._hall, zmq.POLLIN)
        poller.register(self._inbox, zmq.POLLIN)
        told_at = 0.0
        while os.getppid() == hall_pid:
            ready = dict(poller.poll(int(HEARTBEAT_S * 1000)))
            if self._inbox in ready:
                self._hall.send_multipart(self._inbox.recv_multipart(copy=False), copy=False)
            if self._hall in ready and not self._take(unpack(self._hall.recv_multipart(copy=False))):
                break
            if time.monotonic() - told_at >= HEARTBEAT_S:
                told_at = time.monotonic()
                self._hall.send_multipart(pack(Alive(peak_rss_mb())))

    def _take(self, message: Any) -> bool:
        match message:
            case Goodbye():
                return False
            case Stop(number, index):
                self._stopped.add((number, index))
            case Assignment():
                self._assigned[message.lane].put(message)
        return True

    # --- in the lanes' threads ---

    def _serve(self, lane: str) -> None:
        run = self._group.lanes[lane].run
        while (assignment := self._assigned[lane].get()) is not None:
            jobs = list(assignment.jobs)
            for index in assignment.streamed:
                jobs[index] = replace(jobs[index], emit=partial(self._emit, assignment.number, index))
            try:
                results = tuple(map(_sendable, run(jobs)))
            except MemoryError:
                os._exit(137)  # what is left of this process cannot be trusted; the hall starts another one
            except Exception as error:
                results = (_sendable(error),) * len(jobs)
            self._say(Done(assignment.number, results))
            self._stopped -= {(assignment.number, index) for index in assignment.streamed}

    def _emit(self, number: int, index: int, piece: Any) -> bool:
        if (number, index) in self._stopped:
            return False
        self._say(Piece(number, index, piece))
        return True

    def _say(self, message: FromWorker) -> None:
        with self._outlet_lock:
            self._outlet.send_multipart(pack(message), copy=False)


def _sendable(result: Any) -> Any:
    """Not every library's exceptions survive the way; their words do."""
    if isinstance(result, Exception) and not isinstance(result, EngineError):
        return EngineError(f"{type(result).__name__}: {result}")
    return result
