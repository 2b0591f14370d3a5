"""Sound up, sound and face down: exact to the sample where the page promises it."""

import asyncio
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from playwright.async_api import Page, expect
from scipy.io import wavfile
from scipy.signal import correlate, resample_poly

from protocol.messages import AudioChunk, Interrupt, Listening, PlaybackMark, ReplyCancelled, ReplyChunk
from protocol.timeline import FACE_FPS, OUTPUT_RATE_HZ, SAMPLES_PER_FACE_FRAME
from tests.web.conftest import EAR_INIT, OpenPage, enter, loudspeaker_runs
from tests.web.scripted_server import ScriptedServer, face_frame

pytestmark = pytest.mark.alone

Floats = npt.NDArray[np.float64]
REPLY_S = 2
SMALL = (640, 480)  # drawing is software here: a small picture leaves time for many
CHUNKS = 8


def tone(seconds: float) -> Floats:
    """A gliding tone that is never silent."""
    t = np.arange(int(seconds * OUTPUT_RATE_HZ)) / OUTPUT_RATE_HZ
    return 0.4 * np.sin(2 * np.pi * (300 * t + 150 * t * t) + 0.5)


def pcm16(sound: Floats) -> npt.NDArray[np.int16]:
    return (32767 * sound).astype(np.int16)


def jaw_of(frame: int) -> int:
    """The byte of jawOpen in frame `frame` of the test's reply: slow enough to follow, never twice the same way."""
    return int(110 + 90 * np.sin(frame / 7) * np.cos(frame / 23))


def reply(reply_id: int, seconds: float = REPLY_S, *, last: bool = True) -> list[ReplyChunk]:
    """A reply in equal chunks; the last one is empty, as a server that learns late of the end sends it."""
    samples = pcm16(tone(seconds))
    size = samples.size // CHUNKS // SAMPLES_PER_FACE_FRAME * SAMPLES_PER_FACE_FRAME
    chunks = []
    for seq in range(CHUNKS):
        frames = range(seq * size // SAMPLES_PER_FACE_FRAME, (seq + 1) * size // SAMPLES_PER_FACE_FRAME)
        chunks.append(
            ReplyChunk(
                reply_id=reply_id,
                seq=seq,
                start_samples=seq * size,
                audio=samples[seq * size : (seq + 1) * size].tobytes(),
                face=b"".join(face_frame(jawOpen=jaw_of(k) / 255) for k in frames),
            )
        )
    if last:
        chunks.append(ReplyChunk(reply_id, CHUNKS, CHUNKS * size, audio=b"", face=b"", last=True))
    return chunks


def length_of(chunks: list[ReplyChunk]) -> int:
    return sum(len(chunk.audio) for chunk in chunks) // 2


async def loudspeaker(page: Page) -> tuple[Floats, int]:
    """What the page has played since it began to, without holes, and the frame of its first sample. Where a starved
    browser skipped some of the silence between two sounds, it is filled in.
    """
    blocks: list[dict[str, Any]] = await page.evaluate("ear.sound")
    played = [np.array(blocks[0]["samples"])]
    for before, after in pairwise(blocks):
        hole = after["frame"] - before["frame"] - len(before["samples"])
        assert hole >= 0
        assert hole == 0 or not any((*before["samples"], *after["samples"])), f"{hole} samples of a sound are missing"
        played += [np.zeros(hole), np.array(after["samples"])]
    return np.concatenate(played), int(blocks[0]["frame"])


async def heard_to(visit: Any, reply_id: int, total: int) -> list[int]:
    """The marks of a reply, once they have come to its end."""
    async with asyncio.timeout(30):
        while (mark := await visit.hears(PlaybackMark)) != PlaybackMark(reply_id, total):
            assert mark.reply_id != reply_id or mark.heard_samples < total
    return [mark.heard_samples for mark in visit.of(PlaybackMark) if mark.reply_id == reply_id]


async def test_the_microphone_arrives_as_16_khz(server: ScriptedServer, open_page: OpenPage, voice: Path) -> None:
    # What the browser's echo cancellation does to a voice is the browser's; our own way is measured without it.
    raw = EAR_INIT + "ear.rawMicrophone = true;"
    async with open_page(server.url, voice, init_script=raw) as page:
        visit = await enter(page, server)
        await page.click("#talk")
        chunks = [await visit.hears(AudioChunk) for _ in range(175)]
        asked_for = await page.evaluate("ear.microphones[0]")
    assert asked_for["echoCancellation"] is True  # or the avatar would interrupt itself
    assert [chunk.seq for chunk in chunks] == list(range(175))
    assert {len(chunk.audio) % 640 for chunk in chunks} == {0}  # 20 ms at 16 kHz, or several at once after a stall
    assert max(len(chunk.audio) for chunk in chunks) <= 5 * 640
    arrived = np.frombuffer(b"".join(chunk.audio for chunk in chunks), "<i2")[: 175 * 320] / 32768
    source = np.tile(resample_poly(wavfile.read(voice)[1] / 32768, 1, 3), 2)
    by_half_second = [best_correlation(part, source) for part in np.split(arrived, 7)]
    assert np.median(by_half_second) > 0.98  # the median: a busy machine may tear the fake device now and then


def best_correlation(part: Floats, whole: Floats) -> float:
    """The highest normalised correlation of `part` with any stretch of `whole`."""
    sums = np.concatenate([[0], np.cumsum(whole**2)])
    energy = sums[part.size :] - sums[: -part.size]
    return float(np.max(np.abs(correlate(whole, part, "valid", "fft")) / np.sqrt(energy * np.sum(part**2))))


async def test_a_muted_microphone_sends_silence_and_a_closed_one_nothing(
    server: ScriptedServer, open_page: OpenPage, voice: Path
) -> None:
    async with open_page(server.url, voice) as page:
        visit = await enter(page, server)
        await page.click("#talk")
        await visit.hears(AudioChunk)
        await page.click("#mute")
        async with asyncio.timeout(20):
            while any((await visit.hears(AudioChunk)).audio):
                pass
        await page.click("#mute")
        async with asyncio.timeout(20):
            while not any((await visit.hears(AudioChunk)).audio):
                pass
        await page.click("#talk")
        await page.fill("#text", "after")  # what is sent after the microphone was closed comes after its last sound
        await page.press("#text", "Enter")
        async with asyncio.timeout(20):
            while not any(message.__class__.__name__ == "TextInput" for message in visit.received):
                await asyncio.sleep(0)
        last = visit.of(AudioChunk)[-1]
        assert len(last.audio) == 2 * 0.8 * 16_000
        assert not any(last.audio)
        assert visit.received.index(last) > max(
            i for i, m in enumerate(visit.received) if isinstance(m, AudioChunk) and m is not last
        )


async def test_a_reply_is_played_to_its_last_sample_and_marked_as_it_goes(
    server: ScriptedServer, open_page: OpenPage
) -> None:
    chunks = reply(7)
    total = length_of(chunks)
    async with open_page(server.url, size=SMALL, init_script=EAR_INIT) as page:
        visit = await enter(page, server)
        await loudspeaker_runs(page)
        await visit.say(*chunks)
        marks = await heard_to(visit, 7, total)
        played, _ = await loudspeaker(page)
        assert await page.evaluate("ear.rateHz") == OUTPUT_RATE_HZ
    assert marks == sorted(marks)
    steps = np.diff([0, *marks])
    assert np.median(steps) < 0.15 * OUTPUT_RATE_HZ  # about every 100 ms
    begin = int(np.flatnonzero(played)[0])
    expected = pcm16(tone(REPLY_S))[:total] / 32768
    np.testing.assert_allclose(played[begin : begin + total], expected, atol=1e-6)
    assert not np.any(played[begin + total :])


async def test_two_replies_follow_each_other_and_an_old_one_is_not_played(
    server: ScriptedServer, open_page: OpenPage
) -> None:
    first, second = reply(1, 0.5), reply(2, 0.5)
    async with open_page(server.url, size=SMALL, init_script=EAR_INIT) as page:
        visit = await enter(page, server)
        await loudspeaker_runs(page)
        await visit.say(*first, *second, *reply(1, 0.5))
        await heard_to(visit, 1, length_of(first))
        await heard_to(visit, 2, length_of(second))
        await visit.say(*reply(3, 0.5))
        await heard_to(visit, 3, length_of(second))
        played, _ = await loudspeaker(page)
    assert np.count_nonzero(played) == 3 * np.count_nonzero(pcm16(tone(0.5))[: length_of(first)])


async def test_the_face_is_that_of_the_sample_that_is_heard(server: ScriptedServer, open_page: OpenPage) -> None:
    chunks = reply(3)
    total = length_of(chunks)
    async with open_page(server.url, size=SMALL, init_script=EAR_INIT) as page:
        visit = await enter(page, server)
        await loudspeaker_runs(page)
        await visit.say(*chunks)
        await heard_to(visit, 3, total)
        played, first_frame = await loudspeaker(page)
        pictures = [shot for shot in await page.evaluate("ear.pictures") if shot["source"] == "reply 3"]
    assert len(pictures) > 10
    frames = [shot["frame"] for shot in pictures]
    assert frames == sorted(frames)
    began_at = first_frame + int(np.flatnonzero(played)[0])
    late = [(shot["heardAt"] - began_at) / SAMPLES_PER_FACE_FRAME - shot["frame"] for shot in pictures]
    assert -1.5 < float(np.median(late)) < 2.5  # frames; a picture is of the frame that began up to one frame ago
    for shot in pictures:
        if shot["frame"] > 0.06 * FACE_FPS:  # the cross-fade into the reply is over
            between = sorted((jaw_of(shot["frame"]) / 255, jaw_of(shot["frame"] + 1) / 255))
            assert between[0] - 0.005 <= shot["jawOpen"] <= between[1] + 0.005


async def test_a_cancelled_reply_is_silent_within_100_ms_and_the_mouth_closes(
    server: ScriptedServer, open_page: OpenPage
) -> None:
    async with open_page(server.url, size=SMALL, init_script=EAR_INIT) as page:
        visit = await enter(page, server)
        await loudspeaker_runs(page)
        await visit.say(*reply(5, 6, last=False))
        await visit.hears(PlaybackMark)
        await expect(page.locator("#face")).to_have_attribute("data-source", "reply 5")
        await visit.say(ReplyCancelled(reply_id=5, reason="barge_in", heard_samples=4800))
        await visit.say(*reply(5, 6)[1:])  # what was on its way already
        await expect(page.locator("#face")).to_have_attribute("data-jaw-open", "0.000")
        await visit.say(*reply(6, 0.3))
        await heard_to(visit, 6, length_of(reply(6, 0.3)))
        played, first_frame = await loudspeaker(page)
        messages = await page.evaluate("ear.messages")
        pictures = await page.evaluate("ear.pictures")
    cancelled_at = next(m["frame"] for m in messages if m["type"] == "reply.cancelled") - first_frame
    sounding = np.flatnonzero(played)
    ended_at = sounding[np.argmax(np.diff(sounding))]  # before the gap between the two replies
    assert ended_at - cancelled_at < 0.1 * OUTPUT_RATE_HZ
    marks = [mark.heard_samples for mark in visit.of(PlaybackMark) if mark.reply_id == 5]
    assert marks[-1] <= ended_at - sounding[0] + 1
    last_of_it = [shot["heardAt"] for shot in pictures if shot["source"] == "reply 5"][-1]
    shut = next(shot for shot in pictures if shot["heardAt"] > last_of_it and shot["jawOpen"] == 0)
    assert last_of_it - first_frame <= cancelled_at
    assert shut["source"] == "idle"


async def test_stop_is_silent_before_the_server_answers(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url, size=SMALL, init_script=EAR_INIT) as page:
        visit = await enter(page, server)
        await loudspeaker_runs(page)
        chunks = reply(1, 6)
        await visit.say(*chunks)
        await visit.hears(PlaybackMark)
        await page.click("#stop")
        await visit.hears(Interrupt)
        await expect(page.locator("#face")).to_have_attribute("data-jaw-open", "0.000")
        played, _ = await loudspeaker(page)
        sounding = np.flatnonzero(played)
        assert sounding[-1] - sounding[0] < length_of(chunks) - 2400  # cut off, not run out
        assert not np.any(played[-128:])
        before = visit.received[visit.received.index(visit.of(Interrupt)[0]) - 1]
        assert isinstance(before, PlaybackMark)  # how far it was heard, for the server's memory of what it said
        assert 0 < before.heard_samples < 6 * OUTPUT_RATE_HZ


async def test_between_replies_the_listening_face_is_shown_and_then_an_idle_one(
    server: ScriptedServer, open_page: OpenPage
) -> None:
    async with open_page(server.url) as page:
        visit = await enter(page, server)
        face = page.locator("#face")
        await visit.say(Listening(seq=1, face=face_frame(jawOpen=0.2) * 600))
        await expect(face).to_have_attribute("data-jaw-open", "0.200")
        await visit.say(Listening(seq=2, face=face_frame(jawOpen=0.4) * 30))
        await expect(face).to_have_attribute("data-jaw-open", "0.400")
        await expect(face).to_have_attribute("data-source", "listening")
        await expect(face).to_have_attribute("data-source", "idle")
        await expect(face).to_have_attribute("data-jaw-open", "0.000")


async def test_the_drawing_follows_the_weights(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url) as page:
        visit = await enter(page, server)

        async def looks(**weights: float) -> dict[str, int]:
            """Pixels of each kind on the canvas while the face has these weights; a marker tells when it does."""
            marker = round(weights.get("jawOpen", 0.0), 3)
            await visit.say(Listening(seq=0, face=face_frame(jawOpen=0.99) * 600))
            await expect(page.locator("#face")).to_have_attribute("data-jaw-open", "0.988")
            await visit.say(Listening(seq=1, face=face_frame(**weights) * 600))
            await expect(page.locator("#face")).to_have_attribute("data-jaw-open", f"{marker:.3f}")
            counted: dict[str, int] = await page.evaluate(COUNT_PIXELS)
            return counted

        rest = await looks()
        aa = await looks(jawOpen=0.6)
        shut = await looks(jawOpen=0.6, mouthClose=0.6)
        blink = await looks(eyeBlink=1.0)
        assert aa["inside"] > 5 * rest["inside"]
        assert shut["inside"] < 2 * rest["inside"]  # mouthClose takes back what jawOpen opens
        assert rest["white"] > 500
        assert blink["white"] < rest["white"] / 20


COUNT_PIXELS = """() => {
  const canvas = document.querySelector("#face .drawn");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const near = (i, colour) => colour.every((c, k) => Math.abs(data[i + k] - c) < 12);
  const counted = { inside: 0, white: 0 };
  for (let i = 0; i < data.length; i += 4) {
    if (near(i, [0x4d, 0x14, 0x1c])) counted.inside += 1;
    if (near(i, [0xff, 0xfa, 0xf3])) counted.white += 1;
  }
  return counted;
}"""
