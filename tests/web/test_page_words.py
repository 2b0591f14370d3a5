"""Captions, typing, the latency card, and messages that make no sense."""

import numpy as np
import pytest
from playwright.async_api import Page, expect

from protocol.messages import (
    PlaybackMark,
    ReplyCancelled,
    ReplyChunk,
    Stage,
    TextInput,
    Transcript,
    TurnReport,
)
from protocol.timeline import OUTPUT_RATE_HZ, WordSpan
from tests.web.conftest import OpenPage, enter
from tests.web.scripted_server import ScriptedServer, face_frame

pytestmark = pytest.mark.alone

WORDS = "I sing in the kitchen when nobody is there to hear it".split()


def spoken(reply_id: int, words: list[str], *, word_s: float = 0.3) -> ReplyChunk:
    """A whole reply in one chunk: silence with words on it."""
    each = int(word_s * OUTPUT_RATE_HZ)
    spans = tuple(WordSpan(word, i * each, (i + 1) * each) for i, word in enumerate(words))
    face = face_frame() * (len(words) * each // 400)
    audio = np.zeros(len(words) * each, "<i2").tobytes()
    return ReplyChunk(reply_id, 0, 0, audio=audio, face=face, words=spans, last=True)


async def heard_out(page: Page, words: list[str]) -> None:
    """The newest reply has these words, and sounded to its end."""
    await expect(page.locator(".persona .text").last).to_have_text(" ".join(words))
    await expect(page.locator(".persona .ahead")).to_have_count(0)
    await expect(page.locator("body")).not_to_have_attribute("data-activity", "speaking")


async def test_both_sides_are_captioned(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url) as page:
        visit = await enter(page, server)
        log = page.get_by_role("log")
        await expect(log).to_have_attribute("aria-live", "polite")
        await visit.say(Transcript(turn_id=1, text="do you", final=False))
        await expect(log.locator(".fan .partial")).to_have_text("do you")
        await expect(page.get_by_role("status")).to_have_text("Mara hears you")
        await visit.say(Transcript(turn_id=1, text="Do you sing at home?", final=True))
        await expect(log.locator(".fan .text")).to_have_text("Do you sing at home?")
        await expect(log.locator(".partial")).to_have_count(0)
        await expect(page.get_by_role("status")).to_have_text("Mara is thinking")

        await visit.say(spoken(1, WORDS, word_s=0.1))
        await expect(log.locator(".persona .text")).to_have_text(" ".join(WORDS))
        await expect(page.get_by_role("status")).to_have_text("Mara is speaking")
        await expect(log.locator(".persona .ahead")).to_have_count(0)  # at the end every word was heard
        await expect(page.get_by_role("status")).to_contain_text("Mara is here")


async def test_words_that_were_never_heard_stay_grey(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url) as page:
        visit = await enter(page, server)
        await visit.say(spoken(1, WORDS))
        while (mark := await visit.hears(PlaybackMark)).heard_samples < 0.7 * OUTPUT_RATE_HZ:
            pass
        await visit.say(ReplyCancelled(reply_id=1, reason="barge_in", heard_samples=mark.heard_samples))
        line = page.locator(".persona .text")
        await expect(line).to_contain_text("(interrupted)")
        unheard = await line.locator(".unheard").all_inner_texts()
        heard = len(WORDS) - len(unheard)
        assert unheard == WORDS[heard:]
        final = visit.of(PlaybackMark)[-1].heard_samples
        assert heard == -(-final // int(0.3 * OUTPUT_RATE_HZ))  # the words that had begun
        assert heard >= 3


async def test_a_typed_turn_is_sent_shown_once_and_bounded(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url) as page:
        visit = await enter(page, server)
        await page.fill("#text", "  Where are you from?  ")
        await page.click("text=Send")
        assert (await visit.hears(TextInput)).text == "Where are you from?"
        await expect(page.locator("#text")).to_have_value("")
        await visit.say(Transcript(turn_id=1, text="Where are you from?", final=True))
        await visit.say(Transcript(turn_id=2, text="And now?", final=True))
        await expect(page.locator(".fan .text")).to_have_text(["Where are you from?", "And now?"])

        await page.fill("#text", "   ")
        await page.press("#text", "Enter")  # nothing to say, nothing sent
        await page.fill("#text", "")
        await page.locator("#text").press_sequentially("x" * 30)
        assert await page.get_attribute("#text", "maxlength") == "2000"
        await page.press("#text", "Enter")
        assert (await visit.hears(TextInput)).text == "x" * 30


async def test_the_latency_of_a_turn_is_shown(server: ScriptedServer, open_page: OpenPage) -> None:
    stages = (Stage("endpoint", 0.0, 180.0), Stage("llm", 180.0, 420.0), Stage("tts", 400.0, 600.0))
    async with open_page(server.url) as page:
        visit = await enter(page, server)
        await expect(page.locator("#report")).to_be_hidden()
        await visit.say(TurnReport(1, 1, "llm", 612.4, 655.1, stages))
        report = page.locator("#report")
        await expect(report.locator("summary")).to_contain_text("612 ms · words from the language model")
        await report.locator("summary").click()
        await expect(report).to_contain_text("655 ms")
        await expect(report.locator("li")).to_have_count(3)
        track = await report.locator(".track").nth(1).bounding_box()
        bar = await report.locator(".bar").nth(1).bounding_box()
        assert track is not None
        assert bar is not None
        assert abs((bar["x"] - track["x"]) / track["width"] - 0.3) < 0.02
        assert abs(bar["width"] / track["width"] - 0.4) < 0.02
        await visit.say(TurnReport(2, 2, "disclosure", 150.0, 190.0, ()))
        await expect(report.locator("summary")).to_contain_text("150 ms · the fixed line about being an AI")


async def test_messages_that_make_no_sense_are_passed_over(server: ScriptedServer, open_page: OpenPage) -> None:
    nonsense = [
        "",
        "not json",
        "null",
        "[1, 2]",
        '{"type": "telepathy"}',
        '{"type": "__proto__"}',
        '{"type": "constructor"}',
        '{"type": "reply.chunk"}',
        '{"type": "reply.chunk", "reply_id": 1, "start_samples": 0, "audio": "%%%", "face": ""}',
        '{"type": "reply.chunk", "reply_id": "1", "start_samples": -5, "audio": "", "face": ""}',
        '{"type": "reply.chunk", "reply_id": 1, "start_samples": 0, "audio": "AAA=", "face": "AA==", "words": 3}',
        '{"type": "listening", "seq": 1, "face": "AAAA"}',
        '{"type": "listening", "seq": 1, "face": null}',
        '{"type": "transcript", "turn_id": 1, "text": {"a": 1}, "final": true}',
        '{"type": "turn.report", "stages": [{}]}',
        '{"type": "hello", "persona": {}}',
        '{"type": "reply.cancelled", "reply_id": 99, "reason": "barge_in", "heard_samples": 0}',
        '{"type": "reply.chunk", "reply_id": 1, "start_samples": 0, "audio": "AAAA", "face": "AAA="}',  # 1.5 samples
        '{"type": "error", "code": "new_one", "message": "who knows", "fatal": false}',
    ]
    async with open_page(server.url) as page:
        visit = await enter(page, server)
        for text in nonsense:
            await visit.say_raw(text)
        await expect(page.get_by_role("alert")).to_contain_text("who knows")
        await visit.say(spoken(2, ["still", "here"]))
        await expect(page.locator(".persona .text")).to_have_text("still here")
        await expect(page.locator(".persona .ahead")).to_have_count(0)


async def test_text_of_others_is_text(server: ScriptedServer, open_page: OpenPage) -> None:
    markup = "<img src=x onerror=alert(1)>"
    async with open_page(server.url) as page:
        visit = await enter(page, server)
        await visit.say(Transcript(turn_id=1, text=markup, final=True), spoken(1, [markup]))
        await expect(page.locator(".fan .text")).to_have_text(markup)
        await expect(page.locator(".persona .text")).to_have_text(markup)
        assert await page.locator("#captions img").count() == 0


async def test_a_long_talk_stays_at_its_newest_line(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url) as page:
        visit = await enter(page, server)
        for turn_id in range(80):
            await visit.say(Transcript(turn_id=turn_id, text=f"This is the turn with number {turn_id}.", final=True))
        await expect(page.locator("text=number 79.")).to_be_in_viewport()
        assert await page.locator("#lines p").count() == 60
