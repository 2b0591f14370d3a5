"""The Unity package as its asmdefs say: which sources make which assembly, in the order in which they build."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from tests.unity.toolchain import Assembly

HOUSE: Final = Path(__file__).resolve().parents[2]
PACKAGE: Final = HOUSE / "unity_client_stub"
HERE: Final = Path(__file__).resolve().parent


def sources(folder: Path) -> list[str]:
    """The C# files that belong to the asmdef of this folder: not those below another asmdef."""
    others = [path.parent for path in folder.rglob("*.asmdef") if path.parent != folder]
    files = [path for path in folder.rglob("*.cs") if not any(other in path.parents for other in others)]
    return [str(path) for path in sorted(files)]


def asmdef(path: Path) -> dict[str, Any]:
    """What the one asmdef of a folder says."""
    return json.loads(next(path.glob("*.asmdef")).read_text("utf-8"))


def built_from(folder: str, references: Sequence[str] = ()) -> Assembly:
    """One assembly of the package, by the folder of its asmdef."""
    path = PACKAGE / folder
    return Assembly(str(asmdef(path)["name"]), sources(path), references)


def engine_layer(platform: str, defines: Sequence[str]) -> list[Assembly]:
    """All that needs Unity, against stubs of it, as a platform with these defines would compile it. CORE is there."""
    ours = ("Stagedoor.Core", "Stagedoor", "Stubs")
    layer = [
        Assembly("Stubs", [str(path) for path in sorted((HERE / "stubs").glob("*.cs"))]),
        built_from("Runtime/Unity", ("Stagedoor.Core", "Stubs")),
        built_from("Runtime/NativeWebSocket", ours),
        built_from("Runtime/UniVRM", ours),
        built_from("Samples~/TalkingHead", ours),
    ]
    if "UNITY_EDITOR" in defines:
        layer.append(built_from("Editor", ours))
    return [replace(assembly, defines=defines, folder=platform) for assembly in layer]


CORE: Final = built_from("Runtime/Core")
TESTS: Final = built_from("Tests/Editor", ("Stagedoor.Core",))
NAMES: Final = Assembly("Stagedoor.ShapeNames", (str(PACKAGE / "Runtime" / "Unity" / "ShapeNames.cs"),))
NAMES_TESTS: Final = built_from("Tests/Runtime", ("Stagedoor.ShapeNames",))
RUNNER: Final = Assembly("NUnitRun", (str(HERE / "NUnitRun.cs"),), program=True)
LIVE_FAN: Final = Assembly("LiveFan", (str(HERE / "LiveFan.cs"),), ("Stagedoor.Core",), program=True)
STAGE_FAN: Final = Assembly("StageFan", (str(HERE / "StageFan.cs"),), ("Stagedoor.Core",), program=True)


def play_mode(platform: str) -> list[Assembly]:
    """A program that runs the components of the engine layer of a platform; build it after that layer."""
    ours = ("Stagedoor.Core", "Stagedoor", "Stubs")
    return [Assembly("PlayMode", (str(HERE / "PlayMode.cs"),), ours, program=True, folder=platform)]
