"""The demo against the real server: everything is there, or it says in one sentence what is not.

Nothing here asserts how fast anything was; the demo waits as long as a busy machine needs.
"""

import json
import wave

import numpy as np
import pytest

from bench.demo import main
from bench.server_process import HOUSE

CLIPS = HOUSE / "tests" / "clips"
PATIENCE_S = "120"


def write_wav(path, samples):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.astype("<i2").tobytes())
    return str(path)


@pytest.mark.timeout(400)
def test_a_fan_asks_and_the_avatar_answers_with_voice_face_and_words(tmp_path, capsys):
    code = main(["--out", str(tmp_path), "--patience", PATIENCE_S])
    said = capsys.readouterr()
    assert code == 0, said.err

    (turn,) = json.loads((tmp_path / "turns.json").read_text("utf-8"))
    assert "your cat" in turn["transcript"]
    assert turn["reply"]
    assert turn["kind"] in ("llm", "prepared")
    assert turn["v2v_ms"] > 0
    stages = {stage["name"]: stage for stage in turn["stages"]}
    assert stages["commit_to_face"]["start_ms"] > turn["voice_end_ms"], "it waited for the fan to finish"
    for heard in (turn["transcript"], turn["reply"], f"{turn['v2v_ms']:.0f} ms voice to voice"):
        assert heard in said.out

    with wave.open(str(tmp_path / "reply.wav")) as file:
        assert file.getframerate() == 24_000
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert len(pcm) > 24_000 // 4
    assert np.abs(pcm).max() > 1000, "a voice, not silence"
    assert (tmp_path / "timeline.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.timeout(400)
def test_a_fan_who_says_nothing_gets_a_clear_no(tmp_path, capsys):
    silence = write_wav(tmp_path / "silence.wav", np.random.default_rng(1).normal(0, 8, 16_000))
    code = main(["--clip", silence, "--out", str(tmp_path / "out"), "--patience", "3"])
    assert code == 1
    assert capsys.readouterr().err == "demo: no transcript: the server understood no words in silence.\n"
    assert not (tmp_path / "out" / "turns.json").exists()


def test_a_server_that_cannot_start_says_why(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("STAGEDOOR_HOME", str(tmp_path / "nothing here"))
    code = main(["--out", str(tmp_path)])
    assert code == 1
    said = capsys.readouterr().err
    assert "the server ended with code 1" in said
    assert "stagedoor models pull" in said


def test_a_clip_that_cannot_be_read_is_named(tmp_path, capsys):
    assert main(["--clip", str(tmp_path / "absent.wav"), "--out", str(tmp_path)]) == 1
    assert "absent.wav" in capsys.readouterr().err


@pytest.mark.timeout(400)
def test_old_files_of_an_earlier_demo_do_not_stay_when_this_one_fails(tmp_path, monkeypatch):
    (tmp_path / "reply.wav").write_bytes(b"old")
    monkeypatch.setenv("STAGEDOOR_HOME", str(tmp_path / "nothing here"))
    assert main(["--out", str(tmp_path)]) == 1
    assert not (tmp_path / "reply.wav").exists()
