"""What the hall and an engine's process say to each other, as frames of a ZeroMQ message. Pure.

Arrays travel beside the message, not inside it (pickle protocol 5, PEP 574), so that ZeroMQ can hand their memory over
without copying. Pickle is safe here because both ends are this program, over a socket in a folder that only this user
may enter. What comes next: crew.py is the hall's end, worker.py the other.
"""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Assignment:
    """A batch to be run. `streamed`: which of the jobs want their result piece by piece."""

    number: int
    lane: str
    jobs: tuple[Any, ...]
    streamed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """Nobody listens any more to this job of the batch: stop making it."""

    number: int
    index: int


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The process is to end."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The engines are ready; `facts` is what the hall must know of them."""

    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unloadable:
    """The engines could not be loaded, and why."""

    error: str


@dataclass(frozen=True, slots=True)
class Alive:
    """The process's heartbeat, with the most memory it has held so far."""

    peak_rss_mb: float


@dataclass(frozen=True, slots=True)
class Piece:
    """New text or sound of a streamed job."""

    number: int
    index: int
    piece: Any


@dataclass(frozen=True, slots=True)
class Done:
    """The results of a batch, in the order of its jobs."""

    number: int
    results: tuple[Any, ...]


FromHall = Assignment | Stop | Goodbye
FromWorker = Loaded | Unloadable | Alive | Piece | Done


def pack(message: FromHall | FromWorker) -> list[Any]:
    """Frames: the message, then the memory of every array in it, which must not change until it was sent."""
    arrays: list[pickle.PickleBuffer] = []
    head = pickle.dumps(message, protocol=5, buffer_callback=arrays.append)
    return [head, *(array.raw() for array in arrays)]


def unpack(frames: Sequence[Any]) -> Any:
    """The message; its arrays lie in the memory of the frames and are read-only."""
    head, *arrays = frames
    return pickle.loads(head, buffers=[memoryview(array).toreadonly() for array in arrays])  # noqa: S301  see above
