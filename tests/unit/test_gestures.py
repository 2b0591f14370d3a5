"""Gestures begin with the word that their mark stands before, on the wire and in the head's own motion."""

import asyncio

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.channels import HEAD_FULL_DEG, PITCH, as_weights
from avatar.emotion import Emotion, GestureMark, split_marks
from avatar.face import Face
from avatar.gestures import MOTIONS, at_words
from protocol.messages import Listening, ReplyChunk, TextInput
from protocol.timeline import SAMPLES_PER_FACE_FRAME, GestureCue, PhonemeSpan, WordSpan
from tests.session.virtual import run_virtual
from tests.session.world import World, fan_in

FRAME = SAMPLES_PER_FACE_FRAME
N_FRAMES = 150
HUM = (0.2 * np.sin(np.arange(N_FRAMES * FRAME) * 0.06)).astype(np.float32)


def face_of(*cues):
    """A face that says a level "aah" with these gestures, [frames, channels]."""
    span = [PhonemeSpan("ɑ", 0, len(HUM))]
    return as_weights(Face(seed=5).clause(span, HUM, 0, Emotion(), cues).frames)


def test_a_word_without_a_sound_passes_its_gesture_on():
    words = [WordSpan("Hi", 0, 900), WordSpan("—", 900, 900), WordSpan("you", 1200, 2000)]
    marks = [GestureMark("nod", 1), GestureMark("wave", 0), GestureMark("point", 3)]
    assert at_words(marks, words) == (GestureCue(1200, "nod"), GestureCue(0, "wave"), GestureCue(1200, "point"))
    assert at_words(marks[:1], []) == (GestureCue(0, "nod"),)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, (N_FRAMES - 60) * FRAME))
def test_the_head_nods_within_a_frame_of_the_words_first_sample(begin):
    nodding = (face_of(GestureCue(begin, "nod")) - face_of())[:, PITCH] * HEAD_FULL_DEG
    moved = np.flatnonzero(np.abs(nodding) > 0.3)
    # From rest it takes its first 3 frames to be seen at all; before its word nothing moves.
    assert 0 <= moved[0] - begin // FRAME <= 3
    expected = MOTIONS["nod"].frames(np.arange(N_FRAMES) - begin // FRAME, 1.0)[:, PITCH] * HEAD_FULL_DEG
    assert np.abs(nodding - expected).max() < 0.3


def test_two_nods_of_one_clause_are_two_unless_they_overlap():
    apart = face_of(GestureCue(0, "nod"), GestureCue(70 * FRAME, "nod"))
    one = face_of(GestureCue(0, "nod"))
    assert np.abs(apart - one)[70:, PITCH].max() * HEAD_FULL_DEG > 4
    assert np.array_equal(face_of(GestureCue(0, "nod"), GestureCue(10 * FRAME, "nod")), one)


ANSWER = "Oh yes [nod] surely, my friend. That *waves* was lovely, and you 👉 know it. Until then! 👋"


@pytest.mark.parametrize("answer", [ANSWER, ANSWER.removesuffix(" 👋")])
def test_in_a_conversation_every_cue_leaves_with_its_words_chunk(answer):
    async def story() -> None:
        async with fan_in(World(answers={"Tell me": answer})) as fan:
            fan.send(TextInput("Tell me"))
            await asyncio.sleep(12)
            chunks = fan.chunks()
            begins = {word.text: word.start_samples for chunk in chunks for word in chunk.words}
            cues = [(cue, chunk) for chunk in chunks for cue in chunk.gestures]
            assert [(c.name, c.start_samples) for c, _ in cues][:3] == [
                ("nod", begins["surely,"]), ("wave", begins["was"]), ("point", begins["know"])
            ]  # fmt: skip
            assert all(chunk.start_samples <= cue.start_samples <= _end(chunk) for cue, chunk in cues)
            # A mark that no word follows belongs to the end of the reply, and leaves with its last chunk.
            assert [(c.name, chunk.last) for c, chunk in cues[3:]] == ([("wave", True)] if "👋" in answer else [])

    run_virtual(story())


def test_the_body_leans_with_the_feeling_and_listens_forward():
    async def story() -> None:
        async with fan_in(
            World(answers={"Tell me": "[sad] I miss them so. [surprise] Oh!"}, lines=["Hello you"])
        ) as fan:
            fan.send(TextInput("Tell me"))
            await asyncio.sleep(6)
            cues = [(chunk.start_samples, chunk.posture) for chunk in fan.chunks() if chunk.posture]
            assert [cue.name for _, cue in cues] == ["shoulders_down", "lean_back"]
            assert all(start == cue.start_samples for start, cue in cues)
            assert all(0.3 < cue.amount <= 1.0 for _, cue in cues)
            await fan.speak(0, words=2)
            assert fan.all(Listening)[-1].posture.name == "lean_in"

    run_virtual(story())


def test_a_mark_behind_the_words_that_call_for_it_is_not_made_twice():
    async def story() -> None:
        async with fan_in(World(answers={"Tell me": "That was lovely. See you soon! 👋"})) as fan:
            fan.send(TextInput("Tell me"))
            await asyncio.sleep(6)
            begins = {word.text: word.start_samples for chunk in fan.chunks() for word in chunk.words}
            cues = [(cue.name, cue.start_samples) for chunk in fan.chunks() for cue in chunk.gestures]
            assert cues == [("wave", begins["See"])]

    run_virtual(story())


def _end(chunk: ReplyChunk) -> int:
    return chunk.start_samples + len(chunk.audio) // 2


def test_the_scripted_answer_above_holds_no_mark_that_is_read_out():
    assert split_marks(ANSWER)[0] == "Oh yes surely, my friend. That was lovely, and you know it. Until then!"
