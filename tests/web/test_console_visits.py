"""Two fans at once, each with the avatar alone, and the creator who goes between them: nothing gets mixed up."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from server.store.engine import Store
from tests.web.conftest import OpenPage
from tests.web.test_console_real import invited, sign_up_and_plan, whole_house

IFES, MAYAS = ("Is that bread sourdough?", "Miso."), ("Do you like the rain?", "Only on tin roofs.")


async def entered(fan: Page) -> None:
    await fan.click("#understand")
    await expect(fan.locator("#room")).to_be_visible()


async def ask(fan: Page, question: str, answer: str) -> None:
    await fan.fill("#text", question)
    await fan.keyboard.press("Enter")
    await expect(fan.locator("#captions")).to_contain_text(answer)


async def look_at(creator: Page, name: str) -> None:
    await creator.locator(".seats").get_by_role("button", name=name).click()
    await expect(creator.locator(".on-stage strong")).to_have_text(name)


async def reads_only(creator: Page, own: tuple[str, str], others: tuple[str, str]) -> None:
    """The transcript has what was said in this visit, and nothing of the other."""
    for words in own:
        await expect(creator.locator(".lines")).to_contain_text(words)
    for words in others:
        await expect(creator.locator(".lines")).not_to_contain_text(words)


@pytest.mark.timeout(180)
async def test_what_is_said_and_done_in_one_visit_stays_in_it(
    sqlite_store: Store, tmp_path: Path, open_page: OpenPage, voice: Path
) -> None:
    async with whole_house(sqlite_store, tmp_path) as url, open_page(url + "console", voice) as creator:
        await sign_up_and_plan(creator, places=2)
        links = [await invited(creator, name) for name in ("Ife", "Maya")]
        await creator.click(".tabs >> text=Live")
        await expect(creator.locator(".health")).to_contain_text("Connected")
        async with open_page(links[0]) as ife:
            browser = ife.context.browser
            assert browser
            maya = await (await browser.new_context()).new_page()
            await maya.goto(links[1])
            await entered(ife)
            await entered(maya)
            await expect(creator.locator(".seats button")).to_have_count(2)
            await ask(ife, *IFES)
            await ask(maya, *MAYAS)
            for _ in range(2):
                await look_at(creator, "Maya")
                await reads_only(creator, MAYAS, IFES)
                await look_at(creator, "Ife")
                await reads_only(creator, IFES, MAYAS)

            await look_at(creator, "Maya")
            await creator.fill("#whisper", "Bring an umbrella!")
            await look_at(creator, "Ife")
            await expect(creator.locator("#whisper")).to_have_value("")  # it was typed for Maya
            await look_at(creator, "Maya")
            await expect(creator.locator("#whisper")).to_have_value("Bring an umbrella!")
            await creator.locator("#whisper").press("Control+Enter")
            await expect(maya.locator("#captions")).to_contain_text("Bring an umbrella!")

            await creator.click("text=Take over with my voice")
            await expect(maya.locator("#who-speaks")).to_have_text("The creator is speaking now.")
            await expect(ife.locator("#who-speaks")).to_have_text("An AI, not a person")
            await creator.screenshot(path="out/web/console-two-visits.png")
            await look_at(creator, "Ife")  # who looks away hands back
            await expect(maya.locator("#who-speaks")).to_have_text("An AI, not a person")
            await expect(creator.locator(".on-air")).to_have_count(0)
            await expect(creator.locator("body")).to_have_attribute("data-on-air", "false")

            for fan, others in ((ife, (*MAYAS, "umbrella")), (maya, IFES)):
                seen = await fan.inner_text("body")
                assert not [words for words in others if words in seen]

            await creator.locator(".visit-bar").get_by_text("End", exact=True).click()
            await creator.get_by_role("button", name="End the visit").click()
            await expect(ife.locator("#over-title")).to_have_text("Goodbye from Mara")
            await ife.get_by_role("button", name="5 stars").click()
            await expect(creator.locator(".seats")).to_have_count(0)
            await expect(creator.locator(".on-stage strong")).to_have_text("Maya")
            await reads_only(creator, MAYAS, IFES)
