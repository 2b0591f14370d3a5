"""An event over real WebSockets: fans with tickets, one place, short slots, and a server that is started anew."""

import asyncio
from functools import partial

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from protocol.codec import Codec
from protocol.messages import (
    SUBPROTOCOL_JSON,
    DisclosureAcknowledged,
    ErrorMessage,
    Hello,
    Leave,
    ReplyChunk,
    ServerMessage,
    Welcome,
)
from protocol.visit_messages import QueuePlace, SlotTime
from server.events.desks import Desks
from server.events.personas import find_persona
from server.store.engine import Store
from server.tokens import JoinClaims
from tests.scripted_house import House, house
from tests.session.evening import plan
from tests.session.world import PERSONAS, World

NAMES = ["Maya", "Tom", "Ana"]


async def one_connection(url: str, token: str, seen: list[ServerMessage]) -> None:
    """Comes with a ticket, acknowledges, listens, and leaves when the slot is over. Raises ConnectionClosed."""
    codec = Codec(SUBPROTOCOL_JSON)
    async with connect(url, subprotocols=[Subprotocol(SUBPROTOCOL_JSON)], max_size=None) as socket:
        await socket.send(codec.encode(Hello(token=token, face="none")).decode())
        while True:
            message = codec.decode_server(await socket.recv())
            seen.append(message)
            if isinstance(message, Welcome):
                await socket.send(codec.encode(DisclosureAcknowledged()).decode())
            elif isinstance(message, SlotTime) and message.phase == "over":
                await socket.send(codec.encode(Leave()).decode())


async def evening_of(held: list[House], token: str) -> list[ServerMessage]:
    """Everything that one fan saw, over as many connections as it took to be said goodbye to."""
    seen: list[ServerMessage] = []
    while not any(isinstance(message, SlotTime) and message.phase == "over" for message in seen):
        try:
            await one_connection(held[-1].url, token, seen)
        except (ConnectionClosed, OSError):
            await asyncio.sleep(0.2)
        assert not [message for message in seen if isinstance(message, ErrorMessage)]
    return seen


def open_desks(held: House, store: Store) -> None:
    held.room.desks = Desks(store, partial(find_persona, store, PERSONAS), held.room)


async def test_an_event_goes_on_over_real_sockets_and_over_a_restart(sqlite_store: Store) -> None:
    event_id, tickets = await plan(sqlite_store, NAMES, slot_s=3.0, overtime_s=1.0, no_show_s=20.0)
    held: list[House] = []
    async with house(World()) as first:
        open_desks(first, sqlite_store)
        held.append(first)
        claims = [JoinClaims(event=event_id, ticket=tickets[name]) for name in NAMES]
        tokens = [first.room.signer.sign(claim, valid_s=600) for claim in claims]
        evenings = [asyncio.create_task(evening_of(held, token), name="evening") for token in tokens]
        async with asyncio.timeout(60):
            await evenings[0]
    await first.room.close()
    async with house(World()) as second:
        open_desks(second, sqlite_store)
        held.append(second)
        async with asyncio.timeout(90):
            seen = await asyncio.gather(*evenings)
    await second.room.close()
    for name, messages in zip(NAMES, seen, strict=True):
        said = " ".join(word.text for m in messages if isinstance(m, ReplyChunk) for word in m.words)
        assert f"Hi {name}, you made it!" in said
        assert f"That went so fast, {name}." in said
        assert not [other for other in NAMES if other != name and other in said]
    assert [m.place for m in seen[1] if isinstance(m, QueuePlace) and m.state == "waiting"]
