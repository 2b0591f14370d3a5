"""Connections that are lost and come back: the talk goes on where it was, for its fan and for nobody else."""

import asyncio
from itertools import pairwise

import numpy as np
import pytest

from protocol.messages import Hello, Leave, Limits, PlaybackMark, ReplyChunk, Resume, TextInput, Welcome
from protocol.timeline import SAMPLES_PER_FACE_FRAME
from server.room import Room
from tests.session.virtual import run_virtual
from tests.session.world import Fan, World

STORY = "We wrote the second song on a rainy Sunday in the kitchen. It took nine hours and two cakes."


def world(**settings: object) -> World:
    return World(answers={"Tell me a story.": STORY}, **settings)  # type: ignore[arg-type]


def welcome(fan: Fan) -> Welcome:
    return fan.all(Welcome)[0]


async def come_in(room: Room) -> Fan:
    fan = Fan(room, Hello())
    await fan.enter()
    await asyncio.sleep(0.01)
    return fan


async def lose(fan: Fan) -> None:
    """The network is gone; the server has noticed."""
    fan.stop_playing()
    fan.socket.up.put_nowait(None)
    while fan.socket.closed is None:
        await asyncio.sleep(0.01)


async def come_back(room: Room, token: str, reply_id: int = 0, heard_samples: int = 0) -> Fan:
    fan = Fan(room, Hello(resume=Resume(token, reply_id, heard_samples)))
    fan.send(fan.hello)
    await asyncio.sleep(0.01)
    return fan


def sound(chunks: list[ReplyChunk], upto: int | None = None) -> bytes:
    """The audio of consecutive chunks, as far as `upto` samples of the reply."""
    for before, after in pairwise(chunks):
        assert after.start_samples == before.start_samples + len(before.audio) // 2
    data = b"".join(chunk.audio for chunk in chunks)
    return data if upto is None else data[: 2 * (upto - chunks[0].start_samples)]


def test_a_reply_goes_on_from_what_was_heard() -> None:
    async def story() -> None:
        room = world().room()
        whole = await come_in(room)
        whole.send(TextInput("Tell me a story."))
        await asyncio.sleep(12)
        expected = sound(whole.chunks(1))
        await whole.leave()

        fan = await come_in(room)
        fan.send(TextInput("Tell me a story."))
        await asyncio.sleep(0.5)
        fan.stop_playing()
        await asyncio.sleep(1)
        heard = fan.chunks(1)[2].start_samples + 1000  # in the middle of the third chunk
        await lose(fan)
        await asyncio.sleep(20)
        back = await come_back(room, welcome(fan).resume_token, 1, heard)
        await asyncio.sleep(12)

        again = back.chunks(1)
        assert again[0].start_samples == heard // SAMPLES_PER_FACE_FRAME * SAMPLES_PER_FACE_FRAME
        assert sound(fan.chunks(1), again[0].start_samples) + sound(again) == expected
        frames = np.frombuffer(b"".join(c.face for c in again), np.uint8).reshape(-1, 52)
        assert len(frames) == len(sound(again)) // 2 // SAMPLES_PER_FACE_FRAME
        assert again[-1].last
        back.send(TextInput("And then?"))
        await asyncio.sleep(5)
        assert back.words(2) == "I see. Tell me more!"
        said = room_history(room)
        assert STORY in said, "the rest was heard after all"
        await back.leave()

    run_virtual(story())


def room_history(room: Room) -> list[str]:
    (session,) = room._sessions
    return [message.content for message in session._dialogue.prompt("x").messages]


def test_the_history_holds_only_what_was_heard_when_nobody_comes_back_to_listen() -> None:
    async def story() -> None:
        room = world().room()
        fan = await come_in(room)
        fan.send(TextInput("Tell me a story."))
        await asyncio.sleep(2.3)
        await lose(fan)
        await asyncio.sleep(25)
        back = await come_back(room, welcome(fan).resume_token)
        back.plays = False
        back.send(TextInput("Sorry, I was gone."))
        await asyncio.sleep(5)
        told = next(text for text in room_history(room) if text.startswith("We wrote"))
        assert STORY.startswith(told.rstrip(".… —-")[:20])
        assert "cakes" not in told
        await back.leave()

    run_virtual(story())


def test_time_stands_still_while_the_fan_is_away() -> None:
    async def story() -> None:
        room = world(lines=["So my sister and then she came"], turn_probs=0.02).room()
        fan = await come_in(room)
        await fan.speak(0, words=4)
        await lose(fan)
        await asyncio.sleep(20)
        assert fan.finals() == []
        back = await come_back(room, welcome(fan).resume_token)
        await back.silence(5)
        assert back.finals() == ["So my sister and"]
        await back.leave()

    run_virtual(story())


def test_nothing_has_to_be_acknowledged_again_and_the_formats_stay() -> None:
    async def story() -> None:
        room = world().room()
        fan = await come_in(room)
        await lose(fan)
        back = await come_back(room, welcome(fan).resume_token)
        assert welcome(back).resumed
        assert not welcome(fan).resumed
        assert welcome(back).session_id == welcome(fan).session_id
        assert welcome(back).audio_in == welcome(fan).audio_in
        back.send(TextInput("Tell me a story."))
        await asyncio.sleep(1)
        assert back.chunks()
        assert back.errors() == []
        await back.leave()

    run_virtual(story())


def test_a_token_is_good_once() -> None:
    async def story() -> None:
        room = world().room()
        fan = await come_in(room)
        await lose(fan)
        back = await come_back(room, welcome(fan).resume_token)
        assert welcome(back).resume_token != welcome(fan).resume_token
        thief = await come_back(room, welcome(fan).resume_token)
        await asyncio.wait_for(thief.served, 5)
        assert thief.errors() == ["resume_refused"]
        assert thief.socket.closed == (1008, "resume_refused")
        back.send(TextInput("Tell me a story."))
        await asyncio.sleep(1)
        assert back.chunks(), "the thief changed nothing"
        await thief.leave()
        await back.leave()

    run_virtual(story())


@pytest.mark.parametrize("token", ["", "x" * 32])
def test_a_made_up_token_is_refused(token: str) -> None:
    async def story() -> None:
        fan = await come_back(world().room(), token)
        await asyncio.wait_for(fan.served, 5)
        assert fan.errors() == ["resume_refused"]
        await fan.leave()

    run_virtual(story())


def test_nobody_is_waited_for_longer_than_was_said() -> None:
    async def story() -> None:
        room = world(limits=Limits(max_away_s=10)).room()
        fan = await come_in(room)
        await lose(fan)
        assert room.n_sessions == 1
        await asyncio.sleep(9.5)
        assert room.n_sessions == 1
        await asyncio.sleep(1)
        assert room.n_sessions == 0
        assert room.metrics.resumes.labels("expired")._value.get() == 1
        late = await come_back(room, welcome(fan).resume_token)
        assert late.errors() == ["resume_refused"]
        await late.leave()
        await fan.leave()

    run_virtual(story())


def test_where_it_is_switched_off_a_lost_connection_is_a_lost_visit() -> None:
    async def story() -> None:
        room = world(limits=Limits(max_away_s=0)).room()
        fan = await come_in(room)
        assert welcome(fan).resume_token == ""
        await lose(fan)
        await asyncio.sleep(0.01)
        assert room.n_sessions == 0
        await fan.leave()

    run_virtual(story())


def test_who_says_goodbye_is_not_waited_for() -> None:
    async def story() -> None:
        room = world().room()
        fan = await come_in(room)
        fan.send(Leave())
        await asyncio.sleep(0.01)
        assert room.n_sessions == 0
        back = await come_back(room, welcome(fan).resume_token)
        assert back.errors() == ["resume_refused"]
        await back.leave()
        await fan.leave()

    run_virtual(story())


def test_who_never_acknowledged_is_not_waited_for() -> None:
    async def story() -> None:
        room = world().room()
        fan = Fan(room, Hello())
        fan.send(Hello())
        await asyncio.sleep(0.01)
        await lose(fan)
        await asyncio.sleep(0.01)
        assert room.n_sessions == 0
        await fan.leave()

    run_virtual(story())


def test_a_new_network_takes_over_from_a_connection_that_seems_alive() -> None:
    async def story() -> None:
        room = world().room()
        fan = await come_in(room)
        fan.send(TextInput("Tell me a story."))
        await asyncio.sleep(0.3)
        fan.stop_playing()
        await asyncio.sleep(1)
        back = await come_back(room, welcome(fan).resume_token, 1, 4800)
        await asyncio.sleep(0.1)
        assert fan.errors() == ["taken_over"]
        assert fan.socket.closed == (1008, "taken_over")
        assert back.chunks(1)[0].start_samples == 4800
        assert room.n_sessions == 1
        await asyncio.sleep(12)
        assert back.chunks(1)[-1].last
        await back.leave()
        await fan.leave()

    run_virtual(story())


def test_a_connection_that_takes_nothing_any_more_is_taken_over_at_once() -> None:
    async def story() -> None:
        room = world().room()
        fan = await come_in(room)
        fan.plays = fan.socket.reads = False
        fan.send(TextInput("Tell me a story."))
        await asyncio.sleep(2)
        back = await come_back(room, welcome(fan).resume_token)
        await asyncio.sleep(0.5)
        assert back.chunks(1)[0].start_samples == 0, "the old connection is still saying goodbye to nobody"
        await back.leave()
        await fan.leave()

    run_virtual(story())


def test_a_place_that_is_kept_goes_to_somebody_who_is_there() -> None:
    async def story() -> None:
        room = world(max_sessions=2).room()
        first, second = await come_in(room), await come_in(room)
        await lose(first)
        await asyncio.sleep(1)
        await lose(second)
        third = await come_in(room)
        assert third.errors() == []
        assert room.n_sessions == 2
        back = await come_back(room, welcome(first).resume_token)
        assert back.errors() == ["resume_refused"], "who was away longest lost the place"
        again = await come_back(room, welcome(second).resume_token)
        assert welcome(again).resumed
        for fan in (third, again, back, second, first):
            await fan.leave()

    run_virtual(story())


def test_the_visit_is_not_made_longer_by_losing_it() -> None:
    async def story() -> None:
        room = world(limits=Limits(max_session_s=60)).room()
        fan = await come_in(room)
        for _ in range(3):
            await asyncio.sleep(10)
            await lose(fan)
            await asyncio.sleep(9)
            fan = await come_back(room, welcome(fan).resume_token)
        await asyncio.wait_for(fan.served, 10)
        assert fan.errors() == ["session_over"]
        await fan.leave()

    run_virtual(story())


def test_marks_of_the_future_are_not_believed() -> None:
    async def story() -> None:
        room = world().room()
        fan = await come_in(room)
        fan.send(TextInput("Tell me a story."))
        await asyncio.sleep(1)
        await lose(fan)
        back = await come_back(room, welcome(fan).resume_token, 1, 2**53 - 1)
        back.send(PlaybackMark(99, 5))
        await asyncio.sleep(1)
        assert back.errors() == []
        await back.leave()
        await fan.leave()

    run_virtual(story())
