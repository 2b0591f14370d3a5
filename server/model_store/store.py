"""The models on this machine: where they are, whether they are whole, and how they get here.

`path` is what the engines are started with. Next in the flow: `server.app` hands the paths to the engines;
`server.model_store.cli` is the command over this.

    models.toml -> catalogue -> pull <- sources (folder, hub, wheels)
                             |
                           files (checked while written, stamped) -> store (here)
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

from server.model_store.catalogue import (
    Catalogue,
    Model,
    ModelCorruptError,
    ModelError,
    ModelFile,
    ModelMissingError,
    load_catalogue,
)
from server.model_store.files import State, file_state, hashed_state, known_state
from server.model_store.pull import Pull, PullReport, model_folder
from server.model_store.sources import OFFICIAL_HUB, FolderSource, HubSource, Source, WheelSource

__all__ = ["ModelError", "ModelStatus", "ModelStore", "load_catalogue", "open_store", "stagedoor_home"]

WORST_FIRST: Final[tuple[State, ...]] = ("damaged", "missing", "unverified", "ready")


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A model and the state of each of its files."""

    model: Model
    files: Mapping[str, State]

    @property
    def state(self) -> State:
        """The worst of the files'."""
        return min(self.files.values(), key=WORST_FIRST.index)


class ModelStore:
    """The model cache under `home`: <home>/models/<name>/<path>."""

    def __init__(self, home: Path, catalogue: Catalogue, sources: Sequence[Source] = ()) -> None:
        self.catalogue = catalogue
        self._home = home
        self._sources = sources

    def path(self, name: str | Path) -> Path:
        """The folder of a whole model of the catalogue; or, for any other model, the path that `name` already is.

        Hashes a model once when nothing says yet that it is whole.

        Raises:
            ModelMissingError: it is not here; the message says what to run.
            ModelCorruptError: a file is not the one that models.toml names.
            UnknownModelError: neither a name of the catalogue nor a path.
        """
        given = Path(name).expanduser()
        if name not in self.catalogue.names:
            if given.exists():
                return given
            if isinstance(name, Path) or len(given.parts) > 1:
                raise ModelMissingError(f"{name} is neither a model of models.toml nor a file or folder here")
        model = self.catalogue.get(str(name))
        status = self._look(model, known_state)
        folder = model_folder(self._home, model)
        if status.state == "missing":
            raise ModelMissingError(f"the model {name} is not in {folder}; run: stagedoor models pull {name}")
        if status.state == "damaged":
            damaged = ", ".join(path for path, state in status.files.items() if state == "damaged")
            raise ModelCorruptError(f"{damaged} in {folder} is damaged; run: stagedoor models pull {name}")
        return folder

    def status(self) -> list[ModelStatus]:
        """Every model of the catalogue, without reading its files."""
        return [self._look(model, file_state) for model in self.catalogue.models]

    def verify(self, names: Iterable[str] = ()) -> list[ModelStatus]:
        """Hash every byte of these models; without names, of every model that is here at all.

        Raises:
            UnknownModelError: a name that is not in the catalogue.
        """
        here = (status.model.name for status in self.status() if set(status.files.values()) != {"missing"})
        models = [self.catalogue.get(name) for name in dict.fromkeys(names) or here]
        return [self._look(model, hashed_state) for model in models]

    def pull(self, names: Iterable[str], report: PullReport = lambda _: None) -> None:
        """Bring these models here, telling `report` what happens.

        Raises:
            UnknownModelError: a name that is not in the catalogue; nothing was fetched then.
            ModelError: see `Pull.bring`.
        """
        models = [self.catalogue.get(name) for name in dict.fromkeys(names)]
        Pull(self._home, self._sources, report).bring(models)

    def _look(self, model: Model, state_of: Callable[[Path, ModelFile], State]) -> ModelStatus:
        folder = model_folder(self._home, model)
        return ModelStatus(model, {file.path: state_of(folder, file) for file in model.files})


def stagedoor_home(environ: Mapping[str, str] = os.environ) -> Path:
    """STAGEDOOR_HOME, or the user's cache folder for stagedoor."""
    named = environ.get("STAGEDOOR_HOME")
    return Path(named).expanduser() if named else platformdirs.user_cache_path("stagedoor")


def open_store(
    home: Path | None = None, models_folder: Path | None = None, environ: Mapping[str, str] = os.environ
) -> ModelStore:
    """The project's catalogue over this machine's cache, with its sources in order: folder, hub, wheels.

    `models_folder` is the user's own (the config's; else STAGEDOOR_MODELS). HF_ENDPOINT names another hub, and
    HF_HUB_OFFLINE=1 leaves the hub out, as with Hugging Face's own tools.

    Raises:
        CatalogueError: models.toml is broken.
    """
    home = home or stagedoor_home(environ)
    catalogue = load_catalogue()
    sources: list[Source] = []
    folder = models_folder or environ.get("STAGEDOOR_MODELS")
    if folder:
        sources.append(FolderSource(Path(folder).expanduser()))
    if environ.get("HF_HUB_OFFLINE", "0").lower() not in ("1", "true", "yes", "on"):
        sources.append(HubSource(environ.get("HF_ENDPOINT") or OFFICIAL_HUB))
    sources.append(WheelSource(home / "downloads", catalogue))
    return ModelStore(home, catalogue, sources)
