"""What a fan may feel steers the reply, if they allow it; if they do not, nobody asks."""

import asyncio
from typing import Any

import numpy as np
import pytest

from avatar.blendshapes import INDEX
from avatar.engines.scripted import ScriptedLlm
from protocol.messages import ConsentChange, Consents, FanFace, Listening, TextInput
from server import empathy
from server.session import Session
from speech import prosody
from speech.engines.scripted import spoken_line
from tests.session.virtual import run_virtual
from tests.session.world import PERSONAS, Fan, World, fan_in, fans_in

YES, NO = Consents(emotion_sensing=True), Consents()
LINES = ("My grandmother died in spring.", "What is your cat called?", "I got here by train.")


def asked(world: World) -> list[tuple[str, str]]:
    """The fan's words as the language model read them, and what it went on from, for each reply."""
    return [(prompt.messages[-1].content, prompt.begun) for prompt in world.llm.streamed]


def session_of(fan: Fan) -> Session:
    (session,) = fan.room._sessions
    return session


def smile() -> bytes:
    weights = bytearray(52)
    weights[INDEX["mouthSmileLeft"]] = weights[INDEX["mouthSmileRight"]] = 220
    return bytes(weights)


def test_sad_words_ask_for_a_gentle_answer() -> None:
    async def story() -> None:
        world = World(LINES)
        async with fan_in(world, consents=YES) as fan:
            await fan.speak(0, words=5)
            await fan.silence(4)
            await fan.speak(1, words=5)
            await fan.silence(4)
            assert asked(world) == [(LINES[0], "Oh,"), (LINES[1], "")]
            assert fan.words(1).startswith("Oh, I see.")
            emotions = [chunk.emotion.category for chunk in fan.chunks(1) if chunk.emotion]
            assert set(emotions) == {"sadness"}, "a neutral clause leans towards the fan"
            moods = fan.room.metrics.moods
            assert moods.labels("sad")._value.get() == 1
            assert moods.labels("unclear")._value.get() == 1

    run_virtual(story())


def test_a_model_that_cannot_go_on_is_told_and_forgets() -> None:
    async def story() -> None:
        world = World()
        world.llm = ScriptedLlm({})
        world.llm.goes_on = False
        async with fan_in(world, consents=YES) as fan:
            for line in LINES[:2]:
                fan.send(TextInput(line))
                await asyncio.sleep(5)
            assert asked(world) == [(f"{LINES[0]} (They may be sad. Be gentle.)", ""), (LINES[1], "")]
            assert "They may" not in str(world.llm.streamed[-1].messages)

    run_virtual(story())


def test_nobody_sad_is_told_how_nice_that_is() -> None:
    async def opening(consents: Consents) -> str:
        world = World(openings=True)
        async with fan_in(world, consents=consents) as fan:
            fan.send(TextInput("I live alone and I feel so terrible."))
            await asyncio.sleep(5)
            return asked(world)[0][1]

    assert run_virtual(opening(NO)) in PERSONAS["nova"].openings["told"]
    assert run_virtual(opening(YES)) == "Hey,"


def test_typed_words_count_too() -> None:
    async def story() -> None:
        world = World()
        async with fan_in(world, consents=YES) as fan:
            fan.send(TextInput(LINES[0]))
            await asyncio.sleep(5)
            affect = session_of(fan).sensing.affect
            assert affect is not None
            assert affect.valence < -0.3
            assert affect.reason == "words: 'grandmother died'"
            assert asked(world) == [(LINES[0], "Oh,")]

    run_virtual(story())


def test_a_voice_is_heard_against_its_own_usual() -> None:
    async def story() -> None:
        async with fan_in(World(LINES), consents=YES) as fan:
            for _ in range(4):
                await fan.speak(1, words=6)
                await fan.silence(4)
            low = spoken_line(2, 6)
            high = np.abs(low) * np.where(np.arange(len(low)) // 20 % 2, -1, 1)  # the same words an octave up
            await fan.stream(high.astype(np.float32))
            await fan.silence(4)
            affect = session_of(fan).sensing.affect
            assert affect is not None
            assert affect.reason.startswith("voice higher")
            assert affect.arousal > 0.5

    run_virtual(story())


def test_the_listening_face_answers_a_strong_feeling() -> None:
    async def frown(consents: Consents) -> int:
        async with fan_in(World(LINES), consents=consents) as fan:
            await fan.speak(0, words=5)
            frames = b"".join(m.face for m in fan.all(Listening))
            return sum(frames[INDEX["browInnerUp"] :: 52])

    assert run_virtual(frown(YES)) > run_virtual(frown(NO))


@pytest.fixture
def nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever senses a feeling fails loudly."""

    def forbidden(*_: Any, **__: Any) -> None:
        raise AssertionError("sensed without consent")

    for place, names in (
        (empathy, "Empathy Prosody HeartRate fuse words_cue voice_cue face_cue"),
        (prosody, "pitch syllables"),
    ):
        for name in names.split():
            monkeypatch.setattr(place, name, forbidden)
    monkeypatch.setattr("server.empathy.Empathy", forbidden)
    for name in ("mood_of", "mirrored"):
        monkeypatch.setattr(f"server.empathy.{name}", forbidden)


@pytest.mark.usefixtures("nobody_asks")
def test_without_consent_nothing_is_sensed() -> None:
    async def story() -> None:
        world = World(LINES)
        async with fan_in(world, consents=Consents(recording=True, memory=True)) as fan:
            await fan.speak(0, words=5)
            await fan.silence(4)
            fan.send(TextInput("I am so scared!"))
            await asyncio.sleep(5)
            fan.send(ConsentChange(NO))
            await fan.speak(1, words=5)
            await fan.silence(4)
            assert asked(world) == [(LINES[0], ""), ("I am so scared!", ""), (LINES[1], "")]
            assert session_of(fan).sensing.affect is None
            assert fan.errors() == []

    run_virtual(story())


def test_consent_withdrawn_stops_at_once_and_forgets() -> None:
    async def story() -> None:
        world = World(LINES)
        async with fan_in(world, consents=YES) as fan:
            await fan.speak(1, words=6)
            await fan.silence(4)
            session = session_of(fan)
            assert session.sensing.affect is not None
            fan.send(ConsentChange(NO))
            await asyncio.sleep(0.05)
            assert session.sensing.affect is None
            await fan.speak(0, words=5)
            await fan.silence(4)
            assert asked(world)[-1] == (LINES[0], "")
            fan.send(ConsentChange(YES))
            await asyncio.sleep(0.05)
            assert session.sensing.affect is not None
            assert session.sensing.affect.reason == ""
            await fan.stream(-2 * spoken_line(2, 6))
            await fan.silence(4)
            assert "voice" not in session.sensing.affect.reason, "what is usual was forgotten"

    run_virtual(story())


def test_a_second_yes_keeps_what_is_known() -> None:
    async def story() -> None:
        async with fan_in(World(LINES), consents=YES) as fan:
            fan.send(TextInput(LINES[0]))
            await asyncio.sleep(3)
            fan.send(ConsentChange(Consents(memory=True, emotion_sensing=True)))
            await asyncio.sleep(0.05)
            affect = session_of(fan).sensing.affect
            assert affect is not None
            assert affect.reason

    run_virtual(story())


def test_a_fans_own_face_needs_their_consent() -> None:
    async def story() -> None:
        async with fan_in(World(), consents=NO) as fan:
            fan.send(FanFace(smile(), heart_bpm=80.0))
            await asyncio.sleep(0.1)
            assert fan.errors() == ["consent_required"]
            fan.send(ConsentChange(YES))
            fan.send(FanFace(smile(), heart_bpm=80.0))
            fan.send(TextInput("I came by train."))
            await asyncio.sleep(0.5)
            assert fan.errors() == ["consent_required"]
            affect = session_of(fan).sensing.affect
            assert affect is not None
            assert affect.reason == "face: smiling"
            assert affect.valence > 0.5

    run_virtual(story())


def test_an_old_face_says_nothing_of_now() -> None:
    async def story() -> None:
        async with fan_in(World(), consents=YES) as fan:
            fan.send(FanFace(smile()))
            await asyncio.sleep(2.5)
            fan.send(TextInput("I came by train."))
            await asyncio.sleep(0.5)
            affect = session_of(fan).sensing.affect
            assert affect is not None
            assert affect.reason == ""

    run_virtual(story())


def test_half_a_face_and_too_many_faces_are_refused() -> None:
    async def story() -> None:
        async with fan_in(World(), consents=YES) as fan:
            fan.send(FanFace(b"\x00" * 51))
            await asyncio.sleep(0.1)
            assert fan.errors() == ["malformed"]
            for _ in range(12):
                fan.send(FanFace(smile()))
            await asyncio.sleep(0.1)
            assert fan.errors() == ["malformed", "rate_limited", "rate_limited"]
            await asyncio.sleep(1.0)
            for _ in range(20):
                fan.send(FanFace(smile()))
                await asyncio.sleep(0.1)
            assert len(fan.errors()) == 3

    run_virtual(story())


def test_what_one_fan_feels_is_not_the_others() -> None:
    async def story() -> None:
        world = World(LINES)
        async with fans_in(world, 2, consents=YES) as fans:
            fans[0].send(TextInput(LINES[0]))
            await asyncio.sleep(5)
            fans[1].send(TextInput(LINES[2]))
            await asyncio.sleep(5)
            assert asked(world) == [(LINES[0], "Oh,"), (LINES[2], "")]

    run_virtual(story())


def test_no_log_says_what_a_fan_feels(capsys: pytest.CaptureFixture[str]) -> None:
    async def story() -> None:
        async with fan_in(World(LINES), consents=YES) as fan:
            await fan.speak(0, words=5)
            await fan.silence(4)

    run_virtual(story())
    logged = capsys.readouterr()
    for word in ("grandmother", "sad", "gentle", "valence", "voice higher"):
        assert word not in logged.out + logged.err
