"""PCM16 bytes as a client sends them in, float32 at 16 kHz (or another rate) out.

What comes next: framing.py cuts it into frames.
"""

from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from protocol.errors import MalformedError, UnsupportedError
from protocol.timeline import INPUT_RATE_HZ

RATES_HZ: Final = (16_000, 24_000, 44_100, 48_000)


class Resampler:
    """One session's microphone: little-endian mono PCM16 at `rate_in_hz`, chunk after chunk.

    The rate that is wanted passes through bit-exactly. Others go through libswresample, which holds back its filter's
    half length (under 2 ms) between chunks; how the stream is cut changes nothing.
    """

    def __init__(self, rate_in_hz: int, rate_out_hz: int = INPUT_RATE_HZ) -> None:
        """Raises UnsupportedError for a rate that is not one of RATES_HZ."""
        if rate_in_hz not in RATES_HZ:
            raise UnsupportedError(f"{rate_in_hz} Hz is not spoken here; send one of {', '.join(map(str, RATES_HZ))}")
        self.rate_in_hz = rate_in_hz
        self._resampler = None
        if rate_in_hz != rate_out_hz:
            self._resampler = av.AudioResampler(format="flt", layout="mono", rate=rate_out_hz)

    def feed(self, data: bytes) -> NDArray[np.float32]:
        """The next bytes, any number of whole samples; returns float32 [n] in -1..1, n >= 0.

        Raises MalformedError for half a sample; the stream goes on as if that chunk had not been sent.
        """
        if len(data) % 2:
            raise MalformedError(f"{len(data)} bytes are not whole PCM16 samples")
        samples = np.frombuffer(data, "<i2")
        if self._resampler is None or not len(samples):
            return samples.astype(np.float32) * np.float32(1 / 32768)
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate = self.rate_in_hz
        parts: list[NDArray[np.float32]] = [out.to_ndarray()[0] for out in self._resampler.resample(frame)]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)
