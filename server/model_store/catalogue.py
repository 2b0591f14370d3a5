"""What models.toml says: every model, its files, their checksums, and where they may come from.

Next in the flow: `server.model_store.sources` brings the bytes, `server.model_store.store` checks and keeps them.

ModelError                  has a stable `code`; `str(error)` is one sentence for the person at the keyboard
  CatalogueError            models.toml cannot be read or contradicts itself
  UnknownModelError         a name that models.toml does not have
  ModelMissingError         a known model that is not here yet
  ModelCorruptError         bytes that are not the ones models.toml names
  SourceUnreachableError    no source gave the file
  StorageError              the disk refused to read or write
    DiskFullError           there is no room left
"""

import difflib
from pathlib import Path
from typing import Annotated, ClassVar, Final

import msgspec

CATALOGUE_PATH: Final = Path(__file__).resolve().parents[2] / "models.toml"  # the same place in a checkout and a wheel


class ModelError(Exception):
    """The root of everything that can go wrong with a model file."""

    code: ClassVar[str] = "model_failed"


class CatalogueError(ModelError):
    code = "catalogue_invalid"


class UnknownModelError(ModelError):
    code = "model_unknown"


class ModelMissingError(ModelError):
    code = "model_missing"


class ModelCorruptError(ModelError):
    code = "model_corrupt"


class SourceUnreachableError(ModelError):
    code = "source_unreachable"


class StorageError(ModelError):
    code = "storage_failed"


class DiskFullError(StorageError):
    code = "disk_full"


Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Size = Annotated[int, msgspec.Meta(gt=0)]
# Names become folder names, so nothing in them may lead out of the cache.
FolderName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
PinnedWheel = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.+!]+$")]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One member of one wheel; a file is its parts joined in order."""

    wheel: PinnedWheel
    member: str
    size_bytes: Size


class ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: FolderName
    sha256: Sha256
    size_bytes: Size
    parts: tuple[Part, ...] = ()
    hub_path: str | None = None


class HubRepository(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    repository: str
    revision: str


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: FolderName
    purpose: str
    licence: str
    licence_note: str
    sets: tuple[str, ...]
    files: Annotated[tuple[ModelFile, ...], msgspec.Meta(min_length=1)]
    hub: HubRepository | None = None

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    models: tuple[Model, ...]

    def __post_init__(self) -> None:
        names = [model.name for model in self.models]
        if len(set(names)) != len(names):
            raise ValueError("two models have the same name")
        for model in self.models:
            _check_files(model)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(model.name for model in self.models)

    @property
    def sets(self) -> tuple[str, ...]:
        return tuple(sorted({name for model in self.models for name in model.sets}))

    def get(self, name: str) -> Model:
        """The model of that name.

        Raises:
            UnknownModelError: there is none; the message offers names that look alike.
        """
        for model in self.models:
            if model.name == name:
                return model
        raise UnknownModelError(f"there is no model named {name!r}; {_instead(name, self.names)}")

    def in_set(self, set_name: str) -> tuple[str, ...]:
        """The names of the models in a set, in the order of models.toml.

        Raises:
            UnknownModelError: no model is in such a set.
        """
        if set_name not in self.sets:
            raise UnknownModelError(f"there is no set of models named {set_name!r}; {_instead(set_name, self.sets)}")
        return tuple(model.name for model in self.models if set_name in model.sets)


def load_catalogue(path: Path | None = None) -> Catalogue:
    """Read models.toml: the project's own, or another of the same form.

    Raises:
        CatalogueError: the file is missing, is no TOML, or breaks a rule; the message says where.
    """
    path = path or CATALOGUE_PATH
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Catalogue)
    except (OSError, msgspec.DecodeError) as error:  # a ValidationError is a DecodeError
        raise CatalogueError(f"{path} cannot be used: {error}") from error


def _check_files(model: Model) -> None:
    paths = [file.path for file in model.files]
    if len(set(paths)) != len(paths):
        raise ValueError(f"{model.name}: two files have the same path")
    for file in model.files:
        if file.parts and sum(part.size_bytes for part in file.parts) != file.size_bytes:
            raise ValueError(f"{model.name}/{file.path}: the parts do not add up to size_bytes")
        if file.hub_path is not None and model.hub is None:
            raise ValueError(f"{model.name}/{file.path}: hub_path without a hub repository")


def _instead(name: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"there are: {', '.join(known)}"
