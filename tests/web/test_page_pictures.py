"""What people see: every look's mouth for each of the 15 visemes, beside the pictures that were looked at and kept."""

import math

import pytest
from PIL import Image
from playwright.async_api import FloatRect, Page, expect

from avatar.blendshapes import ARKIT_52, VISEME_POSES
from protocol.messages import Listening
from server.page_files import LOOKS
from tests.web.conftest import OpenPage, enter
from tests.web.gallery import MOST_FAR_SHARE, difference, hang, opened
from tests.web.scripted_server import ScriptedServer, face_frame
from tests.web.test_page_room import in_3d

TILE = 140
ACROSS = 5
ROOMY = (1000, 640)
SEEN_M = 2 * math.tan(math.radians(15))  # from top to bottom of the stage, at the avatar's distance
FACE_M = 0.19


async def calmly(page: Page) -> None:
    """Without breath and sway, so that one picture is like the next."""
    await page.emulate_media(reduced_motion="reduce")


async def face_on(page: Page) -> FloatRect:
    """Where the face is, from brows to chin; the camera holds the eyes at 36 % of the stage's height."""
    box = await page.locator("#face").bounding_box()
    assert box is not None
    side = FACE_M * box["height"] / SEEN_M
    middle, eyes = box["x"] + box["width"] / 2, box["y"] + 0.36 * box["height"]
    return {"x": middle - side / 2, "y": eyes - 0.25 * side, "width": side, "height": side}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("look", sorted(path.stem for path in LOOKS.glob("*.glb")))
async def test_every_look_speaks_every_viseme(server: ScriptedServer, open_page: OpenPage, look: str) -> None:
    async with open_page(f"{server.url}?quality=low&look={look}", size=ROOMY, webgl=True, before=calmly) as page:
        visit = await enter(page, server)
        await in_3d(page)
        assert await page.locator("#face").get_attribute("data-look") == look
        where, mouths = await face_on(page), []
        for seq, weights in enumerate(VISEME_POSES.values()):
            frame = face_frame(**dict(zip(ARKIT_52, map(float, weights), strict=True)))
            await visit.say(Listening(seq=seq, face=frame * 1800, head=bytes(3 * 1800)))
            jaw = round(255 * float(weights[ARKIT_52.index("jawOpen")])) / 255
            await expect(page.locator("#face")).to_have_attribute("data-jaw-open", f"{jaw:.3f}")
            mouths.append(opened(await page.screenshot(clip=where)))
    hang(f"visemes-{look}", sheet(mouths))
    shut, wide = mouths[1], mouths[10]
    assert difference(shut, wide)[1] > MOST_FAR_SHARE  # another mouth would be told


def sheet(mouths: list[Image.Image]) -> Image.Image:
    """All of them, row after row, in the order of the table."""
    made = Image.new("RGB", (ACROSS * TILE, -(-len(mouths) // ACROSS) * TILE))
    for k, mouth in enumerate(mouths):
        made.paste(mouth.resize((TILE, TILE)), (k % ACROSS * TILE, k // ACROSS * TILE))
    return made
