"""How many WebSockets one address holds, so that one machine cannot take every socket of the house.

Behind a proxy on this machine the address is the one that the proxy names (uvicorn reads X-Forwarded-For from
127.0.0.1 only). Fans in one hall share an address, so the bound is generous. What comes next: listener.py's routes.
"""

from collections import Counter

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from protocol.codec import SUBPROTOCOLS, Codec
from protocol.errors import CrowdedError
from protocol.messages import ErrorMessage

log = structlog.get_logger()


class AddressLimit:
    """Middleware: counts WebSockets by address; `most` of one at a time, 0 for as many as come."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most
        self._open: Counter[str] = Counter()  # bounded by the open sockets: who holds none is not in it

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI. One too many gets a coded error and is closed, before anything of it is read."""
        if scope["type"] != "websocket" or not self._most:
            await self._app(scope, receive, send)
            return
        address = scope["client"][0] if scope.get("client") else ""
        if self._open[address] >= self._most:
            log.info("crowded", open=self._open[address])
            await refuse(WebSocket(scope, receive, send), CrowdedError(f"{self._most} connections from one address"))
            return
        self._open[address] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]


async def refuse(websocket: WebSocket, error: CrowdedError) -> None:
    """Says why, to who speaks our protocol; HTTP 403 to everybody else."""
    chosen = next((name for name in SUBPROTOCOLS if name in websocket.scope.get("subprotocols", [])), None)
    if chosen is None:
        await websocket.close(error.close_code)
        return
    await websocket.accept(subprotocol=chosen)
    codec = Codec(chosen)
    words = codec.encode(ErrorMessage(error.code, str(error), fatal=True))
    await (websocket.send_bytes(words) if codec.binary else websocket.send_text(words.decode()))
    await websocket.close(error.close_code, error.code)
