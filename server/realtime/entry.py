"""Who comes through the Realtime door, from what its WebSocket handshake says. Pure.

A stock client can send no `hello`: its key is the join token (in the Authorization header, or, from a browser, in the
list of subprotocols), and what else it may choose stands in the address. What comes next: door.py opens a session.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from protocol.errors import MalformedError
from protocol.messages import Hello
from protocol.timeline import OUTPUT_RATE_HZ, AudioFormat

SUBPROTOCOL: Final = "realtime"
_KEY_SUBPROTOCOL: Final = "openai-insecure-api-key."  # how OpenAI's clients in browsers carry their key
_JWT_DOTS: Final = 2


def join_key(authorization: str, subprotocols: Sequence[str]) -> str:
    """The key that a client brought; empty: none."""
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return key.strip()
    carried = (name.removeprefix(_KEY_SUBPROTOCOL) for name in subprotocols if name.startswith(_KEY_SUBPROTOCOL))
    return next(carried, "")


def hello_of(key: str, query: Mapping[str, str], *, tokens_required: bool) -> Hello:
    """The `hello` that this client would say. A stock client must have some key; where no token is needed, one that
    is no join token is nobody's business.

    Raises MalformedError for a face or a language that cannot be.
    """
    token = key if tokens_required or key.count(".") == _JWT_DOTS else ""
    said = {
        "client": "realtime",
        "token": token,
        "language": query.get("language", "en"),
        "face": query.get("face", "arkit52"),
        "audio_in": msgspec.to_builtins(AudioFormat("pcm16", OUTPUT_RATE_HZ)),
    }
    try:
        return msgspec.convert(said, Hello)
    except msgspec.ValidationError as error:
        raise MalformedError(f"the address: {error}") from None
