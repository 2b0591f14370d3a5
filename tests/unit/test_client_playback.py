"""What the Python client plays: every sample once, in order, and the face that belongs to it."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from stagedoor.client import Playback
from stagedoor.protocol.messages import FaceFormat, Limits, PersonaCard, ReplyChunk, Welcome
from stagedoor.protocol.timeline import AudioFormat

FRAME = 400
WELCOME = Welcome(
    "s",
    PersonaCard("p", "P", "they/them", ""),
    "I am an AI.",
    AudioFormat(),
    AudioFormat("pcm16", 24_000),
    FaceFormat(("jawOpen", "smile"), 60),
    Limits(),
)


def samples(first: int, n: int) -> bytes:
    """A ramp: each sample says which one of its reply it is (none is 0, which is silence)."""
    return b"".join(((first + i) % 30_000 + 1).to_bytes(2, "little") for i in range(n))


def chunk(reply_id: int, seq: int, n_frames: int = 3, *, last: bool = False) -> ReplyChunk:
    first = seq * n_frames
    face = b"".join(bytes((first + k, reply_id)) for k in range(n_frames))
    audio = samples(first * FRAME, n_frames * FRAME)
    return ReplyChunk(reply_id, seq, first * FRAME, audio, face, last=last)


def test_a_reply_is_played_once_and_then_there_is_silence() -> None:
    playback = Playback(WELCOME)
    playback.add(chunk(1, 0))
    playback.add(chunk(1, 1, last=True))
    assert playback.pull(6 * FRAME) == samples(0, 6 * FRAME)
    assert not playback.sounding
    assert playback.pull(3) == bytes(6)
    assert playback.marks() == [(1, 6 * FRAME)]


def test_the_face_is_the_one_that_is_heard() -> None:
    playback = Playback(WELCOME)
    playback.add(chunk(1, 0))
    assert playback.face() == bytes((0, 1))
    playback.pull(FRAME + 1)
    assert playback.face() == bytes((1, 1))


def test_a_dry_buffer_waits() -> None:
    playback = Playback(WELCOME)
    playback.add(chunk(1, 0))
    playback.pull(10 * FRAME)
    assert playback.marks() == [(1, 3 * FRAME)]
    playback.add(chunk(1, 1, last=True))
    assert playback.pull(3 * FRAME) == samples(3 * FRAME, 3 * FRAME)


def test_a_newer_reply_waits_for_the_older() -> None:
    playback = Playback(WELCOME)
    playback.add(chunk(1, 0, last=True))
    playback.add(chunk(2, 0))
    assert playback.pull(4 * FRAME) == samples(0, 3 * FRAME) + samples(0, FRAME)
    assert playback.marks() == [(1, 3 * FRAME), (2, FRAME)]


def test_a_cancelled_reply_and_late_chunks_of_it_are_silent() -> None:
    playback = Playback(WELCOME)
    playback.add(chunk(1, 0))
    playback.pull(FRAME)
    playback.cancel(1)
    playback.add(chunk(1, 1))
    assert playback.pull(FRAME) == bytes(2 * FRAME)
    assert playback.face() == b""


def test_after_a_new_connection_nothing_is_heard_twice() -> None:
    playback = Playback(WELCOME)
    playback.add(chunk(1, 0))
    playback.pull(FRAME + 7)
    playback.forget_unheard()
    playback.add(ReplyChunk(1, 0, FRAME, samples(FRAME, 2 * FRAME), bytes((1, 1, 2, 1))))
    playback.add(chunk(1, 1, last=True))
    assert playback.pull(6 * FRAME) == samples(FRAME + 7, 5 * FRAME - 7) + bytes(2 * (FRAME + 7))
    assert not playback.sounding


@settings(deadline=None)
@given(st.lists(st.integers(1, 3000), max_size=20), st.integers(1, 5))
def test_however_it_is_pulled_every_sample_comes_once(pulls: list[int], n_chunks: int) -> None:
    playback, heard = Playback(WELCOME), b""
    marks = [0]
    for seq in range(n_chunks):
        playback.add(chunk(1, seq, last=seq == n_chunks - 1))
    for n in pulls:
        heard += playback.pull(n)
        marks += [samples for _, samples in playback.marks()]
    assert heard == (samples(0, n_chunks * 3 * FRAME) + bytes(2 * sum(pulls)))[: len(heard)]
    assert all(a <= b for a, b in pairwise(marks))
