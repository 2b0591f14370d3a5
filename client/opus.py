"""Opus as protocol/PROTOCOL.md frames it, by libopus in PyAV: the microphone packed, replies unpacked to their samples.

One Packer for a connection, one Unpacker for its replies. What comes next: playback.py unpacks, talk.py packs.
"""

from collections.abc import Iterator

import av
import numpy as np
from stagedoor.protocol.errors import MalformedError
from stagedoor.protocol.messages import ReplyChunk
from stagedoor.protocol.packets import PACKET_MS, join_packets, packet_ms, split_packets
from stagedoor.protocol.timeline import AudioFormat

LIBOPUS_RATE_HZ = 48_000  # at which libopus counts and decodes, whatever it was given
PACKED_RATES_HZ = (8_000, 12_000, 16_000, 24_000, 48_000)  # which it takes
_BITS_PER_S = "32000"


class Packer:
    """PCM16 of the microphone in, packets of 20 ms out."""

    def __init__(self, rate_hz: int) -> None:
        """`rate_hz` is one of PACKED_RATES_HZ."""
        self._encoder = av.CodecContext.create("libopus", "w")
        self._encoder.sample_rate, self._encoder.layout, self._encoder.format = rate_hz, "mono", "s16"
        self._encoder.options = {"b": _BITS_PER_S, "application": "lowdelay", "frame_duration": str(PACKET_MS)}
        self._rate_hz = rate_hz
        self._samples = rate_hz * PACKET_MS // 1000
        self._rest = np.zeros(0, "<i2")

    def pack(self, pcm16: bytes) -> bytes:
        """An `audio` field; empty while the samples so far fill no packet. Less than 20 ms wait for the next call."""
        samples = np.concatenate([self._rest, np.frombuffer(pcm16, "<i2")])
        full = len(samples) - len(samples) % self._samples
        self._rest = samples[full:]
        return join_packets(packet for at in range(0, full, self._samples) for packet in self._encoded(samples[at:]))

    def _encoded(self, samples: np.ndarray) -> Iterator[bytes]:
        frame = av.AudioFrame.from_ndarray(samples[None, : self._samples], format="s16", layout="mono")
        frame.sample_rate = self._rate_hz
        return map(bytes, self._encoder.encode(frame))


class Unpacker:
    """Chunks of replies in, their samples out: each reply is one stream, which begins with the pre-skip."""

    def __init__(self, audio_out: AudioFormat) -> None:
        self._format = audio_out
        self._step = LIBOPUS_RATE_HZ // audio_out.sample_rate_hz
        self._reply_id = 0
        self._at = 0  # the reply's sample that comes out next; less than its first while the pre-skip lasts
        self._first = 0

    def unpack(self, chunk: ReplyChunk) -> tuple[int, bytes]:
        """Where in the reply the sound begins that this chunk makes complete, and that sound as PCM16."""
        if chunk.reply_id != self._reply_id:
            self._begin(chunk)
        begins = self._at
        pcm16 = b"".join(map(self._decoded, _packets(chunk.audio)))
        self._at += len(pcm16) // 2
        ends = min(self._at, chunk.start_samples) if chunk.last else self._at  # beyond it the last packet is filled up
        skipped = max(0, self._first - begins)
        return begins + skipped, pcm16[2 * skipped : 2 * max(0, ends - begins)]

    def forget(self) -> None:
        """A new connection: what goes on is a stream of its own."""
        self._reply_id = 0

    def _begin(self, chunk: ReplyChunk) -> None:
        self._decoder = av.CodecContext.create("libopus", "r")
        self._decoder.sample_rate, self._decoder.layout = LIBOPUS_RATE_HZ, "mono"
        self._reply_id, self._first = chunk.reply_id, chunk.start_samples
        self._at = chunk.start_samples - self._format.pre_skip_samples

    def _decoded(self, packet: bytes) -> bytes:
        try:
            frames = self._decoder.decode(av.Packet(packet))
        except av.error.FFmpegError:  # silence in its place: what follows stays where it belongs
            return bytes(2 * round(packet_ms(packet) * self._format.sample_rate_hz / 1000))
        # Every other sample of 48 kHz: the encoder was given 24 kHz, so there is nothing above 12 to fold down.
        sound: bytes = b"".join(frame.to_ndarray()[0, :: self._step].astype("<i2").tobytes() for frame in frames)
        return sound


def _packets(audio: bytes) -> list[bytes]:
    """The packets of a field, none of one that is torn."""
    try:
        packets = split_packets(audio)
        for packet in packets:
            packet_ms(packet)
    except MalformedError:
        return []
    return packets
