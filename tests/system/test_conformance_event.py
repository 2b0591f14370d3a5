"""The conformance kit against an event of ours on a real port: store, line, stage, host and audience."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from avatar.engines.scripted import ScriptedLlm
from server.conformance.fan import check_server
from server.conformance.line import Target
from server.events.desks import Desks
from server.events.personas import find_persona
from server.stage.backstage import Backstage
from server.stage.record import StoredRecord
from server.store.engine import open_store
from server.tokens import JoinClaims, Role
from tests.scripted_house import House, house
from tests.session.evening import empty_database, plan
from tests.session.world import PERSONAS, World


@asynccontextmanager
async def an_event(folder: Path) -> AsyncIterator[Target]:
    """A server with an open event, and the tokens of one fan, one host and one spectator."""
    (folder / "event.db").write_bytes(empty_database())
    store = await open_store(f"sqlite:///{folder}/event.db")
    event_id, tickets = await plan(store, ["Maya"], spectators=True)

    def hold(running: House) -> Target:
        room = running.room
        room.desks = Desks(store, partial(find_persona, store, PERSONAS), room, away_s=30)
        room.backstage = backstage = Backstage(room.desks, StoredRecord(store), room.lanes, room.vitals)
        room.desks.companions.append(backstage)

        def token(role: Role, ticket: str = "") -> str:
            return room.signer.sign(JoinClaims(event=event_id, ticket=ticket, role=role, sub="c1"), valid_s=600)

        return Target(
            running.url,
            greets=False,
            host_token=token("host"),
            spectator_token=token("spectator"),
            ticket_token=token("fan", tickets["Maya"]),
        )

    try:
        async with house(World(llm=ScriptedLlm({}, default="A quiet day."))) as running:
            yield hold(running)
            await running.room.close()
    finally:
        await store.close()


async def test_our_events_conform(tmp_path: Path) -> None:
    async with an_event(tmp_path) as target:
        results = await check_server(target, lambda _: None, "events:")
    assert [f"{r.demand}: {r.detail}" for r in results if r.outcome != "passed"] == []
    assert len(results) == 5
