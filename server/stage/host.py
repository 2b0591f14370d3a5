"""One host's connection: what happens in their event goes down, what they do and say comes up."""

import asyncio

from avatar.persona import Persona
from protocol.event_messages import HostAct
from protocol.messages import AudioChunk, ClientMessage, Hello
from protocol.visit_messages import EventCard
from server.connection import Connection
from server.stage.acts import Acts
from server.stage.feed import View, parcel
from server.stage.show import Watcher
from server.stage.watching import watch, welcome
from server.stage.wings import Wings
from server.wire_audio import Microphone


async def attend(
    connection: Connection, hello: Hello, actor: str, wings: Wings, persona: Persona, event: EventCard
) -> None:
    """Serves a host until they leave. `actor`: who they are, for the record. Raises what ends a connection."""
    watcher = Watcher(View.of(connection.codec, hello), connection.write_now)
    acts = Acts(wings, actor, hello, watcher)
    ahead_ms = connection.limits.max_audio_ahead_ms
    microphone = Microphone(hello.audio_in, ahead_ms, asyncio.get_running_loop().time)

    async def take(message: ClientMessage) -> None:
        match message:
            case HostAct():
                watcher.put(parcel(watcher.view.subprotocol, await acts.do(message)))
            case AudioChunk(audio):
                await acts.hear(microphone.take(audio))

    await connection.send(welcome(hello, "host", persona, event, connection))
    wings.join(watcher, acts.follow)
    try:
        await watch(connection, watcher, take, f"host-{event.id}")
    finally:
        await acts.leave()
        await wings.part(watcher)
