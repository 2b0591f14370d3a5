"""A creator's day on a real server: the account by command, the event over REST, a fan through the WebSocket."""

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bench.server_process import ServerProcess
from protocol.codec import Codec
from protocol.messages import SUBPROTOCOL_JSON, DisclosureAcknowledged, Hello, Leave, ServerMessage, Welcome
from protocol.visit_messages import QueuePlace, SlotTime

HOUSE = Path(__file__).parents[2]
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def store_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('day')}/stagedoor.db"


@pytest.fixture(scope="module")
def server(store_url: str) -> Iterator[ServerProcess]:
    settings = {"server.greet": "false", "access.tokens": "required", "log.form": "json", "log.level": "debug"}
    with ServerProcess({**settings, "store.url": store_url}) as running:
        yield running


def add_creator(store_url: str, email: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "server.launcher", "creators", "add", email],
        cwd=HOUSE, env={**os.environ, "STAGEDOOR__STORE__URL": store_url}, input=PASSWORD, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


async def signed_in(web: httpx.AsyncClient, email: str) -> None:
    answer = await web.post("/login", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    web.headers["x-csrf-token"] = answer.json()["csrf"]


async def post(web: httpx.AsyncClient, path: str, body: Any = None) -> Any:
    answer = await web.post(path, json=body)
    assert answer.is_success, answer.text
    return answer.json()


async def until(socket: ClientConnection, codec: Codec, kind: type[ServerMessage]) -> list[ServerMessage]:
    """What arrives until one of this kind does."""
    heard: list[ServerMessage] = []
    while not heard or not isinstance(heard[-1], kind):
        heard.append(codec.decode_server(await socket.recv()))
    return heard


async def test_a_creator_opens_an_event_and_a_fan_comes_in(server: ServerProcess, store_url: str) -> None:
    add_creator(store_url, "ana@example.org")  # while the server has the same file open
    api, codec = f"{server.url}/api/v1", Codec(SUBPROTOCOL_JSON)
    async with httpx.AsyncClient(base_url=api) as creator, httpx.AsyncClient(base_url=api) as passer_by:
        await signed_in(creator, "ana@example.org")
        now = datetime.now(UTC)
        times = {"opens_at": now.isoformat(), "closes_at": (now + timedelta(hours=1)).isoformat()}
        event = (await post(creator, "/events", {"title": "Album night", "persona_id": "bram", **times}))["id"]
        await post(creator, f"/events/{event}/open")
        card = (await passer_by.get(f"/events/{event}/card")).json()
        assert (card["title"], card["persona_name"]) == ("Album night", "Bram Okafor")
        ticket = await post(passer_by, f"/events/{event}/tickets", {"name": "Maya"})
        joined = await post(
            passer_by, f"/events/{event}/tickets/{ticket['ticket_id']}/claim", {"secret": ticket["secret"]}
        )
        assert joined["ws_url"] == server.ws_url

        async with connect(joined["ws_url"], subprotocols=[Subprotocol(SUBPROTOCOL_JSON)]) as socket:
            await socket.send(codec.encode(Hello(token=joined["token"])).decode())
            heard = await until(socket, codec, Welcome)
            welcome = heard[-1]
            assert isinstance(welcome, Welcome)
            assert all(isinstance(message, QueuePlace) for message in heard[:-1])
            assert (welcome.persona.id, welcome.role) == ("bram", "fan")
            assert welcome.event is not None
            assert welcome.event.id == event
            await socket.send(codec.encode(DisclosureAcknowledged()).decode())
            await until(socket, codec, SlotTime)
            seated = (await creator.get(f"/events/{event}/tickets")).json()["tickets"]
            assert [(t["name"], t["state"], t["seat"] is not None) for t in seated] == [("Maya", "seated", True)]
            await socket.send(codec.encode(Leave()).decode())
            await socket.wait_closed()

        exported = await creator.get(f"/events/{event}/export")
        with zipfile.ZipFile(io.BytesIO(exported.content)) as archive:
            visits = json.loads(archive.read("visits.json"))
        assert [visit["ticket_id"] for visit in visits] == [ticket["ticket_id"]]
    log = server.log_text()
    cookie = creator.cookies["stagedoor_login"]
    for secret in (PASSWORD, ticket["secret"], joined["token"], cookie, "ana@example.org", "Maya"):
        assert secret not in log


async def test_a_newcomer_needs_no_account_and_no_event(server: ServerProcess) -> None:
    async with connect(server.ws_url, subprotocols=[Subprotocol(SUBPROTOCOL_JSON)]) as socket:
        codec = Codec(SUBPROTOCOL_JSON)
        await socket.send(codec.encode(Hello(token=server.token)).decode())
        (welcome,) = await until(socket, codec, Welcome)
        assert isinstance(welcome, Welcome)
        assert welcome.event is None
