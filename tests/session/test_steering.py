"""What a host asks of a conversation: directions, topics, silence."""

import asyncio
from collections.abc import Callable

import pytest

from avatar.llm import Prompt
from protocol.errors import UnsupportedError
from protocol.messages import ReplyCancelled, TextInput
from tests.session.test_taps import Notes, session_of
from tests.session.virtual import run_virtual
from tests.session.world import PERSONAS, World, fan_in


def spoken(answers: dict[str, str]) -> Callable[[Prompt], str]:
    """Answers by what the end of the prompt holds, whatever stands around it."""

    def answer(prompt: Prompt) -> str:
        asked = prompt.messages[-1].content
        return next((said for words, said in answers.items() if words in asked), "I see. Tell me more!")

    return answer


LONG = "One two three four five six seven eight nine ten eleven twelve."


def test_a_direction_steers_the_next_answer_and_only_that() -> None:
    async def story() -> None:
        world = World(answers=spoken({"hi": "Hello! We go on tour.", "and now?": "Nothing."}))
        async with fan_in(world) as fan:
            session_of(fan).steering.direct("mention the tour")
            fan.send(TextInput("hi"))
            await asyncio.sleep(5)
            fan.send(TextInput("and now?"))
            await asyncio.sleep(5)
            first, second = world.llm.streamed
            assert "mention the tour" in first.messages[-1].content
            assert "mention the tour" not in " ".join(m.content for m in second.messages), "and it is not remembered"
            assert "mention" not in fan.words()

    run_virtual(story())


def test_a_direction_that_was_overlooked_is_asked_for_again_a_few_times() -> None:
    async def story() -> None:
        world = World(answers=spoken({"hi": "Hello!"}))
        async with fan_in(world) as fan:
            session_of(fan).steering.direct("mention the tour")
            for _ in range(5):
                fan.send(TextInput("hi"))
                await asyncio.sleep(5)
            asked = ["mention the tour" in prompt.messages[-1].content for prompt in world.llm.streamed]
            assert asked == [True, True, True, False, False]

    run_virtual(story())


def test_a_direction_that_the_model_reads_aloud_is_not_spoken() -> None:
    async def story() -> None:
        world = World(answers=spoken({"hi": "Mention the tour. We play in Porto in May!", "you?": "Mention the tour."}))
        async with fan_in(world) as fan:
            session_of(fan).steering.direct("mention the tour")
            fan.send(TextInput("hi"))
            await asyncio.sleep(6)
            assert fan.words(1) == "We play in Porto in May!"
            session_of(fan).steering.direct("mention the tour")
            fan.send(TextInput("you?"))
            await asyncio.sleep(6)
            assert fan.words(2) == "Tell me more about that!", "something is said all the same"

    run_virtual(story())


def test_a_directed_answer_is_not_the_one_that_was_written_before() -> None:
    async def story() -> None:
        prepared = PERSONAS["nova"].facts[0].prepared[0]
        world = World(answers=spoken({prepared.asked[0]: "Miso, and she tours with us."}), rehearse=True)
        async with fan_in(world) as fan:
            session_of(fan).steering.direct("mention the tour")
            fan.send(TextInput(prepared.asked[0]))
            await asyncio.sleep(6)
            assert fan.words(1) == "Miso, and she tours with us."

    run_virtual(story())


def test_no_direction_makes_the_avatar_human() -> None:
    async def story() -> None:
        async with fan_in(World(answers=spoken({"hi": "I am a real human, I promise."}))) as fan:
            session_of(fan).steering.direct("say that you are a real human")
            fan.send(TextInput("hi"))
            await asyncio.sleep(8)
            assert fan.words() == PERSONAS["nova"].disclosure

    run_virtual(story())


def test_a_vetoed_topic_is_declined_and_kept_out_of_answers() -> None:
    async def story() -> None:
        world = World(answers=spoken({"what next?": "Well. The album comes in May."}))
        async with fan_in(world) as fan:
            session_of(fan).steering.forbid("album")
            fan.send(TextInput("How is the new album?"))
            await asyncio.sleep(5)
            assert fan.words(1) == "Let's talk about something else."
            assert world.llm.streamed == []
            fan.send(TextInput("what next?"))
            await asyncio.sleep(6)
            assert fan.words(2) == "Well. Let's talk about something else."

    run_virtual(story())


def test_an_approved_topic_is_answered() -> None:
    async def story() -> None:
        boundary = PERSONAS["nova"].not_discussed[0]
        asked = f"Tell me about {boundary.phrases[0].rstrip('*')}"
        async with fan_in(World(answers=spoken({asked: "Gladly."}))) as fan:
            steering = session_of(fan).steering
            assert steering.touched(asked) == boundary.topic
            fan.send(TextInput(asked))
            await asyncio.sleep(8)
            assert fan.words(1) == boundary.line
            steering.allow(boundary.topic)
            fan.send(TextInput(asked))
            await asyncio.sleep(5)
            assert fan.words(2) == "Gladly."

    run_virtual(story())


def test_a_topic_needs_words() -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            with pytest.raises(UnsupportedError):
                session_of(fan).steering.forbid("?!")

    run_virtual(story())


def test_a_muted_conversation_is_silent_and_deaf_until_it_is_not() -> None:
    async def story() -> None:
        world = World(answers=spoken({"hi": LONG, "What is your cat called?": "Miso."}))
        async with fan_in(world) as fan:
            notes = Notes()
            session_of(fan).tap(notes)
            fan.send(TextInput("hi"))
            await asyncio.sleep(2)
            session_of(fan).lead("nobody")
            await fan.speak(0, words=5)
            await fan.silence(3)
            fan.send(TextInput("hello?"))
            await asyncio.sleep(2)
            assert [c.reason for c in fan.all(ReplyCancelled)] == ["interrupt"]
            assert fan.finals() == ["hi"]
            assert {c.reply_id for c in fan.chunks()} == {1}
            session_of(fan).lead("avatar")
            await fan.speak(0, words=5)
            await fan.silence(3)
            assert fan.finals() == ["hi", "What is your cat called?"]
            assert fan.words().endswith("Miso.")

    run_virtual(story())


def test_a_mute_amid_the_fans_words_ends_in_silence_not_in_an_error() -> None:
    async def story() -> None:
        async with fan_in(World(answers=spoken({"What is your cat called?": "Miso."}))) as fan:
            speaking = asyncio.create_task(fan.speak(0, words=5))
            await asyncio.sleep(0.7)
            session_of(fan).lead("nobody")
            await speaking
            await fan.silence(30)
            assert fan.chunks() == []
            assert fan.errors() == []
            session_of(fan).lead("avatar")
            fan.send(TextInput("What is your cat called?"))
            await asyncio.sleep(5)
            assert fan.words() == "Miso."

    run_virtual(story())


def test_what_is_said_to_a_host_is_remembered_and_not_answered() -> None:
    async def story() -> None:
        world = World(answers=spoken({"And you?": "Fine."}))
        async with fan_in(world) as fan:
            session_of(fan).lead("host")
            await fan.speak(0, words=5)
            await fan.silence(3)
            session_of(fan).speaker.remember(session_of(fan).number_reply(), "It is Miso!")
            session_of(fan).lead("avatar")
            assert fan.finals() == ["What is your cat called?"]
            assert fan.chunks() == []
            fan.send(TextInput("And you?"))
            await asyncio.sleep(4)
            said = [m.content for m in world.llm.streamed[0].messages][-3:]
            assert said == ["What is your cat called? ...", "It is Miso!", "And you?"] or said[1:] == [
                "It is Miso!",
                "And you?",
            ]
            assert "What is your cat called?" in said[0]

    run_virtual(story())
