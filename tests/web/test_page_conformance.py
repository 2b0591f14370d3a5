"""The page plays in every scene of the conformance kit, as any client has to; somebody presses its buttons."""

import asyncio
import socket
from contextlib import suppress

import pytest
from playwright.async_api import Page
from playwright.async_api import TimeoutError as NotThereError

from server.conformance.client import check_client
from server.conformance.report import Result
from server.page_files import PAGE
from tests.web.conftest import OpenPage

pytestmark = pytest.mark.alone

BUTTONS = ("#understand", "#go-on", "#again", "#talk[aria-pressed=false]")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def press_on(page: Page) -> None:
    """What a person does who wants to talk again and again. Whoever is shown out finds no button for it."""
    while True:
        for button in BUTTONS:
            if await page.is_visible(button):
                with suppress(NotThereError):  # another panel came first
                    await page.click(button, timeout=500)
        await page.wait_for_timeout(50)


@pytest.mark.timeout(180)
async def test_the_page_plays_every_scene(open_page: OpenPage) -> None:
    port = free_port()
    told: list[Result] = []
    checking = asyncio.create_task(check_client(port, told.append, page=PAGE), name="conformance")
    async with open_page(f"http://127.0.0.1:{port}/") as page:
        pressing = asyncio.create_task(press_on(page), name="fan")
        try:
            results = await checking
        finally:
            pressing.cancel()
            await asyncio.gather(pressing, return_exceptions=True)
    failures = [f"{r.chapter}: {r.demand}: {r.detail}" for r in results if r.outcome != "passed"]
    assert failures == []
    assert len(results) > 8
