"""A fan and many spectators over real sockets, in a process of their own; prints when each got what, as JSON lines.

`python -m bench.stage_audience PORT FAN_TOKEN TOKEN N ENCODING SECONDS`. Plain sockets and a parser of a dozen lines:
what 200 real clients would do on 200 machines must not be paid for on this one.
"""

import asyncio
import base64
import json
import os
import sys
import time
from typing import Final

import msgspec

from protocol.codec import Codec
from protocol.messages import (
    SUBPROTOCOL_MSGPACK,
    ClientMessage,
    Consents,
    DisclosureAcknowledged,
    Hello,
    Ping,
    TextInput,
)
from protocol.timeline import OUTPUT_RATE_HZ, AudioFormat

ASK_EVERY_S: Final = 7.0
_UPGRADED: Final = b"\r\n\r\n"


class Head(msgspec.Struct):
    """What of a message is looked at."""

    type: str
    reply_id: int = 0
    seq: int = -1


_DECODER = msgspec.msgpack.Decoder(Head)
_CODEC = Codec(SUBPROTOCOL_MSGPACK)


class Client(asyncio.Protocol):
    """One WebSocket. `got` maps (reply, slice) to the moment in which its last byte was read."""

    def __init__(self, hello: Hello) -> None:
        self.got: dict[tuple[int, int], float] = {}
        self.types: dict[str, int] = {}
        self.open = asyncio.get_running_loop().create_future()
        self.lost = False
        self._hello = hello
        self._buffer = bytearray()
        self._upgraded = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {SUBPROTOCOL_MSGPACK}\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if not self.open.done():
            self.open.set_exception(ConnectionError("closed before hello"))

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self._buffer += data
        if not self._upgraded:
            end = self._buffer.find(_UPGRADED)
            if end < 0:
                return
            self._upgraded = True
            del self._buffer[: end + len(_UPGRADED)]
            self.send(self._hello)
        while (frame := self._next_frame()) is not None:
            self._note(frame, now)

    def _next_frame(self) -> bytes | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, at = buffer[1], 2
        if size in (126, 127):
            at = 4 if size == 126 else 10
            if len(buffer) < at:
                return None
            size = int.from_bytes(buffer[2:at], "big")
        if len(buffer) < at + size:
            return None
        opcode, frame = buffer[0] & 0x0F, bytes(buffer[at : at + size])
        del buffer[: at + size]
        return frame if opcode == 2 else b""

    def _note(self, frame: bytes, now: float) -> None:
        if not frame:
            return
        head = _DECODER.decode(frame)
        self.types[head.type] = self.types.get(head.type, 0) + 1
        if head.type == "hello" and not self.open.done():
            self.open.set_result(None)
        elif head.type == "reply.chunk":
            self.got[head.reply_id, head.seq] = now

    def send(self, message: ClientMessage) -> None:
        """Masked with zeros: legal, and free."""
        data = _CODEC.encode(message)
        size = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0x80 | 126]) + len(data).to_bytes(2, "big")
        self._transport.write(b"\x82" + size + bytes(4) + data)


async def join(port: int, hello: Hello) -> Client:
    """A client that was welcomed."""
    _, client = await asyncio.get_running_loop().create_connection(lambda: Client(hello), "127.0.0.1", port)
    await asyncio.wait_for(client.open, 30)
    return client


async def main(port: int, fan_token: str, token: str, n: int, encoding: str, seconds: float) -> None:
    """Watches for so long, then prints one line: delays in ms, and what went wrong."""
    audio_out = AudioFormat(encoding, OUTPUT_RATE_HZ)
    fan = await join(port, Hello(token=fan_token, consents=Consents(audience=True), audio_out=audio_out))
    fan.send(DisclosureAcknowledged())
    spectators = [await join(port, Hello(token=token, audio_out=audio_out)) for _ in range(n)]
    await asyncio.sleep(1.0)
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        fan.send(TextInput("Tell me a long story, please."))
        for _ in range(int(ASK_EVERY_S)):
            fan.send(Ping(1))
            await asyncio.sleep(1.0)
    await asyncio.sleep(2.0)
    arrived = {key: at for key, at in fan.got.items() if at < until}  # what came last may still be under way
    delays = [(s.got[key] - at) * 1000 for key, at in arrived.items() for s in spectators if key in s.got]
    missed = sum(key not in s.got for key in arrived for s in spectators)
    print(json.dumps({"delays_ms": delays, "chunks": len(arrived), "missed": missed,
                      "lost": sum(s.lost for s in spectators), "types": spectators[0].types}))  # fmt: skip


if __name__ == "__main__":
    port, fan_token, token, n, encoding, seconds = sys.argv[1:]
    asyncio.run(main(int(port), fan_token, token, int(n), encoding, float(seconds)))
