"""The conformance kit, run against ourselves: our server passes it, our Python client passes it, and it can fail."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from xml.etree import ElementTree as ET

import pytest
from stagedoor.client import ConnectionLostError, RefusedError, Talk, connect

from avatar.engines.scripted import ScriptedLlm
from protocol.errors import UnsupportedError
from protocol.messages import AudioChunk, Hello, Limits, ReplyCancelled, ReplyChunk, Welcome
from protocol.timeline import AudioFormat
from server.conformance import client
from server.conformance.client import check_client
from server.conformance.fan import check_server
from server.conformance.line import Target
from server.conformance.report import Result, ViolationError, all_passed, as_json, as_junit, as_text
from server.conformance.witness import Witness
from speech.engines.scripted import spoken_line
from tests.golden_examples import WELCOME
from tests.scripted_house import House, house
from tests.session.world import World

QUESTION = (spoken_line(0, 5) * 32767).astype("<i2").tobytes()  # "What is your cat called?"
ANSWER = "Well, I got up late, I made some coffee, and then I sat at the piano for hours. It rained all day."


def ignore(_: Result) -> None:
    pass


@asynccontextmanager
async def talkative(**settings: object) -> AsyncIterator[House]:
    """A server whose replies are long enough to be interrupted."""
    world = World(llm=ScriptedLlm({}, default=ANSWER), llm_s=0.02, tts_s=0.01, asr_s=0.02, **settings)  # type: ignore[arg-type]
    async with house(world) as running:
        yield running


def failures(results: list[Result]) -> list[str]:
    return [f"{r.demand}: {r.detail}" for r in results if r.outcome == "failed"]


async def test_our_server_conforms() -> None:
    async with talkative(max_sessions=64) as server:
        results = await check_server(Target(server.url, voice=QUESTION, greets=False), ignore, at_once=12)
    assert failures(results) == []
    skipped = {r.demand for r in results if r.outcome == "skipped"}
    assert len(results) > 35
    assert len(skipped) == 7, "an event's (test_conformance_event.py), and those that are next, with shorter limits"


@pytest.mark.parametrize(
    ("only", "settings"),
    [
        ("a full server says busy", {"max_sessions": 3}),
        ("idle, close 1008", {"limits": Limits(max_idle_s=2)}),
        ("session_over, close 1000", {"limits": Limits(max_session_s=3)}),
    ],
)
async def test_its_limits_are_kept(only: str, settings: Mapping[str, object]) -> None:
    async with talkative(**settings) as server:
        results = await check_server(Target(server.url, greets=False), ignore, only)
    assert [r.outcome for r in results] == ["passed"], failures(results)


async def test_a_server_that_lets_everything_pass_does_not_conform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.connection.MAX_MISTAKES", 1000)
    monkeypatch.setattr("server.outbox.LEAD_S", 30.0)
    monkeypatch.setattr("server.conformance.talks.TRIES", 1)
    async with talkative(max_sessions=64, limits=Limits(max_audio_ahead_ms=5000)) as server:
        server.room.visits.come_back = lambda *_: asyncio.sleep(60)  # type: ignore[method-assign, assignment]
        one_by_one = [
            *await check_server(Target(server.url, greets=False), ignore, "not more"),
            *await check_server(Target(server.url, greets=False), ignore, "one mistake after another"),
        ]
    assert [r.outcome for r in one_by_one] == ["failed", "failed"]


# --- the client ---------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def visit_again_and_again(port: int, *, opus: bool) -> None:
    while True:
        try:
            async with connect(f"ws://127.0.0.1:{port}/ws", name="Ana", opus=opus) as talk:
                await talk.acknowledge()
                async for _ in talk:
                    pass
        except RefusedError:
            return
        except (ConnectionLostError, OSError):
            await asyncio.sleep(0.05)


async def test_our_python_client_conforms() -> None:
    port = free_port()
    client = asyncio.create_task(visit_again_and_again(port, opus=True))
    results = await check_client(port, ignore)
    await client
    assert [r.outcome for r in results] == ["passed"] * 11, failures(results)


async def test_our_python_client_conforms_without_opus_too() -> None:
    port = free_port()
    client = asyncio.create_task(visit_again_and_again(port, opus=False))
    results = await check_client(port, ignore, "playback")
    client.cancel()
    await asyncio.gather(client, return_exceptions=True)
    assert [r.outcome for r in results] == ["passed"] * 3, failures(results)


def no_opus(hello: Hello) -> AudioFormat:
    """What a server that has no Opus makes of a hello."""
    if "opus" in (hello.audio_in.encoding, hello.audio_out.encoding):
        raise UnsupportedError("send and ask for pcm16")
    return hello.audio_in


@pytest.mark.parametrize("encoding", ["opus", "pcm16"])
async def test_our_python_client_speaks_opus_or_what_the_server_has(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if encoding == "pcm16":
        monkeypatch.setattr("server.connection.heard_format", no_opus)
    async with talkative() as server, connect(server.url) as talk:
        assert (talk.welcome.audio_in.encoding, talk.welcome.audio_out.encoding) == (encoding, encoding)
        listening = asyncio.create_task(collect(talk))
        await talk.acknowledge()
        for _ in range(10):
            await talk.speak(bytes(640))  # 20 ms at 16 kHz, whatever travels
        await talk.type("How was your day?")
        await talk.rest()
        listening.cancel()
        [ended] = talk.playback.marks()
        assert ended[1] > 24_000, "more than a second was heard"


async def collect(talk: Talk) -> None:
    async for message in talk:
        assert type(message).__name__ != "ErrorMessage"


async def test_a_client_that_only_says_hello_does_not_conform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "NEXT_WAIT_S", 1.0)
    port = free_port()
    checking = asyncio.create_task(check_client(port, ignore, "mark every 100 ms"))
    target = Target(f"ws://127.0.0.1:{port}/ws")
    await asyncio.sleep(0.1)
    async with target.line() as line:
        await line.send(Hello())
        await line.until(Welcome)
        await line.send(AudioChunk(bytes(640)))
        results = await checking
    assert results[0].outcome == "failed"
    assert "disclosure_required" in results[0].detail


# --- what is watched for all the time -----------------------------------------------------------------------


def welcomed(encoding: str = "pcm16") -> Witness:
    witness = Witness()
    face = WELCOME.face
    witness.watch(
        Welcome("s", WELCOME.persona, "I am an AI.", AudioFormat(), AudioFormat(encoding, 24_000), face, WELCOME.limits)
    )
    return witness


def chunk(reply_id: int, seq: int, n_frames: int = 2, **changes: object) -> ReplyChunk:
    fields: dict[str, object] = {
        "reply_id": reply_id,
        "seq": seq,
        "start_samples": seq * n_frames * 400,
        "audio": bytes(n_frames * 800),
        "face": bytes(n_frames * 52),
    }
    return ReplyChunk(**{**fields, **changes})  # type: ignore[arg-type]


def test_a_good_reply_passes() -> None:
    witness = welcomed()
    for message in (chunk(1, 0), chunk(1, 1), ReplyCancelled(1, "barge_in", 5), chunk(2, 0), chunk(2, 1, last=True)):
        witness.watch(message)
    assert (witness.newest_reply_id, witness.end_samples, witness.finished) == (2, 1600, True)


BROKEN: Mapping[str, Callable[[], list[ReplyChunk | ReplyCancelled]]] = {
    "a gap": lambda: [chunk(1, 0), chunk(1, 2)],
    "a chunk twice": lambda: [chunk(1, 0), chunk(1, 0)],
    "an older reply": lambda: [chunk(2, 0), chunk(1, 0)],
    "a cancelled reply": lambda: [chunk(1, 0), ReplyCancelled(1, "interrupt", 0), chunk(1, 1)],
    "a reply after its last chunk": lambda: [chunk(1, 0, last=True), chunk(1, 1)],
    "cancelled twice": lambda: [ReplyCancelled(1, "interrupt", 0), ReplyCancelled(1, "interrupt", 0)],
    "half a sample": lambda: [chunk(1, 0, audio=bytes(1601))],
    "a face too short": lambda: [chunk(1, 0, face=bytes(52))],
    "half a face": lambda: [chunk(1, 0, face=bytes(103))],
    "a head too short": lambda: [chunk(1, 0, head=bytes(3))],
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_reply_is_seen(kind: str) -> None:
    def watch_all() -> None:
        witness = welcomed()
        for message in BROKEN[kind]():
            witness.watch(message)

    with pytest.raises(ViolationError):
        watch_all()


# --- the report ---------------------------------------------------------------------------------------------

RESULTS = [
    Result("handshake", "hello is answered", "passed", took_s=0.25),
    Result("limits", "a <giant> frame", "failed", "closed with 1006 & no code", 1.5),
    Result("limits", "idle", "skipped", "max_idle_s is 120"),
]


def test_the_report_as_text() -> None:
    text = as_text("ws://x/ws", RESULTS)
    assert "handshake\n  ok   hello is answered\n" in text
    assert "  FAIL a <giant> frame\n         closed with 1006 & no code\n" in text
    assert text.endswith("1 passed, 1 failed, 1 skipped\n")


def test_the_report_as_json() -> None:
    report = json.loads(as_json("ws://x/ws", RESULTS))
    assert report["passed"] is False
    assert report["checks"][1]["detail"] == "closed with 1006 & no code"


def test_the_report_as_junit() -> None:
    suite = ET.fromstring(as_junit("ws://x/ws", RESULTS))
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "closed with 1006 & no code"


def test_nothing_checked_is_not_passed() -> None:
    assert not all_passed([])
    assert not all_passed(RESULTS[2:])
    assert all_passed([RESULTS[0], RESULTS[2]])
