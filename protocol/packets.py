"""Opus packets inside an `audio` field: framed, split, and measured without decoding. Pure.

A field holds packets one after the other, each after its length as 2 bytes, little-endian. How long a packet sounds
stands in its first bytes (RFC 6716, section 3.1), so a client cannot make a server decode hours of audio that it
sent in a few kilobytes: what is too long is refused before. What comes next: server/wire_audio.py.
"""

from collections.abc import Iterable

from .errors import MalformedError

PACKET_MS = 20  # what we send, and ask for
MAX_PACKETS = 250  # in one message: 5 s of them; what is done for a message stays small whatever it holds
MAX_PACKET_MS = 120  # RFC 6716, section 3.2: more is no Opus packet

_SILK_MS = (10, 20, 40, 60)
_HYBRID_MS = (10, 20)
_CELT_MS = (2.5, 5, 10, 20)


def join_packets(packets: Iterable[bytes]) -> bytes:
    """The packets as one `audio` field."""
    return b"".join(len(packet).to_bytes(2, "little") + packet for packet in packets)


def split_packets(data: bytes) -> list[bytes]:
    """The packets of an `audio` field. Raises MalformedError for an empty or a torn one, and for too many."""
    packets: list[bytes] = []
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "little")
        packet = data[at + 2 : at + 2 + length]
        if at + 2 > len(data) or not length or len(packet) < length:
            raise MalformedError(f"a torn Opus packet at byte {at}; each follows its length, 2 bytes little-endian")
        if len(packets) == MAX_PACKETS:
            raise MalformedError(f"more than {MAX_PACKETS} Opus packets in one message")
        packets.append(packet)
        at += 2 + length
    return packets


def packet_ms(packet: bytes) -> float:
    """How long a packet sounds, in milliseconds. Raises MalformedError when it can be no Opus packet."""
    if not packet:
        raise MalformedError("an empty Opus packet")
    config, code = packet[0] >> 3, packet[0] & 3
    if config < 12:
        frame_ms: float = _SILK_MS[config % 4]
    elif config < 16:
        frame_ms = _HYBRID_MS[config % 2]
    else:
        frame_ms = _CELT_MS[config % 4]
    if code == 3 and len(packet) < 2:
        raise MalformedError("an Opus packet without its number of frames")
    frames = packet[1] & 63 if code == 3 else min(code, 1) + 1
    if not 0 < frames * frame_ms <= MAX_PACKET_MS:
        raise MalformedError(f"an Opus packet of {frames} frames of {frame_ms} ms")
    return frames * frame_ms
