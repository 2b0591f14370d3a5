"""Messages to bytes and back, in both forms; whatever else arrives is a coded error and nothing worse."""

import base64
import json
from typing import Any

import msgpack  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codec import SUBPROTOCOLS, Codec
from protocol.errors import MalformedError, StagedoorError, TooLargeError, UnknownTypeError, UnsupportedError
from protocol.messages import (
    MAX_MESSAGE_BYTES,
    MAX_TEXT_CHARS,
    SUBPROTOCOL_JSON,
    SUBPROTOCOL_MSGPACK,
    AudioChunk,
    ClientMessage,
    Hello,
    Ping,
    ServerMessage,
    TextInput,
)
from tests.messages_any import any_client_message, any_server_message, plain

JSON = Codec(SUBPROTOCOL_JSON)
MSGPACK = Codec(SUBPROTOCOL_MSGPACK)
BOTH = pytest.mark.parametrize("codec", [MSGPACK, JSON], ids=SUBPROTOCOLS)


def frame(codec: Codec, **fields: Any) -> bytes | str:
    """A frame as another program would write it."""
    return msgpack.packb(fields) if codec.binary else json.dumps(plain_json(fields))


def plain_json(value: Any) -> Any:
    """Bytes become base64, as in every JSON form."""
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case dict():
            return {name: plain_json(item) for name, item in value.items()}
        case list():
            return [plain_json(item) for item in value]
    return value


def on_the_wire(codec: Codec, message: ClientMessage | ServerMessage) -> bytes | str:
    """What a WebSocket hands over: bytes from a binary frame, str from a text frame."""
    data = codec.encode(message)
    return data if codec.binary else data.decode()


# --- there and back -----------------------------------------------------------------------------------------


@BOTH
@given(message=any_client_message)
def test_what_a_client_says_arrives(codec: Codec, message: ClientMessage) -> None:
    assert codec.decode_client(on_the_wire(codec, message)) == message


@BOTH
@given(message=any_server_message)
def test_what_a_server_says_arrives(codec: Codec, message: ServerMessage) -> None:
    assert codec.decode_server(on_the_wire(codec, message)) == message


# --- the same by other people's hands -----------------------------------------------------------------------


@given(message=any_client_message | any_server_message)
def test_the_msgpack_package_reads_and_writes_the_same_bytes(message: ClientMessage | ServerMessage) -> None:
    assert msgpack.unpackb(MSGPACK.encode(message)) == plain(message)
    assert msgpack.packb(plain(message)) == MSGPACK.encode(message)


@given(message=any_client_message)
def test_json_and_base64_of_the_standard_library_agree(message: ClientMessage) -> None:
    assert json.loads(JSON.encode(message)) == plain_json(plain(message))
    assert JSON.decode_client(json.dumps(plain_json(plain(message)))) == message


@given(message=any_server_message)
def test_json_of_the_server_is_read_by_the_standard_library(message: ServerMessage) -> None:
    assert json.loads(JSON.encode(message)) == plain_json(plain(message))


# --- what may be different ----------------------------------------------------------------------------------


@BOTH
def test_fields_with_defaults_may_be_left_out(codec: Codec) -> None:
    assert codec.decode_client(frame(codec, type="hello")) == Hello()


@BOTH
@given(extra=st.dictionaries(st.text(max_size=20), st.none() | st.text(max_size=20) | st.lists(st.integers(0, 9))))
def test_unknown_fields_are_ignored(codec: Codec, extra: dict[str, Any]) -> None:
    data = frame(codec, **{**extra, "type": "ping", "nonce": 7})
    assert codec.decode_client(data) == Ping(7)


@BOTH
def test_the_order_of_fields_does_not_matter(codec: Codec) -> None:
    assert codec.decode_client(frame(codec, text="hi", type="text")) == TextInput("hi")


@BOTH
def test_a_full_text_fits(codec: Codec) -> None:
    text = "é" * MAX_TEXT_CHARS
    assert codec.decode_client(frame(codec, type="text", text=text)) == TextInput(text)


# --- what is refused ----------------------------------------------------------------------------------------

REFUSED = {
    "no type": {"text": "hi"},
    "the type is a number": {"type": 5},
    "a field is missing": {"type": "text"},
    "text one too long": {"type": "text", "text": "x" * (MAX_TEXT_CHARS + 1)},
    "text is a number": {"type": "text", "text": 5},
    "text is null": {"type": "text", "text": None},
    "a negative count": {"type": "playback.mark", "reply_id": 1, "heard_samples": -1},
    "a count that a double would round": {"type": "ping", "nonce": 2**53},
    "a count with a fraction": {"type": "ping", "nonce": 0.5},
    "a count that is a flag": {"type": "ping", "nonce": True},
    "a count in quotes": {"type": "ping", "nonce": "1"},
    "a name of 81 characters": {"type": "hello", "name": "x" * 81},
    "a face nobody knows": {"type": "hello", "face": "x" * 5000},
    "a rate of nothing": {"type": "hello", "audio_in": {"encoding": "pcm16", "sample_rate_hz": 0}},
    "consents as a list": {"type": "consent", "consents": [True, True, True]},
    "consents half right": {"type": "consent", "consents": {"memory": "yes"}},
}


@BOTH
@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED.keys())
def test_what_breaks_a_bound_is_malformed(codec: Codec, fields: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as caught:
        codec.decode_client(frame(codec, **fields))
    assert len(str(caught.value)) <= 200


@BOTH
def test_a_refusal_names_the_field(codec: Codec) -> None:
    with pytest.raises(MalformedError, match=r"^ping: .* at `\$\.nonce`$"):
        codec.decode_client(frame(codec, type="ping", nonce=-1))


@BOTH
def test_a_token_is_never_quoted(codec: Codec) -> None:
    with pytest.raises(MalformedError) as caught:
        codec.decode_client(frame(codec, type="hello", token="secret" * 1000))
    assert "secret" not in str(caught.value)


@BOTH
@pytest.mark.parametrize("kind", ["dance", "reply.chunk", "", "x" * 5000], ids=["new", "ours", "empty", "long"])
def test_a_type_that_clients_do_not_send_is_unknown(codec: Codec, kind: str) -> None:
    with pytest.raises(UnknownTypeError) as caught:
        codec.decode_client(frame(codec, type=kind))
    assert len(str(caught.value)) <= 200


@BOTH
def test_a_type_that_servers_do_not_send_is_unknown(codec: Codec) -> None:
    with pytest.raises(UnknownTypeError):
        codec.decode_server(frame(codec, type="interrupt"))


@BOTH
def test_the_size_limit_is_exact(codec: Codec) -> None:
    room = MAX_MESSAGE_BYTES - len(frame(codec, type="ping", nonce=1, pad="x" * 40_000)) + 40_000
    assert codec.decode_client(frame(codec, type="ping", nonce=1, pad="x" * room)) == Ping(1)
    with pytest.raises(TooLargeError):
        codec.decode_client(frame(codec, type="ping", nonce=1, pad="x" * (room + 1)))


def test_text_frames_are_measured_in_bytes() -> None:
    with pytest.raises(TooLargeError):
        JSON.decode_client('{"type":"ping","pad":"' + "é" * 40_000 + '"}')


def test_the_form_must_fit_the_kind_of_frame() -> None:
    with pytest.raises(MalformedError, match="binary frames"):
        MSGPACK.decode_client('{"type":"ping"}')
    with pytest.raises(MalformedError, match="text frames"):
        JSON.decode_client(b'{"type":"ping"}')


def test_sound_must_be_bytes() -> None:
    with pytest.raises(MalformedError, match="Expected `bytes`, got `str`"):
        MSGPACK.decode_client(frame(MSGPACK, type="audio", audio="abcd"))
    with pytest.raises(MalformedError, match="base64"):
        JSON.decode_client('{"type":"audio","audio":"***"}')


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" * 400, "1" * 6000, "0x10", "١"])
def test_json_numbers_that_are_none(number: str) -> None:
    with pytest.raises(MalformedError):
        JSON.decode_client('{"type":"ping","nonce":' + number + "}")


def test_msgpack_numbers_that_are_none() -> None:
    for number in (float("nan"), float("inf"), 2**64 - 1, -(2**63)):
        with pytest.raises(MalformedError):
            MSGPACK.decode_client(frame(MSGPACK, type="ping", nonce=number))


def test_an_unknown_subprotocol_is_unsupported() -> None:
    with pytest.raises(UnsupportedError, match=r"avatar\.v1\.msgpack"):
        Codec("avatar.v2.msgpack")


# --- hostile bytes: a coded error, never anything else ------------------------------------------------------


def refuse(codec: Codec, data: bytes | str) -> None:
    """Must be a coded error with a short message, in both directions."""
    for decode in (codec.decode_client, codec.decode_server):
        with pytest.raises(StagedoorError) as caught:
            decode(data)
        assert len(str(caught.value)) <= 200


def endure(codec: Codec, data: bytes | str) -> None:
    """May be a message by chance; if not, a coded error with a short message."""
    for decode in (codec.decode_client, codec.decode_server):
        said = ""
        try:
            decode(data)
        except StagedoorError as error:
            said = str(error)
        assert len(said) <= 200


@given(st.binary(max_size=400))
def test_random_bytes(data: bytes) -> None:
    endure(MSGPACK, data)
    endure(JSON, data)


@given(st.text(st.characters(), max_size=400))
def test_random_text_with_lone_surrogates_too(text: str) -> None:
    endure(JSON, text)
    endure(MSGPACK, text)


_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.binary(max_size=30)
_TAGS = st.sampled_from(["hello", "audio", "text", "playback.mark", "consent", "ping", "reply.chunk", "error"])
_FIELDS = st.sampled_from(
    ["type", "audio", "text", "reply_id", "heard_samples", "consents", "nonce", "audio_in", "face"]
)


@given(_TAGS, st.dictionaries(_FIELDS, st.recursive(_LEAVES, st.lists, max_leaves=6)))
def test_known_types_with_wrong_fields(tag: str, fields: dict[str, Any]) -> None:
    fields = {name: value for name, value in fields.items() if not _is_beyond_64_bits(value)}
    endure(MSGPACK, frame(MSGPACK, **{**fields, "type": tag}))
    endure(JSON, frame(JSON, **{**fields, "type": tag}))


def _is_beyond_64_bits(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_is_beyond_64_bits, value))
    return isinstance(value, int) and not -(2**63) <= value < 2**64


@BOTH
@given(message=any_client_message, data=st.data())
def test_a_torn_message_is_refused(codec: Codec, message: ClientMessage, data: st.DataObject) -> None:
    whole = on_the_wire(codec, message)
    refuse(codec, whole[: data.draw(st.integers(0, len(whole) - 1))])


@BOTH
@given(message=any_client_message, junk=st.text(st.characters(codec="ascii"), min_size=1, max_size=20))
def test_something_after_the_message_is_refused(codec: Codec, message: ClientMessage, junk: str) -> None:
    whole = codec.encode(message) + b"\x01" + junk.encode()
    refuse(codec, whole if codec.binary else whole.decode())


@given(message=any_client_message, data=st.data())
def test_a_flipped_byte_is_endured(message: ClientMessage, data: st.DataObject) -> None:
    for codec in (MSGPACK, JSON):
        damaged = bytearray(codec.encode(message))
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
        endure(codec, bytes(damaged) if codec.binary else damaged.decode("latin-1"))


DEEP = {
    "msgpack lists": (MSGPACK, b"\x82\xa4type\xa4ping\xa1x" + b"\x91" * 60_000),
    "msgpack maps": (MSGPACK, b"\x82\xa4type\xa4ping\xa1x" + b"\x81\xa1x" * 20_000),
    "json lists": (JSON, '{"type":"ping","x":' + "[" * 60_000),
    "json maps": (JSON, '{"type":"ping","x":' + '{"x":' * 10_000),
    "json lists, closed": (JSON, '{"type":"ping","x":' + "[" * 30_000 + "]" * 30_000 + "}"),
}


@pytest.mark.parametrize(("codec", "data"), DEEP.values(), ids=DEEP.keys())
def test_deep_nesting_is_refused(codec: Codec, data: bytes | str) -> None:
    refuse(codec, data)


@pytest.mark.parametrize(
    "head", [b"\xdb", b"\xc6", b"\xdd", b"\xdf", b"\xc9"], ids=["str", "bin", "list", "map", "ext"]
)
@pytest.mark.parametrize("field", [b"\xa5audio", b"\xa4text", b"\xa1x", b"\xa5words"])
def test_a_length_of_four_billion_costs_nothing(head: bytes, field: bytes) -> None:
    for tag in (b"\xa5audio", b"\xa4text", b"\xabreply.chunk"):
        refuse(MSGPACK, b"\x82\xa4type" + tag + field + head + b"\xff\xff\xff\xff")


def test_a_big_chunk_of_sound_passes_and_a_bigger_one_does_not() -> None:
    assert MSGPACK.decode_client(MSGPACK.encode(AudioChunk(bytes(60_000)))) == AudioChunk(bytes(60_000))
    with pytest.raises(TooLargeError, match="65536"):
        MSGPACK.decode_client(MSGPACK.encode(AudioChunk(bytes(MAX_MESSAGE_BYTES))))
