"""Opus on the page, up and down, through the browser's own codecs; PCM16 where it has none, or the server has none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from playwright.async_api import Page, expect
from scipy.io import wavfile
from scipy.signal import resample_poly

from protocol.messages import AudioChunk, DisclosureAcknowledged, ErrorMessage, Hello
from protocol.packets import packet_ms, split_packets
from protocol.timeline import OUTPUT_RATE_HZ, AudioFormat
from server.wire_audio import Speaker
from speech.opus import OpusDecoder
from tests.web.conftest import EAR_INIT, OpenPage, loudspeaker_runs
from tests.web.scripted_server import WELCOME, ScriptedServer, Visit
from tests.web.test_page_voice import (
    REPLY_S,
    SMALL,
    best_correlation,
    heard_to,
    length_of,
    loudspeaker,
    reply,
    tone,
)

pytestmark = pytest.mark.alone

OPUS_IN = AudioFormat("opus", 48_000)
OPUS_OUT = Speaker(AudioFormat("opus", OUTPUT_RATE_HZ)).audio_format
NO_CODECS = "delete window.AudioEncoder; delete window.AudioDecoder;"


@asynccontextmanager
async def with_opus(server: ScriptedServer, open_page: OpenPage, voice: Path) -> AsyncIterator[tuple[Page, Visit]]:
    """A page in the room that sends and takes Opus."""
    raw = EAR_INIT + "ear.rawMicrophone = true;"
    async with open_page(server.url, voice, size=SMALL, init_script=raw) as page:
        visit = await server.visit(welcome=False)
        hello = await visit.hears(Hello)
        assert (hello.audio_in, hello.audio_out) == (OPUS_IN, AudioFormat("opus", OUTPUT_RATE_HZ))
        await visit.say(replace(WELCOME, audio_in=OPUS_IN, audio_out=OPUS_OUT))
        await page.click("#understand")
        await visit.hears(DisclosureAcknowledged)
        yield page, visit


async def test_the_microphone_goes_up_as_opus(server: ScriptedServer, open_page: OpenPage, voice: Path) -> None:
    async with with_opus(server, open_page, voice) as (page, visit):
        await page.click("#talk")
        packets: list[bytes] = []
        while len(packets) < 150:
            packets += split_packets((await visit.hears(AudioChunk)).audio)
        await page.click("#talk")
        while set(closing := split_packets((await visit.hears(AudioChunk)).audio)) != {b"\xf8\xff\xfe"}:
            pass
    assert sum(map(packet_ms, closing)) == 800  # the last sentence is known to be over
    assert {packet_ms(packet) for packet in packets} == {20}
    assert np.mean([len(packet) for packet in packets]) < 110  # 32 kbit/s are 80 bytes
    arrived = np.frombuffer(OpusDecoder().decode(packets[:150]), "<i2")[::3] / 32768
    source = np.tile(resample_poly(wavfile.read(voice)[1] / 32768, 1, 3), 2)
    assert np.median([best_correlation(part, source) for part in np.split(arrived, 6)]) > 0.9


async def test_replies_come_down_as_opus_to_the_sample(
    server: ScriptedServer, open_page: OpenPage, voice: Path
) -> None:
    total, speaker = length_of(reply(7)), Speaker(OPUS_OUT)
    async with with_opus(server, open_page, voice) as (page, visit):
        await loudspeaker_runs(page)
        await visit.say(*(speaker.chunk(chunk) for reply_id in (7, 8) for chunk in reply(reply_id)))
        await heard_to(visit, 7, total)
        await heard_to(visit, 8, total)
        played, _ = await loudspeaker(page)
    begin = int(np.flatnonzero(np.abs(played) > 0.01)[0])
    said = tone(REPLY_S)[:total]
    again = played[begin + total : begin + 2 * total]
    for heard in (played[begin : begin + total], again[np.flatnonzero(np.abs(again) > 0.01)[0] :]):
        lags = [np.corrcoef(heard[64 + lag : 40_000 + lag], said[64:40_000])[0, 1] for lag in range(-40, 41)]
        assert max(lags) > 0.99
        assert abs(int(np.argmax(lags)) - 40) <= 24  # 1 ms: the pre-skip was dropped, nothing else is shifted


async def test_without_codecs_sound_is_pcm(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url, init_script=NO_CODECS):
        hello = await (await server.visit(welcome=False)).hears(Hello)
        assert (hello.audio_in.encoding, hello.audio_out.encoding) == ("pcm16", "pcm16")


async def test_a_server_without_opus_is_asked_for_pcm(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url) as page:
        first = await server.visit(welcome=False)
        assert (await first.hears(Hello)).audio_in.encoding == "opus"
        await first.say(ErrorMessage(code="unsupported", message="no Opus here", fatal=True))
        await first.close()
        second = await server.visit(welcome=False)
        assert (await second.hears(Hello)).audio_in == AudioFormat("pcm16", 16_000)
        await second.say(WELCOME)
        await expect(page.locator("#disclosure")).to_be_visible()
        await enter_again(page, second)


async def enter_again(page: Page, visit: Visit) -> None:
    await page.click("#understand")
    await visit.hears(DisclosureAcknowledged)
    await page.click("#talk")
    assert len((await visit.hears(AudioChunk)).audio) % 640 == 0
