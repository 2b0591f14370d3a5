"""Checks of the conversation: replies, pace, interruptions. The fan's voice is the server's own, recorded before."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from itertools import chain, cycle, repeat

import numpy as np

from protocol.messages import (
    AudioChunk,
    ConsentChange,
    Consents,
    ErrorMessage,
    Interrupt,
    Notice,
    PlaybackMark,
    ReplyCancelled,
    ReplyChunk,
    TextInput,
    Transcript,
    TurnReport,
)
from server.conformance.hands import Check
from server.conformance.line import SAY_AGAIN, TRIES, Line, Target, cancelled
from server.conformance.report import NotApplicableError
from server.conformance.witness import demand

QUESTION = "Tell me a long story about your day, please."
AHEAD_S = 1.6  # a second is promised; the rest is the scheduling of two busy machines
BARGE_IN_S = 6.0  # of a voice over a reply; who has not cancelled it by then does not
SPOKEN_S = 4.0
SOME_S = 0.9  # of a reply; a second comes at once
LOOK_AGAIN_S = 0.2
CHUNK_S = 0.02
INPUT_RATE_HZ = 16_000


async def _typed_turn(target: Target) -> None:
    async with target.fan() as line:
        chunks = await line.answer(QUESTION)
        transcript = line.all(Transcript)[0]
        demand(transcript.final and transcript.text == QUESTION, f"the transcript is {transcript}")
        demand(line.witness.end_samples > 0, "a reply without a sound")
        demand(any(chunk.words for chunk in chunks), "a reply without words")
        reports = [report.reply_id for report in line.all(TurnReport)]
        demand(chunks[0].reply_id in reports, f"reply {chunks[0].reply_id} was heard, reports came of {reports}")


async def _spoken_turn(target: Target) -> None:
    async with target.fan() as line:
        voice = target.voice or (await _recorded_voice(line))[: int(2 * SPOKEN_S * INPUT_RATE_HZ)]
        for _ in range(TRIES):
            if report := await _said_aloud(line, voice):
                break
            await line.rest()  # it was too busy to recognise it
        else:
            raise NotApplicableError(f"{TRIES} times the server asked for it to be said again")
        demand(report.voice_to_voice_ms > 0, f"voice to voice in {report.voice_to_voice_ms} ms")
        demand(any(chunk.reply_id == report.reply_id for chunk in line.chunks), "a report of a reply never heard")


async def _said_aloud(line: Line, voice: bytes) -> TurnReport | None:
    """Speaks, and is silent until a turn has both its words and its report: who is slow to recognise may say so first,
    which is a reply too. None: the server asked for it to be said again.
    """
    said: dict[int, str] = {}  # turn_id -> its settled words
    reports: dict[int, TurnReport] = {}
    async with _speaking(line, voice, then_silence=True):
        while not (whole := [turn for turn in reports if said.get(turn)]):
            match await line.attend():
                case Transcript(turn_id, text, final):
                    demand(turn_id not in said, "a transcript after the final one of its turn")
                    if final:
                        said[turn_id] = text
                case TurnReport() as report:
                    reports[report.turn_id] = report
                case ErrorMessage(code, text):
                    demand(code in SAY_AGAIN, f"error {code} ({text}) in place of an answer")
                    return None
    return reports[whole[0]]


async def _pace(target: Target) -> None:
    async with target.fan() as line:
        ahead_s = [await _furthest_ahead_s(line)]
        while ahead_s[-1] > AHEAD_S and len(ahead_s) < TRIES:  # a stall here, when it began, looks the same
            await line.rest()
            ahead_s.append(await _furthest_ahead_s(line))
        demand(ahead_s[-1] <= AHEAD_S, f"sent {min(ahead_s):.2f} s before it is due")


async def _furthest_ahead_s(line: Line) -> float:
    """How far before it is due the earliest chunk of a reply came."""
    await line.ask(QUESTION)
    began, rate_hz, furthest_s = time.monotonic(), line.welcome.audio_out.sample_rate_hz, 0.0
    while not line.witness.finished:
        if isinstance(chunk := await line.attend(), ReplyChunk):
            furthest_s = max(furthest_s, chunk.start_samples / rate_hz - (time.monotonic() - began))
    return furthest_s


async def _speak_over(target: Target) -> None:
    async with target.fan() as line:
        voice = target.voice or await _recorded_voice(line)
        for _ in range(TRIES):
            sounding, began = await begin_reply(line), time.monotonic()
            async with _speaking(line, voice):
                over = await _cancelled_or_played(line)
            if over:
                break
            under_s, too_long_s = time.monotonic() - began, line.pace.patient(BARGE_IN_S)
            demand(under_s < too_long_s, f"reply {sounding} was played on for {under_s:.1f} s under a voice")
            await asyncio.sleep(SPOKEN_S)  # what was said too late may have its answer
            await line.rest()
        else:
            raise NotApplicableError(f"every reply was over within {BARGE_IN_S:.0f} s of the voice")
        demand(over.reply_id == sounding, f"reply {over.reply_id} was cancelled, {sounding} sounded")
        demand(over.reason in ("barge_in", "fan_went_on"), f"for the reason {over.reason}")
        demand(over.heard_samples <= line.witness.end_samples, "more was heard than sent")


async def _cancelled_or_played(line: Line) -> ReplyCancelled | None:
    """The cancellation of the reply that sounds; None when it was sent and played to its end first."""
    while not line.witness.finished or line.left_s() > 0:
        with suppress(TimeoutError):
            if isinstance(message := await line.receive(LOOK_AGAIN_S), ReplyCancelled):
                return message
    return None


async def _stop_button(target: Target) -> None:
    async with target.fan() as line:
        sounding = await begin_reply(line)
        await line.send(Interrupt())
        over = await cancelled(line)
        demand((over.reply_id, over.reason) == (sounding, "interrupt"), f"{over}")
        demand(over.heard_samples <= line.witness.end_samples, "more was heard than sent")
        await line.answer(QUESTION)
        demand(line.witness.newest_reply_id > sounding, "the next reply has an old number")


async def _type_over(target: Target) -> None:
    async with target.fan() as line:
        sounding = await begin_reply(line)
        await line.send(TextInput("Wait, another question."))
        over = await cancelled(line)
        demand((over.reply_id, over.reason) == (sounding, "interrupt"), f"{over}")
        await line.answer("Another question, then.")


async def _strange_marks(target: Target) -> None:
    async with target.fan() as line:
        await line.send(PlaybackMark(2**53 - 1, 2**53 - 1))
        for _ in range(TRIES):
            sounding = await begin_reply(line)
            await line.send(PlaybackMark(sounding, 2**53 - 1))
            await line.send(PlaybackMark(0, 5))
            await line.rest()
            over = next((gone for gone in line.all(ReplyCancelled) if gone.reply_id == sounding), None)
            if over is None:
                return
            demand(over.reason == "engine_failed", f"{over}")
        raise NotApplicableError(f"{TRIES} times the server could not make a whole reply")


async def _consent(target: Target) -> None:
    async with target.fan() as line:
        await line.send(ConsentChange(Consents(memory=True)))
        demand((await line.until(Notice)).kind == "consent", "another notice")


async def begin_reply(line: Line) -> int:
    """Asks until a reply sounds that has some way to go."""
    rate_hz = line.welcome.audio_out.sample_rate_hz
    for _ in range(TRIES):
        reply_id = (await line.ask(QUESTION)).reply_id
        while not line.witness.finished and line.witness.end_samples < SOME_S * rate_hz:
            await line.attend()
        if not line.witness.finished:
            return reply_id
        await line.rest()
    raise NotApplicableError(f"the server's replies to {QUESTION!r} are shorter than a second")


async def _recorded_voice(line: Line) -> bytes:
    """A reply as a microphone at 16 kHz would hear it."""
    audio = b"".join(chunk.audio for chunk in await line.answer(QUESTION))
    await line.rest()
    pcm = np.frombuffer(audio, "<i2")
    at = np.arange(0, len(pcm) - 1, line.welcome.audio_out.sample_rate_hz / INPUT_RATE_HZ)
    heard: bytes = np.interp(at, np.arange(len(pcm)), pcm).astype("<i2").tobytes()
    return heard


@asynccontextmanager
async def _speaking(line: Line, voice: bytes, *, then_silence: bool = False) -> AsyncIterator[None]:
    """Inside, the fan says `voice` in real time: again and again, or once and then nothing."""
    talking = asyncio.create_task(_speak(line, voice, then_silence=then_silence), name="conformance-voice")
    try:
        yield
    finally:
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)


async def _speak(line: Line, pcm16: bytes, *, then_silence: bool) -> None:
    """Says it from its first loud sample on."""
    loud = np.flatnonzero(np.abs(np.frombuffer(pcm16, "<i2").astype(int)) > 1000)
    pcm16 = pcm16[2 * int(loud[0]) :] if len(loud) else pcm16
    step = 2 * int(CHUNK_S * INPUT_RATE_HZ)
    chunks = [pcm16[at : at + step] for at in range(0, len(pcm16) - step + 1, step)]
    began = time.monotonic()
    for sent, chunk in enumerate(chain(chunks, repeat(bytes(step))) if then_silence else cycle(chunks), 1):
        await line.send(AudioChunk(chunk))
        await asyncio.sleep(max(0.0, began + sent * CHUNK_S - time.monotonic()))


CHECKS: Mapping[str, Mapping[str, Check]] = {
    "conversation": {
        "a typed turn has its transcript, reply and report": _typed_turn,
        "a spoken turn has its transcripts, reply and report": _spoken_turn,
        "a change of consent is confirmed": _consent,
        "marks from nowhere change nothing": _strange_marks,
    },
    "back-pressure": {"a reply is sent about a second ahead, not more": _pace},
    "barge-in": {
        "a voice over the reply cancels it": _speak_over,
        "the stop button cancels it; the next reply has a newer number": _stop_button,
        "typing over it cancels it": _type_over,
    },
}
