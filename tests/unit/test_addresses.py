"""One address holds so many connections and no more; others are not touched, and what is closed is free again."""

import json

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from protocol.messages import SUBPROTOCOL_JSON
from server.listener import build_asgi
from tests.session.world import World

HELLO = json.dumps({"type": "hello", "client": "test"})


async def test_one_too_many_is_refused_in_words_and_others_come_in() -> None:
    app = build_asgi(World(max_sessions=9).room(), (), max_per_address=2)
    with TestClient(app, client=("10.0.0.1", 50)) as crowd, TestClient(app, client=("10.0.0.2", 50)) as other:
        with crowd.websocket_connect("/ws", [SUBPROTOCOL_JSON]), crowd.websocket_connect("/ws", [SUBPROTOCOL_JSON]):
            with crowd.websocket_connect("/ws", [SUBPROTOCOL_JSON]) as third:
                error = third.receive_json()
                assert (error["code"], error["fatal"]) == ("rate_limited", True)
                with pytest.raises(WebSocketDisconnect) as closed:
                    third.receive_text()
                assert closed.value.code == 1008
            with pytest.raises(WebSocketDisconnect):  # a client of the other door: HTTP 403
                crowd.websocket_connect("/v1/realtime").__enter__()
            with other.websocket_connect("/ws", [SUBPROTOCOL_JSON]) as line:
                line.send_text(HELLO)
                assert line.receive_json()["type"] == "hello"
        with crowd.websocket_connect("/ws", [SUBPROTOCOL_JSON]) as line:
            line.send_text(HELLO)
            assert line.receive_json()["type"] == "hello"
