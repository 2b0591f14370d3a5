"""Friends with tickets of their own: the word they gave goes with the ticket, and they come in to one table."""

import asyncio
import time
from pathlib import Path

from protocol.event_messages import Group
from protocol.visit_messages import QueuePlace
from server.events.ledger import Ledger
from server.store.engine import Store
from tests.session.evening import Guest as Fan
from tests.session.evening import evening
from tests.session.offices import Guest, app_of, house_over
from tests.session.virtual import run_virtual
from tests.session.world import World


async def test_a_ticket_has_the_word_that_friends_agreed_on(store: Store) -> None:
    app = app_of(house_over(store))
    ana, fan = await Guest(app).sign_up("ana"), Guest(app)
    event = await ana.event(group_size=3)
    first = await ana.ticket(event, "Maya", party=" The  Smiths", external_ref="patron-7")
    own = await fan.post(f"/events/{event}/tickets", {"name": "Ben", "party": "the smiths"})
    alone = await fan.post(f"/events/{event}/tickets", {"name": "Eve"})
    shown = {ticket["id"]: ticket["party"] for ticket in (await ana.get(f"/events/{event}/tickets"))["tickets"]}
    assert [shown[made["ticket_id"]] for made in (first, own, alone)] == ["the smiths", "the smiths", ""]
    page = await Ledger(store, event, time.time).read(own["ticket_id"])
    assert page is not None
    assert page.ticket is not None
    assert page.ticket.party == "the smiths"

    await ana.ticket(event, "Maya", external_ref="patron-7")  # another link for her
    again = await ana.get(f"/events/{event}/tickets/{first['ticket_id']}")
    assert again["party"] == "the smiths"
    changed = await ana.ticket(event, "Maya", party="the joneses", external_ref="patron-7")
    assert (await ana.get(f"/events/{event}/tickets/{changed['ticket_id']}"))["party"] == "the joneses"
    refused = await fan.call("POST", f"/events/{event}/tickets", {"name": "Tom", "party": "x" * 41})
    assert refused.status_code == 400


def company(fan: Fan) -> set[str]:
    return {member.name for member in fan.all(Group)[-1].members}


def test_friends_come_in_together_past_those_between_them_and_are_told_so(tmp_path: Path) -> None:
    async def story() -> None:
        names = ["Ana", "Bob", "Maya", "Tom", "Ben"]
        rules = {"places": 1, "group_size": 2, "slot_s": 60.0, "overtime_s": 10.0}
        async with evening(tmp_path, World(), names, parties={"Maya": "x", "Ben": "x"}, **rules) as held:
            ana, bob, maya, tom, ben = fans = [held.fan(name) for name in names]
            comings = []
            for fan in fans:
                comings.append(asyncio.create_task(fan.comes_in()))
                await asyncio.sleep(1)
            assert company(ana) == {"Ana", "Bob"}
            places = [fan.all(QueuePlace)[-1].place for fan in (maya, ben, tom)]
            assert places == [1, 2, 3]
            await ana.leaves()
            await asyncio.sleep(2)
            assert await held.states() == {
                "Ana": "done", "Bob": "seated", "Maya": "waiting", "Tom": "waiting", "Ben": "waiting",
            }  # fmt: skip
            await bob.leaves()
            await asyncio.sleep(2)
            assert company(maya) == company(ben) == {"Maya", "Ben"}
            for fan in (maya, ben):
                await fan.leaves()
            await tom.welcomed()
            await tom.leaves()
            await asyncio.gather(*comings)

    run_virtual(story())
