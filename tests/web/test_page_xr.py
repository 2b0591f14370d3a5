"""VR with bare hands, standing: the wrist menu answers a pinch, and the voice comes from the avatar's mouth."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from protocol.messages import FanPose
from server.page_files import PAGE
from tests.web.conftest import EAR_INIT, OpenPage, loudspeaker_runs
from tests.web.scripted_server import ScriptedServer
from tests.web.test_page_room import HEADSET, TINY, enter_headset, picture
from tests.web.test_page_voice import heard_to, length_of, reply

#: Notes where the wrists are, and the panners that are made; the page holds no test code.
WATCHED = """
window.watched = { wrists: [], panners: [] };
headset.primaryInputMode = "hand";
const jointPose = XRFrame.prototype.getJointPose;
XRFrame.prototype.getJointPose = function (joint, space) {
  const pose = jointPose.call(this, joint, space);
  if (pose && joint.jointName === "wrist") watched.wrists.unshift(pose.transform.position);
  watched.wrists.length = Math.min(watched.wrists.length, 8);
  return pose;
};
window.PannerNode = class extends PannerNode {
  constructor(...args) {
    super(...args);
    watched.panners.push(this);
  }
};"""

HANDS_UP = """() => {
  const { left, right } = headset.hands;
  left.position.set(-0.25, 1.5, -0.35);
  right.position.set(0.3, 1.2, -0.3);
}"""

#: The menu hangs 10 cm above the left wrist and faces the eyes; "Mute" is its upper left quarter.
AIM_AT_MUTE = """() => {
  const left = watched.wrists.find(({ x }) => x < 0);
  headset.position.set(left.x, left.y + 0.1, 0.05);
  headset.quaternion.set(0, 0, 0, 1);
  headset.hands.right.position.set(left.x - 0.055, left.y + 0.1225, 0.0);
  headset.hands.right.quaternion.set(0, 0, 0, 1);
}"""

VOICE = """() => {
  const panner = watched.panners.at(-1);
  const { listener } = panner.context;
  const at = (of, name) => ["X", "Y", "Z"].map((axis) => of[name + axis].value);
  return {
    model: panner.panningModel,
    mouth: at(panner, "position"),
    head: at(listener, "position"),
    ahead: at(listener, "forward"),
  };
}"""


async def pinch(page: Page) -> None:
    for value in (1, 0):
        await page.evaluate(f"headset.hands.right.updatePinchValue({value})")
        await page.wait_for_timeout(300)


@pytest.mark.timeout(180)
async def test_bare_hands_press_the_wrist_menu_and_the_voice_comes_from_the_mouth(
    server: ScriptedServer, open_page: OpenPage
) -> None:
    init = EAR_INIT + HEADSET + WATCHED
    async with open_page(server.url + "?quality=low", size=TINY, init_script=init, webgl=True) as page:
        visit = await enter_headset(page, server)
        await loudspeaker_runs(page)
        await page.evaluate(HANDS_UP)
        await page.click("#enter-vr")
        await visit.hears(FanPose)
        assert await page.evaluate("[...headset.activeSession.inputSources].every(({ hand }) => hand)")
        while not await page.evaluate("watched.wrists.some(({ x }) => x < 0)"):
            await visit.hears(FanPose)
        await page.evaluate(AIM_AT_MUTE)
        for _ in range(4):
            await visit.hears(FanPose)  # some pictures with everything in its place
        await pinch(page)
        await expect(page.locator("#mute")).to_have_attribute("aria-pressed", "true")

        here = await voice_as_heard_from(page, visit, (0.6, 1.7, 0.4), turn=(0, 0.7071, 0, 0.7071))  # looks to the left
        assert here["model"] == "HRTF"
        assert here["mouth"] == pytest.approx((0, 1.5, 0.1), abs=0.15)
        assert here["head"] == pytest.approx((0.6, 1.7, 1.5), abs=0.01)  # 1.1 m before the avatar, and what was walked
        assert here["ahead"] == pytest.approx((-1, 0, 0), abs=0.01)
        await visit.say(*reply(1, 1.0))
        await heard_to(visit, 1, length_of(reply(1, 1.0)))  # through the panner, too, every sample is played
        await page.evaluate("headset.activeSession.end()")
        await expect(page.locator("#enter-vr")).to_be_visible()
        await picture(page, "after-vr")
    assert 100 < weight_kb(server.asked_for) < 400  # everything that ever comes, but for the shapes of avatar and hands


def weight_kb(paths: list[str]) -> float:
    """What the files of the page that were asked for weigh on the wire, gzipped."""
    asked = {path.partition("?")[0].lstrip("/") or "index.html" for path in paths}
    files = [PAGE / f"{path}.gz" for path in asked if not path.endswith(".glb")]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1024


async def voice_as_heard_from(
    page: Page, visit: Any, place: tuple[float, float, float], turn: tuple[float, float, float, float]
) -> dict[str, Any]:
    """Where the page puts mouth and ears once the server was told that the head is there."""
    await page.evaluate(f"headset.position.set{place}; headset.quaternion.set{turn}")
    while (await visit.hears(FanPose)).head[0] < place[0] - 0.01:
        pass
    found: dict[str, Any] = await page.evaluate(VOICE)
    return found
