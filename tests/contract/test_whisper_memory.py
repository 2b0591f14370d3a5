"""Whisper hears utterances of every length; what it compiles for each of them is not kept for ever."""

import json
import os
import subprocess
import sys
from pathlib import Path

from server.launcher import ENVIRONMENT
from tests.speech_models import model

HEAR = """
import json, sys
from pathlib import Path
import numpy as np, psutil
from speech.asr import AsrJob
from speech.engines.whisper import Whisper

def used_mb():
    return psutil.Process().memory_info().rss / 2**20

ears, hum = Whisper(Path(sys.argv[1])), np.random.default_rng(7)
def hear(seconds):
    ears.run([AsrJob(0.01 * hum.standard_normal(int(seconds * 16000)).astype(np.float32), "en", quick=True)])

hear(4.2)  # the longest
begin = used_mb()
for n in range(100):
    hear(0.1 + 0.04 * n)
print(json.dumps(used_mb() - begin))
"""
MOST_MB = 50.0  # 75 and more with oneDNN's own bound


def grown_mb(environment: dict[str, str]) -> float:
    """In a process of its own: libraries read their environment once."""
    heard = subprocess.run(
        [sys.executable, "-c", HEAR, str(model("whisper-base"))],
        cwd=Path(__file__).parents[2],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return float(json.loads(heard.stdout))


def test_a_hundred_lengths_of_speech_leave_little_behind() -> None:
    assert grown_mb(ENVIRONMENT) < MOST_MB
