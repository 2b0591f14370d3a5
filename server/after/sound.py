"""Sound as a file that every phone plays: AAC in MP4, with the written disclosure inside.

Why not Opus, and why the file says what it is: docs/decisions. Blocking; what comes next: keepsake.py calls it in a
thread that gives way to fans who talk.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from protocol.timeline import OUTPUT_RATE_HZ

BITS_PER_S: Final = 64_000
FRAME_SAMPLES: Final = 1024  # of AAC


def write_m4a(path: Path, blocks: Iterable[NDArray[np.int16]], about: Mapping[str, str]) -> None:
    """Mono samples at OUTPUT_RATE_HZ, one block after the other, as an MP4 file. `about`: its metadata (title, comment,
    ...). Raises OSError.
    """
    with av.open(path, "w", format="mp4", options={"movflags": "+faststart"}) as container:
        container.metadata.update(about)
        stream = container.add_stream("aac", rate=OUTPUT_RATE_HZ, layout="mono")
        stream.bit_rate = BITS_PER_S
        begin = 0
        for part in _frames(blocks):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part[None]), format="s16", layout="mono")
            frame.sample_rate, frame.pts = OUTPUT_RATE_HZ, begin
            container.mux(stream.encode(frame))
            begin += len(part)
        container.mux(stream.encode(None))


def _frames(blocks: Iterable[NDArray[np.int16]]) -> Iterator[NDArray[np.int16]]:
    """The same samples in parts of FRAME_SAMPLES; the last may be shorter."""
    rest = np.zeros(0, np.int16)
    for block in blocks:
        rest = np.concatenate([rest, block])
        whole = len(rest) - len(rest) % FRAME_SAMPLES
        yield from (rest[begin : begin + FRAME_SAMPLES] for begin in range(0, whole, FRAME_SAMPLES))
        rest = rest[whole:]
    if len(rest):
        yield rest
