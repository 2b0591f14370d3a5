"""Lets torchaudio work beside a torch without CUDA: `make test-gpu` runs it in its own environment.

The wheels of torchaudio on PyPI are built for CUDA, and their compiled part cannot be loaded without it. torchaudio
works without that part too (it looks for the file and goes on); what coqui-tts uses of it is written in Python. So the
part is put aside.
"""

import importlib.util
from pathlib import Path

import torch

if torch.version.cuda is None:
    found = importlib.util.find_spec("torchaudio")
    assert found
    assert found.origin
    library = Path(found.origin).parent / "lib"
    if library.is_dir():
        library.rename(library.with_name("lib-for-cuda"))
