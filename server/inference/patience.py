"""When an engine's process is given up: starved ones are waited for, stuck ones and those that spin are not.

A process that says nothing may have too little of the machine, and then ending it would only add work. Linux tells them
apart: a starved process has a thread that wants a core, a stuck one has none, and one that spins has had its core and
nothing to show for it. Where that cannot be known (other systems), time alone decides.
Pure, but for `threads_of`. What comes next: life.py asks four times a second, and ends the process.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Final

DOUBT_SILENT_S: Final = 0.75  # a sign of life is due every 0.5 s
DOUBT_BATCH_S: Final = 0.2  # most batches are done by then; what the process does meanwhile is nobody's concern
WANTED: Final = 0.2  # of the time between two looks: a thread that computed so much was not standing still
MOST: Final = 10  # times its limit: then a process is given up whatever it does


@dataclass(frozen=True, slots=True)
class Patience:
    """`silence_s` without a sign of life, `load_s` without engines, `stuck_s` without a result or new text while no
    thread wants a core, `hang_s` of computing without either, or more memory than `max_rss_mb` (0: as much as there
    is). A machine that is too busy makes each up to MOST times as long.
    """

    silence_s: float = 5.0
    hang_s: float = 30.0
    load_s: float = 120.0
    max_rss_mb: int = 0
    stuck_s: float = inf  # at most `hang_s`


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread of a process. `wants`: it computes, or waits for a core or for the disk."""

    wants: bool
    computed_s: float


Threads = Mapping[int, Thread]


def threads_of(pid: int) -> Threads | None:
    """The threads of a process by their ids, the main one's is `pid`. None: unknown here, or it has ended."""
    found: dict[int, Thread] = {}
    try:
        for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
            state, *fields = stat.read_text("ascii", "replace").rpartition(")")[2].split()
            ticks = int(fields[10]) + int(fields[11])
            found[int(stat.parent.name)] = Thread(state in "RD", ticks / os.sysconf("SC_CLK_TCK"))
    except OSError:
        return None
    return found or None


@dataclass(frozen=True, slots=True)
class Signs:
    """What the hall has of a process. `news_at`: when the oldest batch was begun or gave its last piece."""

    heard_at: float
    news_at: float | None
    loaded: bool


class Vigil:
    """Watches one process. All instants are seconds of one clock."""

    def __init__(self, pid: int, patience: Patience) -> None:
        self._pid = pid
        self._patience = patience
        self._news_at: float | None = None
        self._seen: tuple[float, Threads | None] | None = None  # at the last look
        self._still_since: float | None = None
        self._computed_s = 0.0  # of one core, since the last news

    def why_lost(self, now: float, signs: Signs, look: Callable[[int], Threads | None]) -> str | None:
        """Why the process is to be given up, or None. `look` is called when there is doubt. Nothing is decided at the
        first look, because after a stall of the hall what the process said lies unread.
        """
        silent_s = now - signs.heard_at
        waits_s = now - signs.news_at if signs.news_at is not None else 0.0
        if signs.news_at != self._news_at:
            self._news_at, self._computed_s = signs.news_at, 0.0
        if silent_s < DOUBT_SILENT_S and waits_s < DOUBT_BATCH_S:
            self._seen = self._still_since = None
            return None
        if self._seen is None:
            self._seen = now, look(self._pid)
            return None
        self._compare(*self._seen, now, look(self._pid), main_too=silent_s >= DOUBT_SILENT_S)
        still_s = now - self._still_since if self._still_since is not None else 0.0
        limit_s = self._patience.silence_s if signs.loaded else self._patience.load_s
        if silent_s > limit_s and (still_s >= limit_s / 2 or silent_s > MOST * limit_s):
            return "it was silent"
        return self._why_hopeless(waits_s, still_s)

    def _why_hopeless(self, waits_s: float, still_s: float) -> str | None:
        hang_s = self._patience.hang_s
        stuck_s = min(self._patience.stuck_s, hang_s)
        if waits_s > stuck_s and still_s >= stuck_s / 2:
            return f"a batch took more than {stuck_s:.0f} s, and nothing was computed"
        if self._computed_s > hang_s:
            return f"a batch took more than {hang_s:.0f} s of computing"
        if waits_s > MOST * hang_s:
            return f"a batch took more than {MOST * hang_s:.0f} s"
        return None

    def _compare(
        self, seen_at: float, before: Threads | None, now: float, threads: Threads | None, *, main_too: bool
    ) -> None:
        """`main_too`: the main thread, which gives the signs of life, counts as well."""
        self._seen = now, threads
        if before is None or threads is None:
            computed_s, wants = now - seen_at, False
        else:
            kept = {tid: thread for tid, thread in threads.items() if main_too or tid != self._pid}
            computed_s = max((t.computed_s - _computed(before, tid) for tid, t in kept.items()), default=0.0)
            wants = any(t.wants for t in kept.values()) or computed_s > WANTED * (now - seen_at)
        self._computed_s += computed_s
        if wants:
            self._still_since = None
        elif self._still_since is None:
            self._still_since = seen_at


def _computed(threads: Threads, tid: int) -> float:
    return threads[tid].computed_s if tid in threads else 0.0
