"""The NUnit tests of the Unity package run here as they would in Unity's test runner, on .NET 8."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unity.package import HOUSE
from tests.unity.toolchain import Toolchain

LEAST_TESTS = 110  # that so many were found shows that none was lost on the way


@dataclass(frozen=True)
class Outcome:
    """Of one NUnit test."""

    status: str
    name: str
    message: str
    output: str


@pytest.fixture(scope="module")
def outcomes(toolchain: Toolchain, built: Path) -> list[Outcome]:
    """Of both test assemblies. That of the runtime needs no engine either: it is about names."""
    return [*run(toolchain, built, "Stagedoor.Tests"), *run(toolchain, built, "Stagedoor.Tests.Runtime")]


def run(toolchain: Toolchain, built: Path, assembly: str) -> list[Outcome]:
    done = subprocess.run(
        toolchain.command(built / "NUnitRun.dll", str(built / f"{assembly}.dll")),
        env=toolchain.environment({"STAGEDOOR_GOLDEN": str(HOUSE / "protocol" / "golden")}),
        capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return [Outcome(*line.split("\t")) for line in done.stdout.splitlines() if line.count("\t") == 3]


def test_every_nunit_test_of_the_core_passes(outcomes: list[Outcome]) -> None:
    unhappy = [f"{test.name}: {test.status}\n{test.message}" for test in outcomes if test.status != "Passed"]
    assert unhappy == [], "\n\n".join(unhappy)
    assert len(outcomes) >= LEAST_TESTS


def test_the_package_knows_every_message_and_field_of_the_golden_files(outcomes: list[Outcome]) -> None:
    """A client may be older than its server, but the one in this repository is not.

    To add what is missing: unity_client_stub/Runtime/Core/Messages, one line for a field.
    """
    unknown = {found for test in outcomes for found in re.findall(r"not known: (\S+)", test.output)}
    assert unknown == set()
