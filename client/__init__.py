"""Talk with a Stagedoor server from Python: `from stagedoor.client import connect`.

    async with connect("ws://127.0.0.1:8700/ws", name="Ana") as talk:
        await talk.acknowledge()              # once the person has read talk.welcome.disclosure
        await talk.type("What is your cat called?")
        async for message in talk:            # reply.chunk, transcript, reply.cancelled, ...
            print(message)

Needs nothing of the server but its `protocol` package. What comes next: talk.py.
"""

from .playback import Playback
from .talk import ConnectionLostError, RefusedError, Talk, connect

__all__ = ["ConnectionLostError", "Playback", "RefusedError", "Talk", "connect"]
