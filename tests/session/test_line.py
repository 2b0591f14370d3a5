"""A room that is full: the next fan waits in line, is told so, and is let in when it is their turn."""

import asyncio

from protocol.messages import DisclosureAcknowledged, Hello, Leave, Notice, Ping, Pong, TextInput, Transcript, Welcome
from tests.session.virtual import run_virtual
from tests.session.world import Fan, World, fans_in


def notices(fan: Fan) -> list[str]:
    return [notice.text for notice in fan.all(Notice)]


def test_the_next_fan_waits_is_told_so_and_comes_in() -> None:
    async def story() -> None:
        async with fans_in(World(max_sessions=1, max_waiting=3), 1) as (early,):
            late = Fan(early.room, Hello())
            await late.enter()
            await asyncio.sleep(1)
            assert notices(late) == ["The room is full. You are number 1 in line; about 2 minutes."]
            assert late.all(Welcome) == []
            await asyncio.sleep(60)
            assert notices(late)[-1] == "The room is full. You are number 1 in line; about a minute."
            early.send(Leave())
            await late.until(Welcome)
            late.send(TextInput("Hello?"))  # the acknowledgement that was sent in line is remembered
            await late.silence(3)
            assert late.finals() == ["Hello?"]
            assert late.errors() == []
            await late.leave()

    run_virtual(story())


def test_whoever_gives_up_frees_the_line_and_the_others_move_up() -> None:
    async def story() -> None:
        async with fans_in(World(max_sessions=1, max_waiting=3), 1) as (inside,):
            first, second = Fan(inside.room, Hello()), Fan(inside.room, Hello())
            await first.enter()
            await asyncio.sleep(1)
            await second.enter()
            await asyncio.sleep(1)
            assert notices(second)[-1].startswith("The room is full. You are number 2 in line")
            await first.leave()
            await asyncio.sleep(1)
            assert notices(second)[-1].startswith("The room is full. You are number 1 in line")
            assert inside.room.door.waiting == 1
            second.send(Leave())
            await asyncio.wait_for(second.served, 5)
            assert inside.room.door.waiting == 0
            await second.leave()

    run_virtual(story())


def test_a_line_that_is_too_long_turns_the_next_away() -> None:
    async def story() -> None:
        async with fans_in(World(max_sessions=1, max_waiting=1), 1) as (inside,):
            waits, turned_away = Fan(inside.room, Hello()), Fan(inside.room, Hello())
            await waits.enter()
            await asyncio.sleep(1)
            await turned_away.enter()
            await asyncio.sleep(1)
            assert turned_away.errors() == ["busy"]
            assert turned_away.socket.closed == (1013, "busy")
            await waits.leave()
            await turned_away.leave()

    run_virtual(story())


def test_in_line_there_is_nothing_to_talk_to_but_the_door() -> None:
    async def story() -> None:
        async with fans_in(World(max_sessions=1, max_waiting=1), 1) as (inside,):
            waits = Fan(inside.room, Hello())
            waits.send(Hello())
            waits.send(Ping(7))
            waits.send(TextInput("Hello?"))
            waits.send(DisclosureAcknowledged())
            waits.send(TextInput("Hello?"))
            await asyncio.sleep(1)
            assert [pong.nonce for pong in waits.all(Pong)] == [7]
            assert waits.errors() == ["disclosure_required", "illegal_state"]
            assert waits.all(Transcript) == []
            await waits.leave()

    run_virtual(story())
