"""The page in a real Chromium against the real server with real models: what a visitor of `make run` gets."""

import json
import re
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.async_api import Page, expect
from scipy.signal import resample_poly

from avatar.blendshapes import ARKIT_52
from bench.server_process import ServerProcess
from protocol.codec import Codec
from protocol.messages import SUBPROTOCOL_JSON, ReplyChunk
from protocol.timeline import SAMPLES_PER_FACE_FRAME
from tests.speech_models import clip
from tests.web.conftest import EAR_INIT, OpenPage
from tests.web.test_page_room import TINY, in_3d
from tests.web.test_page_voice import Floats, loudspeaker

pytestmark = pytest.mark.alone

EAR = json.dumps((Path(__file__).parent / "ear.js").read_text())
#: The real server has no file of the tests: what listens comes from a blob.
EAR_FROM_BLOB = f"window.earModule = URL.createObjectURL(new Blob([{EAR}], {{ type: 'text/javascript' }}));"
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


@pytest.mark.timeout(240)
async def test_in_3d_the_mouth_is_that_of_the_sample_that_is_heard(house: ServerProcess, open_page: OpenPage) -> None:
    init = EAR_FROM_BLOB + EAR_INIT
    url = f"{house.url}/?quality=low&audio=pcm16#join={house.token}"
    async with open_page(url, size=TINY, init_script=init, webgl=True, bypass_csp=True) as page:
        await expect(page.locator("body")).to_have_attribute("data-phase", "disclosure", timeout=WAIT_MS)
        await in_3d(page)
        await page.click("#understand")
        words = page.locator("#captions .persona .text").first
        await expect(words).to_contain_text("AI", timeout=WAIT_MS)
        await expect(words.locator(".ahead")).to_have_count(0, timeout=WAIT_MS)  # the greeting was heard to its end
        assert_in_step(*await what_was_heard_and_seen(page))

        await page.fill("#text", "Please tell me everything about your cat.")
        await page.press("#text", "Enter")
        await expect(page.locator("#face")).to_have_attribute("data-source", re.compile("reply"), timeout=WAIT_MS)
        await page.click("#stop")
        await expect(page.locator("#face")).to_have_attribute("data-source", re.compile("listening|idle"))
        await page.reload()
        await expect(page.locator("#back")).to_contain_text("goes on where it was", timeout=WAIT_MS)
        await page.click("#go-on")
        await expect(page.locator("#room")).to_be_visible(timeout=WAIT_MS)


async def what_was_heard_and_seen(page: Page) -> tuple[list[ReplyChunk], Floats, list[dict[str, Any]]]:
    """The first reply's chunks as they came, what the loudspeaker played, and the pictures of that reply."""
    codec = Codec(SUBPROTOCOL_JSON)
    came = [codec.decode_server(text) for text in await page.evaluate("ear.chunks")]
    chunks = [chunk for chunk in came if isinstance(chunk, ReplyChunk)]
    first = chunks[0].reply_id
    played, first_frame = await loudspeaker(page)
    pictures = [shot for shot in await page.evaluate("ear.pictures") if shot["source"] == f"reply {first}"]
    for shot in pictures:
        shot["decidedAt"] -= first_frame
    return [chunk for chunk in chunks if chunk.reply_id == first], played, pictures


def assert_in_step(chunks: list[ReplyChunk], played: Floats, pictures: list[dict[str, Any]]) -> None:
    """Each picture is of the sample that was heard when it was made, and its jaw is what the server sent for it."""
    sound = np.frombuffer(b"".join(chunk.audio for chunk in chunks), "<i2") / 32768
    jaws = np.frombuffer(b"".join(chunk.face for chunk in chunks), "u1")[ARKIT_52.index("jawOpen") :: 52] / 255
    heard = sample_heard_at(played, sound)
    late_ms = [
        (heard[min(int(shot["decidedAt"]), len(heard) - 1)] / SAMPLES_PER_FACE_FRAME - shot["frame"]) * 1000 / 60
        for shot in pictures
    ]
    assert len(late_ms) > 20
    assert np.percentile(np.abs(late_ms), 95) <= 34
    assert len({shot["jawOpen"] for shot in pictures}) > 10  # it moved
    for shot in pictures:
        if 4 < shot["frame"] < len(jaws) - 1:  # the cross-fade into the reply is over
            between = sorted(jaws[shot["frame"] : shot["frame"] + 2])
            assert between[0] - 0.005 <= shot["jawOpen"] <= between[1] + 0.005  # read back from the mesh


def sample_heard_at(played: Floats, sound: Floats) -> list[int]:
    """For each sample that was played, how much of `sound` had come by then: where it waited, that stands still."""
    began, at = first_loud(played) - first_loud(sound), 0
    heard = [0] * max(0, began)
    for sample in played[max(0, began) :]:
        at += int(at < len(sound) and abs(sample - sound[at]) < 1e-4)
        heard.append(at)
    return heard


def first_loud(sound: Floats) -> int:
    return int(np.flatnonzero(np.abs(sound) > 0.01)[0])
