"""The package is one that Unity takes from a git URL: its layout, its .meta files, its assembly definitions."""

import json
import re
from pathlib import Path

import pytest

from tests.unity.metas import assets, meta_of
from tests.unity.package import HOUSE, PACKAGE

ASMDEFS = sorted(PACKAGE.rglob("*.asmdef"))
GUID = re.compile(r"^guid: ([0-9a-f]{32})$", re.MULTILINE)
UNITYS_OWN = {"UnityEngine.TestRunner", "UnityEditor.TestRunner", "VRM10", "UniGLTF", "endel.nativewebsocket"}


def test_every_file_has_its_meta_and_every_meta_its_file() -> None:
    found = list(assets())
    assert [str(path) for path in found if not meta_of(path).is_file()] == [], "python -m tests.unity.metas"
    metas = set(PACKAGE.rglob("*.meta"))
    assert metas == {meta_of(path) for path in found}


def test_guids_are_unique() -> None:
    guids = [GUID.search(path.read_text("utf-8")) for path in PACKAGE.rglob("*.meta")]
    assert all(guids)
    assert len({found[1] for found in guids if found}) == len(guids)


def test_the_package_says_what_it_is() -> None:
    package = json.loads((PACKAGE / "package.json").read_text("utf-8"))
    assert re.fullmatch(r"com\.[a-z0-9]+\.[a-z0-9.]+", package["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"])
    assert f"## [{package['version']}]" in (PACKAGE / "CHANGELOG.md").read_text("utf-8")
    assert "dependencies" not in package, "it installs with nothing but Unity"
    for sample in package["samples"]:
        assert (PACKAGE / sample["path"]).is_dir()
    for file in ("README.md", "LICENSE.md", "Documentation~/index.md"):
        assert (PACKAGE / file).read_text("utf-8").strip()


def test_the_licence_is_the_projects() -> None:
    assert (PACKAGE / "LICENSE.md").read_text("utf-8").strip() == (HOUSE / "LICENSE").read_text("utf-8").strip()


@pytest.mark.parametrize("path", ASMDEFS, ids=lambda path: path.stem)
def test_assembly_definitions_name_only_what_there_is(path: Path) -> None:
    definition = json.loads(path.read_text("utf-8"))
    assert definition["name"] == path.stem
    ours = {other.stem for other in ASMDEFS}
    assert set(definition["references"]) <= ours | UNITYS_OWN
    away = set(definition["references"]) & {"VRM10", "UniGLTF", "endel.nativewebsocket"}
    assert bool(away) == bool(definition["versionDefines"]), "what may be missing is built only where it is there"
    assert {define["define"] for define in definition["versionDefines"]} <= set(definition["defineConstraints"])


def test_the_core_knows_no_engine() -> None:
    core = PACKAGE / "Runtime" / "Core"
    definition = json.loads((core / "Stagedoor.Core.asmdef").read_text("utf-8"))
    assert definition["noEngineReferences"] is True
    assert definition["references"] == []
    assert [str(path) for path in core.rglob("*.cs") if "UnityEngine" in path.read_text("utf-8")] == []
