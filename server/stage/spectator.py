"""One spectator's connection: sees what is on the stage, and may react. Nothing they say reaches a fan."""

import asyncio
from typing import Final

from avatar.persona import Persona
from protocol.event_messages import Reaction
from protocol.messages import ClientMessage, Hello
from protocol.visit_messages import EventCard
from server.allowance import LeakyBucket
from server.connection import Connection
from server.stage.feed import View
from server.stage.show import Watcher
from server.stage.stage import Stage
from server.stage.watching import watch, welcome

REACTIONS_AT_ONCE: Final = 5.0
REACTIONS_PER_S: Final = 2.0  # more is dropped without a word: a finger that drums means no harm


async def spectate(connection: Connection, hello: Hello, stage: Stage, persona: Persona, event: EventCard) -> None:
    """Serves a spectator until they leave. Raises what ends a connection."""
    watcher = Watcher(View.of(connection.codec, hello), connection.write_now)
    allowed = LeakyBucket(REACTIONS_AT_ONCE, REACTIONS_PER_S, asyncio.get_running_loop().time)

    async def take(message: ClientMessage) -> None:
        if isinstance(message, Reaction) and allowed.pour(1):
            stage.react(message.kind)

    await connection.send(welcome(hello, "spectator", persona, event, connection))
    stage.join(watcher)
    try:
        await watch(connection, watcher, take, f"spectator-{event.id}")
    finally:
        stage.part(watcher)
