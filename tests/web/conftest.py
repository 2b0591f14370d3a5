"""Fixtures for tests of the page: `open_page` opens any URL in a real Chromium with a microphone that plays a file."""

import asyncio
import urllib.parse
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import ConsoleMessage, Page, Request, async_playwright, expect
from scipy.io import wavfile

from protocol.messages import DisclosureAcknowledged
from tests.browser import ADVICE, find_chromium
from tests.web.scripted_server import ScriptedServer, Visit, scripted_server

expect.set_options(timeout=20_000)  # a busy machine is slow, not wrong
LAPTOP = (1280, 800)
PHONE = (390, 844)
FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)

#: Give it as `init_script`, and `window.ear` notes what the page plays, draws, hears and asks for.
EAR_INIT = (Path(__file__).parent / "ear_init.js").read_text()

OpenPage = Callable[..., AbstractAsyncContextManager[Page]]


@asynccontextmanager
async def _open_page(
    url: str,
    microphone: Path | None = None,
    *,
    size: tuple[int, int] = LAPTOP,
    init_script: str = "",
    allow_microphone: bool = True,
    webgl: bool = False,
    bypass_csp: bool = False,
    before: Callable[[Page], Awaitable[None]] | None = None,
    refused: str = "",
) -> AsyncIterator[Page]:
    """The page at `url` in a fresh browser. On leaving: no error in the console, nothing asked of another host.

    microphone: a 48 kHz WAV file that the microphone plays in a loop; without it, Chromium's own beep.
    webgl: with it the room is drawn in 3D, in software and slowly; without it the page draws its face in 2D.
    before: gets the page while it is still empty.
    refused: a status that the test has the server answer with; what the browser notes of it is no fault.
    bypass_csp: scripts of the test's own may be loaded, which the page's Content-Security-Policy forbids.
    init_script: JavaScript that runs before the page does; this is how tests listen in, the page holds no test code.
    """
    chromium = find_chromium()
    assert chromium is not None, ADVICE
    flags = [*FLAGS]
    if microphone:
        flags.append(f"--use-file-for-fake-audio-capture={microphone}")
    if not allow_microphone:
        flags.remove("--use-fake-ui-for-media-stream")
    if not webgl:
        flags.append("--disable-3d-apis")
    faults: list[str] = []
    host = urllib.parse.urlsplit(url).netloc

    def note_console(message: ConsoleMessage) -> None:
        if message.type == "error" and not (refused and f"status of {refused}" in message.text):
            faults.append(f"console: {message.text}")

    def note_request(request: Request) -> None:
        parts = urllib.parse.urlsplit(request.url)
        if parts.netloc != host and parts.scheme not in ("data", "blob"):
            faults.append(f"another host: {request.url}")

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=flags)
        context = await browser.new_context(viewport={"width": size[0], "height": size[1]}, bypass_csp=bypass_csp)
        page = await context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", note_console)
        page.on("pageerror", lambda error: faults.append(f"uncaught: {error}"))
        page.on("request", note_request)
        page.on("websocket", lambda ws: faults.append(f"another host: {ws.url}") if host not in ws.url else None)
        await context.add_init_script(init_script)
        if before:
            await before(page)
        await page.goto(url)
        yield page
        await browser.close()
    assert faults == [], faults


async def enter(page: Page, server: ScriptedServer) -> Visit:
    """Takes the page from the door into the room, the way a person does."""
    visit = await server.visit()
    await page.click("#understand")
    await visit.hears(DisclosureAcknowledged)
    await expect(page.locator("#room")).to_be_visible()
    return visit


async def loudspeaker_runs(page: Page) -> None:
    """Returns when the page's loudspeaker runs; needs EAR_INIT.

    Asked again and again from here: `page.wait_for_function` would evaluate a string inside the page, which the
    page's Content-Security-Policy rightly forbids.
    """
    async with asyncio.timeout(20):
        while not await page.evaluate("ear.sound.length"):
            await page.wait_for_timeout(50)


@pytest.fixture
def open_page() -> OpenPage:
    """`async with open_page(url, wav) as page:`; see `_open_page` for what else it takes."""
    return _open_page


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as running:
        yield running


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    """A 48 kHz WAV file of a voice-like sound that never repeats within its 4 s: gliding pitch, syllables, noise."""
    rate_hz, seconds = 48_000, 4.0
    t = np.arange(int(rate_hz * seconds)) / rate_hz
    pitch = 140 + 40 * np.sin(2 * np.pi * 0.31 * t) + 20 * t
    phase = 2 * np.pi * np.cumsum(pitch) / rate_hz
    tone = sum((np.sin(k * phase) / k for k in range(1, 20)), np.zeros_like(t))
    syllables = 0.35 + 0.65 * np.sin(2 * np.pi * 1.7 * t + np.sin(3 * t)) ** 2
    noise = np.random.default_rng(7).normal(0, 0.05, t.size)
    sound = 0.25 * syllables * (tone / 2 + noise)
    path = tmp_path / "voice.wav"
    wavfile.write(path, rate_hz, (32767 * np.clip(sound, -1, 1)).astype(np.int16))
    return path
