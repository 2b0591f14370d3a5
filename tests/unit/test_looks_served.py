"""Avatars reach the page from two places: the house's own, and the folder that holds the operator's personas."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from avatar.persona import PersonaError, load_personas
from server.commands import PERSONAS, check_looks
from server.listener import build_asgi
from server.page_files import LOOKS
from tests.session.world import World


async def test_a_look_of_the_house_is_served_as_gltf() -> None:
    with TestClient(build_asgi(World().room(), ())) as web:
        answer = web.get("/avatars/nova.glb")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "model/gltf-binary"
    assert answer.content == (LOOKS / "nova.glb").read_bytes()


async def test_a_file_beside_the_operators_personas_is_served_and_comes_first(tmp_path: Path) -> None:
    (tmp_path / "ada.glb").write_bytes(b"glTF of ada")
    (tmp_path / "nova.glb").write_bytes(b"glTF of another nova")
    (tmp_path / "ada.toml").write_text("secret = 1")
    with TestClient(build_asgi(World().room(), (), tmp_path)) as web:
        assert web.get("/avatars/ada.glb").content == b"glTF of ada"
        assert web.get("/avatars/nova.glb").content == b"glTF of another nova"
        assert web.get("/avatars/bram.glb").status_code == 200
        assert web.get("/avatars/ada.toml").status_code == 404
        assert web.get("/avatars/../ada.toml").status_code == 404
        assert web.get("/avatars/nobody.glb").status_code == 404


def test_the_personas_of_the_house_have_their_looks() -> None:
    personas = load_personas(PERSONAS)
    check_looks(personas.values(), None)
    assert personas["nova"].look == "nova"
    assert personas["bram"].look == "bram"


def test_an_unknown_look_is_named_with_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "ada.glb").write_bytes(b"glTF of ada")
    (nova,) = (persona for persona in load_personas(PERSONAS).values() if persona.id == "nova")
    with pytest.raises(PersonaError, match=r"nova: look: no file zoe\.glb; there are: ada, amara, bram, nova"):
        check_looks([replace(nova, look="zoe")], tmp_path)
    check_looks([replace(nova, look="ada")], tmp_path)
