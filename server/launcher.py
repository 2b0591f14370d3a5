"""The door: makes the house importable wherever it was installed, then walks in.

In a wheel the packages live in one private directory (`stagedoor/`), so that the plain names `server`, `speech`,
`avatar` and `protocol` collide with nobody; this puts that directory on the path.
"""

import os
import sys
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[1]

# llama.cpp's threads wait for each other at every layer. OpenMP lets them spin for milliseconds by default, which
# starves them as soon as anything else runs: beside two busy processes the model then makes no text within a minute,
# and 12 tokens a second with this short spin (docs/decisions/0013-short-spins.md). Read when the library loads.
SPIN_COUNT = "1000"

# numpy shares the filters of a spectrogram, 2 ms of work, over every core, and its threads then spin beside the ones
# that recognise: a third of what a recognition cost (the same decision).
BLAS_THREADS = "1"


def main() -> int:
    """The `stagedoor` command."""
    os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", BLAS_THREADS)
    if str(HOUSE) not in sys.path:
        sys.path.insert(0, str(HOUSE))
    from server.commands import main as command_main  # noqa: PLC0415  (importable only now)

    code: int = command_main(sys.argv[1:])
    return code


if __name__ == "__main__":
    raise SystemExit(main())
