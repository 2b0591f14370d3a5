"""The stage with a real desk and a real store: hosts who change the evening, an audience, and what is written down."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from protocol.event_messages import HostAct, HostDone, HostQueue, HostVisit, StageState
from protocol.messages import Consents, Hello, Interrupt, Notice
from protocol.visit_messages import SlotTime
from server.stage.backstage import Backstage
from server.stage.record import StoredRecord
from server.store.tables import HostActionRow
from server.tokens import JoinClaims, Role
from tests.session.evening import Evening, evening, plan
from tests.session.virtual import run_virtual
from tests.session.world import PERSONAS, Fan, World

SEEN = Consents(audience=True)


@asynccontextmanager
async def staged(folder: Path, *names: str, **event: Any) -> AsyncIterator[Evening]:
    """An evening whose stage is open."""
    async with evening(folder, World(), names, spectators=True, **event) as held:
        desks = held.room.desks
        assert desks
        backstage = Backstage(desks, StoredRecord(held.store), held.room.lanes, held.room.vitals)
        held.room.backstage = backstage
        desks.companions.append(backstage)
        yield held


async def comes(held: Evening, role: Role) -> Fan:
    token = held.room.signer.sign(JoinClaims(event=held.event_id, role=role, sub="creator-1"), valid_s=3600)
    guest = Fan(held.room, Hello(token=token, face="none"))
    guest.send(guest.hello)
    guest.stop_playing()
    await asyncio.sleep(0.1)
    return guest


async def act(host: Fan, kind: Any, **about: Any) -> HostDone:
    host.send(HostAct(f"a{len(host.all(HostDone))}", kind, **about))
    return await host.until(HostDone)


async def deeds(held: Evening) -> list[HostActionRow]:
    async with held.store.begin() as db:
        return list(await db.scalars(select(HostActionRow).order_by(HostActionRow.at)))


def test_a_host_runs_an_evening(tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path, "Maya", "Tom", "Ida") as held:
            host, spectator = await comes(held, "host"), await comes(held, "spectator")
            maya, tom, ida = held.fan("Maya", consents=SEEN), held.fan("Tom"), held.fan("Ida")
            await maya.comes_in()
            tom.says_hello()
            await asyncio.sleep(0.1)
            ida.says_hello()
            await asyncio.sleep(0.1)
            assert [(e.name, e.place) for e in host.all(HostQueue)[-1].entries] == [("Maya", 0), ("Tom", 1), ("Ida", 2)]
            visit = host.all(HostVisit)[-1]
            assert (visit.name, visit.state) == ("Maya", "live")

            assert (await act(host, "reorder", ticket_id=held.tickets["Ida"], place=1)).ok
            assert [e.name for e in host.all(HostQueue)[-1].entries] == ["Maya", "Ida", "Tom"]
            assert (await act(host, "extend", visit_id=visit.visit_id, seconds=60.0)).ok
            assert maya.all(SlotTime)[-1].left_s > 200
            assert (await act(host, "end", visit_id=visit.visit_id)).ok
            await maya.listens(30)
            assert maya.phases()[-1] == "over"
            await maya.leaves()
            assert [v.state for v in host.all(HostVisit) if v.visit_id == visit.visit_id][-1] == "ended"
            await ida.welcomed()
            assert (await act(host, "ban", ticket_id=held.tickets["Tom"])).ok
            assert (await tom.gone()) is not None
            await ida.leaves()

            rows = await deeds(held)
            assert [row.kind for row in rows] == ["reorder", "extend", "end", "ban"]
            assert {row.actor for row in rows} == {"creator-1"}
            assert {row.event_id for row in rows} == {held.event_id}
            assert [row.visit_id for row in rows] == [None, visit.visit_id, visit.visit_id, None]
            assert [s.name for s in spectator.all(StageState) if s.state == "live"] == ["Maya"]
            for one in (host, spectator):
                await one.leave()

    run_virtual(story())


def test_a_goodbye_takes_the_word_from_the_host(tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path, "Maya", slot_s=60.0, overtime_s=0.0) as held:
            host, maya = await comes(held, "host"), held.fan("Maya")
            await maya.comes_in()
            await asyncio.sleep(30)
            visit_id = host.all(HostVisit)[-1].visit_id
            assert (await act(host, "take_over", visit_id=visit_id)).ok
            await maya.listens(60)
            assert maya.phases()[-1] == "over"
            assert "That went so fast, Maya." in maya.words()
            told = [n.text for n in maya.all(Notice) if n.kind == "disclosure"]
            assert told == ["The creator is speaking now.", PERSONAS["nova"].disclosure], "before the AI says goodbye"
            await maya.leaves()
            assert host.all(HostVisit)[-1].state == "ended"
            assert (await act(host, "hand_back", visit_id=visit_id)).code == "not_found"
            await host.leave()

    run_virtual(story())


def test_a_fan_who_comes_back_is_still_on_the_stage(tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path, "Maya") as held:
            spectator, maya = await comes(held, "spectator"), held.fan("Maya", consents=SEEN)
            await maya.comes_in()
            await asyncio.sleep(5)
            maya.lose_connection()
            await asyncio.sleep(5)
            again = held.fan("Maya", consents=SEEN)
            await again.comes_in()
            await asyncio.sleep(5)
            states = [s.state for s in spectator.all(StageState)]
            assert states[:2] == ["empty", "live"]
            assert states[-1] == "live"
            again.send(Interrupt())
            await again.leaves()
            assert spectator.all(StageState)[-1].state == "empty"
            await spectator.leave()

    run_virtual(story())


@pytest.mark.parametrize("kind", ["ban", "skip", "end", "extend", "reorder"])
def test_a_host_reaches_no_ticket_of_another_event(tmp_path: Path, kind: str) -> None:
    async def story() -> None:
        async with staged(tmp_path, "Maya") as held:
            other_id, tickets = await plan(held.store, ["Tom"], spectators=True)
            host = await comes(held, "host")
            done = await act(host, kind, ticket_id=tickets["Tom"], seconds=60.0, place=1)
            assert not done.ok
            assert done.code in ("illegal_state", "ticket_over")
            assert (await held.states())["Tom"] == "issued"
            assert other_id != held.event_id
            await host.leave()

    run_virtual(story())
