"""Where the world comes in: the WebSockets at /ws and /v1/realtime, the page at /, the REST API at /api/v1, the
protocol's documents at /docs, and what operators ask (/health, /ready, /metrics).

Starlette on uvicorn with its `websockets` implementation; why: docs/decisions/0002-starlette-and-uvicorn.md.
What comes next: connection.py serves each WebSocket.
"""

import asyncio
import math
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from prometheus_client import generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from protocol.codec import SUBPROTOCOLS, Codec
from protocol.messages import MAX_MESSAGE_BYTES
from server.addresses import AddressLimit
from server.batched_socket import BATCH, WRITE_NOW, BatchingProtocol
from server.connection import Connection, SocketClosedError
from server.page_files import PAGE, LookFiles, PageFiles, looks_of
from server.realtime.door import RealtimeDoor
from server.realtime.entry import SUBPROTOCOL
from server.room import Room

SECURITY_HEADERS = {
    # blob: is how three.js hands the pictures inside an avatar's file to the browser; nothing comes from elsewhere.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' blob:; "
    "img-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "permissions-policy": "microphone=(self), xr-spatial-tracking=(self), camera=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
}

PROTOCOL = Path(__file__).resolve().parents[1] / "protocol"
CLOSE_WAIT_S = 1.0
SEND_BUFFER_BYTES = 64 * 1024  # the kernel would hold a minute of sound for a client that reads nothing


class ListenError(Exception):
    """The address cannot be listened on."""


class StarletteSocket:
    """A Starlette WebSocket as connection.Socket."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._write_now: Callable[[bytes], bool] | None = (websocket.scope.get("extensions") or {}).get(WRITE_NOW)

    async def receive(self) -> bytes | str:
        """See Socket."""
        await asyncio.sleep(0)  # what waits comes without waiting: a flood has one message for each round of the loop
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise SocketClosedError
        data: bytes | str | None = message.get("bytes")
        return message["text"] if data is None else data

    async def send(self, data: bytes, *, binary: bool) -> None:
        """See Socket."""
        try:
            if binary:
                await self._websocket.send_bytes(data)
            else:
                await self._websocket.send_text(data.decode())
        except (WebSocketDisconnect, RuntimeError) as error:
            raise SocketClosedError from error

    async def send_all(self, batch: Sequence[bytes]) -> None:
        """See Socket."""
        try:
            await self._websocket.send({"type": "websocket.send", BATCH: batch})
        except (WebSocketDisconnect, RuntimeError) as error:
            raise SocketClosedError from error

    def write_now(self, framed: bytes) -> bool:
        """See Socket."""
        return self._write_now is not None and self._write_now(framed)

    async def close(self, code: int, reason: str) -> None:
        """See Socket."""
        if self._websocket.application_state is not WebSocketState.CONNECTED:
            return
        with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
            async with asyncio.timeout(CLOSE_WAIT_S):  # who reads nothing takes no goodbye, and shall keep no place
                await self._websocket.close(code, reason)


class SecurityHeaders:
    """Adds SECURITY_HEADERS to every HTTP response; what the response says itself stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", []))
                own = {name for name, _ in given}
                extra = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
                message["headers"] = [*given, *((name, value) for name, value in extra if name not in own)]
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def build_asgi(
    room: Room,
    origins: Sequence[str],
    own_looks: Path | None = None,
    api: ASGIApp | None = None,
    max_per_address: int = 0,
    keepsakes: Sequence[BaseRoute] = (),
) -> Starlette:
    """The application: every route of the server. `own_looks` is a folder of more avatars, `api` the REST API;
    `max_per_address` WebSockets may be open from one address, 0: any number; `keepsakes` are the pages of fans.
    """

    async def talk(websocket: WebSocket) -> None:
        offered = websocket.scope.get("subprotocols", [])
        chosen = next((name for name in SUBPROTOCOLS if name in offered), None)
        if chosen is None or not origin_allowed(websocket, origins):
            await websocket.close(1008)  # before accept: the handshake is refused with HTTP 403
            return
        await websocket.accept(subprotocol=chosen)
        await Connection(StarletteSocket(websocket), Codec(chosen), room).run()

    async def talk_realtime(websocket: WebSocket) -> None:
        offered = websocket.scope.get("subprotocols", [])
        if not origin_allowed(websocket, origins):
            await websocket.close(1008)
            return
        await websocket.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None)
        await RealtimeDoor(StarletteSocket(websocket), room).run(
            websocket.headers.get("authorization", ""), offered, websocket.query_params
        )

    async def health(_: Request) -> Response:
        lanes = {name: asdict(status) for name, status in room.lanes.status().items()}
        return JSONResponse(
            {
                "status": "ok",
                "sessions": room.n_sessions,
                "capacity": room.door.capacity,
                "waiting": room.door.waiting,
                "lanes": lanes,
            }
        )

    async def ready(_: Request) -> Response:
        recovering = [name for name, status in room.lanes.status().items() if not status.ready]
        status = "recovering" if recovering else "full" if room.is_full() else "ready"
        wait_s = math.ceil(room.wait_s())
        body = {"status": status, "places": room.door.places, "waiting": room.door.waiting, "wait_s": wait_s}
        headers = {} if status == "ready" else {"retry-after": str(max(1, wait_s))}
        return JSONResponse(body, status_code=200 if status == "ready" else 503, headers=headers)

    async def metrics(_: Request) -> Response:
        room.metrics.tasks.set(len(asyncio.all_tasks()))
        return Response(generate_latest(room.metrics.registry), media_type="text/plain; version=0.0.4")

    routes = [
        WebSocketRoute("/ws", talk),
        WebSocketRoute("/v1/realtime", talk_realtime),
        Route("/health", health),
        Route("/ready", ready),
        Route("/metrics", metrics),
        Route("/docs", lambda _: RedirectResponse("/docs/")),
        Mount("/docs/schema", PageFiles(directory=PROTOCOL / "schema", check_dir=False)),
        Mount("/docs", PageFiles(directory=PROTOCOL / "docs", check_dir=False)),
        *([Mount("/api/v1", api)] if api else []),
        *([Mount("/keepsake", routes=keepsakes)] if keepsakes else []),
        Mount("/avatars", LookFiles(looks_of(own_looks))),
        Mount("/", PageFiles(directory=PAGE, check_dir=False)),
    ]
    return Starlette(routes=routes, middleware=[Middleware(SecurityHeaders), Middleware(AddressLimit, max_per_address)])


def origin_allowed(websocket: WebSocket, origins: Sequence[str]) -> bool:
    """Browsers say where their page came from: it must be this server, or one that the configuration names.

    Programs that are no browsers send no Origin; their join token is what counts.
    """
    origin = websocket.headers.get("origin")
    return origin is None or origin in origins or urlsplit(origin).netloc == websocket.headers.get("host")


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ListenError, for a port in use above all."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise ListenError(
            f"cannot listen on {host}:{port}: {error.strerror}. Is another server running? "
            "Choose another port with STAGEDOOR__SERVER__PORT."
        ) from error
    listening.setblocking(False)
    return listening


def build_server(app: Starlette) -> uvicorn.Server:
    """The HTTP server; `serve(sockets=[bind(...)])` runs it."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            ws=BatchingProtocol,
            ws_max_size=4 * MAX_MESSAGE_BYTES,  # above our own limit, so that ours answers with a coded error
            ws_per_message_deflate=False,  # audio does not shrink, and deflating costs latency
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=3,
        )
    )
