"""What bad input gets: a coded error or a sensible reply, and no neighbour notices."""

import asyncio
from typing import Any

import msgpack
import numpy as np
import pytest

from avatar.engines.scripted import ScriptedLlm
from protocol.messages import (
    AudioChunk,
    DisclosureAcknowledged,
    ErrorMessage,
    Hello,
    Limits,
    Ping,
    PlaybackMark,
    Pong,
    TextInput,
    Welcome,
)
from protocol.timeline import AudioFormat
from server.connection import MAX_MISTAKES
from server.tokens import JoinClaims
from speech.engines.scripted import spoken_line
from tests.session.virtual import run_virtual
from tests.session.world import Fan, World, fan_in, fans_in


def packed(**fields: Any) -> bytes:
    return msgpack.packb(fields)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "malformed"),
        (b"\xff\xff\xff", "malformed"),
        ("hello", "malformed"),
        (packed(type="audio"), "malformed"),
        (packed(type="audio", audio="text"), "malformed"),
        (packed(type="audio", audio=b"odd"), "malformed"),
        (packed(type="text", text="x" * 3000), "malformed"),
        (packed(type="dance"), "unknown_type"),
        (packed(type="hello"), "illegal_state"),
        (packed(type="playback.mark", reply_id=-1, heard_samples=0), "malformed"),
    ],
)
def test_a_mistake_gets_its_code_and_the_talk_goes_on(data: bytes | str, code: str) -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            fan.socket.up.put_nowait(data)
            await asyncio.sleep(0.1)
            assert fan.errors() == [code]
            assert fan.all(ErrorMessage)[0].fatal is False
            fan.send(TextInput("What is your cat called?"))
            await asyncio.sleep(4)
            assert fan.words() == "Miso. She runs the house."

    run_virtual(story())


def test_a_message_of_100_kb_ends_the_connection_with_a_code() -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            fan.socket.up.put_nowait(packed(type="text", text="x" * 100_000))
            await asyncio.wait_for(fan.served, 5)
            assert fan.errors() == ["too_large"]
            assert fan.socket.closed == (1009, "too_large")

    run_virtual(story())


def test_one_mistake_after_another_ends_the_connection() -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            for _ in range(MAX_MISTAKES + 1):
                fan.socket.up.put_nowait(b"?")
            await asyncio.wait_for(fan.served, 5)
            assert fan.errors()[-1] == "rate_limited"
            assert fan.socket.closed == (1008, "rate_limited")

    run_virtual(story())


def test_audio_before_the_disclosure_was_acknowledged_is_dropped() -> None:
    async def story() -> None:
        fan = Fan(World().room(), Hello())
        fan.send(Hello())
        fan.send(AudioChunk(b"\0\0"))
        fan.send(TextInput("hello"))
        await asyncio.sleep(1)
        assert fan.errors() == ["disclosure_required", "disclosure_required"]
        fan.send(DisclosureAcknowledged())
        fan.send(TextInput("What is your cat called?"))
        await asyncio.sleep(5)
        assert fan.words() == "Miso. She runs the house."
        await fan.leave()

    run_virtual(story())


@pytest.mark.parametrize("audio_in", [AudioFormat("pcm16", 11_025), AudioFormat("mp3", 16_000)])
def test_a_format_that_is_not_spoken_is_refused(audio_in: AudioFormat) -> None:
    async def story() -> None:
        fan = Fan(World().room(), Hello())
        fan.send(Hello(audio_in=audio_in))
        await asyncio.wait_for(fan.served, 5)
        assert fan.errors() == ["unsupported"]
        assert fan.room.n_sessions == 0
        await fan.leave()

    run_virtual(story())


def test_another_version_of_the_protocol_is_refused() -> None:
    async def story() -> None:
        fan = Fan(World().room(), Hello())
        fan.send(Hello(version="2.0"))
        await asyncio.wait_for(fan.served, 5)
        assert fan.errors() == ["unsupported"]
        await fan.leave()

    run_virtual(story())


def test_somebody_who_never_says_hello_is_shown_out() -> None:
    async def story() -> None:
        fan = Fan(World().room(), Hello())
        await asyncio.wait_for(fan.served, 60)
        assert fan.socket.closed == (1008, "idle")
        await fan.leave()

    run_virtual(story())


def test_somebody_who_says_nothing_more_is_shown_out() -> None:
    async def story() -> None:
        async with fan_in(World(limits=Limits(max_idle_s=30))) as fan:
            await asyncio.wait_for(fan.served, 60)
            assert fan.errors() == ["idle"]

    run_virtual(story())


def test_a_visit_has_an_end() -> None:
    async def story() -> None:
        async with fan_in(World(limits=Limits(max_session_s=60))) as fan:
            for _ in range(8):
                fan.send(Ping())
                await asyncio.sleep(10)
            assert fan.errors() == ["session_over"]
            assert fan.socket.closed == (1000, "session_over")

    run_virtual(story())


def test_a_full_room_says_so() -> None:
    async def story() -> None:
        world = World(max_sessions=1)
        async with fan_in(world) as fan:
            late = Fan(fan.room, Hello())
            await late.enter()
            await asyncio.wait_for(late.served, 5)
            assert late.errors() == ["busy"]
            assert late.socket.closed == (1013, "busy")
            await late.leave()

    run_virtual(story())


def test_a_join_token_is_checked() -> None:
    async def story() -> None:
        room = World(tokens_required=True).room()
        for token in ("", "forged", room.signer.sign(_claims(), valid_s=-1)):
            fan = Fan(room, Hello(token=token))
            await fan.enter()
            await asyncio.wait_for(fan.served, 5)
            assert fan.errors() == ["bad_token"]
            assert not token or token not in str(fan.all(ErrorMessage))
            await fan.leave()
        fan = Fan(room, Hello(token=room.signer.sign(_claims("bram"), valid_s=60)))
        await fan.enter()
        await asyncio.sleep(0.1)
        assert fan.all(Welcome)[0].persona.id == "bram"
        await fan.leave()

    run_virtual(story())


def _claims(persona: str = "") -> JoinClaims:
    return JoinClaims(persona=persona)


def test_a_client_that_never_reads_is_dropped_and_its_neighbour_is_not() -> None:
    async def story() -> None:
        async with fans_in(World(), 2) as (deaf, neighbour):
            deaf.socket.reads = False
            deaf.send(TextInput("What is your cat called?"))
            neighbour.send(TextInput("What is your cat called?"))
            await asyncio.wait_for(deaf.served, 60)
            assert deaf.socket.closed == (1008, "slow_reader")
            await asyncio.sleep(3)
            assert neighbour.words() == "Miso. She runs the house."

    run_virtual(story())


def test_a_flood_of_messages_is_limited() -> None:
    async def story() -> None:
        async with fan_in(World(limits=Limits(max_messages_per_s=10))) as fan:
            for nonce in range(30):
                fan.send(Ping(nonce))
            await asyncio.sleep(0.1)
            assert len(fan.all(Pong)) <= 20
            assert set(fan.errors()) == {"rate_limited"}

    run_virtual(story())


def test_audio_far_ahead_of_real_time_is_dropped_with_a_code() -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            for _ in range(60):
                fan.send(AudioChunk(bytes(3200 * 2)))
            await asyncio.sleep(0.1)
            assert set(fan.errors()) == {"rate_limited"}

    run_virtual(story())


def test_two_seconds_at_once_after_a_stall_are_heard_as_one_question() -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            data = (spoken_line(0, 5) * 32767).astype("<i2").tobytes()
            for begin in range(0, len(data), 640):
                fan.send(AudioChunk(data[begin : begin + 640]))
            await fan.silence(4)
            assert fan.finals() == ["What is your cat called?"]
            assert fan.words() == "Miso. She runs the house."

    run_virtual(story())


def test_a_microphone_that_goes_dead_ends_the_turn() -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            await fan.speak(0, words=5)
            await asyncio.sleep(4)
            assert fan.words() == "Miso. She runs the house."
            await fan.speak(1, words=5)
            await asyncio.sleep(4)
            assert fan.finals() == ["What is your cat called?", "And how old is she?"]

    run_virtual(story())


def test_marks_from_nowhere_are_ignored() -> None:
    async def story() -> None:
        world = World()
        async with fan_in(world) as fan:
            fan.plays = False
            fan.send(PlaybackMark(77, 10**9))
            fan.send(TextInput("What is your cat called?"))
            await asyncio.sleep(0.5)
            fan.send(PlaybackMark(1, 10**12))
            await asyncio.sleep(5)
            assert fan.errors() == []
            assert fan.words() == "Miso. She runs the house."

    run_virtual(story())


def test_ten_minutes_without_a_pause_are_bounded_and_answered() -> None:
    async def story() -> None:
        world = World(lines=["word " * 4000], llm=ScriptedLlm({}))
        async with fan_in(world) as fan:
            await fan.speak(0, words=2000)
            await fan.silence(3)
            assert fan.errors() == []
            (final,) = fan.finals()
            assert 1900 < len(final.split()) <= 2040, "at most a word is heard twice at each of 40 joints"
            assert fan.words() == "I see. Tell me more!"
            assert len(world.llm.streamed[-1].messages[-1].content) < 8000, "the prompt stays bounded"

    run_virtual(story())


def test_a_fifth_of_the_audio_lost_is_still_a_turn() -> None:
    async def story() -> None:
        world = World(lines=["word " * 40], llm=ScriptedLlm({}))
        async with fan_in(world) as fan:
            whole = spoken_line(0, 20).reshape(-1, 320)
            keep = np.random.default_rng(1).random(len(whole)) > 0.2
            for row in whole[keep]:
                await fan.stream(row)
            await fan.silence(3)
            assert len(fan.finals()) == 1
            assert fan.words() == "I see. Tell me more!"

    run_virtual(story())
