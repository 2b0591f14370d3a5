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
    framework = {"name": "Microsoft.NETCore.App", "version": "8.0.0"}
    config.write_text(json.dumps({"runtimeOptions": {"tfm": "net8.0", "framework": framework}}))
    set_runtime(get_coreclr(runtime_config=str(config), dotnet_root=str(dotnet)))
    import clr  # noqa: PLC0415 - there is no such module before the runtime is set

    for name in ("Microsoft.CodeAnalysis", "Microsoft.CodeAnalysis.CSharp"):
        clr.AddReference(str(Path(request["roslyn"]) / f"{name}.dll"))
    shared = next((dotnet / "shared" / "Microsoft.NETCore.App").iterdir())
    framework_files = [str(path) for path in sorted(shared.glob("*.dll")) if is_managed(path)]
    problems = []
    for assembly in request["assemblies"]:
        problems += compile_one(assembly, request, framework_files)
        if problems:
            break
    sys.stdout.write("\n".join(problems[:SHOWN]))
    return 1 if problems else 0


def is_managed(path: Path) -> bool:
    return path.name.startswith(("System.", "netstandard", "mscorlib", "Microsoft.CSharp", "Microsoft.Win32"))


def compile_one(assembly: dict[str, Any], request: dict[str, Any], framework_files: list[str]) -> list[str]:
    """The compiler's complaints; an empty list when the assembly was written."""
    from Microsoft.CodeAnalysis import (  # noqa: PLC0415
        DiagnosticSeverity,
        MetadataReference,
        NullableContextOptions,
        OptimizationLevel,
        OutputKind,
        SyntaxTree,
    )
    from Microsoft.CodeAnalysis.CSharp import (  # noqa: PLC0415
        CSharpCompilation,
        CSharpCompilationOptions,
        CSharpParseOptions,
        CSharpSyntaxTree,
        LanguageVersion,
    )
    from System import Array, String  # noqa: PLC0415
    from System.Collections.Generic import List  # noqa: PLC0415
    from System.IO import File  # noqa: PLC0415

    symbols = Array[String](list(assembly["defines"]))
    style = CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.CSharp9).WithPreprocessorSymbols(symbols)
    trees = List[SyntaxTree]()
    for source in assembly["sources"]:
        trees.Add(CSharpSyntaxTree.ParseText(Path(source).read_text("utf-8"), style, source))
    out = Path(request["out"])
    files = [*framework_files, *(str(out / f"{name}.dll") for name in assembly["references"])]
    if assembly["nunit"]:
        files.append(str(Path(request["roslyn"]) / "nunit.framework.dll"))
    references = List[MetadataReference]()
    for file in files:
        references.Add(MetadataReference.CreateFromFile(file))
    kind = OutputKind.ConsoleApplication if assembly["program"] else OutputKind.DynamicallyLinkedLibrary
    options = (
        CSharpCompilationOptions(kind)
        .WithOptimizationLevel(OptimizationLevel.Release)
        .WithNullableContextOptions(NullableContextOptions.Disable)  # as in Unity: files say `#nullable enable`
    )
    file = File.Create(str(out / f"{assembly['name']}.dll"))
    done = CSharpCompilation.Create(assembly["name"], trees, references, options).Emit(file)
    file.Close()
    return [
        str(d)
        for d in done.Diagnostics
        if d.Severity in (DiagnosticSeverity.Error, DiagnosticSeverity.Warning) and str(d.Id) not in IGNORED
    ]


if __name__ == "__main__":
    sys.exit(main())
