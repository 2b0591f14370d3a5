"""A keepsake from end to end in browsers: allowed by both, recorded by the server, found, heard and deleted."""

import re
from pathlib import Path

import pytest
from playwright.async_api import expect
from sqlalchemy import func, select

from server.store.engine import Store
from server.store.tables import KeepsakeRow, TranscriptRow
from tests.web.conftest import OpenPage
from tests.web.test_console_real import invited, sign_up_and_plan, whole_house
from tests.web.test_page_keepsake import until


@pytest.mark.timeout(180)
async def test_a_fan_takes_the_visit_home_and_may_take_it_back(
    sqlite_store: Store, tmp_path: Path, open_page: OpenPage
) -> None:
    async with whole_house(sqlite_store, tmp_path) as url, open_page(url + "console") as creator:
        await sign_up_and_plan(creator)
        async with open_page(await invited(creator, "Maya")) as fan:
            await fan.check("[name=recording]")
            await fan.click("#understand")
            await expect(fan.locator("#room")).to_be_visible()
            await fan.fill("#text", "Do you like the rain?")
            await fan.keyboard.press("Enter")
            await expect(fan.locator("#captions")).to_contain_text("Only on tin roofs.")
            await expect(fan.locator(".persona .ahead")).to_have_count(0)  # heard to its end, so it is kept
            await fan.click("#picture")
            await expect(fan.locator("#banner")).to_contain_text("The picture is in your keepsake")
            await fan.click("#leave")
            await fan.click("#add-picture")
            await expect(fan.locator("#banner")).to_contain_text("Your picture is on the keepsake’s page.")

            await fan.click("#keepsake-page")
            await expect(fan.get_by_role("note")).to_contain_text("an AI avatar")
            said = fan.locator(".said li")
            await expect(said.filter(has_text="Do you like the rain?")).to_contain_text("Maya")
            answer = said.filter(has_text="Only on tin roofs.")
            await expect(answer).to_contain_text("Mara")
            await until(fan.locator(".picture"), "it => it.complete && it.naturalWidth > 0")
            sound = fan.locator("#sound")
            await until(sound, "it => it.duration > 3")  # with the spoken disclosure before the talk
            await answer.get_by_role("button").click()
            at_s = float(await answer.get_attribute("data-at") or "nan")
            await until(sound, f"it => it.ended || it.currentTime > {at_s}")
            captions = await fan.request.get(await fan.get_by_role("link", name="Captions").evaluate("it => it.href"))
            assert (await captions.text()).startswith("WEBVTT")
            assert "Only on tin roofs." in await captions.text()
            await fan.screenshot(path="out/web/keepsake-real.png", full_page=True)

            address = fan.url
            assert re.search(r"/keepsake/\S{20,}$", address)
            await fan.get_by_role("button", name="Delete my recording").click()
            await expect(fan.get_by_text("Nothing was recorded of your visit, or it was deleted.")).to_be_visible()
            assert (await fan.request.get(f"{address}/sound.m4a")).status == 404
    async with sqlite_store.begin() as db:
        for table in (KeepsakeRow, TranscriptRow):
            assert await db.scalar(select(func.count()).select_from(table)) == 0
