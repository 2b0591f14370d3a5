"""The Unity package as its asmdefs say: which sources make which assembly, in the order in which they build."""

import json
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


CORE: Final = Assembly("Stagedoor.Core", sources(PACKAGE / "Runtime" / "Core"))
TESTS: Final = Assembly("Stagedoor.Tests", sources(PACKAGE / "Tests" / "Editor"), ("Stagedoor.Core",), nunit=True)
RUNNER: Final = Assembly("NUnitRun", (str(HERE / "NUnitRun.cs"),), program=True, nunit=True)
LIVE_FAN: Final = Assembly("LiveFan", (str(HERE / "LiveFan.cs"),), ("Stagedoor.Core",), program=True)
