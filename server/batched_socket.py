"""What many clients get costs as little as it can: several messages in one write, and frames that were made for all.

uvicorn's protocol with two things more: `{"type": "websocket.send", "batch": [bytes, ...]}` is several messages, and
the scope's extension WRITE_NOW takes a frame that is ready: it goes to the socket in this moment, without a task of its
own and without a way through the application, unless something waits there already.
What comes next: listener.py serves with it, and StarletteSocket uses both.
"""

from asyncio import BaseTransport
from typing import Any, Final, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

BATCH: Final = "batch"
WRITE_NOW: Final = "stagedoor.write_now"
READ_BYTES: Final = 8 * 1024  # at once: all of them are parsed in one go, and 256 kB of tiny frames held the loop


class BatchingProtocol(WebSocketsSansIOProtocol):
    """The frames of a batch are left to the connection, which writes all it has with the last one."""

    def handle_connect(self, event: Request) -> None:
        """A client asks for a WebSocket; see uvicorn."""
        super().handle_connect(event)
        if not self.close_sent:
            cast("dict[str, Any]", self.scope["extensions"])[WRITE_NOW] = self.write_now

    def write_now(self, framed: bytes) -> bool:
        """Writes a frame. False: not now, and nothing was written; the client is slow, going, or not yet there."""
        is_open = self.handshake_complete and not (self.disconnected or self.close_sent or self.transport.is_closing())
        if not is_open or not self.writable.is_set():
            return False
        self.transport.write(framed)
        return True

    def connection_made(self, transport: BaseTransport) -> None:
        """A socket is open; see uvicorn."""
        super().connection_made(transport)
        transport.max_size = READ_BYTES  # type: ignore[attr-defined]  # asyncio's own name; elsewhere nobody looks

    async def send(self, message: Any) -> None:
        """See ASGI."""
        batch = message.get(BATCH)
        if batch:
            if not (self.disconnected or self.close_sent):
                for data in batch[:-1]:
                    self.conn.send_binary(data)
            message = {"type": "websocket.send", "bytes": batch[-1]}
        await super().send(message)
