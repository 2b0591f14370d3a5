"""A whole event on the virtual clock: forty fans, four places, and everything that fans do."""

import asyncio
import random
from pathlib import Path
from statistics import median

import pytest
from sqlalchemy import select

from protocol.messages import DisclosureAcknowledged, Hello, Ping, Resume
from protocol.visit_messages import QueuePlace
from server.store.tables import TicketRow
from tests.session.evening import Evening, Guest, evening
from tests.session.virtual import run_virtual
from tests.session.world import World

FANS = 40
PLACES = 4
SLOT_S = 90.0
NAMES = [f"Fan{k:02}" for k in range(FANS)]
#: What some of them do; the others stay to the end.
ODD = {
    **dict.fromkeys(("Fan03", "Fan17", "Fan31"), "leaves early"),
    **dict.fromkeys(("Fan05", "Fan22"), "is not there at first"),
    **dict.fromkeys(("Fan08", "Fan26", "Fan33"), "is lost in line"),
    **dict.fromkeys(("Fan11", "Fan29"), "is lost inside"),
    **dict.fromkeys(("Fan14", "Fan38"), "gives up"),
}


async def stays(fan: Guest) -> None:
    """Listens until the slot is over, then goes."""
    while "over" not in fan.phases() and fan.socket.closed is None:
        fan.send(Ping())
        await asyncio.sleep(5)
    await fan.leaves()


async def comes(held: Evening, name: str, after_s: float) -> None:
    await asyncio.sleep(after_s)
    fan = held.fan(name)
    match ODD.get(name):
        case "leaves early":
            await fan.comes_in()
            await asyncio.sleep(40)
            await fan.leaves()
        case "is not there at first":
            fan.says_hello()
            assert await fan.gone() == (1000, "no_show")
            again = held.fan(name)
            await again.comes_in()
            await stays(again)
        case "is lost in line":
            fan.says_hello()
            await fan.until(QueuePlace)
            fan.lose_connection()
            await fan.gone()
            await asyncio.sleep(15)
            again = held.fan(name)
            await again.comes_in()
            await stays(again)
        case "is lost inside":
            welcome = await fan.comes_in()
            await asyncio.sleep(30)
            fan.lose_connection()
            await fan.gone()
            await asyncio.sleep(10)
            back = Guest(held.room, Hello(resume=Resume(welcome.resume_token)), name)
            back.says_hello()
            await stays(back)
        case "gives up":
            fan.says_hello(DisclosureAcknowledged())
            await asyncio.sleep(60)
            await fan.leaves()
        case _:
            await fan.comes_in()
            await stays(fan)
            said = fan.words()
            assert f"Hi {name}, you made it!" in said
            assert f"That went so fast, {name}." in said
            assert not [other for other in NAMES if other != name and other in said]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_forty_fans_on_four_places(tmp_path: Path) -> None:
    async def story() -> None:
        rng = random.Random(40)
        when = sorted(rng.uniform(0, 240) for _ in NAMES)
        world = World(max_sessions=2 * PLACES)
        async with evening(tmp_path, world, NAMES, places=PLACES, slot_s=SLOT_S, overtime_s=15.0) as held:
            desk, most, promised = await held.desk(), 0, dict[str, tuple[float, float]]()

            def look(view: object) -> None:
                nonlocal most
                entries = desk.snapshot().entries
                seats = [entry.name for entry in entries if entry.state in ("called", "seated")]
                assert len(set(seats)) == len(seats)
                most = max(most, len(seats))
                for entry in entries:
                    if entry.state == "waiting":
                        promised.setdefault(entry.name, (desk.now(), entry.wait_s))

            desk.watch(look)
            began_at = desk.now()
            await asyncio.gather(*(comes(held, name, after_s) for name, after_s in zip(NAMES, when, strict=True)))
            took_s = desk.now() - began_at
            states, visits = await held.states(), await held.visits()
            async with held.store.begin() as db:
                rows = {row.id: row for row in await db.scalars(select(TicketRow))}
        by_name = {name: rows[ticket_id] for name, ticket_id in held.tickets.items()}

        assert most == PLACES
        gave_up = {name for name, odd in ODD.items() if odd == "gives up"}
        assert {name for name, state in states.items() if state == "left"} <= gave_up
        assert {name for name, state in states.items() if state == "done"} >= set(NAMES) - gave_up
        finished = [visit.ticket_id for visit in visits if visit.end_reason == "slot"]
        assert len(finished) == len(set(finished))
        assert all(visit.ended_at for visit in visits)

        patient = [name for name in NAMES if name not in ODD]
        order = sorted(patient, key=lambda name: by_name[name].arrived_at)
        assert sorted(patient, key=lambda name: by_name[name].called_at) == order  # first come, first served

        seated_s = sum((visit.ended_at - visit.began_at).total_seconds() for visit in visits if visit.ended_at)
        assert seated_s / (PLACES * took_s) > 0.75  # seats were not left empty
        wrong_s = []
        for name in patient:
            asked_at, wait_s = promised.get(name, (0.0, 0.0))
            called_at = by_name[name].called_at
            if wait_s > 60 and called_at:
                wrong_s.append(abs(called_at.timestamp() - asked_at - wait_s) / wait_s)
        assert median(wrong_s) < 0.25

    run_virtual(story())
