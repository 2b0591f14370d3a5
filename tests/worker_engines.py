"""Engines for processes of their own: scripted, and as ill-behaved as a test wants. Loaded in the child."""

import os
import signal
import threading
from collections.abc import Sequence

import numpy as np

from protocol.errors import EngineError
from server.inference.worker import Group, Work
from server.lanes import LlmJob
from speech.engines.scripted import ScriptedAsr

ASKED = "Tell me something."


def load_plain() -> Group:
    return Group({"double": Work(double), "sum": Work(add_up, workers=2), "talk": Work(talk, workers=2)}, {"size": 3})


def load_recogniser() -> Group:
    return Group({"asr": Work(ScriptedAsr([ASKED]).run)})


def load_nothing() -> Group:
    raise EngineError("no model at /nowhere")


def double(jobs: Sequence[int | str]) -> list[int | Exception]:
    """Doubles numbers; words are orders."""
    for job in jobs:
        match job:
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                threading.Event().wait()
            case "spin":
                while True:
                    pass
            case "overflow":
                raise MemoryError("too big")
            case "break":
                raise LookupError("no such word")
    return [ValueError("odd") if job == 13 else 2 * int(job) for job in jobs]


def add_up(jobs: Sequence[np.ndarray]) -> list[np.ndarray | Exception]:
    return [np.array([job.sum(), job.flags.writeable], np.float64) for job in jobs]


def talk(jobs: Sequence[LlmJob]) -> list[Exception | None]:
    """Says the fan's words back, one at a time, for ever if they begin with "on"."""
    for job in jobs:
        words = job.prompt.messages[-1].content.split()
        said = 0
        while job.emit and (words[0] == "on" or said < len(words)):
            if not job.emit(f"{words[said % len(words)]} "):
                break
            said += 1
    return [None] * len(jobs)
