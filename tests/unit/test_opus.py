"""Opus on the wire: packets are framed, measured before they are decoded, and come out where they belong."""

import contextlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from protocol.errors import MalformedError, RateError, UnsupportedError
from protocol.messages import Hello, ReplyChunk
from protocol.packets import MAX_PACKET_MS, MAX_PACKETS, join_packets, packet_ms, split_packets
from protocol.timeline import OUTPUT_RATE_HZ, SAMPLES_PER_FACE_FRAME, AudioFormat
from server.wire_audio import Microphone, Speaker, heard_format
from speech.opus import DECODED_RATE_HZ, OpusDecoder, OpusEncoder

PACKET_SAMPLES = OUTPUT_RATE_HZ // 50
OPUS_OUT = AudioFormat("opus", OUTPUT_RATE_HZ)
OPUS_IN = AudioFormat("opus", DECODED_RATE_HZ)


def speech(seconds: float, rate_hz: int = OUTPUT_RATE_HZ) -> np.ndarray:
    """A gliding tone that swells and fades, so that any shift in time shows: int16 [n]."""
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    glide = np.sin(2 * np.pi * (180 * t + 120 * t**2)) * (0.3 + 0.2 * np.sin(2 * np.pi * 3 * t))
    return (glide * 20000).astype("<i2")


def decoded(packets: list[bytes]) -> np.ndarray:
    return np.frombuffer(OpusDecoder().decode(packets), "<i2")[:: DECODED_RATE_HZ // OUTPUT_RATE_HZ]


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.astype(float), b.astype(float))[0, 1])


# --- framing ------------------------------------------------------------------------------------------------


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=8))
def test_packets_come_out_as_they_went_in(packets: list[bytes]) -> None:
    assert split_packets(join_packets(packets)) == packets


@given(st.binary(max_size=64))
def test_any_bytes_are_packets_or_a_coded_error(data: bytes) -> None:
    with contextlib.suppress(MalformedError):
        assert join_packets(split_packets(data)) == data


@given(st.binary(max_size=64))
def test_no_packet_sounds_longer_than_opus_allows(packet: bytes) -> None:
    with contextlib.suppress(MalformedError):
        assert 2.5 <= packet_ms(packet) <= MAX_PACKET_MS


@pytest.mark.parametrize("torn", [b"\x05", b"\x05\0abc", b"\0\0", b"\x01\0a\x09\0b"])
def test_torn_packets_are_malformed(torn: bytes) -> None:
    with pytest.raises(MalformedError, match="torn"):
        split_packets(torn)


@pytest.mark.parametrize("packet", [b"", b"\x03", b"\x1b\x00", b"\x1b\x3f"])
def test_what_can_be_no_opus_packet_is_malformed(packet: bytes) -> None:
    with pytest.raises(MalformedError):
        packet_ms(packet)


# --- the voice, down ----------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=6))
def test_a_decoded_reply_lies_on_its_own_samples(frames_each: list[int]) -> None:
    """Chunks of any length of whole face frames: the stream, less its pre-skip, is the reply from sample 0 on."""
    pcm = speech(sum(frames_each) * SAMPLES_PER_FACE_FRAME / OUTPUT_RATE_HZ)
    speaker, chunks, at = Speaker(OPUS_OUT), [], 0
    for seq, n_frames in enumerate(frames_each):
        n = n_frames * SAMPLES_PER_FACE_FRAME
        chunks.append(speaker.chunk(ReplyChunk(1, seq, at, pcm[at : at + n].tobytes(), b"f" * n_frames)))
        at += n
    chunks.append(speaker.chunk(ReplyChunk(1, len(chunks), at, b"", b"", last=True)))
    packets = [packet for chunk in chunks for packet in split_packets(chunk.audio)]
    heard = decoded(packets)[speaker.audio_format.pre_skip_samples :]
    assert all(packet_ms(packet) == 20 for packet in packets)
    assert len(pcm) <= len(heard) < len(pcm) + PACKET_SAMPLES
    assert np.abs(heard[: len(pcm)].astype(int) - pcm).mean() < 1500
    if len(pcm) > 4000:
        assert likeness(heard[: len(pcm)], pcm) > 0.98
        assert likeness(heard[: len(pcm) - 24], pcm[24:]) < likeness(heard[: len(pcm)], pcm)


def test_sound_is_never_further_behind_its_face_than_is_said() -> None:
    speaker, pcm = Speaker(OPUS_OUT), speech(2.0)
    sent = 0
    for seq, at in enumerate(range(0, len(pcm) - 2000, 2000)):
        chunk = speaker.chunk(ReplyChunk(1, seq, at, pcm[at : at + 2000].tobytes(), b""))
        sent += len(split_packets(chunk.audio)) * PACKET_SAMPLES
        behind = at + 2000 - (sent - speaker.audio_format.pre_skip_samples)
        assert 0 <= behind <= 0.0225 * OUTPUT_RATE_HZ


def test_each_reply_is_a_stream_of_its_own() -> None:
    speaker, pcm = Speaker(OPUS_OUT), speech(0.2).tobytes()
    first = speaker.chunk(ReplyChunk(1, 0, 0, pcm, b""))
    second = speaker.chunk(ReplyChunk(2, 0, 0, pcm, b""))
    assert replace(second, reply_id=1) == first


def test_pcm16_travels_as_it_is() -> None:
    chunk = ReplyChunk(1, 0, 0, b"\1\2", b"\3", last=True)
    speaker = Speaker(AudioFormat("pcm16", OUTPUT_RATE_HZ))
    assert speaker.chunk(chunk) is chunk
    assert speaker.audio_format == AudioFormat("pcm16", OUTPUT_RATE_HZ)


# --- the microphone, up -------------------------------------------------------------------------------------


def test_the_fan_is_heard_through_opus() -> None:
    pcm = speech(1.0, DECODED_RATE_HZ)
    encoder = OpusEncoder(DECODED_RATE_HZ)
    microphone = Microphone(OPUS_IN, 5000, lambda: 0.0)
    packets = encoder.encode(pcm.tobytes())
    heard = np.frombuffer(b"".join(microphone.take(join_packets([p])) for p in packets), "<i2")
    skip = encoder.pre_skip_samples
    assert likeness(heard[skip:], pcm[: len(heard) - skip]) > 0.98


def test_hours_in_a_few_kilobytes_are_refused_before_they_are_decoded() -> None:
    microphone = Microphone(OPUS_IN, 5000, lambda: 0.0)
    bomb = join_packets([b"\x1b\x02"] * 10_000)  # two frames of 60 ms each: 20 minutes in 40 kB
    with pytest.raises(MalformedError, match="250"):
        microphone.take(bomb)
    with pytest.raises(RateError):
        microphone.take(join_packets([b"\x1b\x02"] * MAX_PACKETS))
    with pytest.raises(RateError):
        microphone.take(join_packets([b"\x18x"] * 100))
    assert microphone.take(b"") == b""


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=80), max_size=4))
def test_noise_in_place_of_opus_is_a_coded_error_or_sound(packets: list[bytes]) -> None:
    now = iter(range(0, 10**6, 10))
    microphone = Microphone(OPUS_IN, 5000, lambda: float(next(now)))
    with contextlib.suppress(MalformedError):
        assert len(microphone.take(join_packets(packets))) <= 2 * DECODED_RATE_HZ * len(packets) * MAX_PACKET_MS // 1000
    good = OpusEncoder(DECODED_RATE_HZ).encode(speech(0.02, DECODED_RATE_HZ).tobytes())
    assert microphone.take(join_packets(good))


# --- the agreement ------------------------------------------------------------------------------------------


def test_what_the_ears_are_told() -> None:
    assert heard_format(Hello()) == AudioFormat("pcm16", 16_000)
    assert heard_format(Hello(audio_in=OPUS_IN, audio_out=OPUS_OUT)) == AudioFormat("pcm16", DECODED_RATE_HZ)


@pytest.mark.parametrize(
    "hello",
    [
        Hello(audio_in=AudioFormat("opus", 16_000)),
        Hello(audio_in=AudioFormat("mp3", 48_000)),
        Hello(audio_out=AudioFormat("pcm16", 48_000)),
        Hello(audio_out=AudioFormat("flac", OUTPUT_RATE_HZ)),
    ],
)
def test_what_nobody_speaks_is_refused(hello: Hello) -> None:
    with pytest.raises(UnsupportedError):
        heard_format(hello)


def test_chunks_of_a_reply_stay_in_order() -> None:
    speaker = Speaker(OPUS_OUT)
    chunks = [speaker.chunk(ReplyChunk(1, i, i * 4800, speech(0.2).tobytes(), bytes([i]) * 12)) for i in range(4)]
    assert all(b.start_samples - a.start_samples == 4800 and a.face != b.face for a, b in pairwise(chunks))
