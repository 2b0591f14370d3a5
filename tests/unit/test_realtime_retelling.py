"""A session's messages as Realtime events: in OpenAI's own shapes, in order, nothing twice."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from protocol.messages import (
    ErrorMessage,
    Listening,
    Notice,
    ReplyCancelled,
    ReplyChunk,
    ReplyDuck,
    Transcript,
)
from protocol.timeline import EmotionCue, VisemeSpan, WordSpan
from server.realtime.client_events import RefusedError
from server.realtime.items import MAX_ITEMS, Event
from server.realtime.retelling import Retelling

SHAPES: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)


def kinds(events: list[Event]) -> list[str]:
    return [event["type"] for event in events]


def in_shape(events: list[Event]) -> list[Event]:
    """The same events, each of which OpenAI's own types take for what it says it is."""
    for event in events:
        if not event["type"].startswith("avatar."):
            assert SHAPES.validate_python({"event_id": "event_1", **event}).type == event["type"]
    return events


def chunk(reply_id: int, seq: int, text: str = "", *, last: bool = False, n_samples: int = 400) -> ReplyChunk:
    start = seq * n_samples
    words = tuple(WordSpan(word, start, start + 100) for word in text.split())
    return ReplyChunk(reply_id, seq, start, bytes(2 * n_samples), b"\7" * 52, words, last=last)


def test_a_spoken_turn_and_its_answer() -> None:
    told = Retelling("s")
    events = told.turn_opened(1, 300, over_avatar=False)
    events += told.events(Transcript(1, "What is", False))
    events += told.turn_closed(1, 1900)
    events += told.events(Transcript(1, "What is it?", True))
    events += told.events(chunk(1, 0, "A cat."))
    events += told.events(chunk(1, 1, "Miso.", last=True))
    assert kinds(in_shape(events)) == [
        "input_audio_buffer.speech_started",
        "avatar.partial",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "avatar.chunk",
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        "avatar.chunk",
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    assert (events[0]["audio_start_ms"], events[2]["audio_end_ms"]) == (300, 1900)
    fan, avatar = events[0]["item_id"], events[-1]["response"]["output"][0]
    assert events[10]["previous_item_id"] == fan
    assert avatar["content"] == [{"type": "output_audio", "transcript": "A cat. Miso."}]
    assert told.items.get(fan)["content"][0]["transcript"] == "What is it?"


def test_a_sound_over_the_avatar_that_was_nothing_is_never_told() -> None:
    told = Retelling("s")
    told.events(chunk(1, 0))
    assert told.turn_opened(1, 0, over_avatar=True) == []
    assert told.turn_closed(1, 500) == []


def test_the_turn_that_the_fan_took_from_the_avatar_is_told_with_the_moment_it_began() -> None:
    told = Retelling("s")
    told.events(chunk(1, 0, "Once"))
    told.turn_opened(1, 700, over_avatar=True)
    events = in_shape(told.events(ReplyCancelled(1, "barge_in", 240)))
    assert kinds(events)[:2] == ["input_audio_buffer.speech_started", "avatar.cancelled"]
    assert (events[0]["audio_start_ms"], events[1]["heard_ms"]) == (700, 10)
    assert events[-1]["response"]["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    assert events[-1]["response"]["output"][0]["status"] == "incomplete"


def test_words_that_come_after_the_next_turn_began_find_their_own() -> None:
    told = Retelling("s")
    first = told.turn_opened(1, 0, over_avatar=False)[0]["item_id"]
    told.turn_closed(1, 100)
    second = told.turn_opened(2, 200, over_avatar=False)[0]["item_id"]
    assert told.events(Transcript(1, "One.", True))[-1]["item_id"] == first != second


def test_words_of_a_turn_committed_by_hand_belong_to_its_item() -> None:
    told = Retelling("s")
    events = in_shape(told.commit())
    assert kinds(events) == ["input_audio_buffer.committed", "conversation.item.added", "conversation.item.done"]
    assert told.turn_opened(1, 0, over_avatar=False) == told.turn_closed(1, 90) == []
    heard = in_shape(told.events(Transcript(1, "Hello.", True)))
    assert kinds(heard) == [
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
    ]
    assert heard[0]["item_id"] == events[0]["item_id"]


def test_typed_words_are_an_item_once() -> None:
    told = Retelling("s")
    events = in_shape(told.typed("Hello!", "mine"))
    assert kinds(events) == ["conversation.item.added", "conversation.item.done"]
    assert told.events(Transcript(1, "Hello!", True)) == []
    for taken in ("mine", 7, "x" * 500):
        with pytest.raises(RefusedError):
            told.typed("Hello!", taken)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (Listening(0, b"\1" * 52), "avatar.listening"),
        (Notice("server", "Hello."), "avatar.notice"),
        (ReplyDuck(1, 0.3, 60), "avatar.duck"),
        (ErrorMessage("engine_failed", "oh"), "error"),
        (ErrorMessage("malformed", "oh"), "error"),
    ],
)
def test_the_rest_is_told_too(message: Any, kind: str) -> None:
    (event,) = in_shape(Retelling("s").events(message))
    assert event["type"] == kind
    if kind == "error":
        assert (event["error"]["type"] == "server_error") == (message.code == "engine_failed")


def test_a_chunk_carries_all_that_belongs_to_its_sound() -> None:
    cue = EmotionCue(400, "joy", 0.8, 0.5)
    given_chunk = ReplyChunk(
        1,
        0,
        400,
        bytes(800),
        b"\1" * 52,
        (WordSpan("Hi", 400, 500),),
        (VisemeSpan("aa", 400, 500),),
        cue,
        head=b"\1\2\3",
    )
    event = next(e for e in Retelling("s").events(given_chunk) if e["type"] == "avatar.chunk")
    assert base64.b64decode(event["face"]) == b"\1" * 52
    assert base64.b64decode(event["head"]) == b"\1\2\3"
    assert event["start_samples"] == 400
    assert event["visemes"] == ({"viseme": "aa", "start_samples": 400, "end_samples": 500},)
    assert event["emotion"]["category"] == "joy"


def test_a_mark_is_good_only_for_the_reply_that_plays() -> None:
    told = Retelling("s")
    item_id = told.events(chunk(1, 0, "Once", n_samples=24_000))[1]["item"]["id"]
    assert told.truncated(item_id, 500)[1] == (1, 12_000)
    with pytest.raises(RefusedError, match="only 1000 ms"):
        told.truncated(item_id, 1001)
    told.turn_opened(1, 0, over_avatar=False)
    assert told.truncated(item_id, 500)[1] is None
    typed = told.typed("Hello!", None)[0]["item"]["id"]
    with pytest.raises(RefusedError, match="only what the avatar says"):
        told.truncated(typed, 0)


def test_what_is_asked_for_and_not_answered_is_a_failed_response() -> None:
    created, done = in_shape(Retelling("s").unanswered("no_speech"))
    assert created["response"]["id"] == done["response"]["id"]
    assert done["response"]["status_details"]["error"]["code"] == "no_speech"


def test_old_items_are_forgotten() -> None:
    told = Retelling("s")
    first = told.typed("1", None)[0]["item"]["id"]
    for _ in range(MAX_ITEMS):
        told.typed("more", None)
    with pytest.raises(RefusedError, match="there is no item"):
        told.items.get(first)


Step = tuple[str, int]
KINDS = st.sampled_from(["chunk", "last", "cancel", "open", "over", "close", "final"])
STEPS = st.lists(st.tuples(KINDS, st.integers(0, 3)))


@given(STEPS)
def test_whatever_happens_every_response_has_one_beginning_and_one_end(steps: list[Step]) -> None:
    told = Retelling("s")
    reply_id, turn_id, events = 1, 0, []
    happenings: dict[str, Callable[[], list[Event]]] = {
        "chunk": lambda: told.events(chunk(reply_id, 0, "Hi")),
        "last": lambda: told.events(chunk(reply_id, 1, last=True)),
        "cancel": lambda: told.events(ReplyCancelled(reply_id, "barge_in", 0)),
        "open": lambda: told.turn_opened(turn_id, 0, over_avatar=False),
        "over": lambda: told.turn_opened(turn_id, 0, over_avatar=True),
        "close": lambda: told.turn_closed(turn_id, 0),
        "final": lambda: told.events(Transcript(turn_id, "Hi.", True)),
    }
    for kind, gap in steps:
        turn_id += kind in ("open", "over")
        events += happenings[kind]()
        reply_id += kind in ("last", "cancel")
        assert told.active == (kinds(events).count("response.created") > kinds(events).count("response.done"))
        if gap == 0:
            events += told.typed("x", None)
    begun = [event["response"]["id"] for event in events if event["type"] == "response.created"]
    ended = [event["response"]["id"] for event in events if event["type"] == "response.done"]
    assert len(set(begun)) == len(begun)
    assert begun[: len(ended)] == ended
    started = [event["item_id"] for event in events if event["type"].endswith("speech_started")]
    assert len(set(started)) == len(started)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8))
def test_the_sound_is_the_same_however_it_is_cut(sizes: list[int]) -> None:
    told, sound, events = Retelling("s"), bytes(range(200)) * 20, []
    at = 0
    for seq, size in enumerate(sizes):
        piece = sound[at : at + 2 * size]
        events += told.events(ReplyChunk(1, seq, at // 2, piece, b"", last=seq == len(sizes) - 1))
        at += len(piece)
    deltas = [event["delta"] for event in events if event["type"] == "response.output_audio.delta"]
    assert b"".join(map(base64.b64decode, deltas)) == sound[:at]
    assert kinds(events).count("response.done") == 1
