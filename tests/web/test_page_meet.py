"""The meet from lobby to keepsake: name, microphone check, waiting, push to talk, coming back, what is taken home."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.async_api import Page, expect

from protocol.messages import (
    AudioChunk,
    DisclosureAcknowledged,
    ErrorMessage,
    Hello,
    Leave,
    Limits,
    Listening,
    Notice,
    PlaybackMark,
    ReplyDuck,
    Resume,
    Stage,
    Transcript,
    TurnReport,
)
from tests.web.conftest import EAR_INIT, OpenPage, enter, loudspeaker_runs
from tests.web.scripted_server import WELCOME, ScriptedServer, face_frame
from tests.web.test_page_voice import SMALL, heard_to, length_of, loudspeaker, reply
from tests.web.test_page_words import WORDS, heard_out, spoken

pytestmark = pytest.mark.alone

AXE = (Path(__file__).parents[2] / "web_client" / "node_modules" / "axe-core" / "axe.min.js").read_text()
RESUMABLE = replace(WELCOME, resume_token="first-token")
AXE_RUN = """async () => (await axe.run({ resultTypes: ["violations"] })).violations
  .filter((found) => ["serious", "critical"].includes(found.impact))
  .map((found) => `${found.id}: ${found.nodes.map((node) => node.target).join(", ")}`)"""


async def serious_faults(page: Page) -> list[str]:
    """What axe holds against the page as it is now: serious and critical findings."""
    await page.evaluate(AXE)
    found: list[str] = await page.evaluate(AXE_RUN)
    return found


async def test_a_name_that_was_given_is_told_and_the_lobby_is_not_seen_again(
    server: ScriptedServer, open_page: OpenPage
) -> None:
    async with open_page(server.url + "#join=abc") as page:
        first = await server.visit()
        await expect(page.locator("#disclosure")).to_contain_text("What may Mara call you?")
        await page.fill("#name", "  Ana ")
        await page.check("[name=memory]")
        await page.click("#understand")
        await first.hears(Leave)
        again = await server.visit(welcome=False)
        hello = await again.hears(Hello)
        assert (hello.name, hello.token, hello.consents.memory) == ("Ana", "abc", True)
        await again.say(WELCOME)
        await again.hears(DisclosureAcknowledged)
        await expect(page.locator("#room")).to_be_visible()


async def test_the_microphone_can_be_tried_and_nothing_of_it_is_sent(
    server: ScriptedServer, open_page: OpenPage, voice: Path
) -> None:
    async with open_page(server.url, voice) as page:
        visit = await server.visit()
        await page.click("#check")
        await expect(page.locator("#check-says")).to_contain_text("You can be heard well")
        assert await page.locator("#level").evaluate("meter => meter.value") > 0
        await page.click("#check")
        await expect(page.locator("#check")).to_have_attribute("aria-pressed", "false")
        await page.click("#understand")
        await visit.hears(DisclosureAcknowledged)
        assert visit.of(AudioChunk) == []


async def test_a_queue_is_said_and_left_for_the_lobby_when_there_is_a_place(
    server: ScriptedServer, open_page: OpenPage
) -> None:
    async with open_page(server.url) as page:
        visit = await server.visit(welcome=False)
        await visit.hears(Hello)
        await visit.say(Notice(kind="server", text="You are number 3 in line."))
        await expect(page.locator("#waiting")).to_contain_text("You are number 3 in line.")
        assert await serious_faults(page) == []
        await visit.say(WELCOME)
        await expect(page.locator("#disclosure")).to_be_visible()


async def test_a_full_house_is_tried_again_by_itself(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url) as page:
        visit = await server.visit(welcome=False)
        await visit.hears(Hello)
        await visit.say(ErrorMessage(code="busy", message="full", fatal=True))
        await visit.close()
        await expect(page.locator("#waiting")).to_contain_text("Every place is taken")
        await server.visit()
        await expect(page.locator("#disclosure")).to_be_visible()


async def test_push_to_talk_is_heard_only_while_it_is_held(
    server: ScriptedServer, open_page: OpenPage, voice: Path
) -> None:
    async with open_page(server.url, voice) as page:
        visit = await enter(page, server)
        await page.click("summary >> text=Your choices")
        await page.check("#hold-mode")
        await expect(page.locator("#talk")).to_contain_text("Hold to talk")
        await page.locator("#captions").focus()
        await page.keyboard.down(" ")
        while not any((await visit.hears(AudioChunk)).audio):
            pass
        await expect(page.locator("#talk")).to_have_attribute("aria-pressed", "true")
        await page.keyboard.up(" ")
        await expect(page.locator("#talk")).to_have_attribute("aria-pressed", "false")
        while any((await visit.hears(AudioChunk)).audio):
            pass  # silence goes on, so that the end of the turn is heard


async def test_a_lost_connection_comes_back_by_itself_and_goes_on(server: ScriptedServer, open_page: OpenPage) -> None:
    chunks = reply(4, 6)
    async with open_page(server.url, size=SMALL, init_script=EAR_INIT) as page:
        visit = await server.visit(welcome=False)
        await visit.hears(Hello)
        await visit.say(RESUMABLE)
        await page.click("#understand")
        await visit.hears(DisclosureAcknowledged)
        await loudspeaker_runs(page)
        await visit.say(*chunks[:4])
        await visit.hears(PlaybackMark)
        visit.drop()
        await expect(page.get_by_role("alert")).to_contain_text("Trying to get it back")
        again = await server.visit(welcome=False)
        resume = (await again.hears(Hello)).resume
        assert isinstance(resume, Resume)
        assert (resume.token, resume.reply_id) == ("first-token", 4)
        assert 0 < resume.heard_samples <= length_of(chunks[:4])
        await again.say(replace(RESUMABLE, resume_token="second-token", resumed=True))
        await again.say(*rest_of(chunks, resume.heard_samples))
        await heard_to(again, 4, length_of(chunks))
        await expect(page.locator("#room")).to_be_visible()
        await expect(page.get_by_role("alert")).to_be_hidden()
        played, _ = await loudspeaker(page)
        assert abs((abs(played) > 0).sum() - length_of(chunks)) < 0.05 * length_of(chunks)  # nothing lost or twice


def rest_of(chunks: list, heard_samples: int) -> list:
    """What a server sends again: everything that was not heard, the first chunk cut where it was."""
    rest = [chunk for chunk in chunks if chunk.start_samples + len(chunk.audio) // 2 > heard_samples or chunk.last]
    cut = max(0, heard_samples - rest[0].start_samples)
    start = rest[0].start_samples + cut
    return [replace(rest[0], start_samples=start, audio=rest[0].audio[2 * cut :], face=b""), *rest[1:]]


async def test_a_reload_goes_on_with_the_visit(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url) as page:
        visit = await server.visit(welcome=False)
        await visit.hears(Hello)
        await visit.say(RESUMABLE)
        await page.click("#understand")
        await visit.hears(DisclosureAcknowledged)
        await page.reload()
        again = await server.visit(welcome=False)
        resume = (await again.hears(Hello)).resume
        assert resume is not None
        assert resume.token == "first-token"
        await again.say(replace(RESUMABLE, resume_token="second-token", resumed=True))
        await expect(page.locator("#back")).to_contain_text("goes on where it was")
        assert await serious_faults(page) == []
        await page.click("#go-on")
        await expect(page.locator("#room")).to_be_visible()
        assert again.of(DisclosureAcknowledged) == []  # once is enough
        await page.click("#leave")
        await again.hears(Leave)
        await page.reload()
        assert (await (await server.visit(welcome=False)).hears(Hello)).resume is None  # a visit that was left is over


async def test_what_can_be_kept_is_there_at_the_end(server: ScriptedServer, open_page: OpenPage) -> None:
    short = replace(WELCOME, limits=Limits(max_session_s=100))
    async with open_page(server.url) as page:
        visit = await server.visit(welcome=False)
        await visit.hears(Hello)
        await visit.say(short)
        await page.click("#understand")
        await visit.hears(DisclosureAcknowledged)
        await expect(page.locator("#time-left")).to_contain_text(re.compile("About 2 minutes left"))
        await visit.say(Transcript(turn_id=1, text="Do you sing at home?", final=True), spoken(1, WORDS, word_s=0.05))
        await heard_out(page, WORDS)
        size = "element => parseFloat(getComputedStyle(element).fontSize)"
        before = await page.locator("#captions").evaluate(size)
        await page.click("#larger")
        assert await page.locator("#captions").evaluate(size) > before
        assert await serious_faults(page) == []
        await page.click("#picture")
        await expect(page.get_by_role("alert")).to_contain_text("The picture is in your keepsake")
        await page.click("#leave")
        await expect(page.locator("#keepsakes img")).to_be_visible()
        await expect(page.locator("#keepsake")).to_contain_text("No sound and no video of this visit was kept")
        async with page.expect_download() as download:
            await page.click("text=Save the words")
        text = (await (await download.value).path()).read_text()
        assert text == f"You: Do you sing at home?\nMara: {' '.join(WORDS)}"
        assert await serious_faults(page) == []


async def test_a_ducked_reply_is_softer_until_it_is_not(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url, size=SMALL, init_script=EAR_INIT) as page:
        visit = await enter(page, server)
        await loudspeaker_runs(page)
        await visit.say(*reply(9, 6))
        await visit.hears(PlaybackMark)
        await visit.say(ReplyDuck(reply_id=9, gain=0.2, ramp_ms=40))
        for _ in range(6):
            await visit.hears(PlaybackMark)
        await visit.say(ReplyDuck(reply_id=9, gain=1.0, ramp_ms=40))
        for _ in range(6):
            await visit.hears(PlaybackMark)
        played, _ = await loudspeaker(page)
    peaks = [abs(part).max() for part in (played[i : i + 1200] for i in range(0, played.size, 1200)) if part.any()]
    assert max(peaks) == pytest.approx(0.4, abs=0.01)  # the tone of the test is that loud
    ducked = [k for k, peak in enumerate(peaks) if peak == pytest.approx(0.08, abs=0.01)]
    assert len(ducked) >= 4  # 50 ms each
    assert max(peaks[ducked[-1] :]) == pytest.approx(0.4, abs=0.01)


async def test_developers_see_turns_weights_and_the_buffer(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url + "?debug") as page:
        visit = await server.visit()
        assert await serious_faults(page) == []
        await page.click("#understand")
        await visit.hears(DisclosureAcknowledged)
        await visit.say(TurnReport(1, 1, "llm", 612.4, 655.1, (Stage("first_token", 180.0, 420.0),)))
        await visit.say(Listening(seq=1, face=face_frame(jawOpen=0.5) * 900))
        panel = page.locator("#debug")
        await expect(panel).to_contain_text("612 ms · llm")
        await expect(panel).to_contain_text("first_token 240")
        await expect(panel).to_contain_text("waiting to be played")
        weight = panel.locator(".weight >> text=jawOpen")
        await expect(weight).to_have_attribute("style", re.compile(r"--weight: ?0\.50"))
