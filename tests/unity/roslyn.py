"""Runs in a process of its own: asks Roslyn, through pythonnet, to compile what stdin lists as JSON.

Prints the compiler's errors and warnings and exits with 1 when there are any: the package compiles clean or not at
all. `toolchain.py` starts it.
"""

import json
import sys
from pathlib import Path
from typing import Any

from clr_loader import get_coreclr
from pythonnet import set_runtime

SHOWN = 40
IGNORED = {"CS1701", "CS1702"}  # two versions of one framework assembly; the SDK ignores them too


def main() -> int:
    request = json.load(sys.stdin)
    dotnet = Path(request["dotnet"])
    config = Path(request["out"]) / "roslyn.runtimeconfig.json"
    needed = {"name": "Microsoft.NETCore.App", "version": "8.0.0"}
    config.write_text(json.dumps({"runtimeOptions": {"tfm": "net8.0", "framework": needed}}))
    set_runtime(get_coreclr(runtime_config=str(config), dotnet_root=str(dotnet)))
    import clr  # noqa: PLC0415 - there is no such module before the runtime is set

    for name in ("Microsoft.CodeAnalysis", "Microsoft.CodeAnalysis.CSharp"):
        clr.AddReference(str(Path(request["roslyn"]) / f"{name}.dll"))
    shared = next((dotnet / "shared" / "Microsoft.NETCore.App").iterdir())
    framework = [reference(path) for path in sorted(shared.glob("*.dll")) if is_managed(path)]
    framework.append(reference(Path(request["roslyn"]) / "nunit.framework.dll"))
    for assembly in request["assemblies"]:
        if problems := compile_one(assembly, Path(request["out"]), framework):
            sys.stdout.write("\n".join(problems[:SHOWN]))
            return 1
    return 0


def is_managed(path: Path) -> bool:
    return path.name.startswith(("System.", "netstandard", "mscorlib", "Microsoft.CSharp", "Microsoft.Win32"))


def reference(path: Path) -> Any:
    """Read once, for all that are compiled against it."""
    from Microsoft.CodeAnalysis import MetadataReference  # noqa: PLC0415

    return MetadataReference.CreateFromFile(str(path))


def parsed(assembly: dict[str, Any]) -> Any:
    """The syntax trees of its sources."""
    from Microsoft.CodeAnalysis import SyntaxTree  # noqa: PLC0415
    from Microsoft.CodeAnalysis.CSharp import CSharpParseOptions, CSharpSyntaxTree, LanguageVersion  # noqa: PLC0415
    from System import Array, String  # noqa: PLC0415
    from System.Collections.Generic import List  # noqa: PLC0415

    symbols = Array[String](list(assembly["defines"]))
    style = CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.CSharp9).WithPreprocessorSymbols(symbols)
    trees = List[SyntaxTree]()
    for source in assembly["sources"]:
        trees.Add(CSharpSyntaxTree.ParseText(Path(source).read_text("utf-8"), style, source))
    return trees


def options_for(assembly: dict[str, Any]) -> Any:
    from Microsoft.CodeAnalysis import NullableContextOptions, OptimizationLevel, OutputKind  # noqa: PLC0415
    from Microsoft.CodeAnalysis.CSharp import CSharpCompilationOptions  # noqa: PLC0415

    kind = OutputKind.ConsoleApplication if assembly["program"] else OutputKind.DynamicallyLinkedLibrary
    options = CSharpCompilationOptions(kind).WithOptimizationLevel(OptimizationLevel.Release)
    return options.WithNullableContextOptions(
        NullableContextOptions.Disable
    )  # as in Unity: files say `#nullable enable`


def compile_one(assembly: dict[str, Any], out: Path, framework: list[Any]) -> list[str]:
    """The compiler's complaints; an empty list when the assembly was written."""
    from Microsoft.CodeAnalysis import DiagnosticSeverity, MetadataReference  # noqa: PLC0415
    from Microsoft.CodeAnalysis.CSharp import CSharpCompilation  # noqa: PLC0415
    from System.Collections.Generic import List  # noqa: PLC0415
    from System.IO import File  # noqa: PLC0415

    folder = out / assembly["folder"]
    folder.mkdir(exist_ok=True)
    references = List[MetadataReference]()
    for known in framework:
        references.Add(known)
    for name in assembly["references"]:
        built = next(path for path in (folder / f"{name}.dll", out / f"{name}.dll") if path.exists())
        references.Add(reference(built))
    file = File.Create(str(folder / f"{assembly['name']}.dll"))
    done = CSharpCompilation.Create(assembly["name"], parsed(assembly), references, options_for(assembly)).Emit(file)
    file.Close()
    bad = (DiagnosticSeverity.Error, DiagnosticSeverity.Warning)
    return [str(found) for found in done.Diagnostics if found.Severity in bad and str(found.Id) not in IGNORED]


if __name__ == "__main__":
    sys.exit(main())
