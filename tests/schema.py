"""JSON Schemas and an AsyncAPI 3 document, made from protocol/messages.py. What comes next: golden.py writes them."""

import inspect
import json
from collections.abc import Iterable
from typing import Any, get_args

import msgspec

from protocol.codec import SUBPROTOCOLS
from protocol.handshake import LEGAL
from protocol.messages import PROTOCOL_VERSION, ClientMessage, ServerMessage

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_files() -> dict[str, bytes]:
    """What protocol/schema/ should hold, by name; its README.md is written by hand."""
    return {
        "client-messages.schema.json": _written(message_schema(ClientMessage, "What a client may send")),
        "server-messages.schema.json": _written(message_schema(ServerMessage, "What a server may send")),
        "asyncapi.json": _written(asyncapi()),
    }


def message_schema(union: object, title: str) -> dict[str, Any]:
    """One JSON Schema for any message of a union, in the form that `avatar.v1.json` carries."""
    kinds = get_args(union)
    _, components = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    return {
        "$schema": DIALECT,
        "title": f"{title}, protocol {PROTOCOL_VERSION}",
        "oneOf": [{"$ref": f"#/$defs/{kind.__name__}"} for kind in kinds],
        "$defs": _tidy(components),
    }


def asyncapi() -> dict[str, Any]:
    """Both directions of the WebSocket as AsyncAPI 3. The application is the server: it receives what clients send."""
    up, down = get_args(ClientMessage), get_args(ServerMessage)
    _, components = msgspec.json.schema_components((*up, *down), ref_template="#/components/schemas/{name}")
    channel = "#/channels/talk"
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Stagedoor avatar protocol",
            "version": PROTOCOL_VERSION,
            "description": "Voice up, voice and face down, over one WebSocket. PROTOCOL.md beside this file says how "
            f"to behave. Subprotocols: {', '.join(SUBPROTOCOLS)}; schemas describe the JSON form, in MessagePack the "
            "same maps carry bytes as bin.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"here": {"host": "127.0.0.1:8700", "protocol": "ws", "pathname": "/ws"}},
        "channels": {
            "talk": {
                "address": "/ws",
                "messages": {
                    kind.__name__: {"$ref": f"#/components/messages/{kind.__name__}"} for kind in (*up, *down)
                },
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
            }
        },
        "operations": {
            "hear": _operation("receive", channel, "What a client sends.", up),
            "say": _operation("send", channel, "What the server sends.", down),
        },
        "components": {
            "messages": {kind.__name__: _message(kind) for kind in (*up, *down)},
            "schemas": _tidy(components),
        },
    }


def _operation(action: str, channel: str, summary: str, kinds: Iterable[type]) -> dict[str, Any]:
    messages = [{"$ref": f"{channel}/messages/{kind.__name__}"} for kind in kinds]
    return {"action": action, "channel": {"$ref": channel}, "summary": summary, "messages": messages}


def _message(kind: type[msgspec.Struct]) -> dict[str, Any]:
    phases = sorted({phase.value for phase, legal in LEGAL if legal is kind})
    message: dict[str, Any] = {
        "name": kind.__struct_config__.tag,
        "summary": (kind.__doc__ or "").strip().split("\n")[0],
        "payload": {"$ref": f"#/components/schemas/{kind.__name__}"},
    }
    return {**message, "x-legal-while": phases} if phases else message


def _tidy(components: dict[str, Any]) -> dict[str, Any]:
    """The schemas in the order of their names; descriptions are docstrings without their indentation."""
    return {
        name: {
            **schema,
            **({"description": inspect.cleandoc(schema["description"])} if "description" in schema else {}),
        }
        for name, schema in sorted(components.items())
    }


def _written(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()
