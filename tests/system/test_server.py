"""A real server with real models, and fans of flesh and recording: through a real WebSocket, in real time."""

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgpack
import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from bench.clips import Clip
from bench.fan import Fan
from bench.measures import FanTurn, score_turn
from bench.server_process import ServerProcess
from protocol.messages import SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK, ReplyChunk, Transcript, TurnReport

HOUSE = Path(__file__).parents[2]


def heard(turn: FanTurn) -> str:
    return " ".join(t.message.text for t in turn.arrivals if isinstance(t.message, Transcript) and t.message.final)


def said(turn: FanTurn) -> str:
    chunks = [a.message for a in turn.arrivals if isinstance(a.message, ReplyChunk)]
    return " ".join(word.text for chunk in chunks for word in chunk.words)


def report(turn: FanTurn) -> TurnReport:
    return next(a.message for a in turn.arrivals if isinstance(a.message, TurnReport))


async def test_a_spoken_question_is_understood_and_answered_from_the_facts(
    server: ServerProcess, clips: dict[str, Clip]
) -> None:
    async with Fan(server.ws_url, server.token) as fan:
        turn = await fan.say(clips["fan_question"], reply_wait_s=60, listen_s=60)
        assert "cat" in heard(turn).lower()
        assert re.search(r"\bmiso\b", said(turn), re.IGNORECASE), said(turn)
        assert report(turn).kind in ("llm", "prepared", "opening")
        scored = score_turn(turn)
        assert not scored.missed
        assert not scored.cut_off
        face = b"".join(a.message.face for a in turn.arrivals if isinstance(a.message, ReplyChunk))
        jaw = np.frombuffer(face, np.uint8).reshape(-1, 52)[:, fan.welcome.face.names.index("jawOpen")]
        assert jaw.max() > 40


async def test_what_nobody_prepared_is_answered_by_the_language_model(
    server: ServerProcess, clips: dict[str, Clip]
) -> None:
    async with Fan(server.ws_url, server.token) as fan:
        turn = await fan.say(clips["fan_thanks"], reply_wait_s=60, listen_s=60)
        assert "music" in heard(turn).lower()
        assert report(turn).kind in ("llm", "opening")
        assert len(said(turn).split()) >= 2


async def test_whether_it_is_real_is_answered_with_the_truth(server: ServerProcess, clips: dict[str, Clip]) -> None:
    async with Fan(server.ws_url, server.token) as fan:
        turn = await fan.say(clips["fan_real"])
        assert "real person" in heard(turn).lower()
        assert said(turn) == fan.welcome.disclosure
        assert report(turn).kind == "disclosure"


async def test_noise_is_not_answered(server: ServerProcess, clips: dict[str, Clip]) -> None:
    async with Fan(server.ws_url, server.token) as fan:
        turn = await fan.say(clips["noise_sb2"], reply_wait_s=3)
        assert said(turn) == ""
        assert fan.errors == []


async def test_another_language_gets_a_sensible_answer(server: ServerProcess, clips: dict[str, Clip]) -> None:
    async with Fan(server.ws_url, server.token) as fan:
        turn = await fan.say(clips["pv_test_de_norm"], reply_wait_s=60)
        assert heard(turn)
        assert said(turn)
        assert fan.errors == []


async def test_two_fans_at_once_hear_only_their_own_answers(server: ServerProcess, clips: dict[str, Clip]) -> None:
    async with Fan(server.ws_url, server.token) as one, Fan(server.ws_url, server.token, seed=1) as two:
        a, b = await asyncio.gather(one.say(clips["fan_question"]), two.say(clips["fan_real"]))
        assert "cat" in heard(a).lower()
        assert "real" in heard(b).lower()
        assert "Miso" not in said(b)
        assert said(b) == two.welcome.disclosure
        assert said(a) != said(b)


# --- the wire, by hand ---


@asynccontextmanager
async def opened(server: ServerProcess, **hello: Any) -> AsyncIterator[ClientConnection]:
    async with connect(server.ws_url, subprotocols=[Subprotocol(SUBPROTOCOL_MSGPACK)], compression=None) as ws:
        await ws.send(msgpack.packb({"type": "hello", "token": server.token, **hello}))
        yield ws


async def answer(ws: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(30):
        return msgpack.unpackb(await ws.recv())  # type: ignore[no-any-return]


async def test_an_independent_client_can_talk(server: ServerProcess) -> None:
    """Nothing of ours: msgpack and websockets only."""
    async with opened(server, name="Ana") as ws:
        welcome = await answer(ws)
        assert welcome["type"] == "hello"
        assert "AI" in welcome["disclosure"]
        assert len(welcome["face"]["names"]) == 52
        await ws.send(msgpack.packb({"type": "disclosure.acknowledged"}))
        await ws.send(msgpack.packb({"type": "text", "text": "Are you a real person?"}))
        audio, last = b"", False
        while not last:
            message = await answer(ws)
            if message["type"] == "reply.chunk":
                audio += message["audio"]
                last = message["last"]
        assert np.abs(np.frombuffer(audio, "<i2")).max() > 3000
        await ws.send(msgpack.packb({"type": "leave"}))
        with pytest.raises(ConnectionClosed) as closed:
            await answer(ws)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1000


async def test_json_carries_the_same_messages(server: ServerProcess) -> None:
    async with connect(server.ws_url, subprotocols=[Subprotocol(SUBPROTOCOL_JSON)]) as ws:
        await ws.send(json.dumps({"type": "hello", "token": server.token}))
        assert json.loads(await ws.recv())["type"] == "hello"
        await ws.send(json.dumps({"type": "ping", "nonce": 7}))
        assert json.loads(await ws.recv())["nonce"] == 7


async def test_an_oversized_message_is_answered_then_closed(server: ServerProcess) -> None:
    async with opened(server) as ws:
        await answer(ws)
        await ws.send(bytes(100_000))
        assert (await answer(ws))["code"] == "too_large"
        with pytest.raises(ConnectionClosed) as closed:
            await answer(ws)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


async def test_a_torn_connection_frees_its_place(server: ServerProcess) -> None:
    async with httpx.AsyncClient(base_url=server.url) as web:
        before = (await web.get("/health")).json()["sessions"]
        async with opened(server) as ws:
            await answer(ws)
            assert (await web.get("/health")).json()["sessions"] == before + 1
            ws.transport.abort()
            async with asyncio.timeout(10):
                while (await web.get("/health")).json()["sessions"] != before:
                    await asyncio.sleep(0.05)


async def test_without_a_token_nobody_comes_in(server: ServerProcess) -> None:
    async with opened(server, token="") as ws:
        assert (await answer(ws))["code"] == "bad_token"


@pytest.mark.parametrize(
    ("headers", "subprotocols"),
    [({"Origin": "https://evil.example"}, [SUBPROTOCOL_MSGPACK]), ({}, ["chat"]), ({}, None)],
    ids=["a foreign page", "another protocol", "no protocol"],
)
async def test_strangers_are_refused_at_the_door(
    server: ServerProcess, headers: dict[str, str], subprotocols: list[Subprotocol] | None
) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        await connect(server.ws_url, subprotocols=subprotocols, additional_headers=headers)


async def test_the_page_and_the_operators_routes(server: ServerProcess) -> None:
    async with httpx.AsyncClient(base_url=server.url) as web:
        page = await web.get("/")
        assert page.status_code == 200
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert (await web.get("/health")).json()["status"] == "ok"
        assert (await web.get("/ready")).status_code == 200
        metrics = (await web.get("/metrics")).text
        assert "stagedoor_voice_to_voice_seconds_bucket" in metrics
        assert (await web.get("/../pyproject.toml")).status_code == 404


def test_a_port_in_use_is_said_in_one_line(server: ServerProcess) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = stagedoor("run", STAGEDOOR__SERVER__PORT=str(port))
    assert result.returncode == 1
    assert f"127.0.0.1:{port}" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_persona_with_a_missing_key_is_said_in_one_line(tmp_path: Path) -> None:
    broken = (HOUSE / "personas" / "nova.toml").read_text().replace("greeting =", "greting =")
    (tmp_path / "broken.toml").write_text(broken)
    result = stagedoor("run", STAGEDOOR__SERVER__PERSONAS=str(tmp_path), STAGEDOOR__SERVER__PORT="0")
    assert result.returncode == 1
    assert "broken.toml" in result.stderr
    assert "greting" in result.stderr
    assert "Traceback" not in result.stderr


def test_missing_models_are_said_in_one_line(tmp_path: Path) -> None:
    result = stagedoor("run", STAGEDOOR_HOME=str(tmp_path), STAGEDOOR__SERVER__PORT="0")
    assert result.returncode == 1
    assert "stagedoor models pull" in result.stderr
    assert "Traceback" not in result.stderr


def test_talk_answers_what_is_typed() -> None:
    result = stagedoor("talk", "nova", typed="Are you a real person?\n", STAGEDOOR__SERVER__GREET="false")
    assert result.returncode == 0, result.stderr
    assert "you: Are you a real person?" in result.stdout
    assert "disclosure" in result.stdout
    words = re.sub(r"[^A-Za-z' ,.]", " ", result.stdout)
    assert "AI" in words


def stagedoor(*arguments: str, typed: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "server.launcher", *arguments],
        cwd=HOUSE,
        env={**os.environ, **environ},
        input=typed,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
