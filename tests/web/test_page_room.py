"""The 3D room, drawn in software: morphs in step with the voice, into VR and out again without a headset.

Nothing here looks at frames a second. Every look is seen in test_page_pictures.py.
"""

from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Page, expect

from protocol.messages import FanPose, Leave
from protocol.timeline import SAMPLES_PER_FACE_FRAME
from tests.web.conftest import EAR_INIT, OpenPage, enter, loudspeaker_runs
from tests.web.scripted_server import ScriptedServer, Visit
from tests.web.test_page_voice import heard_to, jaw_of, length_of, loudspeaker, reply

pytestmark = pytest.mark.alone

HOUSE = Path(__file__).parents[2]
PICTURES = HOUSE / "out" / "web"
TINY = (320, 480)
IWER = (HOUSE / "web_client" / "node_modules" / "iwer" / "build" / "iwer.min.js").read_text()
HEADSET = f"""{IWER}
window.headset = new IWER.XRDevice(IWER.metaQuest3);
headset.installRuntime({{ forceInstall: true }});
headset.position.set(0.1, 1.62, 0.05);"""


async def in_3d(page: Page) -> None:
    await expect(page.locator("#face")).to_have_attribute("data-view", "3d", timeout=60_000)


async def picture(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=PICTURES / f"{name}.png")


async def enter_headset(page: Page, server: ScriptedServer) -> Visit:
    visit = await enter(page, server)
    await in_3d(page)
    await expect(page.locator("#enter-vr")).to_be_visible()
    return visit


@pytest.mark.timeout(180)
async def test_the_morphs_of_the_avatar_follow_the_sample_that_is_heard(
    server: ScriptedServer, open_page: OpenPage
) -> None:
    chunks = reply(3)
    async with open_page(server.url + "?quality=low", size=TINY, init_script=EAR_INIT, webgl=True) as page:
        visit = await enter(page, server)
        await in_3d(page)
        await loudspeaker_runs(page)
        await visit.say(*chunks)
        await heard_to(visit, 3, length_of(chunks))
        played, first_frame = await loudspeaker(page)
        pictures = [shot for shot in await page.evaluate("ear.pictures") if shot["source"] == "reply 3"]
        await picture(page, "room-small")
    assert len(pictures) > 5
    began_at = first_frame + int(np.flatnonzero(played)[0])
    skew_ms = [((shot["heardAt"] - began_at) / SAMPLES_PER_FACE_FRAME - shot["frame"]) * 1000 / 60 for shot in pictures]
    assert -34 < float(np.median(skew_ms)) < 50  # of the picture's decision; a software renderer then takes its time
    for shot in pictures:
        if shot["frame"] > 4:  # the cross-fade into the reply is over
            between = sorted((jaw_of(shot["frame"]) / 255, jaw_of(shot["frame"] + 1) / 255))
            assert between[0] - 0.005 <= shot["jawOpen"] <= between[1] + 0.005  # read back from the mesh


@pytest.mark.timeout(180)
async def test_vr_is_entered_looked_around_in_left_and_entered_again(
    server: ScriptedServer, open_page: OpenPage
) -> None:
    async with open_page(server.url + "?quality=low", size=TINY, init_script=HEADSET, webgl=True) as page:
        visit = await enter_headset(page, server)
        await page.click("#enter-vr")
        pose = await visit.hears(FanPose)
        assert pose.head == pytest.approx((0.1, 1.62, 1.15), abs=0.05)  # in front of the avatar, at its eyes' height
        await page.evaluate("headset.position.set(-0.4, 1.5, 0.2)")
        while (await visit.hears(FanPose)).head[0] > -0.35:
            pass
        await page.evaluate("headset.recenter?.(); headset.activeSession.end()")
        await expect(page.locator("#enter-vr")).to_be_visible()
        before = len(visit.of(FanPose))
        await page.click("#enter-vr")
        await visit.hears(FanPose)
        assert len(visit.of(FanPose)) > before
        await page.evaluate("headset.activeSession.end()")
        await page.click("#leave")
        await visit.hears(Leave)
