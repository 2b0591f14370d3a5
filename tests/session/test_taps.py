"""Who listens to a conversation hears all of it, in order, and cannot disturb it; and lines that are not answers."""

import asyncio

from avatar.channels import N_CHANNELS
from protocol.messages import Interrupt, Listening, ReplyCancelled, ReplyChunk, TextInput, TurnReport, Welcome
from protocol.timeline import SAMPLES_PER_FACE_FRAME
from server.session import Session
from server.taps import Tap
from tests.session.virtual import run_virtual
from tests.session.world import Fan, World, fan_in


class Notes(Tap):
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.fan_samples = 0
        self.said: list[tuple[str, bool]] = []
        self.chunks: list[ReplyChunk] = []
        self.marks: list[tuple[int, int]] = []
        self.cuts: list[ReplyCancelled] = []
        self.listened: list[bytes] = []
        self.reports: list[TurnReport] = []

    def heard_fan(self, pcm16: bytes, at_ms: float) -> None:
        self.fan_samples += len(pcm16) // 2

    def fan_said(self, text: str, final: bool, at_ms: float) -> None:
        self.said.append((text, final))

    def avatar_sent(self, chunk: ReplyChunk, at_ms: float) -> None:
        self.chunks.append(chunk)

    def avatar_heard(self, reply_id: int, heard_samples: int, at_ms: float) -> None:
        self.marks.append((reply_id, heard_samples))

    def avatar_cut(self, cut: ReplyCancelled, at_ms: float) -> None:
        self.cuts.append(cut)

    def avatar_listened(self, shown: Listening, at_ms: float) -> None:
        self.listened.append(shown.face)

    def report(self, report: TurnReport) -> None:
        self.reports.append(report)

    def finals(self) -> list[str]:
        return [text for text, final in self.said if final]

    def words(self) -> str:
        return " ".join(word.text for chunk in self.chunks for word in chunk.words)


def session_of(fan: Fan) -> Session:
    (session,) = fan.room._sessions
    return session


def test_a_tap_hears_both_sides() -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            notes = Notes()
            session_of(fan).tap(notes)
            await fan.speak(0, words=5)
            await fan.silence(4)
            assert notes.finals() == ["What is your cat called?"]
            assert notes.said[0][1] is False, "partials come first"
            assert notes.words() == fan.words() == "Miso. She runs the house."
            assert notes.marks[-1][1] == sum(len(c.audio) // 2 for c in notes.chunks)
            assert notes.reports == fan.all(TurnReport)
            assert notes.fan_samples >= 4 * 16_000
            for chunk in notes.chunks:
                assert len(chunk.face) == len(chunk.audio) // 2 // SAMPLES_PER_FACE_FRAME * N_CHANNELS

    run_virtual(story())


def test_a_tap_sees_the_face_between_replies_though_the_fan_wants_none() -> None:
    async def story() -> None:
        async with fan_in(World(), face="none") as fan:
            notes = Notes()
            session_of(fan).tap(notes)
            await asyncio.sleep(2)
            assert len(notes.listened) == 11, "one at once, then one every 200 ms"
            assert {len(face) % N_CHANNELS for face in notes.listened} == {0}

    run_virtual(story())


def test_a_tap_hears_where_a_reply_was_cut() -> None:
    async def story() -> None:
        async with fan_in(World(answers={"hi": "One two three four five six seven eight nine ten."})) as fan:
            notes = Notes()
            session_of(fan).tap(notes)
            fan.send(TextInput("hi"))
            await asyncio.sleep(2)
            fan.send(Interrupt())
            await asyncio.sleep(1)
            assert [cut.reason for cut in notes.cuts] == ["interrupt"]

    run_virtual(story())


def test_a_tap_that_fails_is_taken_off_and_the_talk_goes_on() -> None:
    class Broken(Tap):
        def fan_said(self, text: str, final: bool, at_ms: float) -> None:
            raise RuntimeError("disk full")

    async def story() -> None:
        async with fan_in(World()) as fan:
            session_of(fan).tap(Broken())
            await fan.speak(0, words=5)
            await fan.silence(3)
            assert fan.words() == "Miso. She runs the house."
            assert not session_of(fan).taps

    run_virtual(story())


def test_a_tap_that_was_taken_off_hears_nothing() -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            notes = Notes()
            session_of(fan).tap(notes)
            session_of(fan).taps.remove(notes)
            fan.send(TextInput("hello"))
            await asyncio.sleep(3)
            assert notes.said == []

    run_virtual(story())


# --- lines that are not answers -----------------------------------------------------------------------------


def test_a_line_is_said_in_place_of_what_is_being_said() -> None:
    async def story() -> None:
        async with fan_in(World(answers={"hi": "One two three four five six seven eight nine ten."})) as fan:
            fan.send(TextInput("hi"))
            await asyncio.sleep(2)
            session_of(fan).interrupt()
            session_of(fan).say("Look up there!")
            await asyncio.sleep(5)
            assert [c.reason for c in fan.all(ReplyCancelled)] == ["interrupt"]
            assert fan.words(2) == "Look up there!"

    run_virtual(story())


def test_a_line_waits_for_who_speaks() -> None:
    async def story() -> None:
        async with fan_in(World(answers={"hi": "One two three four five."})) as fan:
            fan.send(TextInput("hi"))
            await asyncio.sleep(1)
            session_of(fan).say("One more minute!")
            await asyncio.sleep(9)
            assert [fan.words(1), fan.words(2)] == ["One two three four five.", "One more minute!"]

    run_virtual(story())


def test_a_line_does_not_cut_the_fan_off() -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            speaking = asyncio.create_task(fan.speak(0, words=5))
            await asyncio.sleep(0.5)
            session_of(fan).say("One more minute!")
            await speaking
            await fan.silence(9)
            assert fan.finals() == ["What is your cat called?"]
            assert fan.words(1) == "Miso. She runs the house."
            assert fan.words(2) == "One more minute!"

    run_virtual(story())


def test_goodbye_is_over_when_it_was_heard() -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            await asyncio.sleep(1)
            await session_of(fan).goodbye("Goodbye, see you soon!")
            assert fan.words() == "Goodbye, see you soon!"
            chunks = fan.chunks()
            samples = sum(len(c.audio) // 2 for c in chunks)
            first_at = next(at for at, m in fan.heard() if isinstance(m, ReplyChunk))
            assert asyncio.get_running_loop().time() - first_at >= samples / 24_000

    run_virtual(story())


def test_nobody_speaks_over_a_goodbye() -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            await fan.silence(0.2)
            leaving = asyncio.create_task(session_of(fan).goodbye("Goodbye, it was so lovely to meet you today!"))
            await asyncio.sleep(0.8)
            await fan.speak(0, words=5)
            fan.send(TextInput("wait"))
            await leaving
            assert fan.words() == "Goodbye, it was so lovely to meet you today!"
            assert fan.finals() == []
            assert fan.all(ReplyCancelled) == []

    run_virtual(story())


def test_a_gesture_without_words_is_seen_and_cued() -> None:
    async def story() -> None:
        async with fan_in(World()) as fan:
            await asyncio.sleep(1)
            before = fan.all(Listening)[-1]
            session_of(fan).presence.gesture("heart")
            await asyncio.sleep(1)
            cues = [cue.name for m in fan.all(Listening) if m.seq > before.seq for cue in m.gestures]
            assert cues == ["heart"]
            smile = fan.all(Welcome)[0].face.names.index("mouthSmileLeft")
            assert max(m.face[smile] for m in fan.all(Listening)[-3:]) > before.face[smile] + 20

    run_virtual(story())
