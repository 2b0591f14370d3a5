"""Any avatar may be dropped in: a VRM 1.0, or a plain glb with ARKit's shapes and Mixamo's bones, made by others."""

import json
import struct
from collections.abc import Callable

import pytest
from playwright.async_api import Page, Route, expect

from protocol.messages import Listening
from tests.web.conftest import OpenPage, enter
from tests.web.scripted_server import ScriptedServer, face_frame
from tests.web.test_page_room import TINY, in_3d, picture
from tests.web.tiny_rig import tiny_rig


def plain(glb: bytes) -> bytes:
    """The same person without a word of VRM: only the names of shapes and bones say what is what."""
    length = struct.unpack_from("<I", glb, 12)[0]
    document = json.loads(glb[20 : 20 + length])
    del document["extensions"], document["extensionsUsed"]
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    rest = glb[20 + length :]
    head = struct.pack("<4sII", b"glTF", 2, 20 + len(text) + len(rest))
    return head + struct.pack("<I4s", len(text), b"JSON") + text + rest


@pytest.mark.timeout(180)
@pytest.mark.parametrize("kind", [bytes, plain], ids=["VRM 1.0", "plain glb"])
async def test_an_avatar_of_ones_own_stands_in_the_room(
    server: ScriptedServer, open_page: OpenPage, kind: Callable[[bytes], bytes]
) -> None:
    async def bring(route: Route) -> None:
        await route.fulfill(body=kind(tiny_rig()), content_type="model/gltf-binary")

    async def before(page: Page) -> None:
        await page.route("**/avatars/own.glb", bring)

    async with open_page(f"{server.url}?quality=low&look=own", size=TINY, webgl=True, before=before) as page:
        visit = await enter(page, server)
        await in_3d(page)
        assert await page.locator("#face").get_attribute("data-look") == "own"
        await visit.say(Listening(seq=1, face=face_frame(jawOpen=0.2) * 3000))
        await expect(page.locator("#face")).to_have_attribute("data-jaw-open", "0.200")  # read back from the mesh
        await picture(page, f"own-{kind.__name__}")
