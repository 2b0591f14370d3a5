"""The page in a real Chromium against the real server with real models: what a visitor of `make run` gets."""

import re
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import expect
from scipy.signal import resample_poly

from bench.server_process import ServerProcess
from tests.speech_models import clip
from tests.web.conftest import OpenPage

WAIT_MS = 60_000  # a software-rendered browser and three models share two cores


@pytest.fixture(scope="module")
def house() -> Iterator[ServerProcess]:
    with ServerProcess() as running:
        yield running


@pytest.fixture
def question(tmp_path: Path) -> Path:
    """The fan's question at 48 kHz, with room to listen before it comes again."""
    spoken = resample_poly(clip("fan_question"), 3, 1)
    silence = np.random.default_rng(1).normal(0, 0.0005, 48_000 * 25)
    sound = np.concatenate([silence[: 48_000 * 15], spoken, silence])
    path = tmp_path / "question.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return path


@pytest.mark.timeout(240)
async def test_a_visitor_is_greeted_asks_aloud_and_is_answered(
    house: ServerProcess, open_page: OpenPage, question: Path
) -> None:
    async with open_page(f"{house.url}/#join={house.token}", question) as page:
        await expect(page.locator("body")).to_have_attribute("data-phase", "disclosure", timeout=WAIT_MS)
        assert "AI" in await page.inner_text("body")
        await page.click("#understand")
        await expect(page.locator("#captions .persona .text").first).to_contain_text("AI", timeout=WAIT_MS)
        await page.click("#talk")
        heard = page.locator("#captions .fan .text")
        await expect(heard.first).to_contain_text(re.compile("cat", re.IGNORECASE), timeout=WAIT_MS)
        answer = page.locator("#captions .persona .text").nth(1)
        await expect(answer).to_contain_text(re.compile("miso", re.IGNORECASE), timeout=WAIT_MS)
        await expect(page.locator("#report")).to_contain_text(re.compile(r"\d+ ms"), timeout=WAIT_MS)
        await page.click("#leave")
        await expect(page.locator("body")).to_have_attribute("data-phase", "over", timeout=WAIT_MS)
