"""A keepsake made with the real voice and read back with the real ears: first the disclosure, then the talk."""

from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pytest

from avatar.persona import load_personas
from protocol.messages import ReplyChunk
from protocol.timeline import INPUT_RATE_HZ, OUTPUT_RATE_HZ, AudioFormat
from server.after.keepsake import SOUND, Occasion, write_keepsake
from server.after.recording import Recording
from server.after.spool import Spools
from server.prepared import speech_jobs
from speech.asr import AsrJob
from speech.engines.hibari import Hibari
from speech.engines.whisper import Whisper
from tests.speech_models import clip, model

NOVA = load_personas(Path(__file__).parents[2] / "personas")["nova"]
ON = datetime(2026, 11, 22, 20, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def voice() -> Hibari:
    return Hibari(threads=1)


def spoken(voice: Hibari, line: str) -> np.ndarray:
    return np.concatenate([voice.run([job])[0].pcm for job in speech_jobs(NOVA, line)])


def written_down(path: Path, begin_s: float, end_s: float) -> str:
    with av.open(path) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=INPUT_RATE_HZ)
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    pcm = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    part = pcm[int(begin_s * INPUT_RATE_HZ) : int(end_s * INPUT_RATE_HZ)].astype(np.float32)
    return Whisper(model("whisper-base")).run([AsrJob(part)])[0].text.casefold()


def test_who_listens_hears_first_that_this_is_an_ai(voice: Hibari, tmp_path: Path) -> None:
    occasion = Occasion("Nova Reyes", "Maya", "Album night", ON)
    spools = Spools(tmp_path)
    tape = Recording(AudioFormat(), 0.0, spools.open())
    question = (clip("fan_album") * 32767).astype("<i2").tobytes()
    tape.heard_fan(question, len(question) / 2 / INPUT_RATE_HZ * 1000)
    asked_ms = len(question) / 2 / INPUT_RATE_HZ * 1000
    answer = (spoken(voice, "It came out in the spring of last year.") * 32767).astype("<i2").tobytes()
    tape.avatar_sent(ReplyChunk(1, 0, 0, answer, b""), asked_ms + 400)
    tape.avatar_heard(1, len(answer) // 2, asked_ms + 400 + len(answer) / 2 / OUTPUT_RATE_HZ * 1000)
    disclosure = spoken(voice, occasion.spoken())
    tape.finish(60_000)
    write_keepsake(tmp_path, "k", occasion, tape, disclosure, None)
    spools.close()
    lead_s = len(disclosure) / OUTPUT_RATE_HZ
    first = written_down(tmp_path / "k" / SOUND, 0.0, lead_s)
    assert "conversation with an ai avatar" in first
    assert "made by a computer" in first
    talk = written_down(tmp_path / "k" / SOUND, lead_s, lead_s + 30)
    assert "first album" in talk
    assert "spring of last year" in talk
    assert talk.index("first album") < talk.index("spring")
