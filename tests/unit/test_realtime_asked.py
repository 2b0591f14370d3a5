"""What Realtime clients ask: done, ignored by name, or refused by name; and nothing else, whatever they send."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import MalformedError, RateError
from server.realtime.buffer import MAX_KEPT_S, AudioBuffer
from server.realtime.client_events import REFUSED, RefusedError, read_event, read_heading
from server.realtime.configuration import Settings, check_response, read_settings
from server.realtime.entry import hello_of, join_key
from server.realtime.items import typed_text

#: What `@openai/agents` 0.20 sends when it connects, and nobody has set anything.
AGENT_DEFAULTS = {
    "type": "realtime",
    "instructions": "You are a pirate.",
    "model": "gpt-realtime-2.1",
    "output_modalities": ["audio"],
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24000},
            "noise_reduction": None,
            "transcription": {"model": "gpt-4o-mini-transcribe"},
            "turn_detection": {"type": "semantic_vad"},
        },
        "output": {"format": {"type": "audio/pcm", "rate": 24000}, "speed": 1},
    },
    "tool_choice": "auto",
    "tools": [],
    "tracing": "auto",
}


def heard(**fields: Any) -> dict[str, Any]:
    return {"type": "realtime", "audio": {"input": fields}}


def test_a_stock_agent_gets_what_it_can_have_and_is_told_the_rest() -> None:
    settings, ignored = read_settings(Settings(), AGENT_DEFAULTS)
    assert settings == Settings("semantic_vad")
    assert sorted(ignored) == [
        "session.audio.input.transcription.model",
        "session.instructions",
        "session.model",
        "session.tracing",
    ]


@pytest.mark.parametrize(
    ("asked", "detection"),
    [
        ({"type": "server_vad", "create_response": True}, "server_vad"),
        ({"type": "semantic_vad", "eagerness": "auto"}, "semantic_vad"),
        (None, None),
    ],
)
def test_turn_detection_is_chosen(asked: Any, detection: Any) -> None:
    assert read_settings(Settings(), heard(turn_detection=asked)) == (Settings(detection), {})


def test_an_update_changes_only_what_it_names() -> None:
    assert read_settings(Settings(None), {"type": "realtime"}) == (Settings(None), {})


def test_thresholds_are_ignored_by_name() -> None:
    asked = {"type": "server_vad", "threshold": 0.9, "silence_duration_ms": 900}
    _, ignored = read_settings(Settings(), heard(turn_detection=asked))
    path = "session.audio.input.turn_detection"
    assert list(ignored) == [f"{path}.threshold", f"{path}.silence_duration_ms"]


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"type": "transcription"}, "session.type"),
        ({"output_modalities": ["text"]}, "session.output_modalities"),
        ({"tools": [{"type": "function", "name": "f"}]}, "session.tools"),
        ({"audio": 7}, "session.audio"),
        (heard(format={"type": "audio/pcmu"}), "session.audio.input.format"),
        (heard(format={"type": "audio/pcm", "rate": 16_000}), "session.audio.input.format"),
        (heard(format="pcm16"), "session.audio.input.format"),
        ({"audio": {"output": {"format": {"type": "audio/pcma"}}}}, "session.audio.output.format"),
        (heard(turn_detection={"type": "magic"}), "session.audio.input.turn_detection.type"),
        (
            heard(turn_detection={"type": "server_vad", "create_response": False}),
            "session.audio.input.turn_detection.create_response",
        ),
    ],
)
def test_what_contradicts_the_server_is_refused_by_name(asked: dict[str, Any], param: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read_settings(Settings(), asked)
    assert refused.value.param == param


def test_a_response_may_ask_for_nothing_else() -> None:
    assert check_response({"metadata": {"a": "b"}, "instructions": "Shout."}).keys() == {
        "response.metadata",
        "response.instructions",
    }
    for asked in ({"conversation": "none"}, {"input": [{}]}, {"output_modalities": ["text"]}):
        with pytest.raises(RefusedError, match=r".+"):
            check_response(asked)


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"type": "function_call_output"}, "unsupported"),
        ({"type": "message", "role": "system", "content": []}, "unsupported"),
        ({"type": "message", "role": "user", "content": []}, "invalid_value"),
        ({"type": "message", "role": "user", "content": [{"type": "input_image"}]}, "unsupported"),
        ({"type": "message", "role": "user", "content": [{"type": "input_text", "text": " "}]}, "invalid_value"),
        ({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x" * 3000}]}, "too_large"),
    ],
)
def test_only_the_fans_text_can_be_added(item: dict[str, Any], code: str) -> None:
    with pytest.raises(RefusedError) as refused:
        typed_text(item)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"{}", "invalid_json"),
        ("", "invalid_json"),
        ("[]", "invalid_json"),
        ("{}", "invalid_json"),
        ("[" * 100_000, "invalid_json"),
        ('{"type": "dance"}', "unknown_type"),
        ('{"type": "input_audio_buffer.append", "audio": "?"}', "invalid_value"),
        ('{"type": "conversation.item.truncate", "item_id": "a", "audio_end_ms": -1}', "invalid_value"),
        *((json.dumps({"type": kind}), "unsupported") for kind in REFUSED),
    ],
)
def test_no_event_is_refused_with_a_code(data: bytes | str, code: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read_event(read_heading(data), data)
    assert refused.value.code == code


NAMES = ["type", "audio", "input", "output", "format", "turn_detection", "tools", "role", "content", "text"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["type", "audio", "tools", "role", "content", "voice"]), JSON))
def test_nonsense_is_refused_and_nothing_breaks(asked: dict[str, Any]) -> None:
    for read in (lambda: read_settings(Settings(), asked), lambda: check_response(asked), lambda: typed_text(asked)):
        with suppress(RefusedError):
            read()


# --- who comes in -------------------------------------------------------------------------------------------


def test_the_key_comes_in_the_header_or_from_browsers_in_a_subprotocol() -> None:
    assert join_key("Bearer abc", ()) == "abc"
    assert join_key("", ("realtime", "openai-insecure-api-key.abc")) == "abc"
    assert join_key("Basic abc", ("realtime",)) == ""


def test_a_key_that_is_no_token_is_nobodys_business_where_none_is_needed() -> None:
    assert hello_of("sk-mine", {}, tokens_required=False).token == ""
    assert hello_of("sk-mine", {}, tokens_required=True).token == "sk-mine"
    assert hello_of("a.b.c", {}, tokens_required=False).token == "a.b.c"


def test_the_address_may_name_face_and_language() -> None:
    hello = hello_of("", {"face": "vrm", "language": "de", "model": "gpt-realtime"}, tokens_required=False)
    assert (hello.face, hello.language, hello.audio_in.sample_rate_hz) == ("vrm", "de", 24_000)
    with pytest.raises(MalformedError):
        hello_of("", {"face": "clown"}, tokens_required=False)


# --- the input audio buffer ---------------------------------------------------------------------------------


def test_a_turn_is_kept_committed_and_taken_once() -> None:
    buffer = AudioBuffer(5000, lambda: 0.0)
    buffer.keep(buffer.take(b"\1\0" * 24_000))
    assert buffer.heard_ms == 1000
    buffer.commit()
    with pytest.raises(RefusedError, match="waits for its response"):
        buffer.commit()
    pieces = list(buffer.take_committed())
    assert b"".join(pieces) == b"\1\0" * 24_000 + bytes(24_000)
    assert not buffer.committed


def test_the_buffer_is_bounded_and_can_be_cleared() -> None:
    buffer = AudioBuffer(5000, lambda: 0.0)
    buffer.keep(bytes(48_000 * MAX_KEPT_S))
    with pytest.raises(RefusedError, match="at most"):
        buffer.keep(bytes(2))
    buffer.clear()
    with pytest.raises(RefusedError) as empty:
        buffer.commit()
    assert empty.value.code == "input_audio_buffer_commit_empty"


def test_half_a_sample_and_too_much_are_the_clients_mistake() -> None:
    buffer = AudioBuffer(5000, lambda: 0.0)
    with pytest.raises(MalformedError):
        buffer.take(b"odd")
    with pytest.raises(RateError):
        buffer.take(bytes(48_000 * 100))
