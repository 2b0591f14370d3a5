"""A guest with a stock Realtime client talks with the avatar, on a virtual clock."""

import asyncio
import json
from typing import Any

import numpy as np
import pytest

from protocol.errors import EngineError
from protocol.messages import Limits
from protocol.timeline import OUTPUT_RATE_HZ
from server.connection import MAX_MISTAKES
from server.realtime.client_events import MAX_EVENT_BYTES
from server.tokens import JoinClaims
from speech.engines.scripted import ScriptedTts
from tests.session.guest import Guest, guest_in, line_at_24_khz
from tests.session.virtual import run_virtual
from tests.session.world import PERSONAS, World

QUESTION = "What is your cat called?"
STORY = "Tell me a story."
LONG = "Once upon a time there was a small town by the sea, and in it lived a cat who could not sleep. " * 3


def story_teller(**settings: Any) -> World:
    return World(lines=["Wait a moment please."], answers={STORY: LONG}, **settings)


# --- the disclosure -----------------------------------------------------------------------------------------


def test_nothing_of_the_fan_is_heard_before_the_avatar_has_said_that_it_is_an_ai() -> None:
    async def story() -> None:
        async with guest_in(World(), informed=False) as guest:
            await guest.stream(line_at_24_khz(5), then_silence_s=1)
            guest.say("response.cancel")
            await guest.until("avatar.disclosed")
            said = guest.all("response.output_audio_transcript.done")[0]["transcript"]
            assert said.startswith(PERSONAS["nova"].disclosure)
            assert guest.errors() == ["disclosure_required"]
            await asyncio.sleep(5)
            assert guest.finals() == []
            await guest.stream(line_at_24_khz(5), then_silence_s=2)
            assert guest.finals() == [QUESTION]

    run_virtual(story())


def test_what_is_typed_during_the_disclosure_is_answered_after_it() -> None:
    async def story() -> None:
        async with guest_in(World(), informed=False) as guest:
            guest.ask(QUESTION)
            await guest.until("avatar.disclosed")
            assert guest.endings() == []
            await guest.until("response.done", 2)
            assert guest.endings() == [("completed", None)]

    run_virtual(story())


def test_a_client_that_has_shown_the_disclosure_may_say_so() -> None:
    async def story() -> None:
        async with guest_in(World(), informed=False) as guest:
            assert guest.all("session.created")[0]["avatar"]["disclosure"] == PERSONAS["nova"].disclosure
            guest.say("avatar.disclosure.acknowledge")
            await asyncio.sleep(0.5)
            assert guest.all("avatar.disclosed")
            assert guest.all("response.done") == []

    run_virtual(story())


def test_without_a_voice_for_the_disclosure_the_door_closes() -> None:
    class Mute(ScriptedTts):
        def run(self, jobs):  # type: ignore[no-untyped-def]
            return [EngineError("mute") for _ in jobs]

    async def story() -> None:
        room = World(tts=Mute()).room()
        guest = Guest(room)
        await asyncio.wait_for(guest.served, 30)
        assert guest.errors()[-1] == "internal"
        assert guest.socket.closed == (1011, "internal")
        assert room.n_sessions == 0

    run_virtual(story())


# --- the conversation ---------------------------------------------------------------------------------------


def test_the_fan_takes_the_turn_and_only_then_the_client_falls_silent() -> None:
    async def story() -> None:
        async with guest_in(story_teller()) as guest:
            guest.ask(STORY)
            await guest.until("response.created", 2)
            await asyncio.sleep(3)
            await guest.stream(line_at_24_khz(4), then_silence_s=3)
            kinds = [event["type"] for event in guest.told()]
            assert guest.endings()[0] == ("cancelled", "turn_detected")
            assert len(guest.all("input_audio_buffer.speech_started")) == 1
            assert kinds.index("input_audio_buffer.speech_started") < kinds.index("avatar.cancelled")
            assert guest.finals() == ["Wait a moment please."]

    run_virtual(story())


def test_a_cough_is_no_turn_and_the_client_plays_on() -> None:
    async def story() -> None:
        async with guest_in(story_teller()) as guest:
            guest.ask(STORY)
            await guest.until("response.created", 2)
            await asyncio.sleep(3)
            await guest.stream(np.full(2400, 9830, "<i2").tobytes(), then_silence_s=3)
            await guest.until("response.done", 2)
            assert guest.all("input_audio_buffer.speech_started") == []
            assert guest.endings() == [("completed", None)]
            assert [event["gain"] for event in guest.all("avatar.duck")][-1:] in ([], [1.0])

    run_virtual(story())


def test_a_truncated_reply_is_remembered_as_far_as_it_was_heard() -> None:
    async def story() -> None:
        world = story_teller()
        async with guest_in(world) as guest:
            guest.ask(STORY)
            await guest.until("response.created", 2)
            await asyncio.sleep(2.5)
            item_id = guest.all("response.output_item.added")[1]["item"]["id"]
            guest.say("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=2000)
            assert (await guest.until("conversation.item.truncated"))["audio_end_ms"] == 2000
            await guest.until("response.done", 2)
            assert guest.endings() == [("cancelled", "client_cancelled")]
            words = [w for e in guest.all("avatar.chunk") if e["item_id"] == item_id for w in e["words"]]
            heard = [word["text"] for word in words if word["end_samples"] <= 2 * OUTPUT_RATE_HZ]
            guest.ask("And then?")
            await guest.until("response.done", 3)
            assert world.llm.streamed[-1].messages[-2].content == " ".join(heard) + " —"

    run_virtual(story())


def test_more_cannot_be_truncated_than_was_sent() -> None:
    async def story() -> None:
        async with guest_in(story_teller()) as guest:
            guest.ask(STORY)
            item_id = (await guest.until("response.output_item.added", 2))["item"]["id"]
            guest.say("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=60_000)
            guest.say("conversation.item.truncate", item_id="item_9", content_index=0, audio_end_ms=1)
            await guest.until("error", 2)
            assert guest.errors() == ["invalid_value", "item_not_found"]

    run_virtual(story())


def test_a_response_is_cancelled() -> None:
    async def story() -> None:
        async with guest_in(story_teller()) as guest:
            guest.say("response.cancel")
            guest.ask(STORY)
            await guest.until("response.created", 2)
            guest.say("response.cancel")
            await guest.until("response.done", 2)
            assert guest.endings() == [("cancelled", "client_cancelled")]
            assert guest.errors() == ["response_cancel_not_active"]

    run_virtual(story())


def test_one_response_at_a_time_and_none_to_nothing() -> None:
    async def story() -> None:
        async with guest_in(story_teller()) as guest:
            guest.say("response.create")
            guest.ask(STORY)
            guest.ask("And another one!")
            await guest.until("response.created", 2)
            assert guest.errors() == ["nothing_to_answer", "conversation_already_has_active_response"]

    run_virtual(story())


def test_every_accepted_response_is_done_also_when_the_model_fails() -> None:
    async def story() -> None:
        world = World()
        async with guest_in(world) as guest:
            world.llm._default = None
            guest.ask("Will you fail?")
            done = await guest.until("response.done", 2)
            assert done["response"]["status"] == "failed"
            assert guest.errors() == ["engine_failed"]

    run_virtual(story())


def test_committed_sound_without_a_voice_is_a_failed_response() -> None:
    async def story() -> None:
        async with guest_in(World()) as guest:
            guest.say("input_audio_buffer.commit")
            detection = {"audio": {"input": {"turn_detection": None}}}
            guest.say("session.update", session={"type": "realtime", **detection})
            guest.say("input_audio_buffer.commit")
            guest.append(bytes(OUTPUT_RATE_HZ))
            guest.say("input_audio_buffer.commit")
            guest.say("response.create")
            done = await guest.until("response.done", 2)
            assert done["response"]["status_details"]["error"]["code"] == "no_speech"
            assert guest.errors() == ["unsupported", "input_audio_buffer_commit_empty"]

    run_virtual(story())


# --- limits -------------------------------------------------------------------------------------------------


def test_a_giant_event_ends_the_connection() -> None:
    async def story() -> None:
        async with guest_in(World()) as guest:
            guest.say("conversation.item.create", item={"text": "x" * MAX_EVENT_BYTES})
            await asyncio.wait_for(guest.served, 5)
            assert (guest.errors(), guest.socket.closed) == (["too_large"], (1009, "too_large"))

    run_virtual(story())


def test_one_mistake_after_another_ends_the_connection() -> None:
    async def story() -> None:
        async with guest_in(World()) as guest:
            for _ in range(MAX_MISTAKES + 1):
                guest.socket.up.put_nowait("?")
            await asyncio.wait_for(guest.served, 5)
            assert set(guest.errors()[:-1]) == {"invalid_json"}
            assert guest.socket.closed == (1008, "rate_limited")

    run_virtual(story())


def test_sound_far_ahead_of_time_is_dropped_with_a_code() -> None:
    async def story() -> None:
        async with guest_in(World()) as guest:
            for _ in range(60):
                guest.append(bytes(60_000))
                await asyncio.sleep(0.01)
                if guest.errors():
                    break
            assert guest.errors() == ["rate_limited"]

    run_virtual(story())


@pytest.mark.parametrize(
    ("limits", "closed"),
    [
        (Limits(max_idle_s=2), (1008, "idle")),
        (Limits(max_session_s=2), (1000, "session_over")),
    ],
)
def test_time_is_limited(limits: Limits, closed: tuple[int, str]) -> None:
    async def story() -> None:
        guest = Guest(World(limits=limits).room())
        await asyncio.wait_for(guest.served, 30)
        assert guest.socket.closed == closed
        assert guest.errors() == [closed[1]]

    run_virtual(story())


def test_who_does_not_read_is_given_up() -> None:
    async def story() -> None:
        async with guest_in(World(), informed=False) as guest:
            guest.socket.reads = False
            await asyncio.wait_for(guest.served, 30)
            assert guest.socket.closed == (1008, "slow_reader")

    run_virtual(story())


def test_a_full_room_says_busy() -> None:
    async def story() -> None:
        room = World(max_sessions=1, max_waiting=5).room()
        first, second = Guest(room), Guest(room)
        await asyncio.wait_for(second.served, 5)
        assert (second.errors(), second.socket.closed) == (["busy"], (1013, "busy"))
        await first.leave()

    run_virtual(story())


@pytest.mark.parametrize("key", ["", "sk-forged", "a.b.c"])
def test_where_tokens_are_needed_another_key_is_refused(key: str) -> None:
    async def story() -> None:
        guest = Guest(World(tokens_required=True).room(), key)
        await asyncio.wait_for(guest.served, 5)
        assert (guest.errors(), guest.socket.closed) == (["bad_token"], (1008, "bad_token"))

    run_virtual(story())


@pytest.mark.parametrize(
    "claims",
    [
        JoinClaims(event="e1", ticket="t1"),
        JoinClaims(event="e1", role="spectator"),
        JoinClaims(event="e1", role="host"),
        JoinClaims(role="spectator"),
    ],
)
def test_nobody_walks_past_the_line_of_an_event(claims: JoinClaims) -> None:
    async def story() -> None:
        room = World().room()
        guest = Guest(room, room.signer.sign(claims, valid_s=60))
        await asyncio.wait_for(guest.served, 10)
        assert (guest.errors(), guest.socket.closed) == (["bad_token"], (1008, "bad_token"))
        assert room.n_sessions == 0

    run_virtual(story())


def test_a_join_token_chooses_the_persona_and_the_address_the_face() -> None:
    async def story() -> None:
        room = World(tokens_required=True).room()
        other = next(key for key in PERSONAS if key != "nova")
        guest = Guest(room, room.signer.sign(JoinClaims(persona=other), valid_s=60), face="oculus15")
        created = await guest.until("session.created")
        assert (created["session"]["model"], len(created["avatar"]["face"]["names"])) == (other, 15)
        await guest.leave()
        wrong = Guest(World().room(), face="clown")
        await asyncio.wait_for(wrong.served, 5)
        assert (wrong.errors(), wrong.socket.closed) == (["malformed"], (1008, "malformed"))

    run_virtual(story())


def test_what_one_guest_says_reaches_no_other() -> None:
    async def story() -> None:
        room = World().room()
        guests = [Guest(room), Guest(room)]
        for guest in guests:
            await guest.until("avatar.disclosed")
        guests[0].ask(QUESTION)
        await guests[0].until("response.done", 2)
        assert "Miso" in json.dumps(guests[0].told())
        assert "Miso" not in json.dumps(guests[1].told())
        assert guests[1].endings() == []
        for guest in guests:
            await guest.leave()

    run_virtual(story())
