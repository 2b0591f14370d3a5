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

import numpy as np
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from tests.scripted_house import House, house
from tests.session.world import PERSONAS, World

QUESTION, ANSWER = "What is your cat called?", "Miso. She runs the house."


def fast_world(**settings: Any) -> World:
    return World(llm_s=0.02, tts_s=0.01, asr_s=0.02, **settings)


@asynccontextmanager
async def stock(server: House, key: str = "sk-whatever", **query: str) -> AsyncIterator[AsyncRealtimeConnection]:
    """OpenAI's own client, told only where the server is."""
    address = server.url.removesuffix("/ws") + "/v1"
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


def at_24_khz(pcm: np.ndarray) -> bytes:
    """A scripted line of 16 kHz, so that it still is that line after the server's resampling."""
    n_samples = len(pcm) * 3 // 2
    slow = np.interp(np.arange(n_samples) / 1.5, np.arange(len(pcm)), pcm)
    return (slow * 32767).astype("<i2").tobytes()


async def test_text_in_voice_out() -> None:
    async with house(fast_world()) as server, stock(server) as connection:
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
        assert len(audio_of(answer)) > 24_000
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
    assert report["audioBytes"] > 48_000
    assert {"avatar.chunk", "avatar.listening", "session.updated"} <= set(report["types"])
