"""What people see, beside the pictures that were looked at and kept: every screen, every look's mouth at work."""

import math
from itertools import combinations

import pytest
from msgspec.structs import replace
from PIL import Image
from playwright.async_api import FloatRect, Page, expect

from avatar.blendshapes import ARKIT_52, VISEME_POSES
from protocol.event_messages import ReactionCounts, Reactions, StageState
from protocol.messages import DisclosureAcknowledged, Hello, Listening, Notice, Transcript
from protocol.visit_messages import SlotTime
from server.page_files import LOOKS
from tests.web.conftest import LAPTOP, PHONE, OpenPage, enter
from tests.web.gallery import KEPT, MOST_FAR_SHARE, MOST_MEAN, difference, hang, opened
from tests.web.rest_of_house import RestOfHouse
from tests.web.scripted_server import ScriptedServer, face_frame
from tests.web.test_page_event import KEPT as KEEPSAKE
from tests.web.test_page_event import SPECTATOR, TITLE, seated
from tests.web.test_page_meet import RESUMABLE, serious_faults
from tests.web.test_page_room import in_3d
from tests.web.test_page_words import WORDS, heard_out, spoken

GREETING = "Maya! Then I have seen you, you sang along in the chorus. How was the way home?"
TILE = 140
ACROSS = 5
ROOMY = (1000, 640)
SEEN_M = 2 * math.tan(math.radians(15))  # from top to bottom of the stage, at the avatar's distance
FACE_M = 0.19

#: What moves in has come to rest, and the canvas was drawn in its new size.
AT_REST = """async () => {
  const picture = () => new Promise((drawn) => requestAnimationFrame(drawn));
  await picture();
  await Promise.all(document.getAnimations().map(({ finished }) => finished));
  await picture();
  await picture();
}"""


async def calmly(page: Page) -> None:
    """Without breath and sway, so that one picture is like the next."""
    await page.emulate_media(reduced_motion="reduce")


async def seen(page: Page, name: str, size: tuple[int, int] = LAPTOP) -> None:
    """Hangs a picture of the whole page at this size; axe has nothing against it."""
    await page.set_viewport_size({"width": size[0], "height": size[1]})
    await page.mouse.move(1, 1)
    await page.evaluate("document.activeElement?.blur()")
    await page.evaluate(AT_REST)
    hang(name, opened(await page.screenshot()))
    assert await serious_faults(page) == [], name


async def test_every_screen_looks_as_it_was_kept(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url, before=calmly) as page:
        visit = await server.visit(welcome=False)
        await visit.hears(Hello)
        await visit.say(Notice(kind="server", text="The room is full. You are number 3 in line; about 2 minutes."))
        await expect(page.locator("#waiting")).to_contain_text("number 3")
        await seen(page, "screen-waiting")
        await visit.say(RESUMABLE)
        await expect(page.locator("#disclosure")).to_be_visible()
        await seen(page, "screen-lobby")
        await seen(page, "screen-lobby-phone", PHONE)
        await page.click("#understand")
        await visit.hears(DisclosureAcknowledged)
        await visit.say(Transcript(turn_id=1, text="Do you sing at home?", final=True), spoken(1, WORDS, word_s=0.05))
        await visit.say(Listening(seq=1, face=face_frame(mouthSmile=0.4) * 3600))
        await heard_out(page, WORDS)
        await seen(page, "screen-room-phone", PHONE)
        await seen(page, "screen-room")
        await page.reload()
        again = await server.visit(welcome=False)
        await again.hears(Hello)
        await again.say(replace(RESUMABLE, resumed=True))
        await expect(page.locator("#back")).to_be_visible()
        await seen(page, "screen-back")
        await page.click("#go-on")
        await page.click("#leave")
        await expect(page.locator("#over")).to_be_visible()
        await seen(page, "screen-over")


async def test_every_screen_of_an_event_looks_as_it_was_kept(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url + "#join=t", before=calmly) as page:
        visit = await seated(page, server)
        line = Transcript(turn_id=1, text="It is Maya. I was at the show in Bristol, in the second row!", final=True)
        await visit.say(KEEPSAKE, SlotTime("running", 100.0), line, spoken(1, GREETING.split(), word_s=0.05))
        await visit.say(Listening(seq=1, face=face_frame(mouthSmile=0.4) * 3600))
        await expect(page.locator("#event-title")).to_have_text(TITLE)
        await heard_out(page, GREETING.split())
        await seen(page, "screen-slot-phone", PHONE)
        await seen(page, "screen-slot")
        await page.click("#picture")
        await visit.say(SlotTime("over", 0.0))
        await expect(page.locator("#keepsakes img")).to_be_visible()
        await seen(page, "screen-keepsake-phone", PHONE)
        await seen(page, "screen-keepsake")


async def test_every_screen_of_spectators_looks_as_it_was_kept(server: ScriptedServer, open_page: OpenPage) -> None:
    rest = RestOfHouse(answers={"POST /events/e-1/spectator-token": (200, {"token": "watch-1"})})

    async def before(page: Page) -> None:
        await calmly(page)
        await rest.serve(page)

    async with open_page(server.url + "#watch=e-1", before=before) as page:
        visit = await server.visit(welcome=False)
        await visit.hears(Hello)
        await visit.welcome(SPECTATOR)
        await expect(page.locator("#disclosure")).to_be_visible()
        await seen(page, "screen-watch-lobby")
        await page.click("#understand")
        await expect(page.locator("#room")).to_be_visible()
        await visit.say(StageState("private", "v-1"))
        await expect(page.locator("#curtain")).to_contain_text("This visit is private.")
        await seen(page, "screen-curtain")
        await visit.say(StageState("live", "v-2", "Maya"), spoken(1, GREETING.split(), word_s=0.05))
        await visit.say(Reactions(ReactionCounts(heart=3, applause=5)))
        await heard_out(page, GREETING.split())
        await expect(page.locator(".glows")).to_have_count(0)
        await seen(page, "screen-watching-phone", PHONE)
        await seen(page, "screen-watching")


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


def test_any_other_picture_would_be_told() -> None:
    kept = [Image.open(path).convert("RGB") for path in sorted(KEPT.glob("*.png"))]
    assert len(kept) >= 10
    alike = [(a, b) for a, b in combinations(kept, 2) if a.size == b.size]
    assert len(alike) > 10
    for a, b in alike:
        mean, far = difference(a, b)
        assert mean > MOST_MEAN or far > MOST_FAR_SHARE


def test_the_kept_pictures_are_small() -> None:
    assert sum(path.stat().st_size for path in KEPT.glob("*.png")) < 1_500_000
