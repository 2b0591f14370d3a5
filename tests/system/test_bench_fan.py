"""The recorded fan, against a server that does what the test says: what it sends, and what it makes of the answer."""

from contextlib import asynccontextmanager

import numpy as np
import pytest
from websockets.asyncio.server import serve
from websockets.typing import Subprotocol

from bench.clips import read_clip
from bench.fan import Fan, FanError
from bench.measures import score_turn
from bench.microphone import FRAME_SAMPLES
from bench.server_process import HOUSE
from protocol.codec import Codec
from protocol.handshake import Handshake
from protocol.messages import (
    SUBPROTOCOL_MSGPACK,
    AudioChunk,
    DisclosureAcknowledged,
    ErrorMessage,
    FaceFormat,
    Hello,
    Interrupt,
    Leave,
    Limits,
    PersonaCard,
    Ping,
    PlaybackMark,
    Pong,
    ReplyCancelled,
    ReplyChunk,
    Welcome,
)
from protocol.timeline import AudioFormat

CLIP = read_clip(HOUSE / "tests" / "clips" / "fan_home.wav")
VOICED_FRAMES = CLIP.voice_end_samples // FRAME_SAMPLES
WELCOME = Welcome(
    session_id="s-1",
    persona=PersonaCard(id="mara", name="Mara", pronouns="she/her", about=""),
    disclosure="Mara is an AI.",
    audio_in=AudioFormat(),
    audio_out=AudioFormat(sample_rate_hz=24_000),
    face=FaceFormat(names=("jawOpen",), fps=60),
    limits=Limits(),
)


class Scripted:
    """One visit seen from the other side. `answer` is asked after every message, and says what to send."""

    def __init__(self, answer):
        self.answer = answer
        self.heard = []
        self.handshake = Handshake()  # refuses what is not legal, and so fails the test
        self.codec = Codec(SUBPROTOCOL_MSGPACK)

    @property
    def pcm(self):
        return np.frombuffer(b"".join(m.audio for m in self.heard if isinstance(m, AudioChunk)), "<i2")

    def voice_frames(self):
        """How many frames were sent since the first one that is louder than the room."""
        loud = np.flatnonzero(np.abs(self.pcm).reshape(-1, FRAME_SAMPLES).max(axis=1) > 300)
        return len(self.pcm) // FRAME_SAMPLES - loud[0] if len(loud) else 0

    async def serve(self, socket):
        async for data in socket:
            message = self.codec.decode_client(data)
            self.handshake.receive(message)
            self.heard.append(message)
            if isinstance(message, Ping):
                await socket.send(self.codec.encode(Pong(message.nonce, 5.0)))
            for said in [WELCOME] if isinstance(message, Hello) else self.answer(self, message):
                await socket.send(self.codec.encode(said))
                if isinstance(said, ErrorMessage) and said.fatal:
                    return
            if isinstance(message, Leave):
                return


@asynccontextmanager
async def visit(answer):
    script = Scripted(answer)
    async with serve(script.serve, "127.0.0.1", 0, subprotocols=[Subprotocol(SUBPROTOCOL_MSGPACK)]) as server:
        port = server.sockets[0].getsockname()[1]
        async with Fan(f"ws://127.0.0.1:{port}/ws") as fan:
            yield fan, script


def voice(reply_id, start_ms=0, length_ms=200, *, last=False):
    pcm = np.full(24 * length_ms, 8000, "<i2").tobytes()
    return ReplyChunk(reply_id, 0, 24 * start_ms, pcm, bytes(length_ms * 60 // 1000), last=last)


def once(condition, *messages):
    """An answer that is given one time, when the condition first holds."""
    waiting = [messages]

    def answer(script, message):
        return waiting.pop() if waiting and condition(script, message) else ()

    return answer


def nothing(_script, _message):
    return ()


async def test_the_microphone_is_open_all_the_time_in_frames_of_20_ms_and_never_silent():
    async with visit(nothing) as (fan, script):
        await fan.wait(0.3)
    chunks = [m for m in script.heard if isinstance(m, AudioChunk)]
    assert len(chunks) >= 5
    assert {len(m.audio) for m in chunks} == {2 * FRAME_SAMPLES}
    assert [m.seq for m in chunks] == list(range(len(chunks)))
    assert all(np.any(np.frombuffer(m.audio, "<i2")) for m in chunks), "a room is never digitally silent"
    assert [type(m) for m in script.heard[:2]] == [Hello, DisclosureAcknowledged]
    assert isinstance(script.heard[-1], Leave)


async def test_the_greeting_is_played_to_its_end_and_marked():
    greeting = once(
        lambda _, m: isinstance(m, DisclosureAcknowledged), voice(1), voice(1, 200), voice(1, 400, last=True)
    )
    async with visit(greeting) as (fan, script):
        await fan.hear_greeting()
    marks = [m for m in script.heard if isinstance(m, PlaybackMark)]
    assert [m.heard_samples for m in marks] == sorted(m.heard_samples for m in marks)
    assert marks[-1] == PlaybackMark(1, 600 * 24)
    assert len(marks) >= 3


async def test_the_clip_arrives_whole_and_the_answers_latency_is_what_the_server_waited():
    def answer_after(n_frames):
        return once(lambda script, _: script.voice_frames() > n_frames, voice(1, last=True))

    async with visit(answer_after(VOICED_FRAMES + 20)) as (fan, script):
        await fan.wait(0.1)
        turn = await fan.say(CLIP)
    score = score_turn(turn)
    assert not score.cut_off
    assert score.v2v_ms > 100, "twenty frames of 20 ms, less the silence at the head of the clip"
    sent = script.pcm.astype(np.float64)
    said = CLIP.pcm.astype(np.float64) * 32767
    found = np.correlate(sent, said, "valid")
    at = int(found.argmax())
    assert np.abs(sent[at : at + len(said)] - said).max() < 200, "nothing but room noise was added"


async def test_an_answer_into_the_fans_words_is_a_cut_off():
    cut_in = once(lambda script, _: script.voice_frames() > 10, voice(1, last=True))
    async with visit(cut_in) as (fan, _):
        turn = await fan.say(CLIP, reply_wait_s=0.5)
    assert score_turn(turn).cut_off


async def test_no_answer_is_waited_for_and_then_missed():
    async with visit(nothing) as (fan, _):
        turn = await fan.say(CLIP, reply_wait_s=0.5)
    assert score_turn(turn).missed


async def test_a_fan_who_heard_enough_presses_stop():
    talk = [voice(1, start_ms, 1000) for start_ms in range(0, 10_000, 1000)]
    begin = once(lambda script, _: script.voice_frames() > VOICED_FRAMES + 5, *talk)
    stop = once(lambda _, m: isinstance(m, Interrupt), ReplyCancelled(1, "interrupt", 0))
    async with visit(lambda script, m: [*begin(script, m), *stop(script, m)]) as (fan, _):
        turn = await fan.say(CLIP, listen_s=0.3)
    assert turn.stopped_at is not None
    assert not score_turn(turn).withdrawn


async def test_a_server_that_goes_away_ends_the_visit_with_its_reason():
    bye = once(lambda script, _: len(script.heard) > 10, ErrorMessage("busy", "the lights went out", fatal=True))

    async def stay():
        async with visit(bye) as (fan, _):
            await fan.wait(10.0)

    with pytest.raises(FanError, match="busy: the lights went out"):
        await stay()


async def test_a_refusal_is_told_in_the_servers_words():
    async def refuse(socket):
        codec = Codec(SUBPROTOCOL_MSGPACK)
        await socket.recv()
        await socket.send(codec.encode(ErrorMessage("bad_token", "the join link has expired", fatal=True)))

    async with serve(refuse, "127.0.0.1", 0, subprotocols=[Subprotocol(SUBPROTOCOL_MSGPACK)]) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(FanError, match="the join link has expired"):
            await Fan(f"ws://127.0.0.1:{port}/ws").__aenter__()


async def test_nobody_listens():
    with pytest.raises(FanError, match="no conversation with ws:"):
        await Fan("ws://127.0.0.1:9/ws").__aenter__()
