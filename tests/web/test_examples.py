"""The examples, each in a real Chromium with a real rig of its kind, driven by the faces that the server makes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

import msgspec
import numpy as np
import pytest
from playwright.async_api import Page, expect
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from avatar.emotion import Emotion
from avatar.face import Face
from avatar.layouts import LAYOUTS, Layout
from avatar.shown import Shown
from protocol.messages import (
    SUBPROTOCOL_JSON,
    DisclosureAcknowledged,
    FaceFormat,
    Hello,
    PlaybackMark,
    ReplyCancelled,
    ReplyChunk,
    TextInput,
)
from protocol.timeline import FACE_FPS, PhonemeSpan
from tests.web.conftest import OpenPage
from tests.web.scripted_server import WELCOME, ScriptedServer, Visit
from tests.web.tiny_rig import tiny_rig

EXAMPLES = Path(__file__).parents[2] / "examples"
MEDIA = {".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css"}
RIG = tiny_rig()


class ExampleServer(ScriptedServer):
    """The folder of examples, and a rig beside them."""

    def answer(self, _connection: ServerConnection, request: Request) -> Response | None:
        if request.path == "/ws":
            return None
        path = request.path.partition("?")[0].removeprefix("/")
        if path == "rig.glb":
            return _response("model/gltf-binary", RIG)
        file = EXAMPLES / path
        if not file.is_file():
            return Response(HTTPStatus.NOT_FOUND, "Not Found", Headers(), b"")
        return _response(MEDIA[file.suffix], file.read_bytes())


def _response(kind: str, body: bytes) -> Response:
    headers = Headers({"Content-Type": kind, "Connection": "close", "Content-Length": str(len(body))})
    return Response(HTTPStatus.OK, "OK", headers, body)


@pytest.fixture
async def examples() -> AsyncIterator[ExampleServer]:
    async with _serving() as server:
        yield server
    assert server.faults == []


@asynccontextmanager
async def _serving() -> AsyncIterator[ExampleServer]:
    server = ExampleServer()
    async with serve(
        server.take, "127.0.0.1", 0, process_request=server.answer, subprotocols=[Subprotocol(SUBPROTOCOL_JSON)]
    ) as listening:
        server.url = f"http://127.0.0.1:{next(iter(listening.sockets)).getsockname()[1]}/"
        yield server


async def enter(page: Page, server: ExampleServer, layout: Layout) -> Visit:
    """Through the little door of an example, which asks for `layout`."""
    visit = await server.visit(welcome=False)
    assert (await visit.hears(Hello)).face == layout
    face = FaceFormat(LAYOUTS[layout].names, FACE_FPS, LAYOUTS[layout].centred)
    await visit.say(msgspec.structs.replace(WELCOME, face=face))
    await expect(page.locator("body")).to_have_attribute("data-rig", "ready", timeout=60_000)
    await expect(page.locator("#disclosure")).to_contain_text("AI")
    await page.click("#understand")
    await visit.hears(DisclosureAcknowledged)
    return visit


def ahs(layout: Layout, seconds: float = 4.0) -> list[ReplyChunk]:
    """A reply that says a long "aah" with joy, as the server would send it."""
    n_frames = int(seconds * FACE_FPS)
    hum = (0.05 * np.sin(np.arange(n_frames * 400) * 0.05)).astype(np.float32)
    said = Face(seed=1).clause([PhonemeSpan("ɑ", 0, n_frames * 400)], hum, 0, Emotion.named("joy"))
    shown, chunks = Shown(layout), []
    for seq, k in enumerate(range(0, n_frames, 12)):
        face, head = shown.speak(1, k * 400, said.frames[k : k + 12].tobytes())
        audio = (hum[k * 400 : (k + 12) * 400] * 32767).astype("<i2").tobytes()
        chunks.append(ReplyChunk(1, seq, k * 400, audio, face, visemes=said.visemes if seq == 0 else (), head=head))
    return chunks


async def value(page: Page, script: str, wanted: float, *, below: bool = False) -> None:
    """Waits until a number in the page is over (or below) `wanted`."""
    await page.wait_for_function(f"({script}) {'<' if below else '>'} {wanted}", timeout=30_000)


async def test_an_arkit_rig_speaks_with_the_voice_and_shuts_its_mouth(
    examples: ExampleServer, open_page: OpenPage
) -> None:
    jaw = "rig.meshes[0].morphTargetInfluences[rig.meshes[0].morphTargetDictionary.jawOpen]"
    async with open_page(f"{examples.url}arkit.html", webgl=True) as page:
        visit = await enter(page, examples, "arkit52")
        await visit.say(*ahs("arkit52"))
        await value(page, jaw, 0.3)
        await value(page, "rig.meshes[0].morphTargetInfluences[23]", 0.2)  # mouthSmileLeft
        assert (await visit.hears(PlaybackMark)).reply_id == 1
        assert await page.evaluate("rig.head() !== null")
        await page.fill("#line", "Hello!")
        await page.press("#line", "Enter")
        assert (await visit.hears(TextInput)).text == "Hello!"
        await visit.say(ReplyCancelled(1, "interrupt", 2400))
        await page.wait_for_function("document.body.dataset.state === 'talking'")


async def test_a_vrm_opens_its_aa_and_is_happy(examples: ExampleServer, open_page: OpenPage) -> None:
    async with open_page(f"{examples.url}vrm.html", webgl=True) as page:
        visit = await enter(page, examples, "vrm")
        await visit.say(*ahs("vrm"))
        await value(page, "vrm().expressionManager.getValue('aa')", 0.3)
        await value(page, "vrm().expressionManager.getValue('happy')", 0.2)
        morph = "vrm().scene.getObjectByName('Face').morphTargetInfluences[17]"  # jawOpen, moved by the preset
        await value(page, morph, 0.15)


async def test_talkinghead_plays_the_stream_and_moves_its_lips(examples: ExampleServer, open_page: OpenPage) -> None:
    async with open_page(f"{examples.url}talkinghead.html", webgl=True) as page:
        visit = await enter(page, examples, "none")
        await visit.say(*ahs("none"))
        await value(page, "head.mtAvatar.viseme_aa.applied", 0.15)
        assert (await visit.hears(PlaybackMark)).heard_samples >= 0
        await visit.say(ReplyCancelled(1, "interrupt", 2400))
        await value(page, "Number(head.isSpeaking)", 0.5, below=True)
