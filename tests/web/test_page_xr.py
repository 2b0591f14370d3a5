"""VR and AR without a headset: seated and standing, with hands and controllers, on floors that come and go."""

from math import hypot
from typing import Any

import pytest
from playwright.async_api import Page, expect

from protocol.messages import FanPose
from server.page_files import PAGE
from tests.web.conftest import EAR_INIT, OpenPage, loudspeaker_runs
from tests.web.scripted_server import ScriptedServer, Visit
from tests.web.test_page_room import HEADSET, TINY, enter_headset, picture
from tests.web.test_page_voice import heard_to, length_of, reply

pytestmark = pytest.mark.alone

#: Notes where the left wrist or controller is, and the panners that are made; the page holds no test code.
WATCHED = """
window.watched = { left: null, panners: [] };
const { getPose, getJointPose } = XRFrame.prototype;
XRFrame.prototype.getPose = function (space, base) {
  const pose = getPose.call(this, space, base);
  const source = [...this.session.inputSources].find(({ gripSpace, hand }) => !hand && gripSpace === space);
  if (source?.handedness === "left") watched.left = pose.transform.position;
  return pose;
};
XRFrame.prototype.getJointPose = function (joint, space) {
  const pose = getJointPose.call(this, joint, space);
  if (joint.jointName === "wrist" && pose.transform.position.x < 0) watched.left = pose.transform.position;
  return pose;
};
window.PannerNode = class extends PannerNode {
  constructor(...args) {
    super(...args);
    watched.panners.push(this);
  }
};"""

#: How the fan holds what they have: the left aside, a little below their eyes.
HELD = """({ kind, height }) => {
  headset.primaryInputMode = kind === "hands" ? "hand" : "controller";
  headset[kind].left.position.set(-0.25, height - 0.12, -0.35);
  headset[kind].right.position.set(0.3, height - 0.4, -0.3);
  watched.left = null;
}"""

#: The menu hangs 10 cm above the left wrist and faces the eyes; it has two rows of two.
AIMED = """({ kind, x, y }) => {
  const { left } = watched;
  headset.position.set(left.x, left.y + 0.1, 0.05);
  headset.quaternion.set(0, 0, 0, 1);
  headset[kind].right.position.set(left.x + x, left.y + 0.1 + y, 0.0);
  headset[kind].right.quaternion.set(0, 0, 0, 1);
}"""
PLACES = {"mute": (-0.055, 0.0225), "leave": (0.055, -0.0225)}
SQUEEZED = {
    "hands": "value => headset.hands.right.updatePinchValue(value)",
    "controllers": "value => headset.controllers.right.updateButtonValue('trigger', value)",
}


async def pictures(visit: Visit, n: int) -> None:
    """Returns when the headset has drawn so many more pictures."""
    wanted = len(visit.of(FanPose)) + n
    while len(visit.of(FanPose)) < wanted:
        await visit.hears(FanPose)


async def hold(page: Page, visit: Visit, kind: str, height: float) -> None:
    """The fan takes up hands or controllers; kind: the name that IWER has for them."""
    await page.evaluate(HELD, {"kind": kind, "height": height})
    while not await page.evaluate("watched.left"):
        await pictures(visit, 1)


async def aim(page: Page, visit: Visit, kind: str, button: str) -> None:
    """The fan points at a button of the wrist menu."""
    x, y = PLACES[button]
    await page.evaluate(AIMED, {"kind": kind, "x": x, "y": y})
    await pictures(visit, 3)


async def squeeze(page: Page, visit: Visit, kind: str) -> None:
    """The fan pinches, or pulls the trigger."""
    await page.evaluate(SQUEEZED[kind], 1)
    await pictures(visit, 2)
    await page.evaluate(SQUEEZED[kind], 0)
    await pictures(visit, 2)


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


@pytest.mark.timeout(180)
async def test_standing_the_menu_is_pressed_and_the_voice_comes_from_the_mouth(
    server: ScriptedServer, open_page: OpenPage
) -> None:
    init = EAR_INIT + HEADSET + WATCHED
    async with open_page(server.url + "?quality=low", size=TINY, init_script=init, webgl=True) as page:
        visit = await enter_headset(page, server)
        await loudspeaker_runs(page)
        await page.click("#enter-vr")
        assert (await visit.hears(FanPose)).head == pytest.approx((0.1, 1.62, 1.15), abs=0.05)
        await hold(page, visit, "controllers", 1.62)
        await aim(page, visit, "controllers", "mute")
        await squeeze(page, visit, "controllers")
        await expect(page.locator("#mute")).to_have_attribute("aria-pressed", "true")
        await hold(page, visit, "hands", 1.62)
        await aim(page, visit, "hands", "mute")
        await squeeze(page, visit, "hands")
        await expect(page.locator("#mute")).to_have_attribute("aria-pressed", "false")

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


@pytest.mark.timeout(180)
async def test_seated_one_is_at_eye_height_and_leaves_by_the_menu(server: ScriptedServer, open_page: OpenPage) -> None:
    init = HEADSET.replace("1.62", "1.1") + WATCHED
    async with open_page(server.url + "?quality=low", size=TINY, init_script=init, webgl=True) as page:
        visit = await enter_headset(page, server)
        await page.click("#enter-vr")
        while (await visit.hears(FanPose)).head[1] < 1.4:
            pass  # their floor was raised: 1.1 m high, they look into the avatar's eyes
        await hold(page, visit, "hands", 1.1)
        await aim(page, visit, "hands", "mute")
        await squeeze(page, visit, "hands")
        await expect(page.locator("#mute")).to_have_attribute("aria-pressed", "true")
        await hold(page, visit, "controllers", 1.1)  # the hands are gone, and so is where the menu was
        await aim(page, visit, "controllers", "mute")
        await squeeze(page, visit, "controllers")
        await expect(page.locator("#mute")).to_have_attribute("aria-pressed", "false")
        await page.evaluate("headset.activeSession.addEventListener('end', () => console.info('session over'))")
        async with page.expect_event("console", lambda message: message.text == "session over", timeout=20_000):
            await aim(page, visit, "controllers", "leave")
            await page.evaluate(SQUEEZED["controllers"], 1)


#: IWER finds floors only with a room of its own (several megabytes). Here the test says what is hit: a floor, and
#: before it a wall, which stands on end.
FLOORS = """
window.floors = [];
XRSession.prototype.requestHitTestSource = async () => ({ cancel() {} });
XRFrame.prototype.getHitTestResults = () => floors.map((transform) => ({ getPose: () => ({ transform }) }));"""
FOUND = """([x, z]) => {
  const wall = { position: { x: 0, y: 1.2, z: -0.9 }, orientation: { x: 0.7071, y: 0, z: 0, w: 0.7071 } };
  floors = [wall, { position: { x, y: 0, z }, orientation: { x: 0, y: 0, z: 0, w: 1 } }];
}"""


async def look_at_floor(page: Page, visit: Visit, x: float, z: float) -> None:
    await page.evaluate(FOUND, [x, z])
    await pictures(visit, 2)


async def head_seen_from_the_avatar(visit: Visit) -> tuple[float, ...]:
    await pictures(visit, 2)
    return visit.of(FanPose)[-1].head


@pytest.mark.timeout(180)
async def test_ar_puts_the_avatar_on_the_floor_that_is_selected_and_on_another_one_later(
    server: ScriptedServer, open_page: OpenPage
) -> None:
    async with open_page(server.url + "?quality=low", size=TINY, init_script=HEADSET + FLOORS, webgl=True) as page:
        visit = await enter_headset(page, server)
        await page.evaluate(FOUND, [0.5, -1.2])
        await page.click("#enter-ar")
        pose = await visit.hears(FanPose)
        assert pose.head == pytest.approx((0.1, 1.62, 0.05), abs=0.05)  # not placed yet: from the room's middle
        assert await page.evaluate("headset.activeSession.environmentBlendMode") != "opaque"
        await pictures(visit, 2)
        await squeeze(page, visit, "controllers")
        # The avatar turned to the fan, who stands straight in front of it, as far away as the floor was.
        assert await head_seen_from_the_avatar(visit) == pytest.approx((0.0, 1.62, hypot(0.4, 1.25)), abs=0.05)
        await look_at_floor(page, visit, 0.6, -1.3)  # a hand's width away: nobody means that
        await squeeze(page, visit, "controllers")
        assert await head_seen_from_the_avatar(visit) == pytest.approx((0.0, 1.62, hypot(0.4, 1.25)), abs=0.05)
        await page.evaluate("floors = []")
        await squeeze(page, visit, "controllers")  # looking up, where no floor is
        assert await head_seen_from_the_avatar(visit) == pytest.approx((0.0, 1.62, hypot(0.4, 1.25)), abs=0.05)
        await look_at_floor(page, visit, -1.0, -0.4)
        await squeeze(page, visit, "controllers")
        assert await head_seen_from_the_avatar(visit) == pytest.approx((0.0, 1.62, hypot(1.1, 0.45)), abs=0.05)
        await page.evaluate("headset.activeSession.end()")
        await expect(page.locator("#enter-ar")).to_be_visible()


@pytest.mark.timeout(180)
async def test_where_no_floor_is_found_the_avatar_comes_a_step_ahead(
    server: ScriptedServer, open_page: OpenPage
) -> None:
    async with open_page(server.url + "?quality=low", size=TINY, init_script=HEADSET + FLOORS, webgl=True) as page:
        visit = await enter_headset(page, server)
        await page.click("#enter-ar")
        await visit.hears(FanPose)
        while (await head_seen_from_the_avatar(visit))[2] < 1:  # it looks for a floor first, for a while
            await squeeze(page, visit, "controllers")
        assert visit.of(FanPose)[-1].head == pytest.approx((0.0, 1.62, 1.2), abs=0.05)
        await page.evaluate("headset.activeSession.end()")
        await expect(page.locator("#enter-ar")).to_be_visible()


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
