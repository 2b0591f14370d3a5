"""The door: makes the house importable wherever it was installed, then walks in.

In a wheel the packages live in one private directory (`stagedoor/`), so that the plain names `server`, `speech`,
`avatar` and `protocol` collide with nobody; this puts that directory on the path.
"""

import os
import sys
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[1]

# What libraries read when they load. What the user has set stays.
ENVIRONMENT = {
    # llama.cpp's threads wait for each other at every layer. OpenMP lets them spin for milliseconds by default, which
    # starves them as soon as anything else runs: beside two busy processes the model then makes no text within a
    # minute, and 12 tokens a second with this short spin (docs/decisions/0013-short-spins.md).
    "GOMP_SPINCOUNT": "1000",
    # numpy shares the filters of a spectrogram, 2 ms of work, over every core, and its threads then spin beside the
    # ones that recognise: a third of what a recognition cost (the same decision).
    "OPENBLAS_NUM_THREADS": "1",
    # Whisper's encoder is compiled for each length of speech, and 1024 pieces of that are kept, about 0.5 MB each,
    # though a length hardly comes twice. Compiling again takes some 3 ms (docs/decisions/0039-few-compiled-lengths.md).
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64",
}


def main() -> int:
    """The `stagedoor` command."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if str(HOUSE) not in sys.path:
        sys.path.insert(0, str(HOUSE))
    from server.commands import main as command_main  # noqa: PLC0415  (importable only now)

    code: int = command_main(sys.argv[1:])
    return code


if __name__ == "__main__":
    raise SystemExit(main())
