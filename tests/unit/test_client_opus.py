"""The Python client's Opus: replies come out sample for sample where PCM16 would be; the microphone goes in whole."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from stagedoor.client import Playback
from stagedoor.client.opus import PACKED_RATES_HZ, Packer
from stagedoor.protocol.messages import FaceFormat, Limits, PersonaCard, ReplyChunk, Welcome
from stagedoor.protocol.timeline import AudioFormat

from protocol.timeline import OUTPUT_RATE_HZ
from protocol.timeline import AudioFormat as HouseFormat
from server.wire_audio import Microphone, Speaker

FRAME = 400
PIECE = 512


def welcome_of(speaker: Speaker) -> Welcome:
    out = speaker.audio_format
    return Welcome(
        "s", PersonaCard("p", "P", "they/them", ""), "I am an AI.", AudioFormat(),
        AudioFormat(out.encoding, out.sample_rate_hz, out.pre_skip_samples), FaceFormat(("jawOpen",), 60), Limits(),
    )  # fmt: skip


def speech(n_samples: int, rate_hz: int = OUTPUT_RATE_HZ) -> np.ndarray:
    """A gliding tone that swells and fades, so that any shift in time shows: int16 [n]."""
    t = np.arange(n_samples) / rate_hz
    glide = np.sin(2 * np.pi * (180 * t + 120 * t**2)) * (0.3 + 0.2 * np.sin(2 * np.pi * 3 * t))
    return (glide * 20000).astype("<i2")


def reply(sound: np.ndarray, cuts: list[int], reply_id: int = 1) -> list[ReplyChunk]:
    """PCM16 chunks that begin at these face frames, and the last one, which is empty."""
    ends = [*sorted({0, *cuts}), len(sound) // FRAME]
    chunks = [
        ReplyChunk(reply_id, seq, a * FRAME, sound[a * FRAME : b * FRAME].tobytes(), bytes((reply_id,)) * (b - a))
        for seq, (a, b) in enumerate(pairwise(ends))
    ]
    return [*chunks, ReplyChunk(reply_id, len(chunks), len(sound), b"", b"", last=True)]


def played(playback: Playback, n_samples: int) -> np.ndarray:
    """What is heard, a block of the sound device at a time."""
    pcm = b"".join(playback.pull(PIECE) for _ in range(-(-n_samples // PIECE)))
    return np.frombuffer(pcm, "<i2")[:n_samples]


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.astype(float), b.astype(float))[0, 1])


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(1, 59), max_size=8), st.integers(1, 3))
def test_replies_of_any_chunks_come_out_in_their_place_and_at_their_length(cuts: list[int], n_replies: int) -> None:
    speaker = Speaker(HouseFormat("opus", OUTPUT_RATE_HZ))
    playback = Playback(welcome_of(speaker))
    sound = speech(60 * FRAME)
    for reply_id in range(1, n_replies + 1):
        for chunk in reply(sound, cuts, reply_id):
            playback.add(speaker.chunk(chunk))  # type: ignore[arg-type]
    heard = played(playback, n_replies * len(sound))
    for first in range(0, len(heard), len(sound)):
        assert likeness(heard[first : first + len(sound)], sound) > 0.99
    assert not playback.sounding
    assert playback.marks()[-1] == (n_replies, len(sound))


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 50 * FRAME), st.integers(1, 9))
def test_after_a_lost_connection_the_rest_is_a_stream_of_its_own(heard: int, first_frames: int) -> None:
    sound = speech(60 * FRAME)
    speaker = Speaker(HouseFormat("opus", OUTPUT_RATE_HZ))
    playback = Playback(welcome_of(speaker))
    for chunk in reply(sound, [30])[:-1]:
        playback.add(speaker.chunk(chunk))  # type: ignore[arg-type]
    before = np.frombuffer(playback.pull(heard), "<i2")
    playback.forget_unheard()
    again, at = Speaker(HouseFormat("opus", OUTPUT_RATE_HZ)), heard // FRAME
    for chunk in reply(sound, [at, min(at + first_frames, 59)]):
        if chunk.start_samples >= at * FRAME:
            playback.add(again.chunk(chunk))  # type: ignore[arg-type]
    after = np.frombuffer(playback.pull(len(sound) - heard), "<i2")
    assert likeness(np.concatenate([before, after]), sound) > 0.98
    assert playback.marks()[-1] == (1, len(sound))


def test_a_broken_packet_is_silence_and_a_torn_field_nothing() -> None:
    speaker = Speaker(HouseFormat("opus", OUTPUT_RATE_HZ))
    playback = Playback(welcome_of(speaker))
    sound = speech(60 * FRAME)
    chunks = [speaker.chunk(chunk) for chunk in reply(sound, list(range(12, 60, 12)))]  # type: ignore[arg-type]
    broken = b"\x03\0\xfa\xff\xff" * 5  # as long as the packets in their place, but no decoder reads them
    for chunk in [replace(chunks[0], audio=broken), replace(chunks[0], reply_id=1, audio=b"\x09\0abc"), *chunks[1:]]:
        playback.add(chunk)  # type: ignore[arg-type]
    heard = played(playback, len(sound))
    assert not heard[: 11 * FRAME].any()
    assert likeness(heard[24 * FRAME :], sound[24 * FRAME :]) > 0.99


def test_the_microphone_is_packed_whole_at_every_rate() -> None:
    for rate_hz in PACKED_RATES_HZ:
        packer, server = Packer(rate_hz), Microphone(HouseFormat("opus", 48_000), 5000, lambda: 0.0)
        sound = speech(rate_hz, rate_hz).tobytes()
        fields = [packer.pack(sound[at : at + 2 * 333]) for at in range(0, len(sound), 2 * 333)]
        arrived = np.frombuffer(b"".join(server.take(field) for field in fields if field), "<i2")
        assert len(arrived) == 48_000
        late = 120  # of libopus's own look-ahead, at 48 kHz
        assert likeness(arrived[late:], speech(48_000, 48_000)[:-late]) > 0.95
