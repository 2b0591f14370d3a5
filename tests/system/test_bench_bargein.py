"""The bench's interruptions, against a server that stops for long sounds and for nothing else."""

from types import SimpleNamespace

import numpy as np
from websockets.asyncio.server import serve
from websockets.typing import Subprotocol

from bench.bargein import Plan, measure, summarise
from bench.clips import clip_of
from protocol.codec import Codec
from protocol.handshake import Handshake
from protocol.messages import (
    SUBPROTOCOL_MSGPACK,
    AudioChunk,
    FaceFormat,
    Hello,
    Limits,
    PersonaCard,
    ReplyCancelled,
    ReplyChunk,
    ReplyDuck,
    TextInput,
    Transcript,
    TurnReport,
    Welcome,
)
from protocol.timeline import AudioFormat

LOUD_FRAMES = 25  # half a second of sound stops it
WELCOME = Welcome(
    session_id="s-1",
    persona=PersonaCard(id="nova", name="Nova", pronouns="she/her", about=""),
    disclosure="Nova is an AI.",
    audio_in=AudioFormat(),
    audio_out=AudioFormat(sample_rate_hz=24_000),
    face=FaceFormat(names=("jawOpen",), fps=60),
    limits=Limits(),
)


class Avatar:
    """Answers what is typed with ten seconds of voice."""

    def __init__(self):
        self.codec = Codec(SUBPROTOCOL_MSGPACK)
        self.replies = 0

    async def talk(self, socket):
        handshake, self.loud, self.speaking = Handshake(), 0, False
        async for data in socket:
            message = self.codec.decode_client(data)
            handshake.receive(message)
            for said in self.answer(message):
                await socket.send(self.codec.encode(said))

    def answer(self, message):
        match message:
            case Hello():
                return [WELCOME]
            case TextInput(text):
                self.replies, self.loud, self.speaking = self.replies + 1, 0, True
                number, voice = self.replies, np.full(240_000, 8000, "<i2").tobytes()
                shown, report = Transcript(number, text, final=True), TurnReport(number, number, "llm", 1.0, 1.0, ())
                return [shown, ReplyChunk(number, 0, 0, voice, bytes(600), last=True), report]
            case AudioChunk(audio) if self.speaking and np.abs(np.frombuffer(audio, "<i2")).max() > 3000:
                return self.overhear()
        return []

    def overhear(self):
        self.loud += 1
        if self.loud < LOUD_FRAMES:
            return [ReplyDuck(self.replies, gain=0.3, ramp_ms=0)] if self.loud == 5 else []
        self.speaking = False
        return [ReplyCancelled(self.replies, "barge_in", 0)]


def sound(name, seconds, level=0.3):
    return clip_of(name, np.full(int(seconds * 16_000), level, np.float32))


async def test_long_sounds_stop_it_and_short_ones_do_not():
    avatar = Avatar()
    sounds = [("words", sound("question", 0.8)), ("backchannel", sound("uh-huh", 0.2))]
    async with serve(avatar.talk, "127.0.0.1", 0, subprotocols=[Subprotocol(SUBPROTOCOL_MSGPACK)]) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"
        measured = await measure(SimpleNamespace(ws_url=url, token=""), Plan(sounds, echo_replies=0))
    words, backchannel = measured.scores
    assert (words.name, words.stopped, backchannel.stopped) == ("question", True, False)
    assert words.duck_ms < words.silent_ms
    assert backchannel.left_fainter, "this avatar forgets to speak up again"
    figures = summarise(measured)
    assert (figures["bargein_missed_rate"], figures["false_stop_rate"], figures["n_overlap_void"]) == (0.0, 0.0, 0)
