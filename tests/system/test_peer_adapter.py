"""Stagedoor in the peers' harness: what the adapter says to a server, and what it tells the harness."""

import asyncio

import numpy as np
from websockets.asyncio.server import serve
from websockets.typing import Subprotocol

from bench.peer_adapter import TOKEN_VARIABLE, StagedoorAdapter
from protocol.codec import Codec
from protocol.handshake import Handshake
from protocol.messages import (
    SUBPROTOCOL_MSGPACK,
    AudioChunk,
    DisclosureAcknowledged,
    FaceFormat,
    Hello,
    Limits,
    PersonaCard,
    PlaybackMark,
    ReplyCancelled,
    ReplyChunk,
    TurnReport,
    Welcome,
)
from protocol.timeline import AudioFormat

FRAME = bytes(640)
WELCOME = Welcome(
    session_id="s-1",
    persona=PersonaCard(id="nova", name="Nova", pronouns="she/her", about=""),
    disclosure="Nova is an AI.",
    audio_in=AudioFormat(),
    audio_out=AudioFormat(sample_rate_hz=24_000),
    face=FaceFormat(names=("jawOpen",), fps=60),
    limits=Limits(),
)
SOUND = np.concatenate([np.zeros(240), np.full(4560, 8000)]).astype("<i2").tobytes()
REPLY = (
    ReplyChunk(1, 0, 0, SOUND, bytes(12)),
    TurnReport(1, 1, "opening", 150.0, 5.0, (), opening_samples=4800),
    ReplyChunk(1, 1, 4800, b"", b"", last=True),
    ReplyCancelled(1, "fan_went_on", 2400),
)


async def test_a_visit_as_the_harness_makes_it(monkeypatch):
    monkeypatch.setenv(TOKEN_VARIABLE, "join-me")
    codec, heard = Codec(SUBPROTOCOL_MSGPACK), []

    async def answer(socket):
        handshake = Handshake()
        async for data in socket:
            message = codec.decode_client(data)
            handshake.receive(message)
            heard.append(message)
            frames = sum(isinstance(m, AudioChunk) for m in heard)
            said = [WELCOME] if isinstance(message, Hello) else REPLY[:2] if frames == 1 else ()
            said = REPLY[2:] if isinstance(message, PlaybackMark) else said
            for each in said:
                await socket.send(codec.encode(each))

    async with serve(answer, "127.0.0.1", 0, subprotocols=[Subprotocol(SUBPROTOCOL_MSGPACK)]) as server:
        adapter = StagedoorAdapter(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws")
        await adapter.connect()
        events = adapter.events()
        await adapter.send(FRAME)
        told = [await anext(events) for _ in range(3)]
        for _ in range(4):
            await adapter.send(FRAME)
        told += [await anext(events) for _ in range(2)]
        await asyncio.gather(events.aclose(), adapter.close())

    assert [type(m) for m in heard[:3]] == [Hello, DisclosureAcknowledged, AudioChunk]
    assert heard[0].token == "join-me"
    assert [event[0] for event in told] == ["text", "audio", "text", "text", "clear"]
    assert told[0][2] == {"type": "chunk", "reply_id": 1, "start_samples": 0, "heard_in_s": 0.01}
    samples, rate_hz = told[1][2], told[1][3]
    assert (len(samples), rate_hz, round(float(samples.max()), 3)) == (4800, 24_000, 0.244)
    assert told[2][2] == {"type": "report", "reply_id": 1, "kind": "opening", "opening_samples": 4800}
    assert told[3][2]["heard_in_s"] is None
    assert [m.reply_id for m in heard if isinstance(m, PlaybackMark)] == [1]
