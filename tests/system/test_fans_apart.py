"""Six fans with real engines in processes of their own, two of which are killed: nobody hears another's answer."""

import asyncio
import re

import numpy as np
import psutil
from scipy.signal import resample_poly

from bench.clips import Clip
from bench.fan import Fan
from bench.measures import FanTurn
from bench.server_process import ServerProcess
from protocol.messages import ReplyChunk, Transcript
from speech.asr import AsrJob
from speech.engines.whisper import Whisper
from tests.speech_models import model

NAMES = ("fan_question", "fan_real", "fan_thanks", "fan_song", "fan_home", "fan_album")


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z']+", text.lower()))


def likeness(one: str, other: str) -> float:
    """The share of words that both have."""
    return len(words(one) & words(other)) / max(1, len(words(one) | words(other)))


def heard(turns: list[FanTurn]) -> str:
    return " ".join(
        a.message.text for t in turns for a in t.arrivals if isinstance(a.message, Transcript) and a.message.final
    )


def replies(turns: list[FanTurn]) -> list[tuple[str, np.ndarray]]:
    """The words and the audio of each reply, as far as it was sent."""
    found: dict[int, list[ReplyChunk]] = {}
    for turn in turns:
        for arrival in turn.arrivals:
            if isinstance(arrival.message, ReplyChunk):
                found.setdefault(arrival.message.reply_id, []).append(arrival.message)
    return [
        (
            " ".join(word.text for chunk in chunks for word in chunk.words),
            np.frombuffer(b"".join(chunk.audio for chunk in chunks), "<i2") / 32768,
        )
        for chunks in found.values()
    ]


async def test_six_fans_among_killed_engines_hear_only_their_own_answers(clips: dict[str, Clip]) -> None:
    settings = {"server.greet": "false", "workers.mode": "processes", "workers.spares": "false", "access.tokens": "off"}
    with ServerProcess(settings) as server:
        engines = [
            child for child in psutil.Process(server.pid).children() if "spawn_main" in " ".join(child.cmdline())
        ]
        assert len(engines) == 5
        turns: dict[str, list[FanTurn]] = {}

        async def visit(name: str, seed: int) -> None:
            async with Fan(server.ws_url, seed=seed) as fan:
                await fan.wait(1.5 * seed)
                turns[name] = [await fan.say(clips[name], reply_wait_s=60, listen_s=5)]
                if seed in (1, 3):
                    engines[seed].kill()
                turns[name].append(await fan.say(clips[name], reply_wait_s=60, listen_s=5))
                assert not [error for error in fan.errors if error.fatal]

        await asyncio.gather(*(visit(name, seed) for seed, name in enumerate(NAMES)))
        assert "engines_back" in server.log_text()

    whisper = Whisper(model("whisper-base"))
    spoken = {name: clips[name].text for name in NAMES}
    for name in NAMES:
        understood = heard(turns[name])
        assert max(NAMES, key=lambda other: likeness(understood, spoken[other])) == name, understood
        assert replies(turns[name])
        for text, audio in replies(turns[name]):
            pcm = resample_poly(audio, 2, 3).astype(np.float32)[: 29 * 16000]
            (written,) = whisper.run([AsrJob(pcm)])
            assert not isinstance(written, Exception)
            assert len(words(text)) < 3 or likeness(written.text, text) > 0.4, (text, written.text)
