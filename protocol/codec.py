"""Messages to bytes and back: the only place that knows msgpack and JSON, and that checks sizes."""

from typing import Final

import msgspec

from .errors import MalformedError, TooLargeError, UnknownTypeError, UnsupportedError
from .messages import (
    MAX_MESSAGE_BYTES,
    SUBPROTOCOL_JSON,
    SUBPROTOCOL_MSGPACK,
    ClientMessage,
    ServerMessage,
)

SUBPROTOCOLS: Final = (SUBPROTOCOL_MSGPACK, SUBPROTOCOL_JSON)
MAX_BLAME_CHARS: Final = 150  # of an error's text: some decoders quote their whole input


class _Head(msgspec.Struct):
    type: str


def _tags(union: object) -> frozenset[str]:
    return frozenset(str(m.__struct_config__.tag) for m in union.__args__)  # type: ignore[attr-defined]


_CLIENT_TAGS = _tags(ClientMessage)
_SERVER_TAGS = _tags(ServerMessage)

_Encoder = msgspec.msgpack.Encoder | msgspec.json.Encoder


class Codec:
    """One wire form of the protocol. `binary` says whether a WebSocket carries it in binary frames."""

    def __init__(self, subprotocol: str) -> None:
        """Raises UnsupportedError for a subprotocol that is not one of SUBPROTOCOLS."""
        if subprotocol not in SUBPROTOCOLS:
            raise UnsupportedError(f"unknown subprotocol {subprotocol!r}; offer one of {', '.join(SUBPROTOCOLS)}")
        self.subprotocol = subprotocol
        self.binary = subprotocol == SUBPROTOCOL_MSGPACK
        form = msgspec.msgpack if self.binary else msgspec.json
        self._encoder: _Encoder = form.Encoder()
        self._client = form.Decoder(ClientMessage)
        self._server = form.Decoder(ServerMessage)
        self._head = form.Decoder(_Head)

    def encode(self, message: ClientMessage | ServerMessage) -> bytes:
        """One message, ready for one WebSocket frame."""
        return self._encoder.encode(message)

    def decode_client(self, data: bytes | str) -> ClientMessage:
        """What a client sent. Raises TooLargeError, UnknownTypeError or MalformedError."""
        try:
            frame = self._bytes(data)
            if len(frame) > MAX_MESSAGE_BYTES:
                raise TooLargeError(f"message of {len(frame)} bytes; the limit is {MAX_MESSAGE_BYTES}")
            message: ClientMessage = self._client.decode(frame)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise self._blame(data, error, _CLIENT_TAGS) from None
        return message

    def decode_server(self, data: bytes | str) -> ServerMessage:
        """What a server sent. Raises UnknownTypeError or MalformedError."""
        try:
            message: ServerMessage = self._server.decode(self._bytes(data))
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise self._blame(data, error, _SERVER_TAGS) from None
        return message

    def _bytes(self, data: bytes | str) -> bytes:
        if isinstance(data, str) == self.binary:
            raise MalformedError(f"{self.subprotocol} travels in {'binary' if self.binary else 'text'} frames")
        return data.encode() if isinstance(data, str) else data

    def _blame(self, data: bytes | str, error: Exception, tags: frozenset[str]) -> MalformedError | UnknownTypeError:
        try:
            kind = self._head.decode(self._bytes(data)).type
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return MalformedError(f"not a message: {_brief(error)}")
        if kind not in tags:
            return UnknownTypeError(f"unknown message type {kind[:80]!r:.100}")
        return MalformedError(f"{kind}: {_brief(error)}")


def _brief(error: Exception) -> str:
    """What went wrong and where, without what a hostile client made of the middle."""
    text = str(error)
    return text if len(text) <= MAX_BLAME_CHARS else f"{text[:80]} ... {text[-60:]}"
