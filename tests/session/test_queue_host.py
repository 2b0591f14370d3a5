"""What a host does to the line, and what lost connections and restarts do not do to it."""

import asyncio
from pathlib import Path

import pytest

from protocol.errors import IllegalStateError
from protocol.messages import Hello, Resume, Welcome
from protocol.visit_messages import QueuePlace, SlotTime
from server.events.seats import QueueView
from tests.session.evening import Guest, evening, plan, serving, store_on_virtual_time
from tests.session.virtual import run_virtual
from tests.session.world import World


def test_while_the_line_is_paused_nobody_is_called_and_everybody_knows(tmp_path: Path) -> None:
    async def story() -> None:
        async with evening(tmp_path, World(), ["Maya", "Tom"]) as held:
            maya, tom, desk = held.fan("Maya"), held.fan("Tom"), await held.desk()
            await maya.comes_in()
            await desk.pause()
            tom.says_hello()
            told = await tom.until(QueuePlace)
            assert (told.state, told.text) == (
                "paused",
                "You are number 1 of 1. The host has paused the line for a moment.",
            )
            await maya.leaves()
            await asyncio.sleep(60)
            assert tom.all(Welcome) == []
            with pytest.raises(IllegalStateError):
                await desk.pause()
            await desk.resume()
            await tom.welcomed(1)
            await tom.leaves()

    run_virtual(story())


def test_the_host_reorders_the_line_and_sees_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with evening(tmp_path, World(), ["Maya", "Tom", "Ana"], slot_s=180.0) as held:
            desk, views = await held.desk(), list[QueueView]()
            unwatch = desk.watch(views.append)
            maya, tom, ana = (held.fan(name) for name in ("Maya", "Tom", "Ana"))
            await maya.comes_in()
            for fan in (tom, ana):
                fan.says_hello()
                await fan.until(QueuePlace)
            await desk.reorder(held.tickets["Ana"], 1)
            assert [(e.name, e.place, e.state) for e in views[-1].entries] == [
                ("Maya", 0, "seated"),
                ("Ana", 1, "waiting"),
                ("Tom", 2, "waiting"),
            ]
            assert [round(entry.wait_s) for entry in views[-1].entries] == [0, 186, 372]
            await asyncio.sleep(0.1)
            assert tom.places()[-1] == ("waiting", 2)
            unwatch()
            seen = len(views)
            await desk.skip(held.tickets["Ana"])
            assert len(views) == seen
            assert [entry.name for entry in desk.snapshot().entries] == ["Maya", "Tom", "Ana"]
            for fan in (ana, tom, maya):
                await fan.leaves()

    run_virtual(story())


def test_the_host_gives_more_time_and_ends_a_visit_with_the_goodbye(tmp_path: Path) -> None:
    async def story() -> None:
        async with evening(tmp_path, World(), ["Maya"], slot_s=60.0) as held:
            maya, desk = held.fan("Maya"), await held.desk()
            await maya.comes_in()
            await maya.listens(50)
            await desk.extend(held.tickets["Maya"], 120.0)
            await asyncio.sleep(0.1)
            assert 125 < maya.all(SlotTime)[-1].left_s <= 130.1
            await maya.listens(60)
            assert maya.phases()[-1] == "running" or "over" not in maya.phases()
            await desk.end(held.tickets["Maya"])
            await maya.listens(15)
            assert maya.words().endswith("Thank you for coming, and sleep well after the show!")
            assert maya.phases()[-1] == "over"
            assert (await held.visits())[0].end_reason == "ended by the host"
            with pytest.raises(IllegalStateError):
                await desk.end(held.tickets["Maya"])
            with pytest.raises(IllegalStateError):
                await desk.extend(held.tickets["Maya"], 5000.0)
            await maya.leaves()

    run_virtual(story())


def test_a_ban_ends_waiting_and_visits_at_once_and_for_good(tmp_path: Path) -> None:
    async def story() -> None:
        async with evening(tmp_path, World(), ["Maya", "Tom", "Ana"]) as held:
            maya, tom, desk = held.fan("Maya"), held.fan("Tom"), await held.desk()
            await maya.comes_in()
            tom.says_hello()
            await tom.until(QueuePlace)
            for fan in (tom, maya):
                await desk.ban(held.tickets[fan.name])
                assert await fan.gone(5) == (1008, "ticket_over")
            again = held.fan("Maya")
            again.says_hello()
            assert await again.gone(5) == (1008, "ticket_over")
            assert await held.states() == {"Maya": "banned", "Tom": "banned", "Ana": "issued"}
            assert (await held.visits())[0].end_reason == "banned"

    run_virtual(story())


def test_a_fan_who_was_called_and_skipped_is_behind_the_others(tmp_path: Path) -> None:
    async def story() -> None:
        async with evening(tmp_path, World(), ["Maya", "Tom"]) as held:
            maya, tom, desk = held.fan("Maya"), held.fan("Tom"), await held.desk()
            maya.says_hello()
            await maya.welcomed()
            tom.says_hello()
            await tom.until(QueuePlace)
            await desk.skip(held.tickets["Maya"])
            assert await maya.gone(5) == (1000, "no_show")
            await tom.welcomed(5)
            assert await held.states() == {"Maya": "away", "Tom": "called"}
            await tom.leaves()

    run_virtual(story())


def test_a_connection_that_comes_back_in_time_goes_on_in_the_same_visit(tmp_path: Path) -> None:
    async def story() -> None:
        async with evening(tmp_path, World(), ["Maya"], slot_s=180.0) as held:
            maya = held.fan("Maya")
            welcome = await maya.comes_in()
            await maya.listens(60)
            maya.lose_connection()
            await maya.gone()
            await asyncio.sleep(20)
            back = Guest(held.room, Hello(resume=Resume(welcome.resume_token)), "Maya")
            back.says_hello()
            resumed = await back.until(Welcome)
            assert (resumed.resumed, resumed.session_id) == (True, welcome.session_id)
            assert resumed.event == welcome.event
            time = await back.time()
            assert 117 < time.left_s < 121  # the 20 s away are given back
            assert len(await held.visits()) == 1
            await back.leaves()
            assert await held.states() == {"Maya": "done"}

    run_virtual(story())


def test_after_a_restart_everybody_has_what_they_had(tmp_path: Path) -> None:
    async def story() -> None:
        async with store_on_virtual_time(tmp_path) as store:
            event_id, tickets = await plan(store, ["Maya", "Tom", "Ana"], slot_s=180.0)
            async with serving(World(), store, event_id, tickets) as held:
                fans = [held.fan(name) for name in ("Maya", "Tom", "Ana")]
                await fans[0].comes_in()
                for fan in fans[1:]:
                    fan.says_hello()
                    await fan.until(QueuePlace)
                await asyncio.sleep(60)
                for fan in fans:
                    fan.lose_connection()
                    await fan.gone()
            async with serving(World(), store, event_id, tickets) as held:
                ana, tom = held.fan("Ana"), held.fan("Tom")
                for fan in (ana, tom):
                    fan.says_hello()
                    await fan.until(QueuePlace)
                await asyncio.sleep(10)
                assert await held.states() == {"Maya": "away", "Tom": "waiting", "Ana": "waiting"}
                assert (ana.places()[-1], tom.places()[-1]) == (("waiting", 2), ("waiting", 1))
                maya = held.fan("Maya")
                await maya.comes_in()  # before the others: it was her turn
                assert 115 < (await maya.time()).left_s < 121
                for fan in (maya, tom, ana):
                    await fan.leaves()
                assert [visit.end_reason for visit in await held.visits()] == ["lost", "left"]

    run_virtual(story())


def test_after_a_restart_those_who_are_back_do_not_wait_for_ever_for_those_who_are_not(tmp_path: Path) -> None:
    async def story() -> None:
        async with store_on_virtual_time(tmp_path) as store:
            event_id, tickets = await plan(store, ["Maya", "Tom"])
            async with serving(World(), store, event_id, tickets) as held:
                fans = [held.fan(name) for name in ("Maya", "Tom")]
                for fan in fans:
                    fan.says_hello()
                    await asyncio.sleep(0.5)
                    fan.lose_connection()
                    await fan.gone()
            async with serving(World(), store, event_id, tickets) as held:
                tom = held.fan("Tom")
                tom.says_hello()
                await tom.until(Welcome, 16)
                await tom.leaves()

    run_virtual(story())


def test_a_server_without_events_says_so(tmp_path: Path) -> None:
    async def story() -> None:
        async with evening(tmp_path, World(), ["Maya"]) as held:
            held.room.desks = None
            maya = held.fan("Maya")
            maya.says_hello()
            assert await maya.gone(5) == (1008, "ticket_over")

    run_virtual(story())


def test_a_full_server_calls_when_a_place_is_free_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with evening(tmp_path, World(max_sessions=1), ["Maya", "Tom"], places=2) as held:
            maya, tom = held.fan("Maya"), held.fan("Tom")
            await maya.comes_in()
            tom.says_hello()
            await asyncio.sleep(30)
            assert tom.places()[-1] == ("waiting", 1)
            await maya.leaves()
            await tom.welcomed(1)
            await tom.leaves()

    run_virtual(story())
