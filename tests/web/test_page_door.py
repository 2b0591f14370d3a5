"""Coming in, choosing, going, coming back: what stands between a join link and the conversation."""

import asyncio

import pytest
from playwright.async_api import expect

from protocol.messages import (
    AudioChunk,
    ConsentChange,
    Consents,
    DisclosureAcknowledged,
    ErrorMessage,
    Hello,
    Interrupt,
    Leave,
    Notice,
    TextInput,
)
from protocol.timeline import AudioFormat
from tests.web.conftest import EAR_INIT, LAPTOP, PHONE, OpenPage, enter
from tests.web.scripted_server import WELCOME, ScriptedServer


async def test_says_hello_with_the_token_of_the_link(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url + "#join=abc.def-123"):
        visit = await server.visit(welcome=False)
        hello = await visit.hears(Hello)
        assert hello.token == "abc.def-123"
        assert hello.audio_in == AudioFormat("opus", 48_000)
        assert hello.face == "arkit52"
        assert hello.consents == Consents(recording=False, memory=False, emotion_sensing=False)
        assert not any("abc.def" in path for path in server.asked_for)


async def test_nothing_passes_before_the_disclosure_is_acknowledged(
    server: ScriptedServer, open_page: OpenPage
) -> None:
    async with open_page(server.url, init_script=EAR_INIT) as page:
        visit = await server.visit()
        await expect(page.locator("#disclosure")).to_contain_text(WELCOME.disclosure)
        await expect(page.locator("#disclosure")).to_contain_text("Mara she/her")
        await expect(page.locator("#talk")).to_be_hidden()
        await expect(page.locator("#text")).to_be_hidden()
        await page.keyboard.press("Escape")
        await page.keyboard.press("Enter")
        assert [type(message) for message in visit.received] == [Hello]
        assert await page.evaluate("ear.microphones") == []

        await page.click("text=I understand, let’s talk")
        await visit.hears(DisclosureAcknowledged)
        await expect(page.locator("#talk")).to_be_visible()
        await page.click("#talk")
        await visit.hears(AudioChunk)
        assert await page.evaluate("ear.microphones.length") == 1


async def test_consents_are_off_until_ticked_and_can_be_taken_back(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url) as page:
        visit = await server.visit()
        boxes = page.locator("#consents input")
        assert await boxes.count() == 4
        assert [await box.is_checked() for box in await boxes.all()] == [False] * 4
        await page.check("[name=memory]")
        assert (await visit.hears(ConsentChange)).consents == Consents(memory=True)
        await visit.say(Notice(kind="consent", text="Your choices were changed."))
        await expect(page.get_by_role("alert")).to_have_text("Your choices were changed.")
        await page.click("#understand")
        await visit.hears(DisclosureAcknowledged)
        await page.click("summary >> text=Your choices")
        await page.uncheck("[name=memory]")
        assert (await visit.hears(ConsentChange)).consents == Consents()


async def test_the_keyboard_alone_is_enough(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url) as page:
        visit = await server.visit()
        await expect(page.locator("#understand")).to_be_visible()
        for _ in range(6):  # a name, three boxes, the microphone check, then the button
            await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.id") == "understand"
        assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        await page.keyboard.press("Enter")
        await visit.hears(DisclosureAcknowledged)
        await expect(page.locator("#text")).to_be_visible()
        await page.focus("#text")
        await page.keyboard.type("Hello")
        await page.keyboard.press("Enter")
        assert (await visit.hears(TextInput)).text == "Hello"
        await page.keyboard.press("Escape")
        await visit.hears(Interrupt)


async def test_leaving_says_goodbye_and_a_new_visit_begins_at_the_disclosure(
    server: ScriptedServer, open_page: OpenPage
) -> None:
    async with open_page(server.url) as page:
        visit = await enter(page, server)
        await page.click("#talk")
        await visit.hears(AudioChunk)
        await page.click("#leave")
        await visit.hears(Leave)
        await visit.close()
        await expect(page.locator("#over")).to_contain_text("Thank you for talking with Mara")
        assert isinstance(visit.received[-1], Leave)

        await page.click("text=Connect again")
        again = await server.visit()
        await expect(page.locator("#disclosure")).to_be_visible()
        await page.click("#understand")
        await again.hears(DisclosureAcknowledged)


async def test_a_page_that_leaves_closes_even_when_the_server_does_not(
    server: ScriptedServer, open_page: OpenPage
) -> None:
    async with open_page(server.url) as page:
        visit = await enter(page, server)
        await page.click("#leave")
        async with asyncio.timeout(20):
            await visit.closed.wait()
        assert visit.close_code == 1000


async def test_saying_no_to_the_disclosure_leaves(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url) as page:
        visit = await server.visit()
        await page.click("text=No, thank you")
        await visit.hears(Leave)
        await expect(page.locator("#over")).to_be_visible()


async def test_a_refused_link_is_explained(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url + "#join=old") as page:
        visit = await server.visit(welcome=False)
        await visit.hears(Hello)
        await visit.say(ErrorMessage(code="bad_token", message="expired", fatal=True))
        await visit.close()
        await expect(page.locator("#over")).to_contain_text("This join link is not valid any more")
        await expect(page.locator("#again")).to_be_hidden()  # the same link would be refused again


async def test_a_passing_error_is_said_and_the_visit_goes_on(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url) as page:
        visit = await enter(page, server)
        await visit.say(ErrorMessage(code="engine_failed", message="tts died"))
        await expect(page.get_by_role("alert")).to_contain_text("Something failed on our side while answering")
        await visit.say(Notice(kind="time_left", text="Two minutes left."))
        await expect(page.locator("#captions")).to_contain_text("Two minutes left.")
        await page.fill("#text", "Still there?")
        await page.click("text=Send")
        await visit.hears(TextInput)


async def test_a_lost_connection_is_said_and_can_be_made_again(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url) as page:
        visit = await enter(page, server)
        await visit.close()
        await expect(page.locator("#over")).to_contain_text("The connection was lost")
        await page.click("#again")
        await server.visit()
        await expect(page.locator("#disclosure")).to_be_visible()


async def test_without_a_microphone_one_can_type(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url, allow_microphone=False) as page:
        visit = await enter(page, server)
        await page.click("#talk")
        await expect(page.get_by_role("alert")).to_contain_text("did not allow the microphone")
        await expect(page.locator("#talk")).to_have_attribute("aria-pressed", "false")
        await page.fill("#text", "Then I type.")
        await page.press("#text", "Enter")
        assert (await visit.hears(TextInput)).text == "Then I type."


@pytest.mark.parametrize("size", [LAPTOP, PHONE, (320, 568)], ids=["laptop", "phone", "small phone"])
async def test_everything_fits_the_screen(server: ScriptedServer, open_page: OpenPage, size: tuple[int, int]) -> None:
    async with open_page(server.url, size=size) as page:
        visit = await enter(page, server)
        await visit.say(Notice(kind="server", text="A long notice about the visit. " * 12))
        await expect(page.locator("#captions")).to_contain_text("A long notice")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for name in ("talk", "mute", "stop", "text", "leave", "face", "captions"):
            box = await page.locator(f"#{name}").bounding_box()
            assert box is not None
            assert box["x"] >= 0, name
            assert box["x"] + box["width"] <= size[0], name
            assert box["y"] + box["height"] <= size[1], name
            assert box["height"] >= 30, name


CONTRASTS = """() => {
  const channel = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const [r, g, b, alpha = 1] = numbers(getComputedStyle(at).backgroundColor);
      if (alpha === 1) return [r, g, b];
    }
  };
  const texts = [...document.querySelectorAll("body *")].filter((element) =>
    element.checkVisibility({ visibilityProperty: true }) && !element.closest(":disabled") &&
    [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()));
  return texts.map((element) => {
    const [a, b] = [light(numbers(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
    return { text: element.textContent.trim().slice(0, 40), ratio: (a + 0.05) / (b + 0.05) };
  });
}"""


async def test_every_text_can_be_read(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url) as page:
        visit = await server.visit()
        await expect(page.locator("#understand")).to_be_visible()
        card = await page.evaluate(CONTRASTS)
        await page.click("#understand")
        await visit.hears(DisclosureAcknowledged)
        await visit.say(ErrorMessage(code="busy", message=""), Notice(kind="server", text="A notice."))
        await expect(page.locator("#captions")).to_contain_text("A notice.")
        room = await page.evaluate(CONTRASTS)
        assert len(card) > 6
        assert len(room) > 6
        assert [found for found in card + room if found["ratio"] < 4.5] == []  # WCAG 2.2, 1.4.3
