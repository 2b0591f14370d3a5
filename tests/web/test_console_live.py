"""The live view when it counts: an hour of words, by keyboard alone, on a phone; and every screen for everybody."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.async_api import Locator, Page, expect

from protocol.event_messages import HostMood, HostTopic, HostTranscript, HostVisit
from protocol.messages import AudioChunk
from tests.web.conftest import LAPTOP, PHONE, OpenPage
from tests.web.rest_of_house import RestOfHouse
from tests.web.scripted_server import ScriptedServer
from tests.web.test_console import LIVE, MAYA, SIGNED_IN, act, hosting
from tests.web.test_page_meet import serious_faults

AN_HOUR = 3600  # lines: one a second
MOST_ELEMENTS = 2000
CHANGES = [
    {"id": "1", "at": "2026-11-20T18:05:00Z", "actor": "login:1", "action": "event.change", "subject": "e-1",
     "detail": {"slot_s": 150, "closes_at": "2026-11-20T21:00:00Z", "spectators": True}},
    {"id": "2", "at": "2026-11-19T09:00:00Z", "actor": "key:abc", "action": "ticket.issue", "subject": "t-1",
     "detail": {"event": "e-1"}},
    {"id": "3", "at": "2026-11-19T08:00:00Z", "actor": "login:1", "action": "event.delete", "subject": "e-0",
     "detail": {"title": "The one before"}},
]  # fmt: skip
REPORT = {
    "visits": 1, "no_shows": 1, "wait_p50_s": 61.0, "wait_p95_s": 61.0, "satisfaction_mean": 4.0, "satisfaction_n": 1,
    "v2v_p50_ms": 640.0, "v2v_p95_ms": 910.0, "interventions": {"say": 1},
    "each": [{"began_at": "2026-11-20T18:00:00Z", "waited_s": 61.0, "stayed_s": None, "turns": 3, "stars": None,
              "answered_p50_ms": 640.0, "ended_by": ""}],
}  # fmt: skip
SCREENS = {
    "events": ("#/events", "Mara, after the show"),
    "new": ("#/new", "Plan it"),
    "tickets": ("#/events/e-1/tickets", "Jonas"),
    "plan": ("#/events/e-1/plan", "Keep the changes"),
    "report": ("#/events/e-1/report", "Visit by visit"),
    "personas": ("#/personas", "Sings, bakes"),
    "persona": ("#/persona/mara", "Who they are"),
    "record": ("#/record/e-1", "Your key “ticket shop”"),
    "account": ("#/account", "Delete my account"),
}


@pytest.fixture
def rest() -> RestOfHouse:
    jonas = {"id": "t-9", "name": "Jonas", "state": "issued", "invited": True, "end_reason": None}
    rest = RestOfHouse(tickets=[jonas])
    key = {"id": "k-1", "label": "ticket shop", "prefix": "abc", "created_at": "2026-11-01T09:00:00Z"}
    mara = {"id": "mara", "name": "Mara", "about": "Sings, bakes", "own": True}
    acts = [{"at": "2026-11-20T18:02:00Z", "actor": "c-1", "visit_id": None, "kind": "say", "detail": {"text": "Hi!"}}]
    rest.answers = {
        "GET /personas": (200, {"personas": [mara]}),
        "GET /personas/mara": (200, {**mara, "toml": 'name = "Mara"\n'}),
        "GET /keys": (200, {"keys": [key]}),
        r"GET /audit\?.*": (200, {"changes": CHANGES}),
        "GET /events/e-1/actions": (200, {"actions": acts}),
        "GET /events/e-1/report": (200, REPORT),
        r"GET /events/e-1/report.png\?.*": (200, {}),
    }
    return rest


def line(k: int, *, final: bool = True) -> HostTranscript:
    return HostTranscript(
        "v-1", "avatar" if k % 2 else "fan", f"Line {k}, and a few words more.", final, k + 1, 1000.0 * k
    )


async def tab_to(page: Page, target: Locator, *, key: str = "Tab") -> None:
    """Presses the key until the focus is there."""
    for _ in range(60):
        if await target.count() and await target.evaluate("it => it === document.activeElement"):
            return
        await page.keyboard.press(key)
    raise AssertionError(f"no way by {key} to {target}")


async def test_an_hour_of_words_leaves_the_page_light_and_nothing_jumps(
    server: ScriptedServer, open_page: OpenPage, rest: RestOfHouse
) -> None:
    async with open_page(server.url + LIVE, before=rest.serve, init_script=SIGNED_IN) as page:
        visit = await hosting(server)
        words, newest = page.locator(".lines p"), page.get_by_role("button", name="Newest words")
        await expect(page.locator(".on-stage")).to_contain_text("Maya")
        whisper = await page.locator("#whisper").bounding_box()
        for k in range(AN_HOUR):
            await visit.say(line(k, final=False), line(k))
        await visit.say(HostMood("v-1", "joy", 0.6, 0.5, 0.8, "voice higher than before"))
        await visit.say(HostTopic("v-1", "the new record", "proposed"))
        await expect(page.locator(".waiting")).to_contain_text("the new record came up.")
        await expect(words.last).to_contain_text(f"Line {AN_HOUR - 1},")
        await expect(words.last).to_be_in_viewport()
        await expect(words.first).to_have_text("What was said before is not shown any more.")
        assert await page.locator("*").count() < MOST_ELEMENTS
        assert await page.locator("#whisper").bounding_box() == whisper

        reading = words.filter(has_text=f"Line {AN_HOUR - 100},")
        await reading.scroll_into_view_if_needed()
        await expect(newest).to_be_visible()
        before = await reading.bounding_box()
        await visit.say(*(line(AN_HOUR + k) for k in range(50)))
        await expect(words.last).to_contain_text(f"Line {AN_HOUR + 49},")
        after = await reading.bounding_box()
        assert before
        assert after
        assert abs(before["y"] - after["y"]) < 2  # who reads is not disturbed
        await newest.click()
        await expect(words.last).to_be_in_viewport()
        await expect(newest).to_have_count(0)
        await page.fill("#whisper", "mention the tour")
        await page.keyboard.press("Enter")
        await act(visit, kind="direct", text="mention the tour")


async def test_a_host_needs_no_mouse(
    server: ScriptedServer, open_page: OpenPage, rest: RestOfHouse, voice: Path
) -> None:
    async with open_page(server.url + LIVE, voice, before=rest.serve, init_script=SIGNED_IN) as page:
        visit = await hosting(server)
        await visit.say(HostTopic("v-1", "the new record", "proposed"))
        await expect(page.locator(".waiting")).to_contain_text("the new record came up.")
        await tab_to(page, page.get_by_role("button", name="Allow the new record"))
        await page.keyboard.press("Enter")
        await act(visit, kind="topic", text="the new record", allow=True)
        await visit.say(HostTopic("v-1", "the new record", "allowed"))
        await expect(page.locator(".waiting")).to_have_text("")
        await tab_to(page, page.locator("#whisper"))
        await page.keyboard.type("mention the tour")
        await page.keyboard.press("Enter")
        await act(visit, kind="direct", text="mention the tour")
        await expect(page.locator("#whisper")).to_have_value("")
        await page.keyboard.type("See you in Bristol!")
        await tab_to(page, page.get_by_role("button", name="Say it now"))
        await page.keyboard.press("Enter")
        await act(visit, kind="say", text="See you in Bristol!")

        take_over = page.get_by_role("button", name="Take over with my voice")
        await tab_to(page, take_over, key="Shift+Tab")
        await page.keyboard.press("Enter")
        await act(visit, kind="take_over", visit_id="v-1")
        await expect(page.locator(".hold")).to_be_focused()
        await page.keyboard.down(" ")
        while not any((await visit.hears(AudioChunk)).audio):
            pass
        await page.keyboard.up(" ")
        await expect(page.locator(".hold")).to_have_attribute("aria-pressed", "false")
        await tab_to(page, page.get_by_role("button", name="Hand back to Mara"))
        await page.keyboard.press("Enter")
        await act(visit, kind="hand_back", visit_id="v-1")
        await expect(take_over).to_be_focused()

        end = page.locator(".visit-bar").get_by_role("button", name="End", exact=True)
        await tab_to(page, end)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="Keep as it is")).to_be_focused()
        await page.keyboard.press("Enter")  # pressed twice in haste: nobody is sent home
        await expect(end).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="Keep as it is")).to_be_focused()
        await tab_to(page, page.get_by_role("button", name="End the visit"))
        await page.keyboard.press("Enter")
        await act(visit, kind="end", ticket_id="t-1")


@pytest.mark.parametrize(("size", "name"), [(LAPTOP, "laptop"), (PHONE, "phone")])
async def test_every_screen_is_for_everybody(
    server: ScriptedServer, open_page: OpenPage, rest: RestOfHouse, size: tuple[int, int], name: str
) -> None:
    async with open_page(server.url + "console", before=rest.serve, init_script=SIGNED_IN, size=size) as page:
        for screen, (address, words) in SCREENS.items():
            await page.goto(server.url + "console" + address)
            await expect(page.locator("main")).to_contain_text(words)
            await shown_well(page, f"console-{name}-{screen}")
        await page.goto(server.url + LIVE)
        visit = await hosting(server)
        await visit.say(replace(MAYA, left_s=42.0), HostVisit("v-2", "live", "t-2", "Jonas", left_s=130.0))
        await visit.say(HostTopic("v-1", "the new record", "proposed"), HostTopic("v-2", "politics", "proposed"))
        await visit.say(*(line(k) for k in range(30)))
        await expect(page.locator(".lines p").last).to_contain_text("Line 29,")
        await expect(page.locator(".seats")).to_contain_text(re.compile(r"Maya.*Jonas.*a topic waits"))
        card, whisper = [await page.locator(it).bounding_box() for it in (".talk", ".whisper")]
        assert card
        assert whisper
        assert whisper["y"] + whisper["height"] <= card["y"] + card["height"]
        await shown_well(page, f"console-{name}-live")
        await page.emulate_media(color_scheme="dark")
        await shown_well(page, f"console-{name}-live-dark")
        visit.drop()
        await expect(page.locator(".health")).to_contain_text("What you see is as it was.")
        await shown_well(page, f"console-{name}-live-lost")


async def shown_well(page: Page, name: str) -> None:
    """Nothing for axe, nothing that sticks out; a picture in out/web/ to look at."""
    assert await serious_faults(page) == [], name
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"
    await page.screenshot(path=f"out/web/{name}.png", full_page=True)
