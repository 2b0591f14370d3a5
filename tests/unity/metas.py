"""Writes the .meta files that Unity needs beside every file of a package: `python -m tests.unity.metas`.

A GUID is made from the file's path inside the package, so it is the same on every machine and never changes by
itself; a .meta that is there already is left alone. `test_unity_package.py` checks that none is missing.
"""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.unity.package import PACKAGE

NAMESPACE: Final = "com.stagedoor.unity/"
UNSEEN: Final = {"Documentation~"}  # Unity looks at no folder whose name ends in ~; samples are copied with their metas

FOLDER: Final = "folderAsset: yes\nDefaultImporter:\n  externalObjects: {}\n"
IMPORTERS: Final = {
    ".cs": (
        "MonoImporter:\n  externalObjects: {}\n  serializedVersion: 2\n  defaultReferences: []\n"
        "  executionOrder: 0\n  icon: {instanceID: 0}\n"
    ),
    ".asmdef": "AssemblyDefinitionImporter:\n  externalObjects: {}\n",
    ".json": "TextScriptImporter:\n  externalObjects: {}\n",
    ".md": "TextScriptImporter:\n  externalObjects: {}\n",
    ".unity": "DefaultImporter:\n  externalObjects: {}\n",
}
ENDING: Final = "  userData: \n  assetBundleName: \n  assetBundleVariant: \n"


def assets() -> Iterator[Path]:
    """Every file and folder of the package that has a .meta."""
    for path in sorted(PACKAGE.rglob("*")):
        inside = path.relative_to(PACKAGE)
        hidden = any(part.startswith(".") for part in inside.parts)
        if path.suffix != ".meta" and not hidden and inside.parts[0] not in UNSEEN and not path.name.endswith("~"):
            yield path


def meta_of(path: Path) -> Path:
    return path.with_name(path.name + ".meta")


def guid(path: Path) -> str:
    """32 hexadecimal digits, as Unity writes them."""
    name = NAMESPACE + path.relative_to(PACKAGE).as_posix()
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


def meta(path: Path) -> str:
    """The text of the .meta file of a file or folder."""
    importer = FOLDER if path.is_dir() else IMPORTERS[path.suffix]
    return f"fileFormatVersion: 2\nguid: {guid(path)}\n{importer}{ENDING}"


def main() -> int:
    missing = [path for path in assets() if not meta_of(path).exists()]
    for path in missing:
        meta_of(path).write_text(meta(path), "utf-8", newline="\n")
    sys.stdout.write(f"{len(missing)} .meta files written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
