"""Several messages to one WebSocket in one write: what an audience of hundreds costs is system calls.

uvicorn's protocol with one thing more: `{"type": "websocket.send", "batch": [bytes, ...]}`. What comes next:
listener.py serves with it, and StarletteSocket.send_all uses it.
"""

from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

BATCH: Final = "batch"


class BatchingProtocol(WebSocketsSansIOProtocol):
    """The frames of a batch are left to the connection, which writes all it has with the last one."""

    async def send(self, message: Any) -> None:
        """See ASGI."""
        batch = message.get(BATCH)
        if batch:
            if not (self.disconnected or self.close_sent):
                for data in batch[:-1]:
                    self.conn.send_binary(data)
            message = {"type": "websocket.send", "bytes": batch[-1]}
        await super().send(message)
