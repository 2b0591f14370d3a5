"""What is recorded is what was heard: by marks, by cuts, and nothing from before the consent."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from protocol.messages import ReplyCancelled, ReplyChunk
from protocol.timeline import OUTPUT_RATE_HZ, AudioFormat, WordSpan
from server.after.recording import HELD_BYTES, MAX_RECORDED_MS, Recording

PER_MS = OUTPUT_RATE_HZ // 1000
CHUNK = 200 * PER_MS


def chunk(reply_id: int, k: int, *words: str) -> ReplyChunk:
    """The k-th 200 ms of a reply; every sample of it is 100 * reply_id + k; the words share its time."""
    start = k * CHUNK
    spans = tuple(
        WordSpan(word, start + i * CHUNK // len(words), start + (i + 1) * CHUNK // len(words))
        for i, word in enumerate(words)
    )
    audio = np.full(CHUNK, 100 * reply_id + k, "<i2").tobytes()
    return ReplyChunk(reply_id, k, start, audio, b"", words=spans)


class Reel:
    """Stands in for a spool, in memory: what was put in, as side, when it was heard, and sound."""

    def __init__(self) -> None:
        self.put_in: list[tuple[str, float, bytes]] = []

    def put(self, side: str, ended_ms: float, pcm16: bytes) -> None:
        self.put_in.append((side, ended_ms, pcm16))

    def finish(self) -> None:
        pass


def recording(began_ms: float = 0.0) -> Recording:
    return Recording(AudioFormat(), began_ms, Reel())


def recorded(tape: Recording) -> bytes:
    return b"".join(pcm16 for side, _, pcm16 in tape.spool.put_in if side == "avatar")


def test_only_what_was_played_is_on_the_tape() -> None:
    tape = recording()
    for k, word in enumerate("Miso. She runs the house.".split()):
        tape.avatar_sent(chunk(1, k, word), 10.0)
    tape.avatar_heard(1, CHUNK, 300.0)
    tape.avatar_cut(ReplyCancelled(1, "barge_in", 2 * CHUNK + 100), 520.0)
    tape.avatar_heard(1, 5 * CHUNK, 1100.0)  # a mark that comes too late
    tape.finish(2000.0)
    assert len(recorded(tape)) // 2 == 2 * CHUNK + 100
    assert [line.text for line in tape.lines()] == ["Miso. She"]
    assert (tape.lines()[0].start_ms, tape.lines()[0].end_ms) == (100.0, 520.0 - 100 / PER_MS)


def test_words_of_both_sides_come_in_the_order_in_which_they_were_said() -> None:
    tape = recording()
    tape.fan_said("what is", False, 900.0)
    tape.fan_said("What is your cat called?", True, 1500.0)
    tape.avatar_sent(chunk(1, 0, "Miso."), 1600.0)
    tape.avatar_heard(1, CHUNK, 1900.0)
    tape.avatar_sent(chunk(1, 1, "She", "runs."), 1800.0)
    tape.avatar_heard(1, 2 * CHUNK, 2100.0)
    tape.fan_said("", True, 2500.0)
    tape.host_said("It's really me now.", 5000.0)
    assert [(line.who, line.text) for line in tape.lines()] == [
        ("fan", "What is your cat called?"),
        ("avatar", "Miso. She runs."),
        ("host", "It's really me now."),
    ]
    assert tape.lines()[0].start_ms == 300.0
    assert [cue.text for cue in tape.captions()] == [
        "What is your cat called?", "Miso.", "She runs.", "It's really me now.",
    ]  # fmt: skip


def test_nothing_from_before_the_consent_is_on_the_tape() -> None:
    tape = recording(began_ms=5000.0)
    tape.avatar_sent(chunk(1, 3, "house."), 5100.0)  # the reply began before
    tape.avatar_heard(1, 3 * CHUNK + 100, 5200.0)
    assert recorded(tape) == chunk(1, 3).audio[:200]


def test_a_client_without_marks_heard_what_the_time_allowed() -> None:
    tape = recording()
    for k in range(5):
        tape.avatar_sent(chunk(1, k, "la"), 1000.0)
    tape.finish(1450.0)
    assert len(recorded(tape)) // 2 == 450 * PER_MS
    assert tape.spool.put_in[0][1] == 1450.0


def test_what_is_sent_again_after_a_lost_connection_is_there_once() -> None:
    tape = recording()
    for k in range(3):
        tape.avatar_sent(chunk(1, k, f"w{k}"), 10.0)
    tape.avatar_heard(1, CHUNK, 210.0)
    for k in (1, 2):
        tape.avatar_sent(chunk(1, k, f"w{k}"), 400.0)
    tape.avatar_heard(1, 3 * CHUNK, 900.0)
    assert recorded(tape) == b"".join(chunk(1, k).audio for k in range(3))
    assert tape.lines()[0].text == "w0 w1 w2"


def test_a_visit_without_end_does_not_fill_the_memory() -> None:
    tape = recording()
    tape.heard_fan(b"\0\0", MAX_RECORDED_MS + 1)
    tape.fan_said("Still here", True, MAX_RECORDED_MS + 1)
    tape.avatar_sent(chunk(1, 0, "No."), MAX_RECORDED_MS + 1)
    tape.avatar_heard(1, CHUNK, MAX_RECORDED_MS + 200)
    assert not tape.spool.put_in
    assert not tape.lines()


def test_a_long_reply_to_a_client_without_marks_is_not_held_as_a_whole() -> None:
    tape = recording()
    for k in range(600):  # two minutes, as fast as they are played: a host speaks
        tape.avatar_sent(chunk(1, k), 200.0 * k)
        assert len(tape._reply.audio) <= HELD_BYTES + 2 * CHUNK
    tape.finish(200.0 * 600)
    assert recorded(tape) == b"".join(chunk(1, k).audio for k in range(600))


@given(st.lists(st.integers(0, 6 * CHUNK), max_size=30), st.none() | st.integers(0, 6 * CHUNK))
def test_every_heard_sample_is_there_once_whatever_the_marks_say(marks: list[int], cut: int | None) -> None:
    tape = recording()
    for k in range(5):
        tape.avatar_sent(chunk(1, k, "la"), 0.0)
    for at, mark in enumerate(marks):
        tape.avatar_heard(1, mark, 200.0 * (at + 1))
    if cut is not None:
        tape.avatar_cut(ReplyCancelled(1, "interrupt", cut), 10_000.0)
    heard = min(5 * CHUNK, max([*marks, cut or 0]))
    assert recorded(tape) == b"".join(chunk(1, k).audio for k in range(5))[: 2 * heard]
