"""Someone with a stock Realtime client, in the world of scripted engines."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np

from protocol.timeline import OUTPUT_RATE_HZ
from server.realtime.door import RealtimeDoor
from server.room import Room
from speech.engines.scripted import WORD_S, spoken_line
from tests.session.world import FakeSocket, World

CHUNK_BYTES = 2 * OUTPUT_RATE_HZ // 50
Event = dict[str, Any]


def line_at_24_khz(words: int) -> bytes:
    """The script's first line for a microphone of 24 kHz; flips are rare, so the server's resampling blurs little."""
    sign = np.where(np.arange(int(words * WORD_S * OUTPUT_RATE_HZ)) // 600 % 2, -1, 1)
    return (np.abs(spoken_line(0, 1)[0]) * 32767 * sign).astype("<i2").tobytes()


class TextSocket(FakeSocket):
    """A FakeSocket for JSON."""

    async def send(self, data: bytes, *, binary: bool) -> None:
        assert not binary
        await super().send(data, binary=True)


class Guest:
    """Says events, and keeps what it is told."""

    def __init__(self, room: Room, key: str = "", **query: str) -> None:
        self.socket = TextSocket()
        door = RealtimeDoor(self.socket, room)
        self.served = asyncio.create_task(door.run(f"Bearer {key}", (), query), name="door")

    def say(self, kind: str, **fields: Any) -> None:
        self.socket.up.put_nowait(json.dumps({"type": kind, **fields}))

    def ask(self, text: str) -> None:
        """Types, and asks for the answer."""
        content = [{"type": "input_text", "text": text}]
        self.say("conversation.item.create", item={"type": "message", "role": "user", "content": content})
        self.say("response.create")

    def append(self, audio: bytes) -> None:
        self.say("input_audio_buffer.append", audio=base64.b64encode(audio).decode())

    async def stream(self, audio: bytes, *, then_silence_s: float = 0.0) -> None:
        """In real time."""
        audio += bytes(2 * int(then_silence_s * OUTPUT_RATE_HZ))
        for begin in range(0, len(audio), CHUNK_BYTES):
            await asyncio.sleep(0.02)
            self.append(audio[begin : begin + CHUNK_BYTES])

    async def leave(self) -> None:
        self.socket.up.put_nowait(None)
        await asyncio.wait_for(self.served, 30)

    # --- what was told ---

    def told(self) -> list[Event]:
        return [json.loads(data) for _, data in self.socket.down]

    def all(self, kind: str) -> list[Event]:
        return [event for event in self.told() if event["type"] == kind]

    def errors(self) -> list[str]:
        return [event["error"]["code"] for event in self.all("error")]

    def finals(self) -> list[str]:
        return [e["transcript"] for e in self.all("conversation.item.input_audio_transcription.completed")]

    def endings(self) -> list[tuple[str, str | None]]:
        """How the responses ended, the disclosure left out: status, and why."""
        done = [event["response"] for event in self.all("response.done")][1:]
        return [(response["status"], (response["status_details"] or {}).get("reason")) for response in done]

    async def until(self, kind: str, n: int = 1) -> Event:
        """Waits for the n-th event of this type."""
        async with asyncio.timeout(60):
            while len(self.all(kind)) < n:
                self.socket.arrived.clear()
                await self.socket.arrived.wait()
        return self.all(kind)[n - 1]


@asynccontextmanager
async def guest_in(world: World, *, informed: bool = True) -> AsyncIterator[Guest]:
    """A guest who has come in, and been told that this is an AI; nothing may be left behind."""
    room = world.room()
    guest = Guest(room)
    await guest.until("session.created")
    if informed:
        await guest.until("avatar.disclosed")
    try:
        yield guest
    finally:
        await guest.leave()
        assert room.n_sessions == 0
        await asyncio.sleep(0)
