"""A batch arrives as so many messages, over a real socket."""

import asyncio
from typing import Any

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect

from server.connection import SocketClosedError
from server.listener import StarletteSocket, bind, build_server


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
