"""An event: fans stand in line over their WebSocket, are called, greeted by name, warned, and said goodbye to."""

import asyncio
from pathlib import Path

from protocol.messages import ConsentChange, Consents, DisclosureAcknowledged, ReplyChunk, TextInput
from protocol.visit_messages import QueuePlace
from tests.session.evening import evening
from tests.session.virtual import run_virtual
from tests.session.world import World


def test_a_fan_is_told_their_place_is_called_and_greeted_by_name(tmp_path: Path) -> None:
    async def story() -> None:
        async with evening(tmp_path, World(), ["Maya", "Tom"], slot_s=150.0) as held:
            maya, tom = held.fan("Maya"), held.fan("Tom")
            welcome = await maya.comes_in()
            assert maya.places() == [("waiting", 1), ("called", 0)] or maya.places() == [("called", 0)]
            assert welcome.role == "fan"
            assert welcome.event is not None
            assert (welcome.event.title, welcome.event.slot_s) == ("An evening with Nova", 150.0)
            tom.says_hello()
            told = await tom.until(QueuePlace)
            assert (told.state, told.place, told.of) == ("waiting", 1, 1)
            assert told.text == "You are number 1 of 1; about 3 minutes."
            assert told.title == "An evening with Nova"
            assert told.persona is not None
            assert told.persona.name == "Nova Reyes"
            assert "AI" in told.disclosure
            await maya.until(ReplyChunk)
            await asyncio.sleep(15)
            said = maya.words(1)
            assert said.startswith("I'm an AI version of Nova")
            assert said.index("AI") < said.index("Hi Maya, you made it!")
            assert await held.states() == {"Maya": "seated", "Tom": "waiting"}
            await maya.leaves()
            await tom.welcomed()
            await tom.leaves()
            assert await held.states() == {"Maya": "done", "Tom": "left"}

    run_virtual(story())


def test_the_slot_counts_down_the_avatar_warns_says_goodbye_and_the_next_comes_in(tmp_path: Path) -> None:
    async def story() -> None:
        async with evening(tmp_path, World(), ["Maya", "Tom"], slot_s=180.0) as held:
            maya, tom = held.fan("Maya"), held.fan("Tom")
            await maya.comes_in()
            tom.says_hello()
            begun = await maya.time()
            assert (begun.phase, begun.left_s) == ("running", 180.0)
            await maya.listens(121)
            assert maya.phases() == ["running", "last_minute"]
            await maya.listens(10)
            assert maya.words(2) == "We still have about a minute. What would you still like to ask me?"
            await maya.listens(65)
            assert maya.words(3).startswith("That went so fast, Maya.")
            assert maya.phases() == ["running", "last_minute", "over"]
            await tom.welcomed()  # while Maya's page still shows the end
            assert maya.socket.closed is None
            assert await held.states() == {"Maya": "done", "Tom": "called"}
            maya.send(TextInput("One more thing!"))
            assert await maya.gone(40) == (1000, "")
            assert maya.finals() == []
            await tom.leaves()

    run_virtual(story())


def test_who_speaks_at_the_end_is_heard_out_but_not_for_ever(tmp_path: Path) -> None:
    async def story() -> None:
        async with evening(tmp_path, World(), ["Maya"], slot_s=60.0, overtime_s=20.0) as held:
            maya = held.fan("Maya")
            await maya.comes_in()
            await maya.listens(58)
            for _ in range(8):
                await maya.speak(2, words=12)  # "So my sister and ..."
            await maya.listens(20)
            assert maya.phases() == ["running", "last_minute", "overtime", "over"]
            assert maya.words().endswith("Thank you for coming, and sleep well after the show!")
            await maya.leaves()

    run_virtual(story())


def test_what_was_allowed_and_acknowledged_in_line_holds_inside(tmp_path: Path) -> None:
    async def story() -> None:
        async with evening(tmp_path, World(), ["Maya", "Tom"]) as held:
            maya, tom = held.fan("Maya"), held.fan("Tom")
            await maya.comes_in()
            tom.says_hello(ConsentChange(Consents(memory=True)), DisclosureAcknowledged())
            await asyncio.sleep(5)
            await maya.leaves()
            await tom.until(ReplyChunk, 5) if not tom.chunks() else None
            assert [visit.consents["memory"] for visit in await held.visits()] == [False, True]
            await tom.leaves()

    run_virtual(story())


def test_who_does_not_come_when_called_is_passed_over_and_may_stand_in_line_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with evening(tmp_path, World(), ["Maya", "Tom"], no_show_s=30.0) as held:
            maya, tom = held.fan("Maya"), held.fan("Tom")
            maya.says_hello()
            await maya.welcomed()
            tom.says_hello()
            assert await maya.gone(35) == (1000, "no_show")
            await tom.welcomed(5)
            tom.send(DisclosureAcknowledged())
            again = held.fan("Maya")
            again.says_hello()
            assert (await again.until(QueuePlace)).place == 1
            await asyncio.sleep(1)
            await tom.leaves()
            await again.welcomed()
            assert await again.gone(35) == (1000, "no_show")
            assert await held.states() == {"Maya": "no_show", "Tom": "done"}
            third = held.fan("Maya")
            third.says_hello()
            assert await third.gone(5) == (1008, "ticket_over")

    run_virtual(story())


def test_a_lost_connection_keeps_the_place_in_line(tmp_path: Path) -> None:
    async def story() -> None:
        async with evening(tmp_path, World(), ["Maya", "Tom", "Ana"]) as held:
            maya, tom, ana = (held.fan(name) for name in ("Maya", "Tom", "Ana"))
            await maya.comes_in()
            for fan in (tom, ana):
                fan.says_hello()
                await fan.until(QueuePlace)
            tom.lose_connection()
            await tom.gone()
            assert await held.states() == {"Maya": "seated", "Tom": "away", "Ana": "waiting"}
            await asyncio.sleep(1)
            assert ana.places()[-1] == ("waiting", 1)
            back = held.fan("Tom")
            back.says_hello()
            assert (await back.until(QueuePlace)).place == 1
            await asyncio.sleep(1)
            assert ana.places()[-1] == ("waiting", 2)
            for fan in (maya, back, ana):
                await fan.leaves()
            assert await held.states() == {"Maya": "done", "Tom": "left", "Ana": "left"}

    run_virtual(story())


def test_a_page_that_is_opened_twice_goes_on_in_the_newer_one(tmp_path: Path) -> None:
    async def story() -> None:
        async with evening(tmp_path, World(), ["Maya", "Tom"], slot_s=180.0) as held:
            maya, tom, newer_tom = held.fan("Maya"), held.fan("Tom"), held.fan("Tom")
            await maya.comes_in()
            for fan in (tom, newer_tom):
                fan.says_hello()
                await fan.until(QueuePlace)
            assert await tom.gone(5) == (1008, "taken_over")
            await asyncio.sleep(60)
            newer = held.fan("Maya")
            await newer.comes_in()
            assert maya.socket.closed == (1008, "taken_over")
            left = (await newer.time()).left_s
            assert 118 < left < 121
            assert await held.states() == {"Maya": "seated", "Tom": "waiting"}
            ended = [visit.end_reason for visit in await held.visits()]
            assert ended == ["came in anew", None]
            await maya.gone()
            await newer.leaves()
            await newer_tom.leaves()

    run_virtual(story())


def test_a_seat_whose_fan_is_lost_goes_to_the_next_and_the_fan_may_have_the_rest_later(tmp_path: Path) -> None:
    async def story() -> None:
        async with evening(tmp_path, World(), ["Maya", "Tom"], slot_s=180.0) as held:
            maya, tom = held.fan("Maya"), held.fan("Tom")
            await maya.comes_in()
            tom.says_hello()
            await asyncio.sleep(60)
            maya.lose_connection()
            await maya.gone()
            await asyncio.sleep(20)
            assert await held.states() == {"Maya": "seated", "Tom": "waiting"}
            await tom.welcomed(15)  # after max_away_s
            assert await held.states() == {"Maya": "away", "Tom": "called"}
            back = held.fan("Maya")
            back.says_hello()
            assert (await back.until(QueuePlace)).place == 1
            await tom.leaves()
            await back.welcomed()
            back.send(DisclosureAcknowledged())
            assert 115 < (await back.time()).left_s < 121
            await back.leaves()

    run_virtual(story())


def test_a_closed_event_tells_those_in_line_and_lets_no_one_in(tmp_path: Path) -> None:
    async def story() -> None:
        async with evening(tmp_path, World(), ["Maya", "Tom", "Ana"], closes_in_s=100) as held:
            maya, tom = held.fan("Maya"), held.fan("Tom")
            await maya.comes_in()
            tom.says_hello()
            assert await tom.gone(105) == (1000, "event_closed")
            assert tom.places()[-1] == ("closed", 0)
            ana = held.fan("Ana")
            ana.says_hello()
            assert await ana.gone(5) == (1000, "event_closed")
            await maya.listens(100)
            assert maya.phases()[-1] == "over"
            await maya.leaves()
            assert await held.states() == {"Maya": "done", "Tom": "missed", "Ana": "issued"}

    run_virtual(story())


def test_a_ticket_of_nobody_opens_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with evening(tmp_path, World(), ["Maya"], queue_rule="invited") as held:
            uninvited = held.fan("Maya")
            uninvited.says_hello()
            assert await uninvited.gone(5) == (1008, "ticket_over")
            for event_id, ticket_id in ((held.event_id, "nothing"), ("nothing", "nothing")):
                held.event_id, held.tickets["Maya"] = event_id, ticket_id
                stranger = held.fan("Maya")
                stranger.says_hello()
                assert await stranger.gone(5) == (1008, "ticket_over")

    run_virtual(story())
