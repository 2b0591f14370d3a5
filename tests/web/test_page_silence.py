"""A server that is there and says nothing: the page gives up after a while, says so, and lets one try again."""

import asyncio

import pytest
from playwright.async_api import Page, Route, expect

from protocol.messages import Hello
from tests.web.conftest import OpenPage
from tests.web.scripted_server import ScriptedServer
from tests.web.test_page_meet import serious_faults

WHILE_MS = 20_000  # longer than the page waits, by a clock that the test turns on


async def own_clock(page: Page) -> None:
    await page.clock.install()


async def gives_up(page: Page) -> None:
    """After a while the page says that nobody answers, and offers another try."""
    await expect(page.locator("#connecting")).to_be_visible()
    assert await serious_faults(page) == []
    await page.clock.fast_forward(WHILE_MS)
    await expect(page.locator("#over")).to_contain_text("The server could not be reached.")
    await expect(page.locator("#again")).to_be_visible()
    assert await serious_faults(page) == []


async def lets_in(page: Page, server: ScriptedServer) -> None:
    await page.click("text=Connect again")
    await server.visit()
    await expect(page.locator("#disclosure")).to_be_visible()


async def test_a_call_that_nobody_takes_is_given_up(server: ScriptedServer, open_page: OpenPage) -> None:
    server.hangs = True
    async with open_page(server.url, before=own_clock) as page:
        async with asyncio.timeout(20):
            await server.called.wait()
        await gives_up(page)
        server.hangs = False
        await lets_in(page, server)


async def test_a_hello_that_is_not_answered_is_given_up(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url, before=own_clock) as page:
        visit = await server.visit(welcome=False)
        await visit.hears(Hello)
        await gives_up(page)
        await lets_in(page, server)


@pytest.mark.parametrize(("way", "asked_for"), [("#event=e-1", "card"), ("#watch=e-1", "spectator-token")])
async def test_an_event_that_does_not_answer_is_given_up(
    server: ScriptedServer, open_page: OpenPage, way: str, asked_for: str
) -> None:
    asked = asyncio.Event()

    async def hang(_: Route) -> None:
        asked.set()

    async def before(page: Page) -> None:
        await own_clock(page)
        await page.route(f"**/{asked_for}", hang)

    async with open_page(server.url + way, before=before) as page:
        async with asyncio.timeout(20):
            await asked.wait()
        await gives_up(page)
