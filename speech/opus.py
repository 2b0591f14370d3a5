"""Opus on its way in and out: libopus, through PyAV (FFmpeg). One encoder or decoder for one stream.

The encoder runs in its low-delay form: 2.5 ms of look-ahead instead of 6.5, a fifth of the work, and at 32 kbit/s no
difference that a listener of one voice would name. What comes next: server/wire_audio.py.
"""

from collections.abc import Iterable

import av
import numpy as np

from protocol.errors import MalformedError
from protocol.packets import PACKET_MS

DECODED_RATE_HZ = 48_000  # whatever a packet was encoded from
BITS_PER_S = 32_000
_PRE_SKIP_BYTES = slice(10, 12)  # of the identification header, in samples at 48 kHz (RFC 7845, section 5.1)


class OpusEncoder:
    """PCM16 mono in, packets of 20 ms out."""

    def __init__(self, rate_hz: int) -> None:
        """`rate_hz` is one of Opus's own: 8, 12, 16, 24 or 48 kHz."""
        self._codec = av.CodecContext.create("libopus", "w")
        self._codec.sample_rate, self._codec.layout, self._codec.format = rate_hz, "mono", "s16"
        self._codec.bit_rate = BITS_PER_S
        self._codec.options = {"application": "lowdelay", "frame_duration": str(PACKET_MS)}
        self._codec.open()
        self._rate_hz = rate_hz
        self._packet_bytes = 2 * rate_hz * PACKET_MS // 1000
        self._waiting = b""
        self._taken_samples = 0
        self.pre_skip_samples = (
            int.from_bytes(self._codec.extradata[_PRE_SKIP_BYTES], "little") * rate_hz // DECODED_RATE_HZ
        )

    def encode(self, pcm16: bytes) -> list[bytes]:
        """The packets that are full; up to 20 ms wait for the next call."""
        self._waiting += pcm16
        packets: list[bytes] = []
        while len(self._waiting) >= self._packet_bytes:
            packets += self._encode_one(self._waiting[: self._packet_bytes])
            self._waiting = self._waiting[self._packet_bytes :]
        return packets

    def finish(self) -> list[bytes]:
        """The rest of the stream, filled up with silence until every sample put in comes out of a decoder."""
        held = self._waiting + bytes(2 * self.pre_skip_samples)
        return self.encode(held[len(self._waiting) :] + bytes(-len(held) % self._packet_bytes))

    def _encode_one(self, pcm16: bytes) -> list[bytes]:
        frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm16, "<i2")[None, :], format="s16", layout="mono")
        frame.sample_rate = self._rate_hz
        frame.pts = self._taken_samples
        self._taken_samples += frame.samples
        return [bytes(packet) for packet in self._codec.encode(frame)]


class OpusDecoder:
    """Packets in, PCM16 mono at DECODED_RATE_HZ out."""

    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libopus", "r")
        self._codec.sample_rate, self._codec.layout = DECODED_RATE_HZ, "mono"
        self._codec.open()

    def decode(self, packets: Iterable[bytes]) -> bytes:
        """Raises MalformedError for what libopus cannot read; the stream goes on with the next packet."""
        try:
            frames = [frame for packet in packets for frame in self._codec.decode(av.Packet(packet))]
        except av.error.FFmpegError as error:
            raise MalformedError(f"libopus cannot read this packet: {error.strerror}") from None
        return b"".join(frame.to_ndarray().astype("<i2").tobytes() for frame in frames)
