"""What needs Unity compiles against stubs of Unity: that proves its syntax and types, and nothing more."""

from pathlib import Path

import pytest

from tests.unity.package import CORE, engine_layer
from tests.unity.toolchain import Assembly, CompileError, Toolchain

PLATFORMS = {
    "editor": ("UNITY_EDITOR", "STAGEDOOR_UNIVRM", "STAGEDOOR_NATIVEWEBSOCKET"),
    "windows": ("UNITY_STANDALONE_WIN",),
    "android": ("UNITY_ANDROID",),
    "webgl": ("UNITY_WEBGL",),
}


def test_the_unity_layer_compiles_for_every_platform(toolchain: Toolchain, tmp_path: Path) -> None:
    layers = [engine_layer(platform, defines) for platform, defines in PLATFORMS.items()]
    toolchain.build([CORE, *(assembly for layer in layers for assembly in layer)], tmp_path)


def test_what_is_wrong_does_not_compile(toolchain: Toolchain, tmp_path: Path) -> None:
    """The stubs know what WebGL lacks, and the compiler is asked for errors."""
    wrong = tmp_path / "Wrong.cs"
    wrong.write_text("class Wrong { int Count() => UnityEngine.Microphone.devices.Length; }")
    stubs = engine_layer("webgl", PLATFORMS["webgl"])[0]
    with pytest.raises(CompileError, match=r"Wrong\.cs.*Microphone"):
        toolchain.build([stubs, Assembly("Wrong", [str(wrong)], ["Stubs"], folder="webgl")], tmp_path)
