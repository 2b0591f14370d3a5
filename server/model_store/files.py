"""Model files on this disk: how one arrives, how it is known to be whole, and what a full disk is called.

A stamp beside the files remembers which checksum was found at which size and time, so that a gigabyte is not hashed at
every start; a file that changed since, or was put there by hand, is hashed again. What comes next: store.py.
"""

import errno
import hashlib
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

import msgspec

from server.model_store.catalogue import DiskFullError, ModelFile, StorageError
from server.model_store.sources import CHUNK_BYTES, SourceError

State = Literal["ready", "unverified", "missing", "damaged"]
STAMP_NAME: Final = ".verified.json"
NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class Stamp(msgspec.Struct, frozen=True):
    """What a file was when its checksum was last found right."""

    sha256: str
    size_bytes: int
    modified_ns: int


class PartialFile:
    """A file on its way in: counted and hashed as it is written, put in place only when it is the right one.

    What an interrupted pull left is taken up again: `received_bytes` says from where.
    """

    def __init__(self, folder: Path, file: ModelFile) -> None:
        self.path = folder / f"{file.path}.partial"
        self.received_bytes = 0
        self._target = folder / file.path
        self._file = file
        self._digest = hashlib.sha256()

    @property
    def kept_bytes(self) -> int:
        """What an earlier pull left on the disk."""
        return self.path.stat().st_size if self.path.exists() else 0

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._opened = self.path.open("a+b")  # reads anywhere, writes at the end
        self._opened.seek(0)
        while chunk := self._opened.read(CHUNK_BYTES):
            self._digest.update(chunk)
            self.received_bytes += len(chunk)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._opened.close()

    def write(self, chunk: bytes) -> None:
        """Append.

        Raises:
            SourceError: this is more than the file has.
            OSError: the disk is full or failed.
        """
        self.received_bytes += len(chunk)
        if self.received_bytes > self._file.size_bytes:
            raise SourceError(f"sends more than the {self._file.size_bytes} bytes of this file", damaged=True)
        self._opened.write(chunk)
        self._digest.update(chunk)

    def put_in_place(self) -> None:
        """Check, make durable, and only then give it its name.

        Raises:
            SourceError: the bytes are not the ones models.toml names.
        """
        if self.received_bytes < self._file.size_bytes:
            raise SourceError(f"stopped at {self.received_bytes} of {self._file.size_bytes} bytes", damaged=True)
        if self._digest.hexdigest() != self._file.sha256:
            raise SourceError("sent bytes with another sha256 than models.toml names", damaged=True)
        self._opened.flush()
        os.fsync(self._opened.fileno())
        self._opened.close()
        self.path.replace(self._target)
        _stamp(self._target, self._file)

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)


def file_state(folder: Path, file: ModelFile) -> State:
    """What can be said of a file without reading it."""
    try:
        found = (folder / file.path).stat()
    except FileNotFoundError:
        return "missing"
    if found.st_size != file.size_bytes:
        return "damaged"
    stamp = Stamp(file.sha256, file.size_bytes, found.st_mtime_ns)
    return "ready" if _stamps(folder).get(file.path) == stamp else "unverified"


def hashed_state(folder: Path, file: ModelFile) -> State:
    """The same after reading every byte; never "unverified". The stamp follows what was found."""
    path = folder / file.path
    state = file_state(folder, file)
    if state == "missing":
        return state
    with path.open("rb") as opened:
        right = hashlib.file_digest(opened, "sha256").hexdigest() == file.sha256
    _stamp(path, file if right else None)
    return "ready" if right else "damaged"


def known_state(folder: Path, file: ModelFile) -> State:
    """The stamp's word where there is one; else every byte is read, once."""
    state = file_state(folder, file)
    return hashed_state(folder, file) if state == "unverified" else state


def require_room(folder: Path, needed_bytes: int) -> None:
    """Say now what would otherwise fail in ten minutes.

    Raises:
        DiskFullError: fewer bytes are free under `folder`.
    """
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        raise DiskFullError(
            f"{folder} has {in_megabytes(free_bytes)} free and {in_megabytes(needed_bytes)} are needed; "
            "free some room, or set STAGEDOOR_HOME to a larger disk"
        )


def as_storage_error(error: OSError, folder: Path) -> StorageError:
    """Name what the disk under `folder` refused."""
    if error.errno not in NO_ROOM:
        return StorageError(f"{error.filename or folder} cannot be used: {error.strerror or error}")
    free_bytes = shutil.disk_usage(folder).free
    return DiskFullError(
        f"the disk ran full while pulling into {folder} ({in_megabytes(free_bytes)} free); what arrived is kept: "
        "free some room and pull again"
    )


def in_megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes < 10_000_000 else f"{size_bytes / 1e6:.0f} MB"


def _stamps(folder: Path) -> dict[str, Stamp]:
    try:
        return msgspec.json.decode((folder / STAMP_NAME).read_bytes(), type=dict[str, Stamp])
    except (OSError, msgspec.DecodeError):
        return {}  # no stamp only means that the files are hashed again


def _stamp(path: Path, verified: ModelFile | None) -> None:
    """Write or strike out one file's stamp. A cache that cannot be written to works too, only slower."""
    stamps = _stamps(path.parent)
    stamps.pop(path.name, None)
    if verified is not None:
        stamps[path.name] = Stamp(verified.sha256, verified.size_bytes, path.stat().st_mtime_ns)
    fresh = path.parent / f"{STAMP_NAME}.{os.getpid()}"
    try:
        fresh.write_bytes(msgspec.json.encode(stamps))
        fresh.replace(path.parent / STAMP_NAME)
    except OSError:
        fresh.unlink(missing_ok=True)
