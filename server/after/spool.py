"""The sound of visits on the disk while they go on: written piece by piece, and gone in one stroke.

A recording begins with the consent of both sides, so its sound may lie on a disk; in memory is only what was not handed
over yet. One thread writes and deletes, in order: what is taken back goes behind whatever was still on its way. All
spools of a process lie in one folder, its home, locked for as long as the process lives; a home that nobody locks is a
dead process's, and retention.py sweeps it. What comes next: recording.py fills a spool, mixdown.py reads it.
"""

import fcntl
import os
import secrets
import shutil
import struct
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from server.after.mixdown import Piece

Side = Literal["fan", "avatar"]

HOME: Final = ".spool-"  # how the name of a home begins
PRIVATE: Final = 0o700
BLOCK_BYTES: Final = 64 * 1024  # 1.4 s of the avatar's side, 2 s of a fan's
MAX_WAITING: Final = 16  # blocks of a spool that a slow disk may owe; what comes then is left out, and stays silent
_PIECE: Final = struct.Struct("<dI")  # when it was heard, in ms, and how many samples it has


class Spool:
    """One visit's sound, both sides. What is put in, finished and dropped waits for nothing; the rest blocks."""

    def __init__(self, folder: Path, submit: Callable[[Callable[[], None]], "Future[None]"]) -> None:
        """`folder`: for this spool alone; it is made before `submit` runs anything of it."""
        self.folder = folder
        self._submit = submit
        self._pcm: dict[Side, bytearray] = {"fan": bytearray(), "avatar": bytearray()}
        self._pieces: dict[Side, bytearray] = {"fan": bytearray(), "avatar": bytearray()}
        self._writing: list[Future[None]] = []  # not done yet, or failed

    def put(self, side: Side, ended_ms: float, pcm16: bytes) -> None:
        """Mono PCM16 whose last sample was heard at `ended_ms`, on the recording's clock."""
        self._pcm[side] += pcm16
        self._pieces[side] += _PIECE.pack(ended_ms, len(pcm16) // 2)
        if len(self._pcm[side]) >= BLOCK_BYTES:
            self._hand_over(side)

    def drop(self) -> None:
        """Nothing of it stays."""
        for buffer in (*self._pcm.values(), *self._pieces.values()):
            buffer.clear()
        self._writing.clear()
        self._submit(lambda: shutil.rmtree(self.folder, ignore_errors=True))

    def finish(self) -> None:
        """Nothing more is put in. Does not wait."""
        for side in self._pcm:
            self._hand_over(side)

    def wait(self) -> None:
        """Until all of it is on the disk. Raises OSError when the disk did not take it."""
        for job in (*self._writing, self._submit(lambda: None)):
            job.result()

    def pieces(self, side: Side) -> list[Piece]:
        """In the order in which they were put in; after `finish` and `wait`. Raises OSError."""
        path = self._path(side, "pieces")
        return [Piece(*values) for values in _PIECE.iter_unpack(path.read_bytes())] if path.exists() else []

    def samples(self, side: Side) -> NDArray[np.int16]:
        """Of all its pieces one after the other, int16 [n]; read from the disk where they are looked at."""
        path = self._path(side, "pcm")
        return np.memmap(path, "<i2", "r") if path.exists() else np.zeros(0, np.int16)

    def _hand_over(self, side: Side) -> None:
        pcm, pieces = bytes(self._pcm[side]), bytes(self._pieces[side])
        self._pcm[side].clear()
        self._pieces[side].clear()
        self._writing = [job for job in self._writing if not job.done() or job.exception()]
        if pcm and len(self._writing) < MAX_WAITING:
            self._writing.append(self._submit(lambda: self._append(side, pcm, pieces)))

    def _append(self, side: Side, pcm: bytes, pieces: bytes) -> None:
        for kind, data in (("pcm", pcm), ("pieces", pieces)):
            with self._path(side, kind).open("ab") as file:
                file.write(data)

    def _path(self, side: Side, kind: str) -> Path:
        return self.folder / f"{side}.{kind}"


class Spools:
    """Of one process, in the folder of its keepsakes. Nothing is on the disk before the first is opened."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._home: Path | None = None
        self._lock: int | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool")

    def open(self) -> Spool:
        """A new one. Does not wait: its folder is made by the thread that writes."""
        if self._home is None:
            self._home = self._folder / f"{HOME}{secrets.token_hex(8)}"
            self._thread.submit(self._settle)
        spool = Spool(self._home / secrets.token_hex(8), self._thread.submit)
        self._thread.submit(lambda: spool.folder.mkdir(mode=PRIVATE))
        return spool

    def close(self) -> None:
        """Ends the thread, and deletes all that is left. Blocks."""
        self._thread.shutdown()
        if self._home and self._lock is not None:
            shutil.rmtree(self._home, ignore_errors=True)
            os.close(self._lock)
        self._home = self._lock = None

    def _settle(self) -> None:
        if self._home:
            self._folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            self._home.mkdir(mode=PRIVATE)
            self._lock = os.open(self._home, os.O_RDONLY)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def dead_homes(folder: Path) -> list[str]:
    """The homes of processes that are not there any more."""
    homes = sorted(folder.glob(f"{HOME}*")) if folder.exists() else []
    return [home.name for home in homes if not _is_locked(home)]


def _is_locked(home: Path) -> bool:
    handle = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
