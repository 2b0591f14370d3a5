"""How soon a visitor can talk: `python -m bench.page`. A real server, a real Chromium with an empty cache, five visits.

Times are the page's own, from the moment the link was followed: the lobby is there; after the click (which a person
makes in their own time, and which is not counted) the room is there, and one can talk; the avatar is heard.
It prints medians.
"""

import asyncio
import statistics
from collections.abc import Mapping, Sequence

from playwright.async_api import Page, async_playwright, expect

from bench.server_process import ServerProcess
from tests.browser import ADVICE, find_chromium
from tests.web.conftest import FLAGS, LAPTOP

VISITS = 5
WAIT_MS = 60_000
#: Notes when the page first shows each of its panels, and when the avatar is first heard.
NOTES = """
window.moments = {};
addEventListener("DOMContentLoaded", () => {
  const note = () => {
    const { phase, activity } = document.body.dataset;
    for (const name of [phase, activity]) window.moments[name] ??= performance.now();
  };
  note();
  new MutationObserver(note).observe(document.body, { attributeFilter: ["data-phase", "data-activity"] });
  document.addEventListener("click", () => (window.moments.clicked ??= performance.now()), { capture: true });
});"""


def main() -> None:
    """Prints one line for each way of drawing."""
    with ServerProcess() as server:
        for name, query, flags in (("2D", "", ["--disable-3d-apis"]), ("3D, low", "?quality=low", [])):
            url = f"{server.url}/{query}#join={server.token}"
            visits = asyncio.run(_visits(url, [*FLAGS, *flags]))
            print(f"{name:8}" + ", ".join(f"{what} {_median_s(visits, what):.2f} s" for what in visits[0]))


def _median_s(visits: Sequence[Mapping[str, float]], what: str) -> float:
    return statistics.median(visit[what] for visit in visits)


async def _visits(url: str, flags: Sequence[str]) -> list[dict[str, float]]:
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit(ADVICE)
    async with async_playwright() as playwright:
        visits = []
        for _ in range(VISITS):
            browser = await playwright.chromium.launch(executable_path=chromium, args=flags)
            page = await browser.new_page(viewport={"width": LAPTOP[0], "height": LAPTOP[1]})
            await page.add_init_script(NOTES)
            visits.append(await _visit(page, url))
            await browser.close()
        return visits


async def _visit(page: Page, url: str) -> dict[str, float]:
    """Seconds: to the lobby, to being able to talk, to hearing the avatar."""
    await page.goto(url)
    await expect(page.locator("#understand")).to_be_visible(timeout=WAIT_MS)
    await page.click("#understand")
    await expect(page.locator("body")).to_have_attribute("data-activity", "speaking", timeout=WAIT_MS)
    at: dict[str, float] = await page.evaluate("moments")
    await page.click("#leave")
    read = at["clicked"] - at["disclosure"]  # the person's own time
    return {
        "lobby": at["disclosure"] / 1000,
        "can talk": (at["room"] - read) / 1000,
        "hears": (at["speaking"] - read) / 1000,
    }


if __name__ == "__main__":
    main()
