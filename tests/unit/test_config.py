"""The configuration: defaults, file, environment; every mistake is named."""

from pathlib import Path

import pytest

from protocol.messages import Limits
from server.config import Config, ConfigError, load_config


def test_the_defaults_need_nothing() -> None:
    config = load_config(None, {})
    assert config == Config()
    assert config.server.port == 8700
    assert config.llm_model() == "qwen-0.5b"
    assert config.wire_limits() == Limits()


def test_the_environment_goes_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "stagedoor.toml"
    file.write_text('[server]\nport = 9000\nhost = "::1"\n[llm]\nprofile = "fast"\n')
    config = load_config(file, {"STAGEDOOR__LLM__PROFILE": "quality", "STAGEDOOR__SERVER__GREET": "false"})
    assert (config.server.port, config.server.host, config.server.greet) == (9000, "::1", False)
    assert config.llm_model() == "qwen-1.5b"


def test_other_variables_are_none_of_our_business() -> None:
    assert load_config(None, {"STAGEDOOR_HOME": "/somewhere", "PATH": "x"}) == Config()


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[server]\nprot = 1\n", "prot"),
        ("[sever]\nport = 1\n", "sever"),
        ('[server]\nport = "many"\n', "port"),
        ("[server]\nport = 99999\n", "port"),
        ('[llm]\nprofile = "best"\n', "profile"),
        ("[server\n", "TOML"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, toml: str, says: str) -> None:
    file = tmp_path / "stagedoor.toml"
    file.write_text(toml)
    with pytest.raises(ConfigError, match=says):
        load_config(file, {})


@pytest.mark.parametrize("name", ["STAGEDOOR__PORT", "STAGEDOOR__SERVER__A__B", "STAGEDOOR__SERVER__PROT"])
def test_a_mistake_in_the_environment_is_named(name: str) -> None:
    with pytest.raises(ConfigError):
        load_config(None, {name: "1"})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        load_config(tmp_path / "nowhere.toml", {})
    (tmp_path / "noise.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="TOML"):
        load_config(tmp_path / "noise.toml", {})
