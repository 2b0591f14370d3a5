"""An event as its fans see it: taking a ticket, the line, the slot, the goodbye; and what spectators see."""

import re

import pytest
from msgspec.structs import replace
from playwright.async_api import Page, Route, expect

from protocol.event_messages import Group, GroupMember, Reaction, ReactionCounts, Reactions, StageState
from protocol.messages import (
    AudioChunk,
    ConsentChange,
    Consents,
    DisclosureAcknowledged,
    ErrorMessage,
    Hello,
    Leave,
    Notice,
    PlaybackMark,
    Transcript,
)
from protocol.visit_messages import (
    EventCard,
    ForgetMemory,
    KeepsakeState,
    QueuePlace,
    Remembered,
    Satisfaction,
    SlotTime,
)
from tests.web.conftest import PHONE, OpenPage
from tests.web.rest_of_house import RestOfHouse, refusal
from tests.web.scripted_server import WELCOME, ScriptedServer, Visit
from tests.web.test_page_meet import serious_faults
from tests.web.test_page_words import WORDS, heard_out, spoken

TITLE = "Mara, after the show"
EVENT = EventCard(id="e-1", title=TITLE, slot_s=180.0, spectators=True)
SEATED = replace(WELCOME, event=EVENT)
SPECTATOR = replace(WELCOME, event=EVENT, role="spectator")
IN_LINE = QueuePlace(
    "waiting", 3, 12, 420.0, title=TITLE, persona=WELCOME.persona, disclosure=WELCOME.disclosure, spectators=True
)
CARD = {
    "title": TITLE,
    "persona_name": "Mara",
    "about": "Sings, bakes, answers letters at night.",
    "opens_at": "2026-11-20T18:00:00Z",
    "state": "open",
    "queue_rule": "first_come",
    "slot_s": 180.0,
    "group_size": 1,
    "tickets_left": 5,
}
KEPT = KeepsakeState("/keepsake/abc", "recording", "2026-12-22T00:00:00Z")


async def seated(page: Page, server: ScriptedServer) -> Visit:
    """A fan of the event, in the room."""
    visit = await server.visit(welcome=False)
    await visit.hears(Hello)
    await visit.welcome(SEATED)
    await page.click("#understand")
    await visit.hears(DisclosureAcknowledged)
    return visit


@pytest.fixture
def rest() -> RestOfHouse:
    return RestOfHouse(
        answers={
            "GET /events/e-1/card": (200, CARD),
            "POST /events/e-1/tickets": (201, {"ticket_id": "t-1", "secret": "s3cret", "link": ""}),
            "POST /events/e-1/tickets/t-1/claim": (200, {"token": "join-1"}),
            "POST /events/e-1/spectator-token": (200, {"token": "watch-1"}),
        }
    )


async def test_a_ticket_is_taken_by_name_and_found_again(
    server: ScriptedServer, open_page: OpenPage, rest: RestOfHouse
) -> None:
    async with open_page(server.url + "#event=e-1", before=rest.serve) as page:
        panel = page.locator("#ticket")
        await expect(panel).to_contain_text("Everyone gets 3 minutes with Mara")
        assert await serious_faults(page) == []
        await expect(page.locator("#ticket-party")).to_be_hidden()  # everyone has the avatar for themselves
        await page.fill("#ticket-name", "Ife")
        await page.keyboard.press("Enter")
        visit = await server.visit(welcome=False)
        assert (await visit.hears(Hello)).token == "join-1"
        assert rest.of("POST", "/events/e-1/tickets")[0].body == {"name": "Ife", "party": ""}
        assert rest.of("POST", "/events/e-1/tickets/t-1/claim")[0].body == {"secret": "s3cret"}
        assert page.url.endswith("#event=e-1&ticket=t-1.s3cret")
        await page.goto("about:blank")
        await page.goto(server.url + "#event=e-1")  # the link for everyone again, from the same device
        assert (await (await server.visit(welcome=False)).hears(Hello)).token == "join-1"
        await page.evaluate("localStorage.clear()")
        rest.answers["GET /events/e-1/card"] = (200, {**CARD, "tickets_left": 0})
        await page.goto("about:blank")
        await page.goto(server.url + "#event=e-1")
        await expect(panel).to_contain_text("All tickets are taken.")
        await expect(page.locator("#ticket-name")).to_be_hidden()


async def test_friends_say_the_word_they_agreed_on(
    server: ScriptedServer, open_page: OpenPage, rest: RestOfHouse
) -> None:
    rest.answers["GET /events/e-1/card"] = (200, {**CARD, "group_size": 3})
    async with open_page(server.url + "#event=e-1", before=rest.serve) as page:
        await page.fill("#ticket-name", "Ife")
        await page.get_by_label("Coming with friends?").fill(" blue door ")
        await page.keyboard.press("Enter")
        await (await server.visit(welcome=False)).hears(Hello)
        assert rest.of("POST", "/events/e-1/tickets")[0].body == {"name": "Ife", "party": "blue door"}


async def test_in_line_one_reads_chooses_and_is_shown_in_without_a_further_click(
    server: ScriptedServer, open_page: OpenPage
) -> None:
    async with open_page(server.url + "#join=t") as page:
        visit = await server.visit(welcome=False)
        await visit.hears(Hello)
        await visit.say(IN_LINE)
        await expect(page.locator("#waiting-title")).to_have_text(TITLE)
        await expect(page.locator("#waiting-says")).to_have_text("You are number 3 of 12 in line. About 7 minutes.")
        await expect(page).to_have_title(re.compile(r"^\(3\)"))
        await expect(page.locator("#line-disclosure")).to_have_text(WELCOME.disclosure)
        assert await serious_faults(page) == []
        await page.screenshot(path="out/web/fan-line.png")
        await page.check("[name=audience]")
        assert (await visit.hears(ConsentChange)).consents == Consents(audience=True)
        await page.click("#ready")
        await expect(page.locator("#ready-says")).to_contain_text("Mara greets you")
        await visit.say(replace(IN_LINE, place=1, wait_s=40.0))
        await expect(page.locator("#waiting-says")).to_have_text("You are next. Less than a minute.")
        await visit.say(replace(IN_LINE, state="called", place=0))
        await expect(page.locator("#waiting-says")).to_contain_text("It’s your turn!")
        await visit.welcome(SEATED)
        await visit.hears(DisclosureAcknowledged)
        await expect(page.locator("#room")).to_be_visible()
        await expect(page.locator("#event-title")).to_have_text(TITLE)
        assert visit.of(AudioChunk) == []


async def test_who_did_not_agree_in_line_is_asked_when_it_is_their_turn(
    server: ScriptedServer, open_page: OpenPage
) -> None:
    async with open_page(server.url + "#join=t", size=PHONE) as page:
        visit = await server.visit(welcome=False)
        await visit.hears(Hello)
        await visit.say(IN_LINE)
        await expect(page.locator("#ready")).to_be_visible()
        await visit.welcome(SEATED)
        await expect(page.locator("#your-turn")).to_be_visible()
        await expect(page.locator("#name")).to_be_hidden()  # the ticket has it
        await expect(page.locator("#disclosure [name=audience]")).to_be_visible()
        assert visit.of(DisclosureAcknowledged) == []
        await page.click("#understand")
        await visit.hears(DisclosureAcknowledged)


async def test_a_connection_lost_in_line_comes_back_with_a_token_that_is_good(
    server: ScriptedServer, open_page: OpenPage, rest: RestOfHouse
) -> None:
    async with open_page(server.url + "#event=e-1&ticket=t-1.s3cret", before=rest.serve) as page:
        visit = await server.visit(welcome=False)
        await visit.hears(Hello)
        await visit.say(IN_LINE)
        await expect(page.locator("#waiting-says")).to_contain_text("number 3")
        rest.answers["POST /events/e-1/tickets/t-1/claim"] = (200, {"token": "join-2"})
        visit.drop()
        again = await server.visit(welcome=False)
        assert (await again.hears(Hello)).token == "join-2"
        await again.say(replace(IN_LINE, place=2))
        await expect(page.locator("#waiting-says")).to_contain_text("number 2")
        assert visit.of(Leave) == []  # closing is not giving up the place


async def test_the_slot_is_counted_down_and_ends_in_stars(server: ScriptedServer, open_page: OpenPage) -> None:
    async with open_page(server.url + "#join=t") as page:
        visit = await seated(page, server)
        await visit.say(KEPT, SlotTime("running", 170.0))
        await expect(page.locator("#clock")).to_have_text(re.compile(r"2:[45]\d"))
        await visit.say(SlotTime("last_minute", 60.0))
        await expect(page.get_by_role("alert")).to_have_text("One more minute together.")
        await expect(page.locator("#clock")).to_have_text(re.compile(r"0:5\d|1:00"))
        await page.screenshot(path="out/web/fan-last-minute.png")
        await visit.say(SlotTime("overtime", 15.0))
        await expect(page.locator("#clock")).to_have_text("Time for goodbye")
        await visit.say(SlotTime("over", 0.0))
        await expect(page.locator("#over-title")).to_have_text("Goodbye from Mara")
        await expect(page.locator("#keepsake-page")).to_have_attribute("href", "/keepsake/abc")
        await expect(page.locator("#again")).to_be_hidden()  # one ticket is one visit
        assert await serious_faults(page) == []
        await page.screenshot(path="out/web/fan-stars.png")
        await page.get_by_role("button", name="4 stars").click()
        assert (await visit.hears(Satisfaction)).stars == 4
        await visit.hears(Leave)  # nothing more is to be said
        await expect(page.locator("#stars-say")).to_contain_text("Thank you")


async def test_who_leaves_early_may_give_stars_too_and_who_came_outside_of_events_is_not_asked(
    server: ScriptedServer, open_page: OpenPage
) -> None:
    given = []

    async def keepsake(route: Route) -> None:
        given.append((route.request.method, route.request.post_data))
        await route.fulfill(status=204)

    async with open_page(server.url + "#join=t") as page:
        await page.route("**/keepsake/abc/*", keepsake)
        visit = await seated(page, server)
        await visit.say(KEPT)
        await page.click("#leave")
        await visit.hears(Leave)
        await page.get_by_role("button", name="1 star", exact=True).click()
        await expect(page.locator("#stars-say")).to_contain_text("Thank you")
        assert given == [("POST", '{"stars":1}')]
        await page.reload()
        visit = await seated(page, server)
        await visit.say(SlotTime("over", 0.0))
        await page.click("#skip-stars")
        await expect(page.locator("#rating")).to_be_hidden()
        await page.reload()
        visit = await server.visit()  # of no event
        await page.click("#understand")
        await visit.hears(DisclosureAcknowledged)
        await page.click("#leave")
        await expect(page.locator("#over")).to_be_visible()
        await expect(page.locator("#rating")).to_be_hidden()


async def test_spectators_see_a_curtain_or_the_stage_and_react_by_key(
    server: ScriptedServer, open_page: OpenPage, rest: RestOfHouse
) -> None:
    async with open_page(server.url + "#watch=e-1", before=rest.serve) as page:
        visit = await server.visit(welcome=False)
        assert (await visit.hears(Hello)).token == "watch-1"
        await visit.welcome(SPECTATOR)
        await page.click("text=I understand, let me watch")
        await expect(page.locator("#room")).to_be_visible()
        await visit.say(StageState("private", "v-1"))
        await expect(page.locator("#curtain")).to_contain_text("This visit is private.")
        await page.screenshot(path="out/web/watch-curtain.png")
        await visit.say(StageState("live", "v-2", "Maya"), spoken(1, WORDS, word_s=0.05))
        await expect(page.locator("#curtain")).to_be_hidden()
        await expect(page.locator("#watching-says")).to_have_text("Mara talks with Maya.")
        await heard_out(page, WORDS)
        for gone in ("#talk", "#text", "#stop"):
            await expect(page.locator(gone)).to_be_hidden()
        await visit.say(StageState("live", "v-3", "Ife"), spoken(1, WORDS, word_s=0.05))  # the next fan's first reply
        await expect(page.locator(".persona")).to_have_count(2)
        await page.keyboard.press("2")
        assert (await visit.hears(Reaction)).kind == "applause"
        await page.wait_for_timeout(300)
        await page.click("text=Heart")
        assert (await visit.hears(Reaction)).kind == "heart"
        await visit.say(Reactions(ReactionCounts(heart=2)), Reactions(ReactionCounts(heart=1, applause=5)))
        await expect(page.locator("#audience")).to_have_text("3 hearts · 5 applause")
        assert await serious_faults(page) == []
        await page.screenshot(path="out/web/watch-live.png")
        assert visit.of(PlaybackMark) == []
        await page.click("#leave")
        await expect(page.locator("#rating")).to_be_hidden()


async def test_a_link_that_leads_nowhere_says_why(
    server: ScriptedServer, open_page: OpenPage, rest: RestOfHouse
) -> None:
    async with open_page(server.url + "#event=e-1&ticket=t-1.s3cret", before=rest.serve) as page:
        visit = await server.visit(welcome=False)
        await visit.hears(Hello)
        await visit.say(ErrorMessage("ticket_over", "over", fatal=True))
        await visit.close()
        await expect(page.locator("#over-reason")).to_contain_text("This ticket was used")
        rest.answers["POST /events/e-1/tickets/t-1/claim"] = refusal(404, "not_found", "there is no such ticket")


async def test_in_the_room_one_sees_who_speaks_who_is_there_and_what_is_remembered(
    server: ScriptedServer, open_page: OpenPage
) -> None:
    async with open_page(server.url + "#join=t") as page:
        visit = await seated(page, server)
        await expect(page.locator("#who-speaks")).to_have_text("An AI, not a person")
        await visit.say(Notice("disclosure", "The creator is speaking now."))
        await expect(page.locator("#who-speaks")).to_have_text("The creator is speaking now.")
        await expect(page.locator("#captions")).to_contain_text("The creator is speaking now.")
        await visit.say(Notice("disclosure", WELCOME.disclosure))
        await expect(page.locator("#who-speaks")).to_have_text("An AI, not a person")

        here = (GroupMember("m1", "Maya", "here"), GroupMember("m2", "Jonas", "speaking"))
        await visit.say(Group("m1", here, "m2"))
        await expect(page.locator("#members li")).to_have_text(["You", "Jonas speaks"])
        await expect(page.locator("#floor")).to_have_text("Jonas is heard now; you are, when they have finished.")
        await visit.say(
            Transcript(1, "Do you sing?", final=True, speaker="m2"), Transcript(1, "So do I.", final=True, speaker="m1")
        )
        await expect(page.locator("#captions .fan")).to_have_text(["Jonas Do you sing?", "You So do I."])

        await visit.say(Remembered(("I play the cello.",), "joy"))
        await page.click("summary >> text=Your choices")
        await expect(page.locator("#remembered")).to_contain_text("I play the cello.")
        assert await serious_faults(page) == []
        await page.click("#forget")
        await visit.hears(ForgetMemory)
        await visit.say(Remembered())
        await expect(page.locator("#remembered")).to_be_hidden()
