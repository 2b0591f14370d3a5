"""The house in a wheel: every room is packed, and its plain names collide with nobody."""

import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

HOUSE = Path(__file__).parents[2]
ROOMS = ("protocol", "speech", "avatar", "server")
PYPROJECT = tomllib.loads((HOUSE / "pyproject.toml").read_text())


def test_every_room_is_packed() -> None:
    found = {
        ".".join(("stagedoor", *init.parent.relative_to(HOUSE).parts))
        for room in ROOMS
        for init in (HOUSE / room).rglob("__init__.py")
    }
    listed = set(PYPROJECT["tool"]["setuptools"]["packages"])
    assert found <= listed
    assert all((HOUSE / name.removeprefix("stagedoor").strip(".").replace(".", "/")).is_dir() for name in listed)


def test_no_installed_distribution_owns_our_names() -> None:
    assert {name for name in packages_distributions() if name in ROOMS} == set()


def test_no_test_folder_shadows_a_room() -> None:
    assert list((HOUSE / "tests").rglob("__init__.py")) == []


def packed(folder: str) -> set[Path]:
    patterns = PYPROJECT["tool"]["setuptools"]["package-data"][f"stagedoor.{folder}"]
    return {path for pattern in patterns for path in (HOUSE / folder).glob(pattern) if path.is_file()}


def test_every_persona_is_packed() -> None:
    assert packed("personas") == {path for path in (HOUSE / "personas").rglob("*") if path.is_file()}


def test_of_the_page_everything_built_is_packed_and_nothing_else() -> None:
    built = {path for path in (HOUSE / "web_client" / "dist").rglob("*") if path.is_file()}
    assert HOUSE / "web_client" / "dist" / "index.html" in built, "build the page first: make page"
    assert packed("web_client") == built
