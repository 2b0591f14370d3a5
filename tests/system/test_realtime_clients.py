"""Stock clients, unchanged, talk with the avatar through the Realtime door: `openai` and `@openai/agents`."""

import asyncio
import base64
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from scipy.signal import resample_poly
from websockets.exceptions import ConnectionClosedError

from bench.clips import Clip
from bench.server_process import ServerProcess
from server.tokens import JoinClaims
from tests.scripted_house import House, house
from tests.session.guest import line_at_24_khz
from tests.session.world import PERSONAS, World

CHUNK_BYTES = 1920  # 40 ms
STORY, LONG = "Tell me a story.", "There was a cat by the sea who could not sleep. " * 7
QUESTION, ANSWER = "What is your cat called?", "Miso. She runs the house."


def fast_world(**settings: Any) -> World:
    return World(llm_s=0.02, tts_s=0.01, asr_s=0.02, **settings)


@asynccontextmanager
async def stock(ws_url: str, key: str = "sk-whatever", **query: str) -> AsyncIterator[AsyncRealtimeConnection]:
    """OpenAI's own client, told only where the server is."""
    address = ws_url.removesuffix("/ws") + "/v1"
    client = AsyncOpenAI(api_key=key, websocket_base_url=address, base_url=address.replace("ws:", "http:"))
    async with client, client.realtime.connect(model="gpt-realtime", extra_query=query) as connection:
        yield connection


async def until(connection: AsyncRealtimeConnection, kind: str, log: list[Any] | None = None) -> Any:
    """Reads on until an event of this type."""
    async with asyncio.timeout(30):
        while True:
            event = await connection.recv()
            if log is not None:
                log.append(event)
            if event.type == kind:
                return event


def audio_of(log: list[Any]) -> bytes:
    return b"".join(base64.b64decode(e.delta) for e in log if e.type == "response.output_audio.delta")


@pytest.fixture(autouse=True)
def _talks_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disclosure is said in every test: in 3 s in place of 12."""
    monkeypatch.setattr("speech.engines.scripted.LETTER_SAMPLES", 360)


async def test_text_in_voice_out() -> None:
    async with house(fast_world()) as server, stock(server.url) as connection:
        created = await until(connection, "session.created")
        assert created.session.audio.output.format.rate == 24_000
        assert created.avatar["disclosure"] == PERSONAS["nova"].disclosure
        await connection.session.update(
            session={"type": "realtime", "instructions": "Be a pirate.", "output_modalities": ["audio"]}
        )
        assert (await until(connection, "session.updated")).session.instructions == ""
        assert list((await until(connection, "avatar.ignored")).params) == ["session.instructions"]
        await connection.conversation.item.create(
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": QUESTION}]}
        )
        await connection.response.create()
        disclosure: list[Any] = []
        await until(connection, "response.done", disclosure)
        said = next(e.transcript for e in disclosure if e.type == "response.output_audio_transcript.done")
        assert said.startswith(PERSONAS["nova"].disclosure)
        answer: list[Any] = []
        done = await until(connection, "response.done", answer)
        assert done.response.status == "completed"
        assert done.response.output[0].content[0].transcript == ANSWER
        assert len(audio_of(answer)) > 12_000
        assert any(e.type == "avatar.chunk" and e.face for e in answer)


CLIENTS = Path(__file__).parents[1] / "realtime"
NODE = which("node", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")


async def agent(server: House, *said: str, key: str = "sk-whatever") -> dict[str, Any]:
    """What a RealtimeSession of `@openai/agents` went through."""
    assert NODE, "no Node: `make test` installs one"
    assert (CLIENTS / "node_modules").is_dir(), "the stock client is missing: `make test` installs it"
    url = server.url.removesuffix("/ws") + "/v1/realtime"
    process = await asyncio.create_subprocess_exec(
        NODE, "agent.mjs", url, key, *said, cwd=CLIENTS, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    report: dict[str, Any] = json.loads(out)
    return report


async def test_an_agent_types_and_is_answered() -> None:
    async with house(fast_world()) as server:
        report = await agent(server, QUESTION)
    assert report["errors"] == []
    assert "session.instructions" in report["ignored"]
    said = [(item["role"], item["said"]) for item in report["history"]]
    assert ("user", QUESTION) in said
    assert ("assistant", ANSWER) in said
    assert report["audioBytes"] > 12_000
    assert {"avatar.chunk", "avatar.listening", "session.updated"} <= set(report["types"])


async def speak(connection: AsyncRealtimeConnection, pcm: bytes, *, then_silence_s: float = 1.5) -> None:
    """A voice in real time, then a microphone that hears nothing."""
    for begin in range(0, len(pcm + bytes(int(48_000 * then_silence_s))), CHUNK_BYTES):
        piece = (pcm[begin : begin + CHUNK_BYTES]).ljust(CHUNK_BYTES, b"\0")
        await connection.input_audio_buffer.append(audio=base64.b64encode(piece).decode())
        await asyncio.sleep(0.04)


async def test_voice_in_voice_out() -> None:
    async with house(fast_world()) as server, stock(server.url) as connection:
        await until(connection, "avatar.disclosed")
        log: list[Any] = []
        speaking = asyncio.create_task(speak(connection, line_at_24_khz(5)))
        await until(connection, "response.done", log)
        await speaking
    kinds = [event.type for event in log]
    order = (
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.input_audio_transcription.completed",
        "response.created",
        "response.output_audio.delta",
        "response.done",
    )
    assert sorted(order, key=kinds.index) == list(order)
    assert next(e.transcript for e in log if e.type == order[3]) == QUESTION


async def test_a_turn_committed_by_hand_is_answered() -> None:
    async with house(fast_world()) as server, stock(server.url) as connection:
        await connection.session.update(session={"type": "realtime", "audio": {"input": {"turn_detection": None}}})
        assert (await until(connection, "session.updated")).session.audio.input.turn_detection is None
        await until(connection, "avatar.disclosed")
        await speak(connection, line_at_24_khz(5), then_silence_s=0)
        await connection.input_audio_buffer.commit()
        committed = await until(connection, "input_audio_buffer.committed")
        await connection.response.create()
        log: list[Any] = []
        done = await until(connection, "response.done", log)
    heard = next(e for e in log if e.type == "conversation.item.input_audio_transcription.completed")
    assert (heard.item_id, heard.transcript) == (committed.item_id, QUESTION)
    assert done.response.output[0].content[0].transcript == ANSWER
    assert not any(e.type.startswith("input_audio_buffer.speech") for e in log)


async def test_real_models_hear_and_answer(server: ServerProcess, clips: dict[str, Clip]) -> None:
    sound = resample_poly(clips["fan_question"].pcm, 3, 2)
    async with stock(server.ws_url, server.token) as connection:
        await until(connection, "avatar.disclosed")
        log: list[Any] = []
        said = (sound * 32767).clip(-32768, 32767).astype("<i2").tobytes()
        speaking = asyncio.create_task(speak(connection, said))
        done = await until(connection, "response.done", log)
        await speaking
    heard = next(e.transcript for e in log if e.type == "conversation.item.input_audio_transcription.completed")
    assert "cat" in heard.lower()
    assert "miso" in done.response.output[0].content[0].transcript.lower()
    assert len(audio_of(log)) > 24_000


async def test_a_join_token_is_the_key() -> None:
    async with house(fast_world(tokens_required=True)) as server:
        async with stock(server.url, key="sk-forged") as connection:
            assert (await until(connection, "error")).error.code == "bad_token"
        token = server.room.signer.sign(JoinClaims(persona="nova"), valid_s=60)
        async with stock(server.url, key=token, face="none") as connection:
            created = await until(connection, "session.created")
            assert created.avatar["face"]["names"] == []


async def test_what_is_not_supported_is_refused_by_name_and_the_talk_goes_on() -> None:
    async with house(fast_world()) as server, stock(server.url) as connection:
        await connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
        refused = (await until(connection, "error")).error
        assert (refused.code, refused.param) == ("unsupported", "session.output_modalities")
        tools = [{"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}]
        await connection.session.update(session={"type": "realtime", "tools": tools})
        refused = (await until(connection, "error")).error
        assert (refused.code, refused.param) == ("unsupported", "session.tools")
        assert "weather" in refused.message
        await connection.response.create(response={"tools": tools})
        refused = (await until(connection, "error")).error
        assert (refused.code, refused.param) == ("unsupported", "response.tools")
        await connection.conversation.item.delete(item_id="item_1", event_id="mine")
        refused = (await until(connection, "error")).error
        assert (refused.code, refused.event_id) == ("unsupported", "mine")
        await connection.session.update(session={"type": "realtime"})
        assert (await until(connection, "session.updated")).session.tools == []


async def test_a_full_room_is_a_clear_error() -> None:
    async with house(fast_world(max_sessions=1)) as server, stock(server.url) as first:
        await until(first, "session.created")
        async with stock(server.url) as second:
            refused = (await until(second, "error")).error
            assert (refused.type, refused.code) == ("server_error", "busy")
            assert "try again" in refused.message
            with pytest.raises(ConnectionClosedError) as closed:
                await second.recv()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1013, "busy")


async def test_an_agent_speaks_and_is_answered(tmp_path: Path) -> None:
    sound = tmp_path / "question.pcm"
    sound.write_bytes(line_at_24_khz(5))
    async with house(fast_world()) as server:
        report = await agent(server, "", str(sound))
    assert report["errors"] == []
    said = [(item["role"], item["said"]) for item in report["history"]]
    assert said[-2:] == [("user", QUESTION), ("assistant", ANSWER)]


async def test_an_agent_interrupts(tmp_path: Path) -> None:
    sound = tmp_path / "wait.pcm"
    sound.write_bytes(line_at_24_khz(4))
    world = fast_world(lines=["Wait a moment please."], answers={STORY: LONG, "Wait a moment please.": "Of course."})
    async with house(world) as server:
        report = await agent(server, STORY, str(sound))
    assert report["errors"] == []
    assert "conversation.item.truncated" in report["types"]
    said = [(item["role"], item["status"]) for item in report["history"]]
    assert ("assistant", "incomplete") in said
    assert (report["history"][-1]["role"], report["history"][-1]["said"]) == ("assistant", "Of course.")
