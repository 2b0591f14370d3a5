"""Sound as it travels and as the house wants it: PCM16 inside, PCM16 or Opus on the wire.

A connection has one Microphone, which also counts audio against real time, and one Speaker. They run on the event
loop: a chunk of 200 ms takes about 1 ms to encode, a packet of 20 ms 0.03 ms to decode (bench/opus.py), less than a
thread would cost in waiting. What comes next: connection.py hands sound to the session and chunks to the socket.
"""

from collections.abc import Callable

from msgspec.structs import replace

from protocol.errors import RateError, UnsupportedError
from protocol.messages import Hello, ReplyChunk
from protocol.packets import join_packets, packet_ms, split_packets
from protocol.timeline import OUTPUT_RATE_HZ, AudioFormat
from server.allowance import LeakyBucket
from speech.opus import DECODED_RATE_HZ, OpusDecoder, OpusEncoder

_PCM16 = "pcm16"
_OPUS = "opus"
CATCH_UP_S = 30.0  # of audio that a network, or a server at its limits, held up may come at once


def heard_format(hello: Hello) -> AudioFormat:
    """What the session hears of a client that speaks as `hello` says.

    Raises UnsupportedError for other encodings. Which rates of PCM16 are heard is the ears' business.
    """
    if (hello.audio_out.encoding, hello.audio_out.sample_rate_hz) not in (
        (_PCM16, OUTPUT_RATE_HZ), (_OPUS, OUTPUT_RATE_HZ),
    ):  # fmt: skip
        raise UnsupportedError(f"audio_out: ask for pcm16 or opus at {OUTPUT_RATE_HZ} Hz")
    if hello.audio_in.encoding == _PCM16:
        return hello.audio_in
    if hello.audio_in.encoding == _OPUS and hello.audio_in.sample_rate_hz == DECODED_RATE_HZ:
        return AudioFormat(_PCM16, DECODED_RATE_HZ)
    raise UnsupportedError(f"audio_in: send pcm16, or opus with {DECODED_RATE_HZ} Hz (it decodes to that)")


class Microphone:
    """What a fan's client sends, as PCM16 in the format that `heard_format` says."""

    def __init__(self, audio_in: AudioFormat, max_ahead_ms: int, clock: Callable[[], float]) -> None:
        self._bytes_per_s = 2.0 * audio_in.sample_rate_hz
        self._max_ahead_ms = max_ahead_ms
        self._ahead_s = LeakyBucket(max_ahead_ms / 1000, 1.0, clock, credit=CATCH_UP_S)
        self._decoder = OpusDecoder() if audio_in.encoding == _OPUS else None

    def take(self, audio: bytes) -> bytes:
        """PCM16 bytes. Raises RateError before anything too long is decoded, and MalformedError for no Opus."""
        if self._decoder is None:
            self._count(len(audio) / self._bytes_per_s)
            return audio
        packets = split_packets(audio)
        self._count(sum(map(packet_ms, packets)) / 1000)
        return self._decoder.decode(packets)

    def _count(self, seconds: float) -> None:
        if not self._ahead_s.pour(seconds):
            raise RateError(f"audio is more than {self._max_ahead_ms} ms ahead of real time; this chunk was dropped")


class Speaker:
    """Replies in the format that the client asked for. Each reply is an Opus stream of its own, and so is the rest of
    a reply that goes on in a new connection.
    """

    def __init__(self, audio_out: AudioFormat) -> None:
        self._opus = audio_out.encoding == _OPUS
        self._reply_id = 0
        self._encoder = OpusEncoder(OUTPUT_RATE_HZ) if self._opus else None
        skip = self._encoder.pre_skip_samples if self._encoder else 0
        self.audio_format = AudioFormat(audio_out.encoding, OUTPUT_RATE_HZ, skip)

    def chunk(self, chunk: ReplyChunk) -> ReplyChunk:
        """The chunk as it travels. As Opus its audio may end up to 22.5 ms before its face does: packets of 20 ms do
        not divide into face frames, and what is left over goes with the next chunk.
        """
        if self._encoder is None:
            return chunk
        if chunk.reply_id != self._reply_id:
            self._encoder, self._reply_id = OpusEncoder(OUTPUT_RATE_HZ), chunk.reply_id
        packets = self._encoder.encode(chunk.audio)
        if chunk.last:
            packets += self._encoder.finish()
        return replace(chunk, audio=join_packets(packets))
