"""Builds the Unity package's C# once for all tests of this folder."""

from pathlib import Path

import pytest

from tests.unity.package import CORE, LIVE_FAN, NAMES, NAMES_TESTS, RUNNER, STAGE_FAN, TESTS
from tests.unity.toolchain import Toolchain


@pytest.fixture(scope="session")
def toolchain() -> Toolchain:
    return Toolchain.fetched()


@pytest.fixture(scope="session")
def built(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Core, its tests, the program that runs them, and two fans without a game engine."""
    out = tmp_path_factory.mktemp("csharp")
    toolchain.build([CORE, TESTS, NAMES, NAMES_TESTS, RUNNER, LIVE_FAN, STAGE_FAN], out)
    return out
