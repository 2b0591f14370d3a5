"""A batch arrives as so many messages, and nobody who floods or does not read holds up others, over a real socket."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count, pairwise
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect

from server.connection import SocketClosedError
from server.listener import StarletteSocket, bind, build_server
from server.stage.parcel import Parcel


async def visit(send: Any) -> list[bytes | str]:
    """What a client receives from `send(socket)`."""

    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await send(StarletteSocket(websocket))
        await websocket.close()

    listening = bind("127.0.0.1", 0)
    server = build_server(Starlette(routes=[WebSocketRoute("/ws", talk)]))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        async with connect(f"ws://127.0.0.1:{listening.getsockname()[1]}/ws") as client:
            return [message async for message in client]
    finally:
        server.should_exit = True
        await serving


def test_a_batch_is_so_many_messages_in_order() -> None:
    async def send(socket: StarletteSocket) -> None:
        await socket.send(b"first", binary=True)
        await socket.send_all([b"a", b"b" * 70_000, b"c"])
        await socket.send(b"last", binary=False)

    assert asyncio.run(visit(send)) == [b"first", b"a", b"b" * 70_000, b"c", "last"]


def test_a_batch_to_a_client_that_is_gone_is_a_closed_socket() -> None:
    refused: list[bool] = []

    async def send(socket: StarletteSocket) -> None:
        await socket.close(1000, "")
        try:
            await socket.send_all([b"a", b"b"])
        except SocketClosedError:
            refused.append(True)

    assert asyncio.run(visit(send)) == []
    assert refused == [True]


def test_a_frame_made_for_many_is_written_at_once_and_in_order_with_the_rest() -> None:
    written: list[bool] = []

    async def send(socket: StarletteSocket) -> None:
        await socket.send(b"first", binary=True)
        written.append(socket.write_now(Parcel(b"m" * 70_000, binary=True).framed))
        written.append(socket.write_now(Parcel(b"words", binary=False).framed))
        await socket.send(b"last", binary=True)
        await socket.close(1000, "")
        written.append(socket.write_now(Parcel(b"late", binary=True).framed))

    assert asyncio.run(visit(send)) == [b"first", b"m" * 70_000, "words", b"last"]
    assert written == [True, True, False]


def test_a_client_that_does_not_read_is_written_nothing_at_once() -> None:
    async def stuff(socket: StarletteSocket) -> int:
        frame, written = Parcel(b"x" * 60_000, binary=True).framed, 0
        while socket.write_now(frame):
            written += 1
            assert written < 1000, "somebody holds all of it"
        return written

    async def story() -> None:
        stuffed = asyncio.get_running_loop().create_future()

        async def talk(websocket: WebSocket) -> None:
            await websocket.accept()
            stuffed.set_result(await stuff(StarletteSocket(websocket)))

        listening = bind("127.0.0.1", 0)
        server = build_server(Starlette(routes=[WebSocketRoute("/ws", talk)]))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        async with connect(f"ws://127.0.0.1:{listening.getsockname()[1]}/ws", max_queue=1) as client:
            n_written = await stuffed
            assert [len(await client.recv()) for _ in range(n_written)] == [60_000] * n_written
        server.should_exit = True
        await serving

    asyncio.run(story())


# --- who floods, and who reads nothing ----------------------------------------------------------------------


@asynccontextmanager
async def serving(talk: Callable[[StarletteSocket], Awaitable[None]]) -> AsyncIterator[str]:
    """A server that talks so with everybody; its address."""

    async def accept(websocket: WebSocket) -> None:
        await websocket.accept()
        await talk(StarletteSocket(websocket))

    listening = bind("127.0.0.1", 0)
    server = build_server(Starlette(routes=[WebSocketRoute("/ws", accept)]))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}/ws"
    finally:
        server.should_exit = True
        await running


async def test_others_have_a_turn_between_the_messages_of_a_flood() -> None:
    n_messages, rounds = 3000, count()
    turns: list[int] = []

    async def read(socket: StarletteSocket) -> None:
        for _ in range(n_messages):
            await socket.receive()
            turns.append(next(rounds))

    async def somebody_else() -> None:
        while len(turns) < n_messages:
            next(rounds)
            await asyncio.sleep(0)

    async with serving(read) as url, connect(url, compression=None) as client:
        beside = asyncio.create_task(somebody_else())
        client.transport.write(b"\x82\x81\0\0\0\0x" * n_messages)  # binary frames of one byte, masked with nothing
        await beside
    assert all(later - earlier > 1 for earlier, later in pairwise(turns)), "two messages came in one round of the loop"


async def test_a_goodbye_that_nobody_reads_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.listener.CLOSE_WAIT_S", 0.05)
    closed = asyncio.Event()

    async def talk_on(socket: StarletteSocket) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                while True:
                    await socket.send(bytes(100_000), binary=True)
        await socket.close(1008, "slow_reader")
        closed.set()

    async with serving(talk_on) as url, connect(url, compression=None, max_queue=1, ping_interval=None) as client:
        client.transport.pause_reading()
        async with asyncio.timeout(10):
            await closed.wait()
        client.transport.abort()
