"""The schemas are current, and say the same as the decoder: what it takes they allow, what it refuses they refuse."""

import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from protocol.codec import Codec
from protocol.errors import MalformedError, UnknownTypeError
from protocol.messages import SUBPROTOCOL_JSON, ClientMessage, ServerMessage
from tests.golden import GOLDEN, SCHEMA
from tests.messages_any import any_client_message, any_server_message
from tests.schema import asyncapi, message_schema, schema_files

UP = Draft202012Validator(message_schema(ClientMessage, "up"))
DOWN = Draft202012Validator(message_schema(ServerMessage, "down"))
JSON = Codec(SUBPROTOCOL_JSON)


def test_the_files_are_current() -> None:
    written = {path.name: path.read_bytes() for path in SCHEMA.glob("*.json")}
    assert written == schema_files(), "run `make golden`"


@pytest.mark.parametrize("name", ["client-messages.schema.json", "server-messages.schema.json"])
def test_they_are_json_schemas(name: str) -> None:
    Draft202012Validator.check_schema(json.loads(schema_files()[name]))


@pytest.mark.parametrize("direction", ["up", "down"])
def test_every_golden_message_is_valid(direction: str) -> None:
    validator = UP if direction == "up" else DOWN
    paths = list((GOLDEN / direction).glob("*.json"))
    assert paths
    for path in paths:
        assert list(validator.iter_errors(json.loads(path.read_text("utf-8")))) == [], path.name


@settings(max_examples=50, deadline=None)
@given(any_client_message)
def test_whatever_a_client_may_send_is_valid(message: Any) -> None:
    assert UP.is_valid(json.loads(JSON.encode(message)))


@settings(max_examples=50, deadline=None)
@given(any_server_message)
def test_whatever_a_server_may_send_is_valid(message: Any) -> None:
    assert DOWN.is_valid(json.loads(JSON.encode(message)))


TAGS = [kind.__struct_config__.tag for kind in get_args(ClientMessage)]
SMALL = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["encoding", "memory"]), inner),
)
FIELDS = st.dictionaries(st.sampled_from(["nonce", "text", "consents", "reply_id", "heard_samples", "seq"]), SMALL)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(TAGS), FIELDS)
def test_decoder_and_schema_agree_about_strange_messages(tag: str, fields: dict[str, Any]) -> None:
    message = {**fields, "type": tag}
    try:
        JSON.decode_client(json.dumps(message))
    except (MalformedError, UnknownTypeError):
        assert not UP.is_valid(message)
    else:
        assert UP.is_valid(message)


# --- AsyncAPI -----------------------------------------------------------------------------------------------


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        found = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return found.union(*(references(value) for value in node.values()))
    return set().union(*(references(item) for item in node)) if isinstance(node, list) else set()


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi()
    for reference in references(document):
        node: Any = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_it_names_every_message_once_in_its_direction() -> None:
    document = asyncapi()
    for operation, union in (("hear", ClientMessage), ("say", ServerMessage)):
        names = [ref["$ref"].rpartition("/")[2] for ref in document["operations"][operation]["messages"]]
        assert names == [kind.__name__ for kind in get_args(union)]
    tags = {m["name"] for m in document["components"]["messages"].values()}
    assert tags == {kind.__struct_config__.tag for kind in (*get_args(ClientMessage), *get_args(ServerMessage))}
