"""A zip that is written while it is sent: rows as JSON, files as they lie on the disk. An evening's recordings may be
larger than the memory.
"""

import json
import zipfile
from collections.abc import Iterable, Iterator
from io import RawIOBase
from pathlib import Path
from typing import Any, Final

import structlog

log = structlog.get_logger()

BLOCK_BYTES: Final = 1 << 18
COMPRESSED: Final = frozenset({".m4a", ".png"})  # already: a second time only costs


def bundle(rows: dict[str, list[dict[str, Any]]], files: Iterable[tuple[str, Path]]) -> Iterator[bytes]:
    """The bytes of a zip: `table.json` for each table, then the files, each with its name inside the zip. Blocking.

    A file that has been deleted meanwhile is left out.
    """
    out = _Outlet()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for table, found in rows.items():
            archive.writestr(f"{table}.json", json.dumps(found, indent=1, ensure_ascii=False))
            yield out.taken()
        for name, path in files:
            yield from _file(archive, out, name, path)
    yield out.taken()


def _file(archive: zipfile.ZipFile, out: "_Outlet", name: str, path: Path) -> Iterator[bytes]:
    try:
        file = path.open("rb")
    except OSError as error:
        log.warning("export_without_a_file", file=path.name, error=error.strerror)
        return
    about = zipfile.ZipInfo.from_file(path, name, strict_timestamps=False)
    about.compress_type = zipfile.ZIP_STORED if path.suffix in COMPRESSED else zipfile.ZIP_DEFLATED
    with file, archive.open(about, "w") as member:
        while block := file.read(BLOCK_BYTES):
            member.write(block)
            yield out.taken()
    yield out.taken()


class _Outlet(RawIOBase):
    """What the zip writes, until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # bytes-like
        self._written += data
        return len(data)

    def taken(self) -> bytes:
        """What has been written since the last time."""
        taken = bytes(self._written)
        self._written.clear()
        return taken
