"""A model that is only slow: the fan is asked for a second, once, and then hears the answer whole and in order."""

import numpy as np

from protocol.messages import Interrupt, ReplyCancelled, ReplyChunk, TextInput
from protocol.timeline import OUTPUT_RATE_HZ
from speech.engines.scripted import ScriptedTts
from speech.tts import SpeechJob, SpokenChunk
from speech.turn_patience import LATE_S
from speech.turn_rules import WORDS_WAIT_ASKED_S
from tests.session.crews import MortalWorld
from tests.session.virtual import run_virtual
from tests.session.world import Fan, World, fan_in

ASKED = "Tell me something."


def in_order(fan: Fan, reply_id: int = 1) -> bool:
    chunks = fan.chunks(reply_id)
    at = 0
    for n, chunk in enumerate(chunks):
        if (chunk.seq, chunk.start_samples) != (n, at):
            return False
        at += len(chunk.audio) // 2
    return True


def test_a_slow_mind_asks_for_a_second_and_then_answers() -> None:
    async def story() -> None:
        world = World(answers=lambda prompt: "It was raining.", llm_s=4.0, rehearse=True)
        async with fan_in(world) as fan:
            fan.send(TextInput(ASKED))
            await fan.silence(10)
            assert fan.words(1) == "Give me a second. It was raining."
            assert in_order(fan)
            assert fan.errors() == []

    run_virtual(story())


def test_who_is_answered_in_time_hears_nothing_of_it() -> None:
    async def story() -> None:
        world = World(answers=lambda prompt: "It was raining.", llm_s=LATE_S - 0.3, rehearse=True)
        async with fan_in(world) as fan:
            fan.send(TextInput(ASKED))
            await fan.silence(10)
            assert fan.words(1) == "It was raining."

    run_virtual(story())


def test_nobody_is_asked_for_a_second_twice() -> None:
    async def story() -> None:
        world = World(answers=lambda prompt: "It was raining.", llm_s=15.0, rehearse=True)
        async with fan_in(world) as fan:
            fan.send(TextInput(ASKED))
            await fan.silence(25)
            assert fan.words(1) == "Give me a second. It was raining."

    run_virtual(story())


def test_a_slow_voice_asks_for_a_second_with_the_line_that_lies_ready() -> None:
    async def story() -> None:
        world = World(answers=lambda prompt: "It was raining. I had no hat.", rehearse=True, tts_s=0.0)
        async with fan_in(world) as fan:
            fan.room.lanes.tts._tts.cost_s = 5.0  # type: ignore[attr-defined]
            fan.send(TextInput(ASKED))
            await fan.silence(30)
            assert fan.words(1) == "Give me a second. It was raining. I had no hat."
            assert in_order(fan)

    run_virtual(story())


def test_a_slow_answer_can_be_stopped_while_it_is_waited_for() -> None:
    async def story() -> None:
        world = World(answers=lambda prompt: "It was raining.", llm_s=8.0, rehearse=True)
        async with fan_in(world) as fan:
            fan.send(TextInput(ASKED))
            await fan.silence(4)
            fan.send(Interrupt())
            await fan.silence(10)
            assert fan.words(1) == "Give me a second."
            assert [m.reason for m in fan.all(ReplyCancelled)] == ["interrupt"]

    run_virtual(story())


class PieceByPiece(ScriptedTts):
    """A voice that streams: every word is a piece of its own."""

    def run(self, jobs: list[SpeechJob]) -> list[SpokenChunk | Exception]:  # type: ignore[override]
        return [self._stream(job) for job in jobs]

    def _stream(self, job: SpeechJob) -> SpokenChunk | Exception:
        (whole,) = super().run([job])
        if job.emit is None or isinstance(whole, Exception):
            return whole
        *pieces, rest = [super(PieceByPiece, self).run([SpeechJob(word, job.voice)])[0] for word in job.text.split()]
        for piece in pieces:
            assert isinstance(piece, SpokenChunk)
            if not job.emit(piece):
                return SpokenChunk(np.zeros(0, np.float32), (), ())
        return rest


def test_a_voice_that_streams_is_heard_piece_by_piece() -> None:
    async def story() -> None:
        world = World(answers=lambda prompt: "It was [nod] raining all day.", tts=PieceByPiece())
        async with fan_in(world) as fan:
            fan.send(TextInput(ASKED))
            await fan.silence(8)
            assert fan.words(1) == "It was raining all day."
            assert in_order(fan)
            words = [word for chunk in fan.chunks(1) for word in chunk.words]
            starts = [word.start_samples for word in words]
            assert starts == sorted(set(starts))
            nods = [cue for chunk in fan.chunks(1) for cue in chunk.gestures]
            assert [(cue.name, cue.start_samples) for cue in nods] == [("nod", starts[2])]
            assert starts[2] < 3 * OUTPUT_RATE_HZ

    run_virtual(story())


# --- a recogniser that is slow ---


def test_a_slow_recogniser_asks_for_a_second_and_then_the_question_is_answered() -> None:
    async def story() -> None:
        world = World([ASKED], lambda prompt: "It was raining.", asr_s=4.0, rehearse=True)
        async with fan_in(world) as fan:
            ended_at = await fan.speak(0, words=3)
            await fan.silence(12)
            assert [fan.words(reply_id) for reply_id in spoken(fan)] == ["Give me a second.", "It was raining."]
            assert in_order(fan, spoken(fan)[0])
            assert fan.finals() == [ASKED]
            first_at = next(at for at, m in fan.heard() if isinstance(m, ReplyChunk))
            assert LATE_S - 0.1 < first_at - ended_at < LATE_S + 0.5
            assert fan.errors() == []

    run_virtual(story())


def test_a_fan_whose_recogniser_is_in_time_hears_nothing_of_it() -> None:
    async def story() -> None:
        world = World([ASKED], lambda prompt: "It was raining.", asr_s=LATE_S - 0.3, rehearse=True)
        async with fan_in(world) as fan:
            await fan.speak(0, words=3)
            await fan.silence(10)
            assert [fan.words(reply_id) for reply_id in spoken(fan)] == ["It was raining."]

    run_virtual(story())


def test_a_slow_recogniser_and_a_slow_mind_ask_for_a_second_once() -> None:
    async def story() -> None:
        world = World([ASKED], lambda prompt: "It was raining.", asr_s=4.0, llm_s=6.0, rehearse=True)
        async with fan_in(world) as fan:
            await fan.speak(0, words=3)
            await fan.silence(25)
            assert [fan.words(reply_id) for reply_id in spoken(fan)] == ["Give me a second.", "It was raining."]

    run_virtual(story())


def spoken(fan: Fan) -> list[int]:
    """The replies of which anything was heard."""
    return sorted({chunk.reply_id for chunk in fan.chunks() if chunk.audio})


def test_a_recogniser_that_dies_with_the_words_is_asked_again_and_the_fan_for_a_second() -> None:
    async def story() -> None:
        world = MortalWorld([ASKED], lambda prompt: "It was raining.", asr_s=1.0, rehearse=True)
        async with fan_in(world) as fan:
            await fan.speak(0, words=3)
            await fan.silence(0.8)
            assert world.lanes["asr"].status().running, "the final words are being written down"
            world.crews["asr"].die()
            await fan.silence(12)
            assert [fan.words(reply_id) for reply_id in spoken(fan)] == ["Give me a second.", "It was raining."]
            assert fan.finals() == [ASKED]
            assert fan.errors() == []

    run_virtual(story())


def test_a_recogniser_that_never_answers_does_not_hold_the_floor() -> None:
    async def story() -> None:
        world = World([ASKED], asr_s=1000.0, rehearse=True)
        async with fan_in(world) as fan:
            await fan.speak(0, words=3)
            await fan.silence(WORDS_WAIT_ASKED_S + 1)
            assert [fan.words(reply_id) for reply_id in spoken(fan)] == ["Give me a second."]
            fan.send(TextInput("Then I shall type."))
            await fan.silence(5)
            assert fan.finals() == ["Then I shall type."]
            assert len(spoken(fan)) == 2

    run_virtual(story())
