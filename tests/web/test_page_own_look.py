"""Any avatar may be dropped in: a VRM 1.0 or a plain glb with ARKit's shapes, made by others in their own ways."""

import json
import struct
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Page, Route, expect

from avatar.blendshapes import ARKIT_52
from protocol.messages import Listening
from tests.web.conftest import OpenPage, enter
from tests.web.gallery import difference, hang_fresh, opened
from tests.web.scripted_server import ScriptedServer, face_frame
from tests.web.test_page_pictures import calmly, face_on
from tests.web.test_page_room import TINY, in_3d
from tests.web.tiny_rig import MORPHS, tiny_rig

Document = dict[str, Any]
SIDES = {"Left": "L", "Right": "R"}


def rewritten(change: Callable[[Document], None]) -> bytes:
    """The smallest person with its JSON changed, its points and triangles as they were."""
    glb = tiny_rig()
    length = struct.unpack_from("<I", glb, 12)[0]
    document = json.loads(glb[20 : 20 + length])
    change(document)
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    rest = glb[20 + length :]
    head = struct.pack("<4sII", b"glTF", 2, 20 + len(text) + len(rest))
    return head + struct.pack("<I4s", len(text), b"JSON") + text + rest


def as_it_is(_: Document) -> None:
    """A VRM 1.0 with Mixamo's bones."""


def without_vrm(document: Document) -> None:
    """Only the names of shapes and bones say what is what."""
    del document["extensions"], document["extensionsUsed"]


def as_from_vroid(document: Document) -> None:
    """A VRM whose bones have other names."""
    for node in document["nodes"]:
        side = next((short for long, short in SIDES.items() if node["name"].startswith(long)), "C")
        node["name"] = f"J_Bip_{side}_{node['name'].removeprefix('Left').removeprefix('Right')}"


def as_from_3ds_max(document: Document) -> None:
    """No VRM, other bones, centimetres, modelled beside the origin, its shapes in two meshes with short sides."""
    without_vrm(document)
    words = {"Hips": "Pelvis", "Arm": "UpperArm", "ForeArm": "Forearm", "UpLeg": "Thigh", "Leg": "Calf"}
    for node in document["nodes"]:
        long = next((side for side in SIDES if node["name"].startswith(side)), "")
        bone = node["name"].removeprefix(long)
        node["name"] = f"Bip01 {SIDES.get(long, '')} {words.get(bone, bone)}".replace("  ", " ")
    root = {"name": "Scene", "scale": [100] * 3, "translation": [120, 30, -40], "children": [0]}
    document["nodes"].append(root)
    document["scenes"][0]["nodes"] = [len(document["nodes"]) - 1]
    document["meshes"] = [with_shapes(document["meshes"][0], ARKIT_52[at : at + 26]) for at in (0, 26)]
    face = next(node for node in document["nodes"] if "mesh" in node)
    face["children"] = [len(document["nodes"])]
    document["nodes"].append({"name": "inner part", "mesh": 1, "scale": [0.9] * 3})


def with_shapes(mesh: Document, names: tuple[str, ...]) -> Document:
    """The mesh with some of its shapes only, named as `head.eyeBlink_L`."""
    (primitive,) = mesh["primitives"]
    targets = [primitive["targets"][MORPHS.index(name)] for name in names]
    short = [name.replace("Left", "_L").replace("Right", "_R") for name in names]
    return {
        "name": "part",
        "primitives": [{**primitive, "targets": targets}],
        "extras": {"targetNames": [f"head.{name}" for name in short]},
    }


def without_shapes(document: Document) -> None:
    without_vrm(document)
    del document["meshes"][0]["primitives"][0]["targets"], document["meshes"][0]["extras"]


def brings(content: bytes, told: list[str] | None = None) -> Callable[[Page], Any]:
    """For `open_page`: the server has this file as look "own". `told` gets what the console says."""

    async def bring(route: Route) -> None:
        await route.fulfill(body=content, content_type="model/gltf-binary")

    async def before(page: Page) -> None:
        await calmly(page)
        await page.route("**/avatars/own.glb", bring)
        page.on("console", lambda message: told.append(message.text) if told is not None else None)

    return before


async def face_of(server: ScriptedServer, open_page: OpenPage, content: bytes) -> Image.Image:
    """The avatar's face in the room, its mouth moved by the server."""
    address = f"{server.url}?quality=low&look=own"
    async with open_page(address, size=TINY, webgl=True, before=brings(content)) as page:
        visit = await enter(page, server)
        await in_3d(page)
        await expect(page.locator("#face")).to_have_attribute("data-look", "own")
        await visit.say(Listening(seq=1, face=face_frame(jawOpen=0.2) * 3000))
        await expect(page.locator("#face")).to_have_attribute("data-jaw-open", "0.200")  # read back from the mesh
        return opened(await page.screenshot(clip=await face_on(page)))


@pytest.mark.timeout(180)
async def test_avatars_of_any_make_stand_in_the_same_place(server: ScriptedServer, open_page: OpenPage) -> None:
    faces = {}
    for change in (as_it_is, as_from_vroid, without_vrm, as_from_3ds_max):
        faces[change] = await face_of(server, open_page, rewritten(change))
        hang_fresh(f"own-{change.__name__.replace('_', '-')}", faces[change])
    assert apart(faces[as_it_is], faces[as_from_vroid]) < 4
    assert apart(faces[without_vrm], faces[as_from_3ds_max]) < 8
    assert apart(faces[as_it_is], faces[without_vrm]) < 20  # a VRM without eyes' bones: where its eyes are is guessed


def apart(one: Image.Image, other: Image.Image) -> float:
    """Their mean difference, 0..255; half a head to the side makes 50."""
    return difference(one, other)[0]


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"This is no avatar.", "own.glb could not be read as glTF"),
        (rewritten(without_shapes), "it has neither ARKit's shapes nor VRM's expressions"),
    ],
    ids=["no glb", "no shapes"],
)
async def test_for_a_file_that_is_no_avatar_the_default_look_stands_in(
    server: ScriptedServer, open_page: OpenPage, content: bytes, why: str
) -> None:
    told: list[str] = []
    address = f"{server.url}?quality=low&look=own"
    async with open_page(address, size=TINY, webgl=True, before=brings(content, told)) as page:
        await server.visit()
        await in_3d(page)
        await expect(page.locator("#face")).to_have_attribute("data-look", "nova")
    (warning,) = (line for line in told if line.startswith("The look"))
    assert "The look “own” cannot be shown" in warning
    assert why in warning
    assert warning.endswith("“nova” stands in for it.")
