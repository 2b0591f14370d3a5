"""Checks of every limit, and of input of every wrong kind."""

import asyncio
import json
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed

from protocol.messages import (
    SUBPROTOCOL_JSON,
    AudioChunk,
    DisclosureAcknowledged,
    ErrorMessage,
    Hello,
    Ping,
    Pong,
    TextInput,
    Welcome,
)
from server.conformance.hands import Check
from server.conformance.line import Line, Target
from server.conformance.report import NotApplicableError, ViolationError
from server.conformance.witness import demand

STUFFING_S = 8.0  # for the buffers, then for the server to lose its patience
_SLOWEST_CHECKED_S = 15  # longer limits are believed


def _msgpack_text(text: bytes) -> bytes:
    """{"type": "text", "text": text} by hand, so that what is inside may be no text at all."""
    return b"\x82\xa4type\xa4text\xa4text" + b"\xda" + len(text).to_bytes(2, "big") + text


BROKEN_MSGPACK: Mapping[str, bytes | str] = {
    "nothing": b"",
    "bytes of no form": b"\xc1\xff\x00\xfe",
    "a text frame": '{"type":"ping"}',
    "a list": b"\x91\x01",
    "a number": b"\x2a",
    "a map without type": b"\x81\xa1a\x01",
    "a type that is a number": b"\x81\xa4type\x05",
    "a field that is missing": b"\x81\xa4type\xa4text",
    "a field of another type": b"\x82\xa4type\xa4text\xa4text\x07",
    "a negative count": b"\x82\xa4type\xa4ping\xa5nonce\xff",
    "a count beyond 2^53": b"\x82\xa4type\xa4ping\xa5nonce\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
    "text that is no UTF-8": _msgpack_text(b"\xff\xfe\xc0"),
    "a map that promises more": b"\x83\xa4type\xa4ping",
    "a string that promises 4 GB": b"\x81\xa4type\xdb\xff\xff\xff\xff",
    "a list that promises 4 billion": b"\x82\xa4type\xa4ping\xa5nonce\xdd\xff\xff\xff\xff",
    "nests 5000 deep": b"\x82\xa4type\xa4ping\xa1x" + b"\x91" * 5000 + b"\x01",
    "a message and a rest": b"\x81\xa4type\xa4ping\x00",
}
BROKEN_JSON: Mapping[str, bytes | str] = {
    "nothing": "",
    "a binary frame": b'{"type":"ping"}',
    "half an object": '{"type":"pi',
    "a list": "[]",
    "no type": "{}",
    "not a number": '{"type":"ping","nonce":NaN}',
    "a number beyond doubles": '{"type":"ping","nonce":1e999}',
    "no base64": '{"type":"audio","audio":"***"}',
    "nests 5000 deep": '{"type":"ping","x":' + "[" * 5000 + "]" * 5000 + "}",
}


async def _broken(target: Target, subprotocol: str, kinds: Mapping[str, bytes | str]) -> None:
    names = list(kinds)
    for first in range(0, len(names), 10):  # below the number of mistakes that ends a visit
        async with target.fan(subprotocol) as line:
            for name in names[first : first + 10]:
                try:
                    await line.send_raw(kinds[name])
                    demand(not (await line.error("malformed")).fatal, "said to be fatal")
                    await line.alive()
                except ViolationError as error:
                    raise ViolationError(f"{name}: {error}") from None


async def _broken_msgpack(target: Target) -> None:
    await _broken(target, "avatar.v1.msgpack", BROKEN_MSGPACK)


async def _broken_json(target: Target) -> None:
    await _broken(target, SUBPROTOCOL_JSON, BROKEN_JSON)


async def _unknown(target: Target) -> None:
    async with target.fan(SUBPROTOCOL_JSON) as line:
        await line.send_raw('{"type":"dance"}')
        await line.error("unknown_type")
        await line.send_raw(json.dumps({"type": "ping", "nonce": 1, "new_field": {"of": ["version", 1.7]}}))
        await line.until(Pong)
        await line.alive()


async def _many_mistakes(target: Target) -> None:
    async with target.fan() as line:
        for _ in range(40):
            await line.send_raw(b"?")
        await line.closed(1008)


async def _large_message(target: Target) -> None:
    async with target.fan() as line:
        await line.send(TextInput("x" * (line.welcome.limits.max_message_bytes + 1)))
        demand((await line.error("too_large")).fatal, "not said to be fatal")
        await line.closed(1009)


async def _giant_frame(target: Target) -> None:
    async with target.fan() as line:
        with suppress(ConnectionClosed):
            await line.send_raw(bytes(64 * line.welcome.limits.max_message_bytes))
        await line.closed(1009)


async def _long_text(target: Target) -> None:
    async with target.fan() as line:
        await line.send(TextInput("é" * (line.welcome.limits.max_text_chars + 1)))
        await line.error("malformed")
        await line.alive()


async def _flood(target: Target) -> None:
    async with target.fan() as line:
        # Answers are read beside it: who does not read is dropped for that, and not for the flood.
        pings = asyncio.create_task(_ping_on(line), name="flood")
        try:
            await line.error("rate_limited")
        finally:
            pings.cancel()
            await asyncio.gather(pings, return_exceptions=True)


async def _ping_on(line: Line) -> None:
    with suppress(ConnectionClosed):
        for nonce in count():
            await line.send(Ping(nonce))
            await asyncio.sleep(0)  # others have their turn, also where sending never waits


async def _audio_ahead(target: Target) -> None:
    async with target.fan() as line:
        for _ in range(15 + line.welcome.limits.max_audio_ahead_ms // 1000):
            await line.send(AudioChunk(bytes(60_000)))
        await line.error("rate_limited")
        await line.alive()


async def _idle(target: Target) -> None:
    async with target.fan() as line:
        max_idle_s = line.welcome.limits.max_idle_s
        if max_idle_s > _SLOWEST_CHECKED_S:
            raise NotApplicableError(f"max_idle_s is {max_idle_s}; set it to {_SLOWEST_CHECKED_S} or less to check")
        await line.rest()
        line.keeps_alive = False
        await line.until(ErrorMessage, max_idle_s + 5)
        await line.closed(1008)


async def _session_over(target: Target) -> None:
    async with target.fan() as line:
        max_session_s = line.welcome.limits.max_session_s
        if max_session_s > _SLOWEST_CHECKED_S:
            raise NotApplicableError(f"max_session_s is {max_session_s}; set it to {_SLOWEST_CHECKED_S} or less")
        await line.error("session_over")
        await line.closed(1000, within_s=max_session_s + 5)


async def _slow_reader(target: Target) -> None:
    """Reads nothing and lets the server talk: a second of sound for every turn, far more than any buffer holds."""
    answer_s = await _answers_within_s(target)
    where = urlsplit(target.url)
    small = socket.socket(socket.AF_INET6 if ":" in (where.hostname or "") else socket.AF_INET)
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    small.setblocking(False)
    await asyncio.get_running_loop().sock_connect(small, (where.hostname, where.port or 80))
    async with target.line(sock=small, max_queue=1, ping_interval=None) as line:
        await line.send(Hello(token=target.token))
        await line.until(Welcome)
        await line.send(DisclosureAcknowledged())
        line.socket.transport.pause_reading()
        began = time.monotonic()
        try:
            while time.monotonic() - began < STUFFING_S + 3 * answer_s:
                await line.send(TextInput("Tell me about your day."))
                await asyncio.sleep(0.3 + 2 * answer_s)  # typing over what has not begun to sound would cut it off
        except ConnectionClosed:
            return
        line.socket.transport.resume_reading()
        await line.closed(1008, 1006)


async def _answers_within_s(target: Target) -> float:
    """How long this server, as busy as it is, takes to begin an answer."""
    async with target.fan() as line:
        began = time.monotonic()
        await line.ask("Tell me about your day.")
        return time.monotonic() - began


async def _no_deflate_bomb(target: Target) -> None:
    async with target.line(compression="deflate") as line:
        if not line.socket.protocol.extensions:
            return
        await line.send_raw(bytes(64 * 1024 * 1024))
        await line.closed(1009)


CHECKS: Mapping[str, Mapping[str, Check]] = {
    "malformed input": {
        "broken msgpack of 17 kinds is malformed, and the talk goes on": _broken_msgpack,
        "broken JSON of 9 kinds is malformed, and the talk goes on": _broken_json,
        "unknown types are unknown_type, unknown fields are ignored": _unknown,
        "one mistake after another ends in close 1008": _many_mistakes,
    },
    "limits": {
        "a message over max_message_bytes is too_large, close 1009": _large_message,
        "a giant frame is closed with 1009": _giant_frame,
        "a text over max_text_chars is malformed": _long_text,
        "more than max_messages_per_s are rate_limited": _flood,
        "audio beyond max_audio_ahead_ms is rate_limited": _audio_ahead,
        "silence beyond max_idle_s is idle, close 1008": _idle,
        "a visit beyond max_session_s is session_over, close 1000": _session_over,
        "who reads nothing is dropped": _slow_reader,
        "a compression bomb does not go off": _no_deflate_bomb,
    },
}
