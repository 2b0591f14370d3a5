"""The two tasks of a connection that watches: one sends what lies in its queue, one reads what the client says.

When one ends, so does the other. What comes next: spectator.py and host.py say what is done with a message.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from avatar.persona import Persona
from protocol.errors import StagedoorError
from protocol.handshake import Phase
from protocol.messages import ClientMessage, Hello, Ping, Pong, ServerMessage, Welcome
from protocol.visit_messages import EventCard
from server.connection import Connection
from server.stage.feed import Feed, View, parcel
from server.stage.show import Watcher
from server.tokens import Role
from server.wire_audio import heard_format

PATIENCE_S: Final = 86_400.0  # who only watches says nothing for hours; a dead connection is noticed by its pings


def welcome(hello: Hello, role: Role, persona: Persona, event: EventCard, connection: Connection) -> Welcome:
    """The answer to the `hello` of somebody who watches. Raises UnsupportedError for sound that is not spoken here."""
    heard_format(hello)
    feed = Feed(View.of(connection.codec, hello))
    return Welcome(
        session_id=secrets.token_hex(8),
        persona=persona.card,
        disclosure=persona.disclosure,
        audio_in=hello.audio_in,
        audio_out=feed.audio_out,
        face=msgspec.structs.replace(feed.face, lips=connection.lips),
        limits=connection.limits,
        role=role,
        event=event,
    )


async def watch(
    connection: Connection, watcher: Watcher, take: Callable[[ClientMessage], Awaitable[None]], name: str
) -> None:
    """Returns when the client left. Raises what ends a connection."""

    async def say(message: ServerMessage) -> None:
        watcher.put(parcel(watcher.view.subprotocol, message))

    async def read() -> None:
        while connection.handshake.phase is not Phase.CLOSED:
            try:
                message = await connection.receive(PATIENCE_S)
                if isinstance(message, Ping):
                    await say(Pong(message.nonce, asyncio.get_running_loop().time() * 1000))
                else:
                    await take(message)
            except StagedoorError as error:
                await connection.forgive(error, say)

    async def write() -> None:
        while True:
            await connection.send_encoded(*await watcher.next())

    tasks = [asyncio.create_task(read(), name=f"read-{name}"), asyncio.create_task(write(), name=f"write-{name}")]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
