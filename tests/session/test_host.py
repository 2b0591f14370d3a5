"""What a host sees and does, what is written down of it, and what nobody else may do."""

import asyncio
from typing import Any

import numpy as np
import pytest

from protocol.errors import IllegalStateError
from protocol.event_messages import (
    HostAct,
    HostDone,
    HostHealth,
    HostLines,
    HostMood,
    HostQueue,
    HostTopic,
    HostTranscript,
    HostVisit,
    StageState,
)
from protocol.messages import (
    AudioChunk,
    Consents,
    Listening,
    Notice,
    ReplyCancelled,
    ReplyChunk,
    ReplyDuck,
    TextInput,
    Welcome,
)
from server.steering import CREATOR_SPEAKS
from tests.session.stage_house import Guest, MadeUpDesk, event_in
from tests.session.virtual import run_virtual
from tests.session.world import PERSONAS, Fan, World

LONG = " ".join(f"This is sentence number {number}, and it goes on." for number in range(8))
SEEN = Consents(audience=True)


def lines(host: Fan) -> list[tuple[str, str]]:
    return [(t.who, t.text) for t in host.all(HostTranscript) if t.final]


def disclosures(one: Fan) -> list[str]:
    return [n.text for n in one.all(Notice) if n.kind == "disclosure"]


def test_a_host_is_told_how_things_are_and_what_changes() -> None:
    async def story() -> None:
        async with event_in(World()) as house:
            early = await house.someone("host")
            fan = await house.fan()
            host = await house.someone("host")
            assert host.all(Welcome)[0].role == "host"
            queue = host.all(HostQueue)[0]
            assert [(e.ticket_id, e.name, e.place) for e in queue.entries] == [("t1", "Ana", 0), ("t2", "Ben", 1)]
            for one in (early, host):
                visit = one.all(HostVisit)[-1]
                assert (visit.visit_id, visit.state, visit.name, visit.left_s) == ("v-t1", "live", "Ana", 100.0)
            house.desk.watchers[0](house.desk.snapshot())
            await asyncio.sleep(6)
            assert len(host.all(HostQueue)) == 2
            assert host.all(HostHealth)[-1].sessions == 1
            assert len(host.all(HostVisit)) == 2, "again after five seconds, for the time that is left"
            await house.leave(fan)
            await asyncio.sleep(0.1)
            assert host.all(HostVisit)[-1].state == "ended"

    run_virtual(story())


def test_a_host_reads_both_sides() -> None:
    async def story() -> None:
        async with event_in(World(answers=lambda prompt: "Miso. She runs the house.")) as house:
            host = await house.someone("host")
            fan = await house.fan()
            await fan.speak(0, words=5)
            await fan.silence(4)
            assert lines(host) == [("fan", "What is your cat called?"), ("avatar", "Miso. She runs the house.")]
            assert any(not t.final and t.who == "fan" for t in host.all(HostTranscript))
            await asyncio.sleep(5)
            assert host.all(HostHealth)[-1].v2v_p50_ms
            assert host.chunks() == fan.chunks(), "and sees the visit that is on the stage, curtain or not"

    run_virtual(story())


def test_a_host_who_comes_in_late_reads_what_was_said() -> None:
    async def story() -> None:
        async with event_in(World(answers=lambda prompt: "Miso. She runs the house.")) as house:
            host = await house.someone("host")
            fan = await house.fan()
            await fan.speak(0, words=5)
            await fan.silence(4)
            late = await house.someone("host")
            (told,) = late.all(HostLines)
            assert [(each.who, each.text) for each in told.lines if each.final] == lines(host)
            numbers = {t.line: t.text for t in host.all(HostTranscript) if t.text}
            assert {each.line: each.text for each in told.lines} == numbers, "under the numbers that the others know"
            await house.leave(fan)
            await asyncio.sleep(0.1)
            after = await house.someone("host")
            assert after.all(HostLines) == [], "with the visit its words are gone"

    run_virtual(story())


def test_a_host_reads_the_mood_only_with_the_fans_consent() -> None:
    async def story() -> None:
        async with event_in(World(lines=["I am so happy, I love it!"])) as house:
            host = await house.someone("host")
            shy = await house.fan()
            await shy.speak(0, words=6)
            await shy.silence(4)
            assert host.all(HostMood) == []
            await house.leave(shy)
            open_ = await house.fan(ticket="t2", consents=Consents(emotion_sensing=True))
            await open_.speak(0, words=6)
            await open_.silence(4)
            mood = host.all(HostMood)[-1]
            assert (mood.visit_id, mood.valence > 0, bool(mood.reason)) == ("v-t2", True, True)

    run_virtual(story())


def test_words_that_were_told_to_their_end_are_not_told_again_when_they_are_cut() -> None:
    async def story() -> None:
        async with event_in(World(answers=lambda prompt: "Bring an umbrella!")) as house:
            host, fan = await house.someone("host"), await house.fan()
            fan.send(TextInput("hello"))
            await fan.until(ReplyChunk)
            await asyncio.sleep(0.5)  # all of it was sent, and some of it heard
            await host.act("take_over", visit_id="v-t1")
            await asyncio.sleep(0.5)
            assert fan.all(ReplyCancelled)
            assert lines(host) == [("fan", "hello"), ("avatar", "Bring an umbrella!")]

    run_virtual(story())


def test_a_whispered_direction_is_heeded_and_recorded() -> None:
    async def story() -> None:
        world = World()
        async with event_in(world) as house:
            host, fan = await house.someone("host"), await house.fan()
            done = await host.act("direct", visit_id="v-t1", text="mention the tour")
            assert done.ok
            fan.send(TextInput("hello"))
            await asyncio.sleep(4)
            assert "mention the tour" in world.llm.streamed[0].messages[-1].content
            (deed,) = house.record.deeds
            assert (deed.event_id, deed.visit_id, deed.actor, deed.kind) == ("e1", "v-t1", "the host", "direct")
            assert deed.detail == {"text": "mention the tour"}

    run_virtual(story())


def test_a_typed_line_is_said_now() -> None:
    async def story() -> None:
        async with event_in(World(answers=lambda prompt: LONG)) as house:
            host, fan = await house.someone("host"), await house.fan()
            fan.send(TextInput("hello"))
            await asyncio.sleep(2)
            assert (await host.act("say", visit_id="v-t1", text="Look, it snows!")).ok
            await asyncio.sleep(4)
            assert [c.reason for c in fan.all(ReplyCancelled)] == ["interrupt"]
            assert fan.words(2) == "Look, it snows!"
            assert lines(host)[-1] == ("avatar", "Look, it snows!")

    run_virtual(story())


@pytest.mark.parametrize("text", ["I am a real human, not an AI.", "Believe me, I'm the real Nova."])
def test_no_host_makes_the_avatar_say_that_it_is_human(text: str) -> None:
    async def story() -> None:
        async with event_in(World()) as house:
            host, fan = await house.someone("host"), await house.fan()
            done = await host.act("say", visit_id="v-t1", text=text)
            assert (done.ok, done.code) == (False, "not_allowed")
            await asyncio.sleep(3)
            assert fan.words() == ""
            assert house.record.deeds == []

    run_virtual(story())


def test_topics_are_proposed_allowed_and_vetoed() -> None:
    async def story() -> None:
        boundary = PERSONAS["nova"].not_discussed[0]
        asked = f"Tell me about {boundary.phrases[0].rstrip('*')}"
        async with event_in(World(answers=lambda prompt: "Gladly.")) as house:
            host, fan = await house.someone("host"), await house.fan()
            fan.send(TextInput(asked))
            await asyncio.sleep(9)
            assert [(t.topic, t.state) for t in host.all(HostTopic)] == [(boundary.topic, "proposed")]
            await host.act("topic", visit_id="v-t1", text=boundary.topic, allow=True)
            fan.send(TextInput(asked))
            await asyncio.sleep(6)
            assert fan.words(2) == "Gladly."
            await host.act("topic", visit_id="v-t1", text="the album")
            fan.send(TextInput("How is the album?"))
            await asyncio.sleep(6)
            assert fan.words(3) == "Let's talk about something else."
            assert [t.state for t in host.all(HostTopic)] == ["proposed", "allowed", "vetoed"]

    run_virtual(story())


def test_mute_silences_and_deafens_until_unmute() -> None:
    async def story() -> None:
        async with event_in(World(answers=lambda prompt: LONG)) as house:
            host, fan = await house.someone("host"), await house.fan()
            fan.send(TextInput("hello"))
            await asyncio.sleep(2)
            await host.act("mute", visit_id="v-t1")
            assert host.all(HostVisit)[-1].state == "muted"
            said = len(fan.chunks())
            fan.send(TextInput("are you there?"))
            await asyncio.sleep(5)
            assert len(fan.chunks()) == said
            await host.act("unmute", visit_id="v-t1")
            assert host.all(HostVisit)[-1].state == "live"
            fan.send(TextInput("and now?"))
            await asyncio.sleep(5)
            assert len(fan.chunks()) > said
            assert [n.kind for n in fan.all(Notice)] == ["moderation", "moderation"]

    run_virtual(story())


@pytest.mark.parametrize(
    ("act", "asked"),
    [
        ({"kind": "skip", "ticket_id": "t2"}, ("skip", "t2")),
        ({"kind": "skip", "visit_id": "v-t1"}, ("skip", "t1")),
        ({"kind": "end", "visit_id": "v-t1"}, ("end", "t1")),
        ({"kind": "ban", "ticket_id": "t1"}, ("ban", "t1")),
        ({"kind": "extend", "visit_id": "v-t1", "seconds": 60.0}, ("extend", "t1", 60.0)),
        ({"kind": "reorder", "ticket_id": "t2", "place": 1}, ("reorder", "t2", 1)),
        ({"kind": "pause"}, ("pause",)),
        ({"kind": "resume"}, ("resume",)),
    ],
)
def test_what_is_the_desks_is_asked_of_the_desk_and_recorded_before(act: Any, asked: Any) -> None:
    async def story() -> None:
        async with event_in(World()) as house:
            host = await house.someone("host")
            await house.fan()
            assert (await host.act(**act)).ok
            assert house.desk.asked == [asked]
            assert [deed.kind for deed in house.record.deeds] == [act["kind"]]

    run_virtual(story())


def test_what_the_desk_refuses_is_answered_with_its_code() -> None:
    async def story() -> None:
        desk = MadeUpDesk(refuses=IllegalStateError("this fan is not talking with the avatar"))
        async with event_in(World(), desk) as house:
            host = await house.someone("host")
            done = await host.act("end", ticket_id="t9")
            assert (done.ok, done.code) == (False, "illegal_state")
            assert "not talking" in done.message

    run_virtual(story())


@pytest.mark.parametrize("kind", ["direct", "say", "take_over", "mute", "end", "watch"])
def test_a_visit_that_is_over_is_not_found(kind: str) -> None:
    async def story() -> None:
        async with event_in(World()) as house:
            host = await house.someone("host")
            done = await host.act(kind, visit_id="gone", text="hello")
            assert (done.ok, done.code) == (False, "not_found")

    run_virtual(story())


@pytest.mark.parametrize("kind", ["direct", "say", "mute", "take_over", "end", "pause"])
def test_what_cannot_be_written_down_is_not_done(kind: str) -> None:
    async def story() -> None:
        async with event_in(World(answers=lambda prompt: LONG)) as house:
            host, fan = await house.someone("host"), await house.fan()
            house.record.broken = True
            fan.send(TextInput("hello"))
            await asyncio.sleep(2)
            done = await host.act(kind, visit_id="v-t1", text="Look!")
            assert (done.ok, done.code) == (False, "internal")
            await asyncio.sleep(2)
            assert house.desk.asked == []
            assert fan.all(ReplyCancelled) == []
            assert fan.all(Notice) == []

    run_virtual(story())


EVERY_ACT = "watch direct say topic take_over hand_back mute unmute skip end extend pause resume reorder ban".split()


@pytest.mark.parametrize("kind", EVERY_ACT)
def test_no_fan_and_no_spectator_can_do_a_hosts_act(kind: Any) -> None:
    async def story() -> None:
        async with event_in(World(answers=lambda prompt: LONG)) as house:
            spectator, fan = await house.someone("spectator"), await house.fan(consents=SEEN)
            other = await house.fan(ticket="t2", name="Ben")
            other.send(TextInput("hello"))
            await asyncio.sleep(1)
            act = HostAct("a1", kind, visit_id="v-t2", ticket_id="t2", text="x", seconds=9.0, place=1)
            for one in (fan, spectator):
                one.send(act)
            await asyncio.sleep(1)
            for one in (fan, spectator):
                assert one.errors() == ["not_allowed"]
                assert one.all(HostDone) == []
            assert house.desk.asked == []
            assert house.record.deeds == []
            assert other.all(ReplyCancelled) == []

    run_virtual(story())


@pytest.mark.parametrize("kind", ["direct", "say", "take_over", "mute", "end", "watch"])
def test_no_host_reaches_another_events_visit(kind: str) -> None:
    async def story() -> None:
        async with event_in(World(answers=lambda prompt: LONG)) as house:
            stranger, fan = await house.someone("host", event="e2"), await house.fan()
            fan.send(TextInput("hello"))
            await asyncio.sleep(1)
            done = await stranger.act(kind, visit_id="v-t1", text="x")
            assert (done.ok, done.code) == (False, "not_found")
            assert stranger.chunks() == []
            assert stranger.all(HostTranscript) == []
            assert fan.all(ReplyCancelled) == []

    run_virtual(story())


# --- the host's own voice -----------------------------------------------------------------------------------


async def taken_over(house: Any, **world: Any) -> tuple[Guest, Fan]:
    host, fan = await house.someone("host"), await house.fan(consents=SEEN)
    assert (await host.act("take_over", visit_id="v-t1")).ok
    return host, fan


def test_the_hosts_voice_comes_out_of_the_avatars_mouth() -> None:
    async def story() -> None:
        async with event_in(World(lines=["Hello Ana, it is me!"])) as house:
            spectator = await house.someone("spectator")
            host, fan = await taken_over(house)
            await host.speak(0, words=5)
            await host.silence(2)
            chunks = fan.chunks()
            assert chunks
            assert chunks[-1].last
            names = fan.all(Welcome)[0].face.names
            for chunk in chunks:
                assert len(chunk.face) * 400 == len(chunk.audio) // 2 * len(names)
            jaw = np.frombuffer(b"".join(c.face for c in chunks), np.uint8).reshape(-1, len(names))
            assert jaw[:, names.index("jawOpen")].max() > 20, "the mouth moves"
            loud = np.frombuffer(b"".join(c.audio for c in chunks), "<i2")
            assert np.abs(loud).max() > 1000
            assert [c.audio for c in spectator.chunks()] == [c.audio for c in chunks]
            assert lines(host) == [("host", "Hello Ana, it is me!")]

    run_virtual(story())


def test_who_speaks_is_disclosed_and_disclosed_back() -> None:
    async def story() -> None:
        async with event_in(World()) as house:
            spectator = await house.someone("spectator")
            host, fan = await taken_over(house)
            late = await house.someone("spectator")
            assert (await host.act("hand_back", visit_id="v-t1")).ok
            await asyncio.sleep(0.1)
            nova = PERSONAS["nova"]
            for one in (fan, spectator, late):
                assert disclosures(one) == [CREATOR_SPEAKS, nova.disclosure]
            assert [s.state for s in spectator.all(StageState)] == ["empty", "live", "host", "live"]
            assert [v.state for v in host.all(HostVisit)] == ["live", "host", "live"]

    run_virtual(story())


def test_the_fan_is_understood_and_not_answered_while_the_host_speaks() -> None:
    async def story() -> None:
        world = World(lines=["It is called Miso.", "What is your cat called?"], answers=lambda prompt: "Yes.")
        async with event_in(world) as house:
            host, fan = await taken_over(house)
            await fan.speak(1, words=5)
            await fan.silence(3)
            assert fan.chunks() == [], "no model answers for the host"
            await host.speak(0, words=4)
            await host.silence(2)
            assert fan.finals() == ["What is your cat called?"]
            assert lines(host) == [("fan", "What is your cat called?"), ("host", "It is called Miso.")]
            await host.act("hand_back", visit_id="v-t1")
            fan.send(TextInput("Is it?"))
            await asyncio.sleep(4)
            assert fan.words().endswith("Yes.")
            said = [m.content for m in world.llm.streamed[-1].messages][-3:]
            assert "What is your cat called?" in said[0]
            assert said[1:] == ["It is called Miso.", "Is it?"], "what the creator said is remembered"

    run_virtual(story())


def test_a_fan_cannot_cut_the_host_off() -> None:
    async def story() -> None:
        async with event_in(World(lines=["Let me tell you something.", "But stop and wait now!"])) as house:
            host, fan = await taken_over(house)
            speaking = asyncio.create_task(host.speak(0, words=12))
            await asyncio.sleep(1)
            await fan.speak(1, words=5)
            await fan.silence(2)
            await speaking
            await host.silence(2)
            assert fan.all(ReplyCancelled) == []
            assert fan.all(ReplyDuck) == []
            assert len({c.reply_id for c in fan.chunks()}) == 1
            assert fan.chunks()[-1].last

    run_virtual(story())


def test_a_take_over_stops_what_the_avatar_is_saying() -> None:
    async def story() -> None:
        async with event_in(World(answers=lambda prompt: LONG)) as house:
            host, fan = await house.someone("host"), await house.fan()
            fan.send(TextInput("hello"))
            await asyncio.sleep(2)
            await host.act("take_over", visit_id="v-t1")
            await asyncio.sleep(1)
            assert [c.reason for c in fan.all(ReplyCancelled)] == ["interrupt"]
            last = fan.all(Listening)[-1]
            assert last.face[fan.all(Welcome)[0].face.names.index("jawOpen")] == 0

    run_virtual(story())


def test_when_the_host_is_gone_the_avatar_has_its_voice_back() -> None:
    async def story() -> None:
        async with event_in(World(answers=lambda prompt: "I am back.")) as house:
            host, fan = await taken_over(house)
            await host.speak(0, words=3)
            house.people.remove(host)
            await host.leave()
            assert disclosures(fan)[-1] == PERSONAS["nova"].disclosure
            fan.send(TextInput("hello?"))
            await asyncio.sleep(4)
            assert fan.words().endswith("I am back.")

    run_virtual(story())


def test_one_host_at_a_time_speaks_in_a_visit() -> None:
    async def story() -> None:
        async with event_in(World()) as house:
            await taken_over(house)
            second = await house.someone("host")
            done = await second.act("take_over", visit_id="v-t1")
            assert (done.ok, done.code) == (False, "not_allowed")

    run_virtual(story())


def test_a_host_who_took_nothing_over_is_heard_by_nobody() -> None:
    async def story() -> None:
        async with event_in(World()) as house:
            host, fan = await house.someone("host"), await house.fan()
            await host.speak(0, words=3)
            host.send(AudioChunk(b"\0"))
            await host.silence(1)
            assert fan.chunks() == []

    run_virtual(story())


def test_a_key_that_is_let_go_ends_what_the_host_says() -> None:
    async def story() -> None:
        async with event_in(World(lines=["Hi!", "And bye!"])) as house:
            host, fan = await taken_over(house)
            await host.speak(0, words=3)
            await asyncio.sleep(2)
            assert fan.chunks()[-1].last
            await host.speak(1, words=3)
            await asyncio.sleep(2)
            assert len({c.reply_id for c in fan.chunks()}) == 2
            assert lines(host) == [("host", "Hi!"), ("host", "And bye!")]

    run_virtual(story())


def test_the_next_answer_of_the_avatar_has_a_higher_number() -> None:
    async def story() -> None:
        async with event_in(World(answers=lambda prompt: "Yes.")) as house:
            host, fan = await taken_over(house)
            await host.speak(0, words=3)
            await host.silence(2)
            await host.act("hand_back", visit_id="v-t1")
            fan.send(TextInput("hello"))
            await asyncio.sleep(3)
            numbers = [c.reply_id for c in fan.chunks()]
            assert numbers == sorted(numbers)
            assert len(set(numbers)) == 2

    run_virtual(story())
