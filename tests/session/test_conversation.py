"""Whole conversations with scripted engines on a virtual clock: what a fan says, what a fan gets, and when."""

import asyncio
from itertools import pairwise

import numpy as np
import pytest

from avatar.engines.scripted import ScriptedLlm
from protocol.errors import EngineError
from protocol.messages import (
    ConsentChange,
    Consents,
    Interrupt,
    Leave,
    Listening,
    Notice,
    ReplyCancelled,
    ReplyChunk,
    ReplyDuck,
    TextInput,
    Transcript,
    TurnReport,
    Welcome,
)
from protocol.timeline import OUTPUT_RATE_HZ, SAMPLES_PER_FACE_FRAME
from server.batching import Priority
from server.lanes import InlineLane
from speech.engines.scripted import ScriptedTts, spoken_line
from tests.session.virtual import run_virtual
from tests.session.world import PERSONAS, World, fan_in, fans_in


def test_a_question_is_answered_with_voice_face_and_words() -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            await fan.silence(0.5)
            ended_at = await fan.speak(0, words=5)
            await fan.silence(3)
            assert fan.finals() == ["What is your cat called?"]
            assert fan.words() == "Miso. She runs the house."
            first_at = next(at for at, m in fan.heard() if isinstance(m, ReplyChunk))
            assert 0.15 < first_at - ended_at < 0.6
            report = fan.all(TurnReport)[0]
            assert report.kind == "llm"
            assert report.voice_to_voice_ms == pytest.approx((first_at - ended_at) * 1000, abs=40)
            assert 0 <= report.commit_to_face_ms <= report.voice_to_voice_ms

    run_virtual(story())


def test_every_chunk_carries_the_face_of_exactly_its_audio() -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            await fan.speak(0, words=5)
            await fan.silence(3)
            names = fan.all(Welcome)[0].face.names
            chunks = fan.chunks()
            assert [c.seq for c in chunks] == list(range(len(chunks)))
            assert [c.last for c in chunks] == [False] * (len(chunks) - 1) + [True]
            for before, after in pairwise(chunks):
                assert after.start_samples == before.start_samples + len(before.audio) // 2
            for chunk in chunks:
                assert len(chunk.face) * SAMPLES_PER_FACE_FRAME == len(chunk.audio) // 2 * len(names)
                for span in (*chunk.words, *chunk.visemes):
                    assert chunk.start_samples <= span.start_samples < chunk.start_samples + len(chunk.audio) // 2
            jaw = np.frombuffer(b"".join(c.face for c in chunks), np.uint8).reshape(-1, len(names))
            assert jaw[:, names.index("jawOpen")].max() > 20, "the mouth moves"

    run_virtual(story())


def test_the_avatar_greets_and_says_that_it_is_an_ai_first() -> None:
    async def story() -> None:
        async with fan_in(World(greet=True)) as fan:
            await asyncio.sleep(30)
            nova = PERSONAS["nova"]
            assert fan.all(Welcome)[0].disclosure == nova.disclosure
            assert fan.words() == f"{nova.disclosure} {nova.greeting}"

    run_virtual(story())


def test_a_fact_that_nobody_told_is_not_made_up() -> None:
    async def story() -> None:
        world = World(answers=lambda prompt: "My shoe size is ten.")
        async with fan_in(world) as fan:
            told = []
            for reply_id in (1, 2):
                fan.send(TextInput("What is your shoe size?"))
                await asyncio.sleep(12)
                told.append(fan.words(reply_id))
            assert tuple(told) == PERSONAS["nova"].not_known[:2], "asked again, it says so in other words"
            assert {report.kind for report in fan.all(TurnReport)} == {"prepared"}
            assert world.llm.streamed == []

    run_virtual(story())


@pytest.mark.parametrize("question", ["Are you real?", "are you a robot or a human being", "am i talking to an ai"])
def test_whether_it_is_real_is_not_the_models_business(question: str) -> None:
    async def story() -> None:
        world = World(lines=[question], answers={question: "Yes, I am a real person!"})
        async with fan_in(world) as fan:
            await fan.speak(0, words=len(question.split()))
            await fan.silence(9)
            assert fan.words() == PERSONAS["nova"].disclosure
            assert fan.all(TurnReport)[0].kind == "disclosure"
            assert world.llm.streamed == []

    run_virtual(story())


def test_a_model_that_claims_to_be_human_is_not_heard() -> None:
    async def story() -> None:
        world = World(answers={"What is your cat called?": "Miso. I'm a real person, you know. And she is lovely."})
        async with fan_in(world) as fan:
            await fan.speak(0, words=5)
            await fan.silence(8)
            assert fan.words() == f"Miso. {PERSONAS['nova'].disclosure}"

    run_virtual(story())


def test_the_creators_answer_is_given_once_and_without_the_model() -> None:
    async def story() -> None:
        prepared = PERSONAS["nova"].facts[0].prepared[0]
        question = prepared.asked[0]
        world = World(answers={question: "As I said, Miso."}, rehearse=True)
        async with fan_in(world) as fan:
            fan.send(TextInput(question))
            await asyncio.sleep(0.05)
            assert fan.chunks(1), "the voice lay ready"
            await asyncio.sleep(9)
            assert fan.words(1) == prepared.answer
            assert fan.all(TurnReport)[0].kind == "prepared"
            assert world.llm.streamed == []
            fan.send(TextInput(question))
            await asyncio.sleep(9)
            assert fan.words(2) == "As I said, Miso."

    run_virtual(story())


def test_partials_are_shown_while_the_fan_speaks() -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            await fan.speak(0, words=5)
            await fan.silence(2)
            shown = [(t.text, t.final) for t in fan.all(Transcript)]
            assert len(shown) >= 3
            assert shown[-1] == ("What is your cat called?", True)
            assert all(shown[-1][0].startswith(text) for text, final in shown[:-1] if not final)

    run_virtual(story())


def test_a_pause_inside_a_sentence_is_waited_out() -> None:
    async def story() -> None:
        world = World(lines=["So my sister and", "I love your songs."], answers={})
        async with fan_in(world) as fan:
            await fan.speak(0, words=4)
            await fan.silence(1.0)
            await fan.speak(1, words=4)
            await fan.silence(2)
            assert fan.finals() == ["So my sister and I love your songs."]
            assert [m.content for m in world.llm.streamed[-1].messages][-1] == fan.finals()[0]

    run_virtual(story())


def test_a_guess_that_was_wrong_is_never_heard() -> None:
    async def story() -> None:
        world = World(lines=["I love your songs", "but not that one."], answers={}, turn_probs=[0.6, 0.95])
        async with fan_in(world) as fan:
            await fan.speak(0, words=4)
            await fan.silence(1.4)
            await fan.speak(1, words=4)
            await fan.silence(2)
            assert len(world.llm.streamed) == 2, "a reply was begun for the first half"
            assert {c.reply_id for c in fan.chunks()} == {2}
            assert fan.all(ReplyCancelled) == []

    run_virtual(story())


def test_every_job_of_the_ears_says_whose_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lanes can only take turns between fans when they know them."""
    asked: dict[str, set[str]] = {}
    plain = InlineLane.ask

    async def noted(lane: InlineLane, job: object, priority: Priority = Priority.COMMITTED, *args, **names) -> object:
        asked.setdefault(lane.name, set()).add(names.get("session") or (args[0] if args else ""))
        return await plain(lane, job, priority, *args, **names)

    monkeypatch.setattr(InlineLane, "ask", noted)

    async def story() -> None:
        async with fan_in(World(lines=["I saw you there"], answers={})) as fan:
            await fan.speak(0, words=4)
            await fan.silence(4)
            (session,) = {welcome.session_id for welcome in fan.all(Welcome)}
            assert [asked[lane] for lane in ("vad", "asr", "turn", "ending", "tts", "llm")] == [{session}] * 6

    run_virtual(story())


def test_only_what_was_begun_before_its_commit_counts_as_a_guess() -> None:
    async def story() -> None:
        async with fan_in(World(answers={"hello": "Hi."})) as fan:
            kept = fan.room.metrics.speculations.labels("kept")
            fan.send(TextInput("hello"))
            await asyncio.sleep(3)
            assert fan.words() == "Hi."
            assert kept._value.get() == 0, "a typed turn is committed at once"
            await fan.speak(0, words=5)
            await fan.silence(2)
            assert kept._value.get() == 1, "a spoken one is begun while its end is judged"

    run_virtual(story())


LONG = " ".join(f"This is sentence number {n} of a very long story." for n in range(1, 9))


def test_an_opening_is_heard_before_the_model_has_thought_and_the_model_goes_on_from_it() -> None:
    async def story() -> None:
        world = World(
            lines=["I have been listening to you since school.", "Your voice is so beautiful."],
            answers=lambda prompt: "What do you listen to?",
            openings=True,
            rehearse=True,
            llm_s=1.0,
        )
        async with fan_in(world) as fan:
            spoke_until = await fan.speak(0, words=8)
            await fan.silence(6)
            first = next(at for at, m in fan.heard() if isinstance(m, ReplyChunk))
            assert first - spoke_until < 0.4, "the model needs a second"
            praised = PERSONAS["nova"].openings["praise"]
            assert fan.words(1) == f"{praised[0]} What do you listen to?"
            assert world.llm.streamed[-1].begun == praised[0]
            report = fan.all(TurnReport)[-1]
            assert report.kind == "opening"
            spoken = [w for c in fan.chunks(1) for w in c.words]
            assert [w.text for w in spoken if w.end_samples <= report.opening_samples] == praised[0].split()
            await fan.speak(1, words=5)
            await fan.silence(6)
            assert fan.words(2) == f"{praised[1]} What do you listen to?", "never the same twice in a row"

    run_virtual(story())


def test_a_model_that_cannot_go_on_from_a_beginning_begins_itself() -> None:
    async def story() -> None:
        world = World(lines=["I love your music so much."], answers={}, openings=True)
        world.llm = ScriptedLlm({})
        world.llm.goes_on = False
        async with fan_in(world) as fan:
            await fan.speak(0, words=6)
            await fan.silence(4)
            assert fan.words(1) == "I see. Tell me more!"
            assert fan.all(TurnReport)[-1].kind == "llm"

    run_virtual(story())


def test_backchannels_duck_the_avatar_and_let_it_go_on() -> None:
    async def story() -> None:
        world = World(lines=["Tell me a story.", "Uh-huh. Wow!"], answers={"Tell me a story.": LONG})
        async with fan_in(world) as fan:
            await fan.speak(0, words=4)
            await fan.silence(4)
            await fan.speak(1, words=2)
            await fan.silence(30)
            assert [duck.gain < 1 for duck in fan.all(ReplyDuck)] == [True, False]
            assert fan.all(ReplyCancelled) == []
            assert fan.words() == LONG

    run_virtual(story())


def test_a_soft_echo_neither_ducks_nor_stops_the_avatar() -> None:
    async def story() -> None:
        world = World(lines=["Tell me a story.", "sentence number three"], answers={"Tell me a story.": LONG})
        async with fan_in(world) as fan:
            await fan.speak(0, words=4)
            await fan.silence(4)
            await fan.stream(0.012 * np.sign(spoken_line(1, 3)))  # -38 dB, where the fan has -20
            await fan.silence(30)
            assert fan.all(ReplyDuck) == []
            assert fan.words() == LONG

    run_virtual(story())


def test_interrupting_stops_the_voice_closes_the_mouth_and_cuts_the_memory() -> None:
    async def story() -> None:
        world = World(lines=["Tell me a story.", "Wait a moment please."], answers={"Tell me a story.": LONG})
        async with fan_in(world) as fan:
            await fan.speak(0, words=4)
            await fan.silence(4)
            spoke_at = asyncio.get_running_loop().time()
            await fan.speak(1, words=4)
            await fan.silence(3)
            cancelled = fan.all(ReplyCancelled)[0]
            cancelled_at = next(at for at, m in fan.heard() if isinstance(m, ReplyCancelled))
            assert cancelled.reason == "barge_in"
            assert cancelled_at - spoke_at < 0.4
            assert not [
                1 for at, m in fan.heard() if isinstance(m, ReplyChunk) and m.reply_id == 1 and at > cancelled_at
            ]
            closing = np.frombuffer(fan.all(Listening)[0].face, np.uint8).reshape(-1, 52)
            assert closing[0, fan.all(Welcome)[0].face.names.index("jawOpen")] <= 2
            told = [w.text for c in fan.chunks(1) for w in c.words if w.end_samples <= cancelled.heard_samples]
            remembered = world.llm.streamed[-1].messages[-2].content
            assert remembered.startswith(" ".join(told))
            assert len(remembered) < len(LONG) / 2

    run_virtual(story())


def test_a_cough_does_not_stop_the_avatar() -> None:
    async def story() -> None:
        world = World(lines=["Tell me a story.", "ahem"], answers={"Tell me a story.": LONG})
        async with fan_in(world) as fan:
            await fan.speak(0, words=4)
            await fan.silence(4)
            await fan.stream(np.full(1600, 0.3, np.float32))
            await fan.silence(30)
            assert fan.all(ReplyCancelled) == []
            assert fan.words() == LONG

    run_virtual(story())


def test_the_stop_button_stops() -> None:
    async def story() -> None:
        async with fan_in(World(answers={"tell": LONG})) as fan:
            fan.send(TextInput("tell"))
            await asyncio.sleep(3)
            fan.send(Interrupt())
            await asyncio.sleep(0.01)
            assert fan.all(ReplyCancelled)[0].reason == "interrupt"

    run_virtual(story())


def test_typed_words_are_answered_too() -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            fan.send(TextInput("What is your cat called?"))
            fan.send(TextInput("   "))
            await asyncio.sleep(5)
            assert fan.words() == "Miso. She runs the house."
            assert fan.finals() == ["What is your cat called?"]

    run_virtual(story())


def test_the_next_question_knows_the_last_answer() -> None:
    async def story() -> None:
        world = World()
        async with fan_in(world) as fan:
            await fan.speak(0, words=5)
            await fan.silence(4)
            await fan.speak(1, words=5)
            await fan.silence(3)
            contents = [m.content for m in world.llm.streamed[-1].messages[-3:]]
            assert contents == ["What is your cat called?", "Miso. She runs the house.", "And how old is she?"]

    run_virtual(story())


def test_silence_and_noise_are_not_answered() -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            await fan.silence(5)
            await fan.stream(np.sin(np.arange(16_000) / 3).astype(np.float32) * 0.7)
            await fan.silence(5)
            assert fan.chunks() == []
            assert fan.finals() == []
            assert fan.errors() == []

    run_virtual(story())


def test_audio_is_sent_ahead_of_playback_but_not_far() -> None:
    async def story() -> None:
        async with fan_in(World(answers={"tell": LONG})) as fan:
            fan.send(TextInput("tell"))
            await asyncio.sleep(40)
            times = [(at, m) for at, m in fan.heard() if isinstance(m, ReplyChunk)]
            first_at = times[0][0]
            leads = [m.start_samples / OUTPUT_RATE_HZ - (at - first_at) for at, m in times]
            assert min(leads) > -0.01
            assert max(leads) <= 1.01

    run_virtual(story())


def test_a_failing_voice_is_a_coded_error_and_the_next_turn_works() -> None:
    class HoarseTts(ScriptedTts):
        failures = 1

        def run(self, jobs):  # type: ignore[no-untyped-def]
            if self.failures:
                self.failures -= 1
                return [EngineError("hoarse")]
            return super().run(jobs)

    async def story() -> None:
        world = World(tts=HoarseTts())
        async with fan_in(world) as fan:
            fan.send(TextInput("What is your cat called?"))
            await asyncio.sleep(2)
            assert fan.errors() == ["engine_failed"]
            fan.send(TextInput("Hello?"))
            await asyncio.sleep(5)
            assert world.llm.streamed[-1].messages[-1].content == "What is your cat called? Hello?", "nothing is lost"
            assert fan.words() == "I see. Tell me more!"

    run_virtual(story())


def test_a_failing_recogniser_is_a_coded_error_and_the_next_turn_works() -> None:
    async def story() -> None:
        world = World(lines=[EngineError("deaf"), "What is your cat called?"])
        async with fan_in(world) as fan:
            await fan.speak(0, words=3)
            await fan.silence(2)
            assert fan.errors() == ["engine_failed"]
            await fan.speak(1, words=5)
            await fan.silence(4)
            assert fan.words() == "Miso. She runs the house."

    run_virtual(story())


def test_leaving_ends_everything() -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            await fan.speak(0, words=5)
            fan.send(Leave())
            await asyncio.wait_for(fan.served, 1)
            assert fan.socket.closed == (1000, "")

    run_virtual(story())


def test_changed_consents_hold_at_once_and_are_confirmed() -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            fan.send(ConsentChange(Consents(memory=True)))
            await asyncio.sleep(0.1)
            assert [n.kind for n in fan.all(Notice)] == ["consent"]

    run_virtual(story())


def test_two_fans_who_start_in_the_same_moment_hear_only_their_own_answer() -> None:
    async def story() -> None:
        world = World(
            lines=["What is your cat called?", "And how old is she?"],
            answers={"What is your cat called?": "Miso is her name.", "And how old is she?": "Nine years old."},
        )
        async with fans_in(world, 2) as (a, b):
            await asyncio.gather(a.speak(0, words=5), b.speak(1, words=5))
            await asyncio.gather(a.silence(4), b.silence(4))
            assert a.words() == "Miso is her name."
            assert b.words() == "Nine years old."

    run_virtual(story())
