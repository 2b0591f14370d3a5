"""What Opus costs: time on the event loop for a chunk down and a packet up, bytes, and delay. `python -m bench.opus`"""

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bench.clips import load_clips
from protocol.messages import ReplyChunk
from protocol.packets import join_packets
from protocol.timeline import OUTPUT_RATE_HZ, SAMPLES_PER_FACE_FRAME, AudioFormat
from server.reply import CHUNK_FRAMES
from server.wire_audio import Microphone, Speaker
from speech.opus import DECODED_RATE_HZ, OpusEncoder
from tests.speech_models import CLIPS

T = TypeVar("T")

SECONDS = 20
CHUNK_SAMPLES = CHUNK_FRAMES * SAMPLES_PER_FACE_FRAME


def main() -> None:
    """Prints medians and 95th percentiles in milliseconds."""
    pcm = _speech(OUTPUT_RATE_HZ)
    speaker = Speaker(AudioFormat("opus", OUTPUT_RATE_HZ))
    chunks = [
        ReplyChunk(1, seq, at, pcm[at : at + CHUNK_SAMPLES].tobytes(), b"")
        for seq, at in enumerate(range(0, len(pcm) - CHUNK_SAMPLES, CHUNK_SAMPLES))
    ]
    sent = [_timed(partial(speaker.chunk, chunk)) for chunk in chunks]
    n_bytes = sum(len(chunk.audio) for _, chunk in sent)
    print(f"down, a chunk of {CHUNK_SAMPLES * 1000 // OUTPUT_RATE_HZ} ms: {_ms([took for took, _ in sent])}")
    print(f"down: {n_bytes / len(pcm) * OUTPUT_RATE_HZ:.0f} bytes a second; PCM16 takes {2 * OUTPUT_RATE_HZ}")
    print(f"down, pre-skip: {speaker.audio_format.pre_skip_samples * 1000 / OUTPUT_RATE_HZ} ms")
    microphone = Microphone(AudioFormat("opus", DECODED_RATE_HZ), 10**9, lambda: 0.0)
    packets = [join_packets([p]) for p in OpusEncoder(DECODED_RATE_HZ).encode(_speech(DECODED_RATE_HZ).tobytes())]
    heard = [_timed(partial(microphone.take, packet)) for packet in packets]
    print(f"up, a packet of 20 ms: {_ms([took for took, _ in heard])}")


def _speech(rate_hz: int) -> NDArray[np.int16]:
    """Recorded speech stretched to the rate: its pitch does not matter here. int16 [n]."""
    pcm = np.concatenate([clip.pcm for clip in load_clips(CLIPS)])
    at = np.linspace(0, SECONDS * 16_000 - 1, SECONDS * rate_hz)
    stretched: NDArray[np.int16] = (np.interp(at, np.arange(len(pcm)), pcm) * 32767).astype(np.int16)
    return stretched


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def _ms(times_s: list[float]) -> str:
    p95 = statistics.quantiles(times_s, n=20)[-1]
    return f"{statistics.median(times_s) * 1000:.2f} ms, p95 {p95 * 1000:.2f} ms"


if __name__ == "__main__":
    main()
