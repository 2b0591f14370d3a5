"""Watches a folder for anything that is written into it, by the kernel's own account (inotify)."""

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CREATED, _MODIFIED, _MOVED_IN = 0x100, 0x2, 0x80
_NONBLOCK = 0x800
_HEAD = struct.Struct("iIII")


class Watch:
    """The names of what was created, changed or moved in, so far."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._seen: list[str] = []

    def written(self) -> list[str]:
        try:
            data = os.read(self._handle, 65536)
        except BlockingIOError:
            return self._seen
        while data:
            length = _HEAD.unpack_from(data)[3]
            self._seen.append(data[_HEAD.size : _HEAD.size + length].rstrip(b"\0").decode())
            data = data[_HEAD.size + length :]
        return self._seen


@contextmanager
def watched(folder: Path) -> Iterator[Watch]:
    """`folder` must exist; what is written into folders that are made in it shows as their creation."""
    libc = ctypes.CDLL(None, use_errno=True)
    handle = libc.inotify_init1(_NONBLOCK)
    assert handle >= 0
    try:
        assert libc.inotify_add_watch(handle, os.fsencode(folder), _CREATED | _MODIFIED | _MOVED_IN) >= 0
        yield Watch(handle)
    finally:
        os.close(handle)
