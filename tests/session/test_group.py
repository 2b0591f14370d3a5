"""Two to four fans and one avatar: one floor, the same answers for all, each by their name."""

import asyncio
from contextlib import asynccontextmanager
from itertools import pairwise

import numpy as np

from avatar.channels import HEAD_FULL_DEG
from protocol.event_messages import Group
from protocol.messages import (
    Consents,
    DisclosureAcknowledged,
    Hello,
    Interrupt,
    Listening,
    ReplyCancelled,
    ReplyChunk,
    Resume,
    TextInput,
    Transcript,
    Welcome,
)
from server.events.line import EventRules
from server.events.seats import Seat
from server.group.floor import LONGEST_S
from server.group.table import GRACE_S
from tests.session.virtual import run_virtual
from tests.session.world import Fan, World

ANSWERS = {
    "Maya: What is your cat called?": "Miso. She runs the house.",
    "Ben: And how old is she?": "She is three.",
    "Maya: Tell me": "Well, " * 40,
}
LINES = ("What is your cat called?", "And how old is she?", "So I was thinking")


@asynccontextmanager
async def table(world, *names, chairs=None):
    """A room with one table, and these fans at it, each in their own chair."""
    room = world.room()
    event = EventRules("e1", group_size=chairs or max(2, len(names)))
    sits = iter(range(100))
    plain = room.open_session

    def seated(hello, persona):
        number = next(sits)
        return plain(hello, persona, Seat(event, f"m{number}", f"f{number}", hello.name, number, 180.0, persona))

    room.open_session = seated
    fans = []
    for name in names:
        fans.append(Fan(room, Hello(name=name)))
        await fans[-1].enter()
        await asyncio.sleep(0.01)
    try:
        yield fans
    finally:
        for fan in fans:
            if fan.served.done():
                fan.stop_playing()
            else:
                await fan.leave()
        await room.close()
        assert room.n_sessions == 0
        assert not room._tables._tables
        await asyncio.sleep(0)


def answer(prompt):
    """By the end of the last words: the first ones come with who the fans are."""
    said = prompt.messages[-1].content
    return next((answer for asked, answer in ANSWERS.items() if said.endswith(asked)), "I see. Tell me more!")


def world(**given):
    return World(**{"answers": answer, "lines": LINES, **given})


def voice(fan, reply_id=None):
    return b"".join(chunk.audio for chunk in fan.chunks(reply_id))


def floor(fan):
    newest = fan.all(Group)[-1]
    return next((m.name for m in newest.members if m.id == newest.floor), None)


def states(fan):
    return {m.name: m.state for m in fan.all(Group)[-1].members}


def yaw_deg(message):
    return np.frombuffer(message.head, np.int8).reshape(-1, 3)[:, 1] / 127 * HEAD_FULL_DEG


def test_everybody_gets_the_same_answer_at_the_same_time_and_reads_who_asked() -> None:
    async def story() -> None:
        async with table(world(), "Maya", "Ben", "Ana") as (maya, ben, ana):
            await maya.speak(0, words=5)
            assert [floor(fan) for fan in (maya, ben, ana)] == ["Maya"] * 3
            await maya.silence(6)
            assert maya.words() == "Maya, Miso. She runs the house."
            assert voice(maya) == voice(ben) == voice(ana) != b""
            assert [c.start_samples for c in ben.chunks()] == [c.start_samples for c in maya.chunks()]
            times = [[at for at, m in fan.heard() if isinstance(m, ReplyChunk)] for fan in (maya, ben)]
            assert max(abs(a - b) for a, b in zip(*times, strict=True)) < 0.02
            me = maya.all(Group)[-1].you
            for fan in (maya, ben, ana):
                assert [(t.text, t.speaker) for t in fan.all(Transcript) if t.final] == [(LINES[0], me)]
            assert floor(ben) is None

    run_virtual(story())


def test_who_speaks_while_another_has_the_floor_waits_and_is_asked() -> None:
    async def story() -> None:
        async with table(world(), "Maya", "Ben") as (maya, ben):
            speaking = asyncio.create_task(maya.speak(0, words=5))
            await asyncio.sleep(0.5)
            await ben.speak(1, words=2)
            assert (floor(ben), states(ben)) == ("Maya", {"Maya": "speaking", "Ben": "waiting"})
            await speaking
            await maya.silence(5)
            assert ben.finals() == [LINES[0]]  # what he said meanwhile was not heard
            assert "Ben, what did you want to say?" in ben.words()
            assert floor(maya) == "Ben"
            await ben.silence(2)
            await ben.speak(1, words=5)
            await ben.silence(5)
            assert maya.finals() == [LINES[0], LINES[1]]
            assert maya.words().endswith("Ben, what did you want to say? She is three.")

    run_virtual(story())


def test_who_was_asked_and_says_nothing_gives_the_floor_back() -> None:
    async def story() -> None:
        async with table(world(), "Maya", "Ben") as (maya, ben):
            speaking = asyncio.create_task(maya.speak(0, words=5))
            await asyncio.sleep(0.3)
            await ben.speak(1, words=2)
            await speaking
            await maya.silence(6)
            assert floor(maya) == "Ben"
            await maya.silence(GRACE_S + 3)
            assert floor(maya) is None
            await maya.speak(0, words=5)
            assert floor(ben) == "Maya"

    run_virtual(story())


def test_typed_words_wait_for_their_turn() -> None:
    async def story() -> None:
        async with table(world(), "Maya", "Ben", "Ana") as (maya, ben, ana):
            maya.send(TextInput("What is your cat called?"))
            await asyncio.sleep(0.1)
            ben.send(TextInput("And how old is she?"))
            await asyncio.sleep(10)
            assert ana.words() == "Maya, Miso. She runs the house. Ben, She is three."
            ids = [chunk.reply_id for chunk in ana.chunks()]
            assert ids == sorted(ids)
            assert len(set(ids)) == 2
            assert [t.speaker for t in ana.all(Transcript)] == ["m0", "m1"]

    run_virtual(story())


def test_the_name_is_said_when_the_avatar_turns_to_another() -> None:
    async def story() -> None:
        async with table(world(), "Maya", "Ben") as (maya, ben):
            for fan in (maya, maya, ben):
                fan.send(TextInput("Go on"))
                await asyncio.sleep(8)
            assert maya.words().split("I see.")[0] == "Maya, "
            assert maya.words().count("Maya,") == 1
            assert maya.words().count("Ben,") == 1

    run_virtual(story())


def test_an_answer_that_lies_ready_follows_the_name_as_a_sentence_of_its_own() -> None:
    async def story() -> None:
        async with table(world(), "Maya", "Ben") as (maya, ben):
            ben.send(TextInput("Are you a real person?"))
            await asyncio.sleep(8)
            assert maya.words().startswith("Ben. I'm an AI")

    run_virtual(story())


def test_the_prompt_knows_who_is_here_and_who_said_what() -> None:
    async def story() -> None:
        at = world()
        async with table(at, "Maya", "Ben") as (maya, ben):
            maya.send(TextInput("What is your cat called?"))
            await asyncio.sleep(8)
            ben.send(TextInput("And how old is she?"))
            await asyncio.sleep(8)
            said = " | ".join(message.content for message in at.llm.streamed[-1].messages)
            assert "Hi, we are Maya and Ben." in said
            assert "Maya: What is your cat called?" in said
            assert "Maya, Miso. She runs the house." in said
            assert said.endswith("Ben: And how old is she?")
            assert at.llm.streamed[-1].begun == "Ben,"

    run_virtual(story())


def test_the_avatar_turns_to_whom_it_addresses_seen_from_each_place() -> None:
    async def story() -> None:
        async with table(world(), "Maya", "Ben", "Ana") as (maya, ben, ana):
            angles = {m.name: m.angle_deg for m in ben.all(Group)[-1].members}
            assert angles == {"Maya": -30.0, "Ben": 0.0, "Ana": 30.0}
            await maya.speak(0, words=8)
            await maya.silence(1.5)
            chunks = [[chunk for chunk in fan.chunks() if chunk.head][-1] for fan in (maya, ben, ana)]
            straight, aside, far = (float(np.median(yaw_deg(chunk))) for chunk in chunks)
            assert abs(straight) < 6
            assert aside < -10  # Maya is to the avatar's right of Ben
            assert far < aside - 1  # the head goes no farther than 26 degrees; the eyes do the rest
            await maya.silence(8)
            after = float(np.median(yaw_deg(ana.all(Listening)[-1])))
            assert abs(after) < 6

    run_virtual(story())


def test_the_others_are_listened_to_as_well() -> None:
    """While Maya speaks the avatar listens in Ben's view too, and while it answers its face comes with the answer."""

    async def story() -> None:
        async with table(world(), "Maya", "Ben") as (maya, ben):
            await maya.speak(0, words=8)
            assert ben.all(Listening)[-1].posture.name == "lean_in"
            await maya.silence(6)
            kinds = [type(m).__name__ for _, m in ben.heard() if isinstance(m, Listening | ReplyChunk) and m.face]
            first, last = kinds.index("ReplyChunk"), len(kinds) - kinds[::-1].index("ReplyChunk")
            assert set(kinds[first:last]) == {"ReplyChunk"}
            assert "Listening" in kinds[last:]

    run_virtual(story())


def test_only_who_has_the_floor_interrupts_and_all_hear_it_stop() -> None:
    async def story() -> None:
        async with table(world(), "Maya", "Ben") as (maya, ben):
            maya.send(TextInput("Tell me"))
            await maya.until(ReplyChunk)
            ben.send(Interrupt())
            await asyncio.sleep(1)
            assert not ben.all(ReplyCancelled)
            maya.send(Interrupt())
            await ben.until(ReplyCancelled)
            assert [c.reply_id for c in ben.all(ReplyCancelled)] == [c.reply_id for c in maya.all(ReplyCancelled)]
            n_chunks = len(ben.chunks())
            await asyncio.sleep(2)
            assert len(ben.chunks()) == n_chunks

    run_virtual(story())


def test_a_lost_connection_frees_the_floor_and_comes_back_to_its_chair() -> None:
    async def story() -> None:
        async with table(world(), "Maya", "Ben") as (maya, ben):
            maya.send(TextInput("Tell me"))
            await maya.until(ReplyChunk)
            ben.send(TextInput("And how old is she?"))
            await asyncio.sleep(0.5)
            assert floor(ben) == "Maya"
            maya.socket.up.put_nowait(None)
            await ben.until(ReplyCancelled)
            await asyncio.sleep(0.2)
            assert (floor(ben), states(ben)["Maya"]) == ("Ben", "away")
            await asyncio.sleep(40)
            assert set(states(ben)) == {"Ben"}
            assert ben.words().endswith("Ben, She is three.")

    run_virtual(story())


def test_what_was_typed_before_the_connection_was_lost_comes_in_later() -> None:
    async def story() -> None:
        async with table(world(), "Maya", "Ben") as (maya, ben):
            maya.send(TextInput("Tell me"))
            await maya.until(ReplyChunk)
            ben.send(TextInput("And how old is she?"))
            await asyncio.sleep(0.5)
            ben.stop_playing()
            ben.socket.up.put_nowait(None)
            await asyncio.sleep(20)
            assert floor(maya) is None  # nobody waits for one who is away
            back = Fan(ben.room, Hello(resume=Resume(ben.all(Welcome)[0].resume_token)))
            back.send(back.hello)
            await asyncio.sleep(6)
            assert maya.words().endswith("Ben, She is three.")
            assert back.words().endswith("Ben, She is three.")
            assert states(maya) == {"Maya": "here", "Ben": "here"}
            await back.leave()

    run_virtual(story())


def test_who_types_twice_has_two_turns_and_others_between_them() -> None:
    async def story() -> None:
        async with table(world(), "Maya", "Ben", "Ana") as (maya, ben, ana):
            maya.send(TextInput("Go on"))
            await asyncio.sleep(0.1)
            for fan, text in ((ben, "And how old is she?"), (ben, "Go on"), (ana, "Go on")):
                fan.send(TextInput(text))
                await asyncio.sleep(0.05)
            await asyncio.sleep(25)
            said = [t.speaker for t in maya.all(Transcript) if t.final]
            assert said == ["m0", "m1", "m2", "m1"]

    run_virtual(story())


def test_who_leaves_in_the_middle_of_a_turn_frees_the_floor() -> None:
    async def story() -> None:
        async with table(world(), "Maya", "Ben") as (maya, ben):
            await maya.speak(2, words=2)
            assert floor(ben) == "Maya"
            await maya.leave()
            assert (floor(ben), set(states(ben))) == (None, {"Ben"})
            await ben.speak(1, words=5)
            await ben.silence(5)
            assert ben.words() == "She is three."  # alone, nobody need be named

    run_virtual(story())


def test_who_waited_for_one_who_leaves_is_next() -> None:
    async def story() -> None:
        async with table(world(), "Maya", "Ben", "Ana") as (maya, ben, ana):
            await maya.speak(2, words=2)
            ben.send(TextInput("And how old is she?"))
            await asyncio.sleep(0.1)
            assert states(ana) == {"Maya": "speaking", "Ben": "waiting", "Ana": "here"}
            await maya.leave()
            assert floor(ana) == "Ben"
            await asyncio.sleep(6)
            assert ana.words() == "Ben, She is three."

    run_virtual(story())


def test_who_talks_on_and_on_is_answered_once_others_wait() -> None:
    async def story() -> None:
        async with table(world(), "Maya", "Ben") as (maya, ben):
            monologue = asyncio.create_task(maya.speak(2, words=400))
            await asyncio.sleep(1)
            ben.send(TextInput("And how old is she?"))
            await asyncio.sleep(LONGEST_S - 3)
            assert floor(ben) == "Maya"
            await asyncio.sleep(30)
            assert ben.words().endswith("Ben, She is three.")
            monologue.cancel()
            await asyncio.gather(monologue, return_exceptions=True)

    run_virtual(story())


def test_nobody_hears_the_avatar_or_is_shown_before_they_know_that_it_is_one() -> None:
    async def story() -> None:
        async with table(world(), "Maya", "Ben", chairs=3) as (maya, _):
            late = Fan(maya.room, Hello(name="Ana"))
            late.send(late.hello)
            await late.until(Welcome)
            maya.send(TextInput("What is your cat called?"))
            await asyncio.sleep(8)
            assert not late.chunks()
            assert not late.all(Transcript)
            assert "Ana" not in states(maya)
            told = late.all(Welcome)[0].disclosure
            assert "AI" in told
            assert "other fans" in told
            late.send(DisclosureAcknowledged())
            await asyncio.sleep(0.1)
            assert set(states(maya)) == {"Maya", "Ben", "Ana"}
            await late.leave()

    run_virtual(story())


def test_everybody_is_greeted_and_nobody_is_talked_over() -> None:
    async def story() -> None:
        async with table(world(greet=True), "Maya", "Ben") as (_, ben):
            await asyncio.sleep(20)
            ids = [chunk.reply_id for chunk in ben.chunks()]
            assert ids == sorted(ids)
            assert len(set(ids)) == 2  # Maya's and Ben's own, one after the other
            ends = [(c.start_samples, c.last) for c in ben.chunks()]
            assert all(a[1] or a[0] <= b[0] for a, b in pairwise(ends))

    run_virtual(story())


def test_what_one_allowed_does_not_hold_for_another() -> None:
    async def story() -> None:
        at = world()
        async with table(at, "Maya", "Ben") as (maya, ben):
            one, other = sorted(maya.room._sessions, key=lambda s: s.chair.id)
            one.consent(Consents(recording=True, memory=True, emotion_sensing=True))
            assert other.consents == Consents()
            assert other.sensing.affect is None
            one.remember(["I told you a secret."])
            ben.send(TextInput("And how old is she?"))
            await asyncio.sleep(8)
            maya.send(TextInput("What is your cat called?"))
            await asyncio.sleep(8)
            assert not any("secret" in m.content for prompt in at.llm.streamed for m in prompt.messages)

    run_virtual(story())


def test_a_host_who_leads_one_leads_the_room() -> None:
    async def story() -> None:
        async with table(world(), "Maya", "Ben") as (maya, ben):
            one, other = sorted(maya.room._sessions, key=lambda s: s.chair.id)
            one.lead("nobody")
            ben.send(TextInput("And how old is she?"))
            await asyncio.sleep(6)
            assert not ben.chunks()
            other.lead("avatar")
            ben.send(TextInput("And how old is she?"))
            await asyncio.sleep(6)
            assert maya.words() == ben.words() == "Ben, She is three."

    run_virtual(story())


def test_tables_of_one_event_hear_nothing_of_each_other() -> None:
    async def story() -> None:
        async with table(world(), "Maya", "Ben", "Ana", "Tom", chairs=2) as (maya, ben, ana, tom):
            maya.send(TextInput("What is your cat called?"))
            await asyncio.sleep(8)
            assert set(states(ben)) == {"Maya", "Ben"}
            assert set(states(tom)) == {"Ana", "Tom"}
            assert maya.words() == ben.words() == "Maya, Miso. She runs the house."
            for fan in (ana, tom):
                assert not fan.chunks()
                assert not fan.all(Transcript)

    run_virtual(story())


def test_a_member_who_does_not_read_is_dropped_alone() -> None:
    async def story() -> None:
        async with table(world(), "Maya", "Ben", "Ana") as (maya, ben, ana):
            ana.socket.reads = False
            for _ in range(4):
                maya.send(TextInput("What is your cat called?"))
                await asyncio.sleep(6)
            assert maya.words().count("Miso.") == ben.words().count("Miso.") == 4
            assert states(ben).get("Ana") in ("away", None)

    run_virtual(story())
