"""Stagedoor in the peers' harness: the four methods that its v2v.py asks of a system.

The harness is not part of this repository (`make bench-peer PEERS=folder`); it loads this class by name and runs in
this project's Python. What comes next: peer.py reads what the harness wrote.
"""

import os
from collections.abc import AsyncIterator
from time import perf_counter
from typing import Any, Final

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bench.measures import audible_from
from bench.player import Player
from protocol.codec import Codec
from protocol.messages import (
    SUBPROTOCOL_MSGPACK,
    AudioChunk,
    ClientMessage,
    DisclosureAcknowledged,
    Hello,
    PlaybackMark,
    ReplyCancelled,
    ReplyChunk,
    TurnReport,
    Welcome,
)

TOKEN_VARIABLE: Final = "STAGEDOOR_BENCH_TOKEN"  # a token on a command line could be read by everybody
FRAMES_PER_MARK: Final = 5


class StagedoorAdapter:
    """One visit. Times are those of `perf_counter`, as the harness counts."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._codec = Codec(SUBPROTOCOL_MSGPACK)
        self._frames = 0
        self._socket: ClientConnection
        self._player: Player

    async def connect(self) -> None:
        """Returns when the server listens."""
        protocols = [Subprotocol(SUBPROTOCOL_MSGPACK)]
        self._socket = await connect(self._url, subprotocols=protocols, compression=None, max_size=None)
        await self._send(Hello(client="stagedoor-bench-peer", token=os.environ.get(TOKEN_VARIABLE, "")))
        welcome = self._codec.decode_server(await self._socket.recv())
        if not isinstance(welcome, Welcome):
            raise ConnectionError(f"not welcomed: {welcome}")
        self._player = Player(welcome.audio_out.sample_rate_hz)
        await self._send(DisclosureAcknowledged())

    async def send(self, pcm: bytes) -> None:
        """20 ms of PCM16 mono at 16 kHz, and every 100 ms how much of the reply was played."""
        self._frames += 1
        await self._send(AudioChunk(pcm, seq=self._frames))
        if self._player.playing and self._frames % FRAMES_PER_MARK == 0:
            await self._send(PlaybackMark(self._player.reply_id, self._player.heard_samples(perf_counter())))

    async def events(self) -> AsyncIterator[tuple[Any, ...]]:
        """Audio, dropped audio, and as text what peer.py needs to tell whose words were heard when."""
        async for data in self._socket:
            now = perf_counter()
            match self._codec.decode_server(data):
                case ReplyChunk() as chunk:
                    pcm = np.frombuffer(chunk.audio, "<i2").astype(np.float32) / np.float32(32768)
                    yield "text", now, self._about(chunk, now)
                    if len(pcm):
                        yield "audio", now, pcm, self._player.rate_hz
                case ReplyCancelled(reply_id):
                    self._player.cancel(reply_id, now)
                    yield "clear", now
                case TurnReport() as report:
                    said = {"reply_id": report.reply_id, "kind": report.kind, "opening_samples": report.opening_samples}
                    yield "text", now, {"type": "report", **said}

    def _about(self, chunk: ReplyChunk, now: float) -> dict[str, Any]:
        """Which part of which reply it is, and in how many seconds its first audible sample is played."""
        plays_at = self._player.receive(chunk, now)
        offset = audible_from(chunk.audio)
        heard_in_s = None if offset is None else round(plays_at - now + offset / self._player.rate_hz, 4)
        about = {"reply_id": chunk.reply_id, "start_samples": chunk.start_samples, "heard_in_s": heard_in_s}
        return {"type": "chunk", **about}

    async def close(self) -> None:
        """Hangs up."""
        await self._socket.close()

    async def _send(self, message: ClientMessage) -> None:
        await self._socket.send(self._codec.encode(message))
