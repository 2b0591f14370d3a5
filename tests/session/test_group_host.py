"""A host and a group: what is done to one of those who share the avatar concerns them all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from avatar.persona import Persona
from protocol.event_messages import Group, HostTranscript, HostVisit
from protocol.messages import Hello, Listening, Notice, ReplyCancelled, ReplyDuck, TextInput
from server.events.line import EventRules
from server.events.seats import Seat
from server.session import Session
from server.steering import CREATOR_SPEAKS, MUTED, UNMUTED
from tests.session.stage_house import RULES, House, MadeUpDesk, event_in
from tests.session.virtual import run_virtual
from tests.session.world import PERSONAS, Fan, World

LONG = " ".join(f"This is sentence number {number}, and it goes on." for number in range(8))
GROUP = EventRules("e1", "An evening with Nova", "nova", "c1", group_size=3)


@asynccontextmanager
async def group_in(world: World, *names: str) -> AsyncIterator[tuple[House, list[Fan]]]:
    """An event whose first table has these fans; their visits are v-t0, v-t1, ..."""
    async with event_in(world, MadeUpDesk(GROUP)) as house:
        numbers, plain = count(), house.room.open_session

        def seated(hello: Hello, persona: Persona) -> Session:
            seat = next(numbers)
            return plain(hello, persona, Seat(GROUP, f"t{seat}", f"f{seat}", hello.name, seat, 180.0, persona))

        house.room.open_session = seated  # type: ignore[method-assign,assignment]
        yield house, [await house.fan(ticket=f"t{number}", name=name) for number, name in enumerate(names)]


def notices(fan: Fan) -> list[str]:
    return [notice.text for notice in fan.all(Notice)]


def told(world: World) -> list[bool]:
    """For each prompt of the model, whether it heard of the tour."""
    return ["mention the tour" in prompt.messages[-1].content for prompt in world.llm.streamed]


def test_a_whisper_is_for_the_next_answer_whoever_gets_it_and_for_no_second_one() -> None:
    async def story() -> None:
        world = World(answers=lambda prompt: "Come and see the tour!")
        async with group_in(world, "Maya", "Ben") as (house, (maya, ben)):
            host = await house.someone("host")
            assert (await host.act("direct", visit_id="v-t0", text="mention the tour")).ok
            ben.send(TextInput("hello"))
            await asyncio.sleep(8)
            maya.send(TextInput("hello"))
            await asyncio.sleep(8)
            assert told(world) == [True, False]
            assert [deed.visit_id for deed in house.record.deeds] == ["v-t0"]

    run_virtual(story())


def test_a_host_sees_who_shares_the_avatar() -> None:
    async def story() -> None:
        async with group_in(World(answers=lambda prompt: "Hello, both of you!"), "Maya", "Ben") as (house, (maya, ben)):
            host = await house.someone("host")
            tables = {visit.visit_id: visit.table for visit in host.all(HostVisit)}
            assert tables == {"v-t0": ("v-t0", "v-t1"), "v-t1": ("v-t0", "v-t1")}
            ana = await house.fan(ticket="t2", name="Ana")
            await asyncio.sleep(2)
            tables = {visit.visit_id: visit.table for visit in host.all(HostVisit)}
            assert set(tables.values()) == {("v-t0", "v-t1", "v-t2")}
            ben.send(TextInput("hello"))
            await asyncio.sleep(8)
            said = {(each.visit_id, each.who): each for each in host.all(HostTranscript) if each.final}
            assert set(said) == {("v-t1", "fan"), ("v-t1", "avatar")}, (
                "each line once, in the visit of whom it is about"
            )
            assert said["v-t1", "fan"].at_ms < said["v-t1", "avatar"].at_ms
            await house.leave(ana)
            await house.leave(maya)
            await asyncio.sleep(2)
            assert host.all(HostVisit)[-1].table == ()

    run_virtual(story())


def test_a_typed_line_is_said_now_to_all_whoever_is_being_answered() -> None:
    async def story() -> None:
        async with group_in(World(answers=lambda prompt: LONG), "Maya", "Ben", "Ana") as (house, fans):
            maya, ben, ana = fans
            host = await house.someone("host")
            maya.send(TextInput("hello"))
            await asyncio.sleep(2)
            ben.send(TextInput("And I?"))  # waits for his turn
            await asyncio.sleep(0.1)
            assert (await host.act("say", visit_id="v-t2", text="Look, it snows!")).ok
            await asyncio.sleep(4)
            for fan in fans:
                assert [cut.reason for cut in fan.all(ReplyCancelled)] == ["interrupt"]
                assert fan.words(2) == "Look, it snows!"
            await asyncio.sleep(10)
            assert ana.words(3).startswith("Ben, This is sentence"), "and then it is his turn"
            await host.act("end", visit_id="v-t0")

    run_virtual(story())


def test_a_typed_line_waits_for_nobody_when_nobody_speaks() -> None:
    async def story() -> None:
        async with group_in(World(), "Maya", "Ben") as (house, (maya, ben)):
            host = await house.someone("host")
            await host.act("say", visit_id="v-t1", text="Look, it snows!")
            await asyncio.sleep(4)
            assert maya.words() == ben.words() == "Look, it snows!"
            assert maya.all(Group)[-1].floor == ""

    run_virtual(story())


def test_mute_pauses_the_room_also_for_who_comes_later_and_all_are_told() -> None:
    async def story() -> None:
        async with group_in(World(answers=lambda prompt: LONG), "Maya", "Ben") as (house, (maya, ben)):
            host = await house.someone("host")
            ben.send(TextInput("hello"))
            await asyncio.sleep(2)
            assert (await host.act("mute", visit_id="v-t0")).ok
            ana = await house.fan(ticket="t2", name="Ana")
            fans, said = (maya, ben, ana), len(maya.chunks())
            for fan in fans:
                assert notices(fan) == [MUTED]
                fan.send(TextInput("are you there?"))
            await asyncio.sleep(5)
            assert len(maya.chunks()) == said
            assert (await host.act("unmute", visit_id="v-t2")).ok
            for fan in fans:
                assert notices(fan) == [MUTED, UNMUTED]
            maya.send(TextInput("and now?"))
            await asyncio.sleep(5)
            assert len(ben.chunks()) == len(ana.chunks()) + said
            assert len(ana.chunks()) > 0

    run_virtual(story())


def test_a_topic_that_is_off_is_off_for_who_comes_later() -> None:
    async def story() -> None:
        async with group_in(World(answers=lambda prompt: "Gladly."), "Maya", "Ben") as (house, (maya, _)):
            host = await house.someone("host")
            await host.act("topic", visit_id="v-t0", text="the album")
            ana = await house.fan(ticket="t2", name="Ana")
            ana.send(TextInput("How is the album?"))
            await asyncio.sleep(6)
            assert maya.words().endswith("Let's talk about something else.")

    run_virtual(story())


def test_the_answer_is_softer_for_all_while_the_one_it_is_for_speaks_too() -> None:
    async def story() -> None:
        world = World(lines=["So I was thinking about it all day long"], answers=lambda prompt: LONG)
        async with group_in(world, "Maya", "Ben", "Ana") as (_, (maya, ben, ana)):
            maya.send(TextInput("hello"))
            await asyncio.sleep(2)
            await maya.speak(0, words=1)
            await maya.silence(3)
            ducks = [(duck.reply_id, duck.gain) for duck in maya.all(ReplyDuck)]
            assert ducks[0] == (1, 0.3)
            for other in (ben, ana):
                assert [(duck.reply_id, duck.gain) for duck in other.all(ReplyDuck)] == ducks

    run_virtual(story())


def test_a_host_who_takes_one_over_speaks_to_all_and_no_second_host_beside_them() -> None:
    async def story() -> None:
        async with group_in(World(lines=["It is me, your creator."]), "Maya", "Ben") as (house, (maya, ben)):
            host, other = await house.someone("host"), await house.someone("host")
            assert (await host.act("take_over", visit_id="v-t0")).ok
            refused = await other.act("take_over", visit_id="v-t1")
            assert (refused.ok, refused.code) == (False, "not_allowed")
            began = len(ben.all(Listening))
            await host.speak(0, words=8)
            during = len(ben.all(Listening)) - began
            await host.silence(2)
            assert [c.audio for c in ben.chunks()] == [c.audio for c in maya.chunks()] != []
            assert during <= 3, "no listening face in the middle of the host's words"
            await host.act("mute", visit_id="v-t1")
            await host.act("unmute", visit_id="v-t1")
            for fan in (maya, ben):
                assert fan.all(Notice)[-1].text == UNMUTED
                assert fan.all(Notice)[0].text == CREATOR_SPEAKS

    run_virtual(story())


def test_who_is_taken_leave_of_while_the_host_speaks_leaves_the_avatar_to_the_others() -> None:
    async def story() -> None:
        async with group_in(World(answers=lambda prompt: "Yes."), "Maya", "Ben") as (house, (maya, ben)):
            host = await house.someone("host")
            await host.act("take_over", visit_id="v-t0")
            await house.live[maya].session.goodbye("Bye, Maya!")
            await house.leave(maya)
            ben.send(TextInput("And I?"))
            await asyncio.sleep(5)
            assert ben.words().endswith("Yes.")
            assert notices(ben)[-1] == PERSONAS["nova"].disclosure

    run_virtual(story())


def test_a_lone_fans_neighbour_in_the_event_is_not_concerned() -> None:
    async def story() -> None:
        world = World(answers=lambda prompt: LONG)
        async with event_in(world, MadeUpDesk(RULES)) as house:
            host, one = await house.someone("host"), await house.fan()
            two = await house.fan(ticket="t2", name="Ben")
            acts: Any = (("direct", "mention the tour"), ("say", "Look, it snows!"), ("mute", ""))
            for kind, text in acts:
                assert (await host.act(kind, visit_id="v-t1", text=text)).ok
                await asyncio.sleep(1)
            two.send(TextInput("hello"))
            await asyncio.sleep(3)
            assert two.words().startswith("This is sentence number 0")
            assert told(world) == [False]
            assert (notices(one), notices(two)) == ([MUTED], [])

    run_virtual(story())
