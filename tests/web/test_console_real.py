"""An evening in two browsers: a creator, a fan and who watches, with the real pages, wire, API, store, line and stage.

Only the engines are scripted, so what is said is known.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from avatar.llm import Prompt
from server.after.opening import open_archive
from server.after.pages import KeepsakePages
from server.after.report_routes import report_router
from server.api.app import build_api
from server.events.desks import Desks
from server.events.personas import find_persona
from server.listener import bind, build_asgi, build_server
from server.stage.backstage import Backstage
from server.stage.record import StoredRecord
from server.store.engine import Store
from tests.session.offices import PASSWORD, house_over
from tests.session.world import PERSONAS, World
from tests.web.conftest import OpenPage


def answer(prompt: Prompt) -> str:
    """What the avatar says to the fan's last words."""
    return "Only on tin roofs." if "rain" in prompt.messages[-1].content else "Miso. She runs the house."


@asynccontextmanager
async def whole_house(store: Store, folder: Path) -> AsyncIterator[str]:
    """The address of a server as commands.py puts it together, around scripted engines."""
    room, house = World(answers=answer, llm_s=0.01).room(), house_over(store)
    room.desks = Desks(store, partial(find_persona, store, PERSONAS), room)
    room.backstage = backstage = Backstage(room.desks, StoredRecord(store), room.lanes, room.vitals)
    room.desks.companions.append(backstage)
    house.changed = room.desks.changed
    listening = bind("127.0.0.1", 0)
    async with open_archive(store, folder, room.lanes.tts) as archive:
        room.desks.companions.append(archive)
        house.forget = archive.forget
        api = build_api(house, [report_router(archive)])
        server = build_server(build_asgi(room, (), api=api, keepsakes=KeepsakePages(archive).routes()))
        serving = asyncio.create_task(server.serve(sockets=[listening]), name="whole-house")
        try:
            while not server.started:
                await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            server.should_exit = True
            await serving
            listening.close()


async def sign_up_and_plan(page: Page, *, places: int = 1) -> None:
    """From the door to a persona of one's own and an open event with it, with spectators and keepsakes."""
    await page.click("text=Create an account")
    await page.fill("[name=name]", "Ana Ruiz")
    await page.fill("[name=email]", "ana@example.org")
    await page.fill("[name=password]", PASSWORD)
    await page.keyboard.press("Enter")
    await page.click("header >> text=Personas")
    await page.click("text=New persona")
    await page.fill("[name=id]", "mara")
    text = page.locator("[name=toml]")
    await text.fill((await text.input_value()).replace('name = ""', 'name = "Mara"'))
    await page.click("text=Keep it")
    await expect(page.locator(".said")).to_contain_text("Mara is kept")
    await page.click("header >> text=Events")
    await page.click("text=New event")
    await page.fill("[name=title]", "After the show")
    await page.select_option("[name=persona_id]", "mara")
    await page.fill("[name=opens_at]", "2020-01-01T18:00")
    await page.fill("[name=closes_at]", "2099-01-01T20:00")
    await page.fill("[name=places]", str(places))
    await page.check("[name=spectators]")
    await page.check("[name=keepsakes]")
    await page.click("text=Plan it")
    await page.click("text=Open the doors")
    await expect(page.locator(".title-row .badge")).to_have_text("open")


async def invited(page: Page, name: str) -> str:
    """An invitation's link, for this fan alone."""
    await page.fill("#invite-name", name)
    await page.click("text=Invite")
    return await page.get_by_label(f"For {name} alone").input_value()


@pytest.mark.timeout(180)
async def test_an_evening_from_the_first_account_to_the_report(
    sqlite_store: Store, tmp_path: Path, open_page: OpenPage, voice: Path
) -> None:
    async with whole_house(sqlite_store, tmp_path) as url, open_page(url + "console", voice) as creator:
        await sign_up_and_plan(creator)
        link = await invited(creator, "Ife")
        await creator.click(".tabs >> text=Live")
        await expect(creator.locator(".health")).to_contain_text("Connected")
        async with open_page(link) as fan:
            await fan.check("[name=audience]")
            await fan.click("#understand")
            await expect(fan.locator("#room")).to_be_visible()
            await expect(fan.locator("#clock")).to_have_text(re.compile(r"[23]:\d\d"))
            await expect(creator.locator(".on-stage")).to_contain_text("Ife")
            await expect(creator.locator(".on-stage")).to_contain_text("agreed to: spectators")

            watching = await creator.context.new_page()
            await watching.goto(f"{url}#watch={creator.url.split('/')[-2]}")
            await watching.click("#understand")
            await expect(watching.locator("#room")).to_be_visible()  # what was said before is not heard
            await expect(watching.locator("#watching-says")).to_have_text("Mara talks with Ife.")

            await fan.fill("#text", "What is your cat called?")
            await fan.keyboard.press("Enter")
            await expect(creator.locator(".lines .fan")).to_contain_text("What is your cat called?")
            not_told = "never told to me"  # her creator has just made her, and wrote nothing of a cat
            await expect(creator.locator(".lines .avatar").last).to_contain_text(not_told)
            await expect(watching.locator("#captions")).to_contain_text(not_told)
            assert "cat called" not in await watching.inner_text("body")  # what a fan says is for nobody else
            await watching.keyboard.press("1")
            await expect(fan.locator("#audience")).to_have_text("1 heart")
            await watching.close()

            await expect(fan.locator(".persona .ahead")).to_have_count(0)
            await creator.fill("#whisper", "See you in Bristol!")
            await creator.keyboard.press("Control+Enter")
            await expect(fan.locator("#captions")).to_contain_text("See you in Bristol!")

            await creator.click("text=Take over with my voice")
            await expect(creator.locator(".on-air")).to_be_visible()
            await expect(fan.locator("#who-speaks")).to_have_text("The creator is speaking now.")
            await creator.get_by_label("Keep my microphone open").check()
            await expect(fan.locator("#face")).to_have_attribute("data-source", re.compile("reply"))
            await creator.click("text=Hand back to Mara")
            await expect(fan.locator("#who-speaks")).to_have_text("An AI, not a person")

            await creator.locator(".visit-bar").get_by_text("End", exact=True).click()
            await creator.get_by_role("button", name="End the visit").click()
            await expect(fan.locator("#over-title")).to_have_text("Goodbye from Mara")
            await fan.get_by_role("button", name="5 stars").click()
            await expect(creator.locator(".talk")).to_contain_text("Nobody is on stage")
        await creator.get_by_role("button", name="Close the event").click()
        await creator.get_by_role("button", name="Yes, close it").click()
        await expect(creator.locator(".title-row .badge")).to_have_text("closed")
        await creator.click(".tabs >> text=Report")
        await expect(creator.locator(".figures")).to_contain_text("Visits1")
        await expect(creator.locator(".record")).to_contain_text("Had it say “See you in Bristol!”")
        await expect(creator.locator(".report img")).to_be_visible()
        await creator.screenshot(path="out/web/console-report.png", full_page=True)
