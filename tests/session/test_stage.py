"""What an audience sees and hears, and what it never does."""

import asyncio
from dataclasses import replace

import pytest

from protocol.event_messages import HostAct, HostTranscript, Reaction, Reactions, StageState
from protocol.messages import (
    AudioChunk,
    ConsentChange,
    Consents,
    Hello,
    Interrupt,
    Listening,
    Notice,
    ReplyCancelled,
    ReplyChunk,
    Resume,
    TextInput,
    Transcript,
    Welcome,
)
from server.group.chair import Chair
from server.session import Session
from server.stage.show import MAX_BEHIND
from tests.session.stage_house import RULES, House, MadeUpDesk, event_in
from tests.session.test_group import table
from tests.session.virtual import run_virtual
from tests.session.world import PERSONAS, Fan, World

SEEN = Consents(audience=True)
LONG = " ".join(f"This is sentence number {number}, and it goes on." for number in range(8))


def stages(spectator: Fan) -> list[str]:
    return [message.state for message in spectator.all(StageState)]


def test_spectators_hear_and_see_what_the_fan_does() -> None:
    async def story() -> None:
        async with event_in(World()) as house:
            spectator = await house.someone("spectator")
            fan = await house.fan(consents=SEEN)
            await fan.speak(0, words=5)
            await fan.silence(3)
            welcome = spectator.all(Welcome)[0]
            assert welcome.role == "spectator"
            assert welcome.disclosure == PERSONAS["nova"].disclosure
            assert welcome.event
            assert welcome.event.title == "An evening with Nova"
            assert [(s.state, s.name) for s in spectator.all(StageState)] == [("empty", ""), ("live", "Ana")]
            ours, theirs = spectator.chunks(), fan.chunks()
            assert [(c.reply_id, c.seq, c.start_samples, c.audio, c.words, c.visemes) for c in ours] == [
                (c.reply_id, c.seq, c.start_samples, c.audio, c.words, c.visemes) for c in theirs
            ]
            assert [len(c.face) for c in ours] == [len(c.face) for c in theirs]
            assert len(spectator.all(Listening)) > 5, "and it listens with the same face"
            times = {c.seq: at for at, c in fan.heard() if isinstance(c, ReplyChunk)}
            assert all(at - times[c.seq] < 0.001 for at, c in spectator.heard() if isinstance(c, ReplyChunk))

    run_virtual(story())


def test_everything_a_spectator_receives_is_free_of_the_fan() -> None:
    """The proof: all bytes of a whole visit, with a spoken and a typed turn, an interruption and a takeover."""

    async def story() -> None:
        secret, typed = "Violoncello lessons bore Grandmother", "address Elmstreet seventeen"
        async with event_in(World(lines=[secret])) as house:
            spectator, host = await house.someone("spectator"), await house.someone("host")
            fan = await house.fan(name="Zoltan", consents=SEEN)
            await fan.speak(0, words=4)
            await fan.silence(4)
            fan.send(TextInput(typed))
            await asyncio.sleep(0.6)
            fan.send(Interrupt())
            await host.act("take_over", visit_id="v-t1")
            await host.speak(0, words=4)
            await host.silence(1)
            await fan.speak(0, words=4)
            await fan.silence(3)
            await host.act("hand_back", visit_id="v-t1")
            await asyncio.sleep(1)
            everything = b"".join(data for _, data in spectator.socket.down)
            assert [*fan.finals()] == [secret, typed, secret], "the fan did say it all, and the host could read it"
            assert {t.text for t in host.all(HostTranscript) if t.final and t.who == "fan"} == {secret, typed}
            for word in (*secret.split(), *typed.split()):
                assert word.lower().encode() not in everything.lower(), word
            kinds = {type(message) for _, message in spectator.heard()}
            assert kinds <= {Welcome, StageState, ReplyChunk, ReplyCancelled, Listening, Notice, Reactions}
            assert Transcript not in kinds
            up = [fan.codec.decode_client(data) for _, way, data in fan.socket.log if way == "up"]
            said = b"".join(message.audio for message in up if isinstance(message, AudioChunk))
            sounds = [c.audio for c in spectator.chunks() if any(c.audio)]
            assert sounds
            assert not any(sound[:200] in said for sound in sounds)

    run_virtual(story())


def test_without_the_fans_consent_the_curtain_is_closed() -> None:
    async def story() -> None:
        async with event_in(World()) as house:
            spectator = await house.someone("spectator")
            fan = await house.fan(name="Zoltan")
            await fan.speak(0, words=5)
            await fan.silence(3)
            assert fan.words()
            assert stages(spectator) == ["empty", "private"]
            assert {type(m) for _, m in spectator.heard()} == {Welcome, StageState}
            assert b"Zoltan" not in b"".join(data for _, data in spectator.socket.down)

    run_virtual(story())


def test_a_group_is_shown_only_with_the_consent_of_all() -> None:
    class Beside(Chair):
        """A chair next to somebody else's."""

        def __init__(self, other: Session) -> None:
            self._other = other

        @property
        def company(self) -> tuple[Session, ...]:
            return (self._other,)

    async def story() -> None:
        async with event_in(World()) as house:
            spectator = await house.someone("spectator")
            ana = await house.fan(consents=SEEN)
            ben = await house.fan(ticket="t2", name="Ben")
            one, other = house.live[ana].session, house.live[ben].session
            one.chair, other.chair = Beside(other), Beside(one)
            ben.send(ConsentChange(Consents(memory=True)))
            await asyncio.sleep(0.1)
            assert stages(spectator)[-1] == "private", "an answer to Ana may hold what Ben said"
            ben.send(ConsentChange(SEEN))
            await asyncio.sleep(0.1)
            assert stages(spectator)[-1] == "live"
            ben.send(TextInput("What is your cat called?"))
            await asyncio.sleep(4)
            assert [c.seq for c in spectator.chunks()] == [c.seq for c in ben.chunks()], "what one is answered all hear"

    run_virtual(story())


def test_who_is_just_coming_to_a_table_is_asked_before_their_first_word() -> None:
    async def story() -> None:
        async with table(World(), "Maya", chairs=2) as (maya,):
            (first,) = maya.room._sessions
            ben = Fan(maya.room, Hello(name="Ben"))
            ben.send(ben.hello)
            await asyncio.sleep(0.1)
            (second,) = maya.room._sessions - {first}
            assert first.chair.company == (second,), "the curtain is closed when they sit down, not after they spoke"
            assert second.chair.company == (first,)
            await ben.leave()
            assert first.chair.company == ()

    run_virtual(story())


@pytest.mark.parametrize("asked", [{"encoding": "mp3"}, {"encoding": "pcm16", "sample_rate_hz": 8000}])
def test_sound_that_is_not_spoken_is_refused_at_the_door(asked: dict[str, object]) -> None:
    async def story() -> None:
        async with event_in(World()) as house:
            for role in ("spectator", "host"):
                guest = await house.someone(role, audio_out=asked)
                assert guest.errors() == ["unsupported"]
                assert guest.all(Welcome) == []

    run_virtual(story())


def test_the_curtain_moves_at_once_when_the_fan_changes_their_mind() -> None:
    async def story() -> None:
        async with event_in(World(answers=lambda prompt: LONG)) as house:
            spectator = await house.someone("spectator")
            fan = await house.fan()
            fan.send(TextInput("hi"))
            await asyncio.sleep(2)
            fan.send(ConsentChange(SEEN))
            await asyncio.sleep(1)
            assert stages(spectator) == ["empty", "private", "live"]
            assert spectator.chunks()
            fan.send(ConsentChange(Consents()))
            await asyncio.sleep(0.01)
            seen = len(spectator.heard())
            await asyncio.sleep(3)
            assert stages(spectator) == ["empty", "private", "live", "private"]
            assert len(spectator.heard()) == seen

    run_virtual(story())


def test_who_comes_late_begins_where_the_fan_is() -> None:
    async def story() -> None:
        async with event_in(World(answers=lambda prompt: LONG)) as house:
            early = await house.someone("spectator")
            fan = await house.fan(consents=SEEN)
            fan.send(TextInput("hi"))
            await asyncio.sleep(3)
            first_at = next(at for at, m in fan.heard() if isinstance(m, ReplyChunk))
            late, azure = await house.someone("spectator"), await house.someone("spectator", face="azure55")
            for spectator in (late, azure):
                first = spectator.chunks()[0]
                heard = (asyncio.get_running_loop().time() - 0.01 - first_at) * 24_000
                assert first.start_samples <= heard <= first.start_samples + len(first.audio) // 2 + 480
                assert stages(spectator) == ["live"]
            await asyncio.sleep(25)
            whole = early.chunks()
            assert late.chunks() == whole[-len(late.chunks()) :]
            assert azure.chunks()[-1].last

    run_virtual(story())


def test_who_comes_when_a_reply_is_over_gets_nothing_of_it() -> None:
    async def story() -> None:
        async with event_in(World()) as house:
            fan = await house.fan(consents=SEEN)
            fan.send(TextInput("What is your cat called?"))
            await asyncio.sleep(8)
            spectator = await house.someone("spectator")
            assert fan.chunks()[-1].last
            assert spectator.chunks() == []
            fan.send(TextInput("What is your cat called?"))
            await asyncio.sleep(4)
            assert {c.reply_id for c in spectator.chunks()} == {2}

    run_virtual(story())


def test_what_is_sent_again_to_a_fan_is_not_shown_again() -> None:
    async def story() -> None:
        async with event_in(World(answers=lambda prompt: LONG)) as house:
            spectator = await house.someone("spectator")
            fan = await house.fan(consents=SEEN)
            fan.send(TextInput("hi"))
            await asyncio.sleep(0.5)
            fan.stop_playing()
            await asyncio.sleep(1)
            heard = fan.chunks()[2].start_samples
            fan.socket.up.put_nowait(None)
            await asyncio.sleep(2)
            back = Fan(house.room, Hello(resume=Resume(fan.all(Welcome)[0].resume_token, 1, heard)))
            back.send(back.hello)
            await asyncio.sleep(25)
            assert back.chunks()[0].start_samples == heard
            assert [c.seq for c in spectator.chunks()] == list(range(len(spectator.chunks())))
            assert spectator.chunks()[-1].last
            house.live[back] = house.live.pop(fan)
            house.people[house.people.index(fan)] = back

    run_virtual(story())


def test_opus_is_encoded_once_for_all_who_want_it() -> None:
    async def story() -> None:
        async with event_in(World()) as house:
            opus = {"encoding": "opus", "sample_rate_hz": 24_000}
            one = await house.someone("spectator", audio_out=opus)
            two = await house.someone("spectator", audio_out=opus)
            fan = await house.fan(consents=SEEN)
            fan.send(TextInput("What is your cat called?"))
            await asyncio.sleep(4)
            assert one.all(Welcome)[0].audio_out.pre_skip_samples > 0
            assert one.chunks() == two.chunks()
            assert 0 < sum(len(c.audio) for c in one.chunks()) < sum(len(c.audio) for c in fan.chunks()) / 5

    run_virtual(story())


def test_a_slow_spectator_is_dropped_alone() -> None:
    async def story() -> None:
        async with event_in(World(answers=lambda prompt: LONG)) as house:
            slow, quick = await house.someone("spectator"), await house.someone("spectator")
            fan = await house.fan(consents=SEEN)
            slow.socket.reads = False
            fan.send(TextInput("hi"))
            await asyncio.sleep(2 + MAX_BEHIND * 0.2)
            assert slow.socket.closed
            assert slow.socket.closed[1] == "slow_reader"
            assert quick.chunks() == [c for c in quick.chunks() if c.audio or c.last]
            assert [c.seq for c in quick.chunks()] == [c.seq for c in fan.chunks()]
            assert not quick.socket.closed

    run_virtual(story())


def test_an_interruption_closes_the_mouth_for_all() -> None:
    async def story() -> None:
        async with event_in(World(answers=lambda prompt: LONG)) as house:
            spectator = await house.someone("spectator")
            fan = await house.fan(consents=SEEN)
            fan.send(TextInput("hi"))
            await asyncio.sleep(2)
            fan.send(Interrupt())
            await asyncio.sleep(1)
            assert spectator.all(ReplyCancelled) == fan.all(ReplyCancelled)
            kinds = [type(m) for _, m in spectator.heard()]
            closing = spectator.heard()[kinds.index(ReplyCancelled) + 1][1]
            assert isinstance(closing, Listening)
            jaw = spectator.all(Welcome)[0].face.names.index("jawOpen")
            assert closing.face[jaw] == 0

    run_virtual(story())


def test_the_next_fan_is_on_when_the_first_has_left() -> None:
    async def story() -> None:
        async with event_in(World()) as house:
            spectator = await house.someone("spectator")
            ana = await house.fan(consents=SEEN)
            await house.fan(ticket="t2", name="Ben", consents=SEEN)
            await house.leave(ana)
            await asyncio.sleep(0.1)
            assert [(s.state, s.name) for s in spectator.all(StageState)] == [
                ("empty", ""), ("live", "Ana"), ("live", "Ben"),
            ]  # fmt: skip

    run_virtual(story())


def test_another_events_audience_sees_nothing_of_it() -> None:
    async def story() -> None:
        async with event_in(World()) as house:
            stranger = await house.someone("spectator", event="e2")
            fan = await house.fan(consents=SEEN)
            fan.send(TextInput("What is your cat called?"))
            await asyncio.sleep(4)
            assert {type(m) for _, m in stranger.heard()} == {Welcome, StageState}
            assert stages(stranger) == ["empty"]

    run_virtual(story())


def test_an_event_without_an_audience_has_none() -> None:
    async def story() -> None:
        async with event_in(World(), MadeUpDesk(replace(RULES, spectators=False))) as house:
            spectator = await house.someone("spectator")
            await asyncio.sleep(0.1)
            assert spectator.errors() == ["bad_token"]
            assert spectator.socket.closed

    run_virtual(story())


# --- reactions ----------------------------------------------------------------------------------------------


async def crowd(house: House, n: int) -> list[Fan]:
    return [await house.someone("spectator") for _ in range(n)]


def test_reactions_are_counted_for_everybody() -> None:
    async def story() -> None:
        async with event_in(World()) as house:
            people = await crowd(house, 3)
            host = await house.someone("host")
            fan = await house.fan(consents=SEEN)
            for one in people:
                one.send(Reaction("heart"))
            people[0].send(Reaction("wow"))
            await asyncio.sleep(1)
            told = people[1].all(Reactions)
            assert [(r.counts.heart, r.counts.wow, r.watching) for r in told] == [(3, 1, 3)]
            assert host.all(Reactions) == fan.all(Reactions) == told

    run_virtual(story())


def test_who_drums_is_counted_a_few_times() -> None:
    async def story() -> None:
        async with event_in(World()) as house:
            (one,) = await crowd(house, 1)
            await house.fan(consents=SEEN)
            for _ in range(100):
                one.send(Reaction("applause"))
            await asyncio.sleep(1)
            assert sum(r.counts.applause for r in one.all(Reactions)) == 5
            assert one.errors() == []

    run_virtual(story())


def test_the_avatar_notices_hearts_and_speaks_of_applause() -> None:
    async def story() -> None:
        world = World()
        async with event_in(world) as house:
            people = await crowd(house, 4)
            fan = await house.fan(consents=SEEN)
            for one in people:
                one.send(Reaction("heart"))
            await asyncio.sleep(1)
            assert [cue.name for m in fan.all(Listening) for cue in m.gestures] == ["heart"]
            await asyncio.sleep(10)
            for one in people:
                one.send(Reaction("applause"))
                one.send(Reaction("applause"))
            await asyncio.sleep(1)
            fan.send(TextInput("hello"))
            await asyncio.sleep(4)
            fan.send(TextInput("hello again"))
            await asyncio.sleep(4)
            first, second = world.llm.streamed
            assert "The audience is applauding you." in first.messages[-1].content
            assert "applauding" not in " ".join(m.content for m in second.messages)

    run_virtual(story())


def test_behind_the_curtain_the_avatar_hears_no_applause() -> None:
    async def story() -> None:
        async with event_in(World()) as house:
            people = await crowd(house, 4)
            fan = await house.fan()
            for one in people:
                one.send(Reaction("heart"))
            await asyncio.sleep(2)
            assert [cue.name for m in fan.all(Listening) for cue in m.gestures] == []
            assert fan.all(Reactions) == []

    run_virtual(story())


# --- what a role may not ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message", [TextInput("let me speak"), Interrupt(), ConsentChange(SEEN), HostAct("a1", "end", ticket_id="t1")]
)
def test_a_spectator_can_do_nothing_but_react(message: object) -> None:
    async def story() -> None:
        async with event_in(World(answers=lambda prompt: LONG)) as house:
            spectator = await house.someone("spectator")
            fan = await house.fan(consents=SEEN)
            fan.send(TextInput("hi"))
            await asyncio.sleep(1)
            spectator.send(message)  # type: ignore[arg-type]
            await asyncio.sleep(1)
            assert spectator.errors() in (["illegal_state"], ["not_allowed"])
            assert fan.all(ReplyCancelled) == []
            assert house.desk.asked == []
            assert house.record.deeds == []

    run_virtual(story())


def test_a_fans_token_opens_no_stage_and_no_console() -> None:
    async def story() -> None:
        async with event_in(World()) as house:
            fan = await house.fan(consents=SEEN)
            fan.send(HostAct("a1", "end", ticket_id="t1"))
            fan.send(Reaction("heart"))
            await asyncio.sleep(1)
            assert fan.errors() == ["not_allowed", "not_allowed"]
            assert fan.all(Reactions) == []
            assert house.record.deeds == []

    run_virtual(story())
