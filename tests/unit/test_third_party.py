"""THIRD_PARTY.md names everything that is pulled or installed."""

import re
import tomllib
from pathlib import Path

from server.model_store.catalogue import load_catalogue

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "THIRD_PARTY.md").read_text()


def named(word):
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", PAGE)


def test_every_model_is_named_with_the_wheels_that_carry_it():
    for model in load_catalogue().models:
        assert named(model.name), model.name
        assert model.hub is None or model.hub.repository in PAGE, model.hub
        first_wheel, _, version = model.files[0].parts[0].wheel.partition("==")
        assert first_wheel in PAGE, first_wheel
        assert version in PAGE, version


def test_every_package_that_a_user_installs_is_named():
    lock = (ROOT / "requirements" / "run.lock").read_text()
    pinned = set(re.findall(r"^([a-z0-9][a-z0-9._-]*)==", lock, flags=re.MULTILINE))
    assert len(pinned) > 20
    assert [name for name in sorted(pinned) if not named(name)] == []


def test_every_direct_dependency_is_named():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    names = {re.match(r"[A-Za-z0-9._-]+", line).group() for line in lines} - {"stagedoor"}
    assert [name for name in sorted(names) if not named(name)] == []
