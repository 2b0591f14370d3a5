"""A message for many clients: encoded once, and made into a WebSocket frame once. What comes next: show.py and stage.py
put it to every watcher, and batched_socket.py writes the frame as it is.
"""

from websockets.frames import Frame, Opcode


class Parcel:
    """Shared by everybody who gets it; nobody changes it."""

    __slots__ = ("_framed", "binary", "data")

    def __init__(self, data: bytes, *, binary: bool) -> None:
        """`data`: an encoded message; not `binary`: it is text."""
        self.data = data
        self.binary = binary
        self._framed: bytes | None = None

    @property
    def framed(self) -> bytes:
        """As a server sends it: whole, and without a mask (RFC 6455 section 5.2)."""
        if self._framed is None:
            self._framed = Frame(Opcode.BINARY if self.binary else Opcode.TEXT, self.data).serialize(mask=False)
        return self._framed
