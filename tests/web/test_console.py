"""The creators' console: the door, planning an event, and the live view with everything a host can do."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from playwright.async_api import expect

from protocol.event_messages import (
    HostAct,
    HostDone,
    HostHealth,
    HostLines,
    HostMood,
    HostQueue,
    HostTopic,
    HostTranscript,
    HostVisit,
    QueueEntry,
    SaidLine,
    StageState,
)
from protocol.messages import AudioChunk, Consents, Hello
from protocol.visit_messages import EventCard
from tests.web.conftest import OpenPage
from tests.web.rest_of_house import ANA, CSRF, EVENT, RestOfHouse, refusal
from tests.web.scripted_server import WELCOME, ScriptedServer, Visit
from tests.web.test_page_meet import serious_faults
from tests.web.test_page_voice import reply

HOST = replace(WELCOME, role="host", event=EventCard(id="e-1", title=EVENT["title"], slot_s=180.0))
SIGNED_IN = "if (location.host) localStorage.setItem('stagedoor.console', 'yes')"
MAYA = HostVisit("v-1", "live", "t-1", "Maya", Consents(emotion_sensing=True), 131.0)
LINE = HostQueue(
    tuple(
        QueueEntry(f"t-{k + 1}", name, k, state, 240.0 * k)
        for k, (name, state) in enumerate(
            (("Maya", "seated"), ("Jonas", "waiting"), ("Ife", "away"), ("Li Wen", "waiting"))
        )
    ),
    of=4,
)
LIVE = "console#/events/e-1/live"


@pytest.fixture
def rest() -> RestOfHouse:
    return RestOfHouse()


async def hosting(server: ScriptedServer, *, token: str = "host-token") -> Visit:
    """The console's connection to its event, welcomed, with Maya on stage and three in line."""
    visit = await server.visit(welcome=False)
    assert (await visit.hears(Hello)).token == token
    await visit.welcome(HOST)
    await visit.say(StageState("live", "v-1", "Maya"), MAYA, LINE)
    return visit


async def act(visit: Visit, **expected: Any) -> None:
    """The next act of the host is this one; it is done."""
    said = await visit.hears(HostAct)
    assert {name: getattr(said, name) for name in expected} == expected
    await visit.say(HostDone(said.action_id, ok=True))


async def test_the_door_lets_sign_up_and_in_and_everything_that_changes_carries_the_token(
    server: ScriptedServer, open_page: OpenPage, rest: RestOfHouse
) -> None:
    rest.events = []
    async with open_page(server.url + "console", before=rest.serve) as page:
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert rest.of("GET", "/me") == []  # nobody was here before: nothing to ask for
        assert await serious_faults(page) == []
        await page.click("text=Create an account")
        await page.fill("[name=name]", ANA["name"])
        await page.fill("[name=email]", ANA["email"])
        await page.fill("[name=password]", "a long sentence")
        await page.keyboard.press("Enter")
        await expect(page.locator("main")).to_contain_text("No event yet")
        await page.click("header >> text=Account")
        rest.answers["POST /keys"] = (201, {"id": "k", "key": "sd_abc_secret"})
        await page.fill("#key-label", "ticket shop")
        await page.click("text=Make a key")
        await expect(page.get_by_label("New key")).to_have_value("sd_abc_secret")
        assert rest.of("POST", "/keys")[0].csrf == CSRF
        await page.reload()
        await expect(page.locator("main")).to_contain_text(ANA["email"])  # still signed in
        await page.click("text=Sign out")
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert not any("room-" in path or "watch-" in path for path in server.asked_for)  # no 3D for a form


async def test_an_event_is_planned_opened_and_its_links_handed_on(
    server: ScriptedServer, open_page: OpenPage, rest: RestOfHouse
) -> None:
    rest.answers["POST /events"] = (201, rest.events[0])
    rest.answers["POST /events/e-1/tickets"] = (201, {"link": f"{server.url}#event=e-1&ticket=t-9.s"})
    async with open_page(server.url + "console#/new", before=rest.serve, init_script=SIGNED_IN, refused="409") as page:
        await page.fill("[name=title]", EVENT["title"])
        await page.fill("[name=slot_min]", "2.5")
        await page.fill("[name=closes_at]", "2020-01-01T10:00")
        await page.click("text=Plan it")
        await expect(page.get_by_role("alert")).to_have_text("The event has to end after it begins.")
        await page.fill("[name=opens_at]", "2026-11-20T18:00")
        await page.fill("[name=closes_at]", "2026-11-20T20:00")
        await page.check("[name=spectators]")
        await expect(page.locator("form [role=status]")).to_contain_text(
            "about 43 fans"
        )  # 2 h of 2.5 min and half the overtime
        rest.events[0]["state"] = "draft"
        await page.click("text=Plan it")
        await expect(page.get_by_label("For fans: takes a ticket")).to_have_value(f"{server.url}#event=e-1")
        plan = rest.of("POST", "/events")[0].body
        assert (plan["title"], plan["slot_s"], plan["spectators"]) == (EVENT["title"], 150, True)
        rest.tickets = [
            {"id": "t-9", "name": "Jonas", "state": "issued", "invited": True, "party": "", "end_reason": None}
        ]
        await page.fill("#invite-name", "Jonas")
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("For Jonas alone")).to_have_value(f"{server.url}#event=e-1&ticket=t-9.s")
        await expect(page.locator(".rows")).to_contain_text("Jonas has not come yet")
        assert await serious_faults(page) == []
        rest.events[0]["group_size"], rest.tickets[0]["party"] = 3, "blue door"
        await page.reload()
        await page.get_by_label("A word for friends").fill("Blue door")
        await page.fill("#invite-name", "Zoe")
        await page.keyboard.press("Enter")
        await expect(page.locator(".rows")).to_contain_text("Jonas has not come yet · invited · with “blue door”")
        await expect(page.get_by_label("For Zoe alone")).to_be_visible()
        assert rest.of("POST", "/events/e-1/tickets")[-1].body == {"name": "Zoe", "party": "Blue door"}
        rest.tickets[0]["state"] = "done"
        rest.answers["DELETE /events/e-1/tickets/t-9/kept"] = (200, {})
        await page.reload()
        await page.get_by_role("button", name="Forget Jonas").click()
        await page.get_by_role("button", name="Delete it").click()
        await expect(page.locator(".said")).to_have_text("Nothing is kept of Jonas any more.")
        rest.answers["POST /events/e-1/open"] = refusal(409, "conflict", "the event is over already")
        await page.click("text=Open the doors")
        await expect(page.locator(".said")).to_have_text("the event is over already")


async def test_what_is_wrong_with_a_persona_is_said_and_nothing_typed_is_lost(
    server: ScriptedServer, open_page: OpenPage, rest: RestOfHouse
) -> None:
    rest.answers["PUT /personas/mara"] = refusal(400, "malformed", "mara: name: has to be 1 to 80 characters")
    async with open_page(
        server.url + "console#/persona/", before=rest.serve, init_script=SIGNED_IN, refused="400"
    ) as page:
        await page.fill("[name=id]", "mara")
        text = await page.locator("[name=toml]").input_value()
        await page.fill("[name=toml]", text + "# mine")
        await page.click("text=Keep it")
        await expect(page.get_by_role("alert")).to_contain_text("name: has to be 1 to 80 characters")
        await expect(page.locator("[name=toml]")).to_have_value(text + "# mine")
        assert await serious_faults(page) == []


async def test_a_host_sees_the_talk_and_the_mood_only_where_it_was_agreed_to(
    server: ScriptedServer, open_page: OpenPage, rest: RestOfHouse
) -> None:
    async with open_page(server.url + LIVE, before=rest.serve, init_script=SIGNED_IN) as page:
        visit = await hosting(server)
        await visit.say(
            HostTranscript("v-1", "avatar", "You made it, come in.", final=True, line=1, at_ms=1e3),
            HostTranscript("v-1", "fan", "I was at the", final=False, line=2, at_ms=2e3),
            HostTranscript("v-1", "fan", "I was at the show!", final=True, line=2, at_ms=2e3),
            HostMood("v-1", "joy", 0.6, 0.5, 0.8, "voice higher than before"),
            HostHealth(612.0, 941.0, 0, 1, 48, 3),
            HostTopic("v-1", "the new record", "proposed"),
        )
        lines = page.get_by_role("log")
        await expect(lines.locator("p")).to_have_text(["Mara You made it, come in.", "Maya I was at the show!"])
        await expect(page.locator(".mood")).to_contain_text("Maya seems happy")
        await expect(page.locator(".health")).to_contain_text("answers in 612 ms")
        await expect(page.locator(".on-stage")).to_contain_text("Maya2:")
        assert await serious_faults(page) == []
        await page.emulate_media(color_scheme="dark")
        assert await serious_faults(page) == []
        await visit.say(replace(MAYA, consents=Consents(audience=True)))
        await expect(page.locator(".mood")).to_have_text("Maya did not agree to their mood being noticed.")
        await expect(page.locator(".on-stage")).to_contain_text("agreed to: spectators")
        await visit.say(HostVisit("v-1", "ended"))
        await expect(page.locator(".talk")).to_contain_text("Nobody is on stage.")
        await expect(lines).to_be_hidden()


async def test_a_host_steps_in_and_it_is_in_the_record(
    server: ScriptedServer, open_page: OpenPage, rest: RestOfHouse
) -> None:
    before = {"at": "2026-11-20T18:02:00Z", "actor": "c-1", "visit_id": None, "detail": {}}
    acts = [{**before, "kind": "pause"}, {**before, "kind": "watch"}]
    rest.answers["GET /events/e-1/actions"] = (200, {"actions": acts})
    async with open_page(server.url + LIVE, before=rest.serve, init_script=SIGNED_IN) as page:
        visit = await hosting(server)
        await visit.say(HostTopic("v-1", "the new record", "proposed"))
        await page.fill("#whisper", "mention the tour")
        await page.keyboard.press("Enter")
        await act(visit, kind="direct", visit_id="v-1", text="mention the tour")
        await expect(page.locator("#whisper")).to_have_value("")
        await page.fill("#whisper", "See you in Bristol!")
        await page.keyboard.press("Control+Enter")
        await act(visit, kind="say", text="See you in Bristol!")
        await page.get_by_role("button", name="Allow the new record").click()
        await act(visit, kind="topic", text="the new record", allow=True)
        await page.click("text=One more minute")
        await act(visit, kind="extend", ticket_id="t-1", seconds=60.0)
        await page.get_by_role("button", name="Mute the talk with Maya").click()
        await act(visit, kind="mute", visit_id="v-1")
        await visit.say(replace(MAYA, state="muted"))
        await expect(page.get_by_role("button", name="Unmute the talk")).to_have_attribute("aria-pressed", "true")
        await page.locator(".visit-bar").get_by_text("End", exact=True).click()
        await page.get_by_role("button", name="Keep as it is").click()  # a slip of the finger ends nobody's visit
        await page.locator(".visit-bar").get_by_text("End", exact=True).click()
        await page.get_by_role("button", name="End the visit").click()
        end = await visit.hears(HostAct)
        assert (end.kind, end.ticket_id) == ("end", "t-1")
        await visit.say(HostDone(end.action_id, ok=False, code="not_found", message="they have left already"))
        await expect(page.locator(".said")).to_contain_text("they have left already")
        record = page.locator(".record li")
        await expect(record.first).to_contain_text("not done: they have left already")
        await expect(record.nth(5)).to_contain_text("Whispered “mention the tour”")
        await expect(record.last).to_contain_text("Paused the line")  # before this page was opened
        assert await record.count() == 7


async def test_the_line_is_reordered_by_keys_and_by_mouse(
    server: ScriptedServer, open_page: OpenPage, rest: RestOfHouse
) -> None:
    async with open_page(server.url + LIVE, before=rest.serve, init_script=SIGNED_IN) as page:
        visit = await hosting(server)
        names = page.locator(".queue .name")
        await expect(names).to_have_count(3)
        await page.get_by_role("button", name="Ife, number 2").focus()
        await page.keyboard.press("ArrowUp")
        await act(visit, kind="reorder", ticket_id="t-3", place=1)
        jonas, ife, li = LINE.entries[1:]
        await visit.say(replace(LINE, entries=(replace(ife, place=1), replace(jonas, place=2), li)))
        await expect(names.first).to_contain_text("Ife")
        await expect(page.get_by_role("button", name="Ife, number 1")).to_be_focused()  # it moved with them
        await page.drag_and_drop(".queue li:last-child .name", ".queue li:first-child .name")
        await act(visit, kind="reorder", ticket_id="t-4", place=1)
        await page.get_by_role("button", name="Skip Jonas").click()
        await act(visit, kind="skip", ticket_id="t-2")
        await page.get_by_role("button", name="Ban Jonas").click()
        await page.get_by_role("button", name="Send away").click()
        await act(visit, kind="ban", ticket_id="t-2")
        await page.click("text=Pause the line")
        await act(visit, kind="pause")
        await visit.say(replace(LINE, paused=True))
        await expect(page.locator(".queue")).to_contain_text("Paused: those on stage finish")


async def test_taking_over_is_plainly_red_and_heard_only_while_it_is_held(
    server: ScriptedServer, open_page: OpenPage, rest: RestOfHouse, voice: Path
) -> None:
    async with open_page(server.url + LIVE, voice, before=rest.serve, init_script=SIGNED_IN) as page:
        visit = await hosting(server)
        await page.click("text=Take over with my voice")
        await act(visit, kind="take_over", visit_id="v-1")
        await expect(page.get_by_role("alert")).to_contain_text("You are live.")
        await page.wait_for_timeout(200)
        assert visit.of(AudioChunk) == []  # not held yet
        await page.locator(".lines").focus()
        await page.keyboard.down(" ")
        while not any((await visit.hears(AudioChunk)).audio):
            pass
        assert await serious_faults(page) == []
        await page.screenshot(path="out/web/console-on-air.png")
        await page.keyboard.up(" ")
        await expect(page.locator(".hold")).to_have_attribute("aria-pressed", "false")
        await asyncio.sleep(0.2)
        n_chunks = len(visit.of(AudioChunk))
        await page.wait_for_timeout(200)
        assert len(visit.of(AudioChunk)) == n_chunks
        await page.get_by_label("Keep my microphone open").check()
        await visit.hears(AudioChunk)
        await page.click("text=Hand back to Mara")
        await act(visit, kind="hand_back", visit_id="v-1")
        await expect(page.locator(".on-air")).to_have_count(0)
        await expect(page.locator("body")).to_have_attribute("data-on-air", "false")


async def test_the_stage_is_loaded_when_it_is_opened_and_shows_what_is_streamed(
    server: ScriptedServer, open_page: OpenPage, rest: RestOfHouse
) -> None:
    async with open_page(server.url + LIVE, before=rest.serve, init_script=SIGNED_IN) as page:
        visit = await hosting(server)
        await expect(page.locator(".curtain")).to_contain_text("Maya is on stage.")
        assert not any("watch-" in path or "stage-" in path for path in server.asked_for)
        await page.click("text=Open the stage")
        spot = page.locator(".spot")
        await expect(spot).to_have_attribute("data-open", "true")
        await visit.say(*reply(1, 6))
        await expect(spot).to_have_attribute("data-source", "reply 1")
        await visit.say(StageState("live", "v-2", "Ife"), *reply(1, 6))  # the next fan's first reply
        await expect(spot).to_have_attribute("data-source", "reply 3")  # counted on: it is not taken for an old one
        await visit.say(StageState("private", "v-3"))
        await expect(spot).not_to_have_attribute("data-source", "reply 3")


async def test_a_table_is_one_talk_whoever_of_it_is_watched(
    server: ScriptedServer, open_page: OpenPage, rest: RestOfHouse
) -> None:
    table = ("v-1", "v-2")
    async with open_page(server.url + LIVE, before=rest.serve, init_script=SIGNED_IN) as page:
        visit = await hosting(server)
        await visit.say(HostVisit("v-1", "live", "t-1", "Maya", table=table))
        await visit.say(HostVisit("v-2", "live", "t-2", "Ben", table=table))
        await visit.say(HostTranscript("v-1", "fan", "Hello!", final=True, line=1, at_ms=1e3))
        await visit.say(HostTranscript("v-2", "fan", "And I?", final=True, line=1, at_ms=3e3))
        await visit.say(HostTranscript("v-1", "avatar", "Maya, hello!", final=True, line=2, at_ms=2e3))
        talk = ["Maya Hello!", "Mara Maya, hello!", "Ben And I?"]
        await expect(page.locator(".lines p")).to_have_text(talk)
        await page.get_by_role("button", name="Ben", exact=False).first.click()
        await expect(page.locator(".on-stage")).to_contain_text("Ben")
        await expect(page.locator(".lines p")).to_have_text(talk)


async def test_a_lost_connection_comes_back_and_a_hosts_own_link_needs_no_account(
    server: ScriptedServer, open_page: OpenPage, rest: RestOfHouse
) -> None:
    async with open_page(server.url + LIVE, before=rest.serve, init_script=SIGNED_IN, refused="401") as page:
        visit = await hosting(server)
        await expect(page.locator(".health")).to_contain_text("Connected")
        rest.answers["POST /events/e-1/host-token"] = (200, {"token": "a newer one"})
        await visit.say(
            HostVisit("v-2", "live", "t-2", "Jonas"),
            HostTranscript("v-1", "fan", "I was there!", final=True, line=1, at_ms=1e3),
        )
        await page.fill("#whisper", "half a sen")
        visit.drop()
        await expect(page.locator(".health")).to_contain_text("it is being made again")
        await expect(page.locator(".lines")).to_contain_text("I was there!")  # what was known stays readable
        again = await hosting(server, token="a newer one")
        await expect(page.locator(".health")).to_contain_text("Connected")
        lines = (SaidLine(1, "fan", "I was there!", True, 1e3), SaidLine(2, "avatar", "At the front!", True, 2e3))
        await again.say(HostLines("v-1", lines), replace(LINE, paused=True))
        await again.say(HostTranscript("v-1", "fan", "Are you back?", final=True, line=3, at_ms=3e3))
        await again.say(HostHealth(None, None, 0, 1, 0, 3))
        await expect(page.locator(".lines p")).to_have_text(
            ["Maya I was there!", "Mara At the front!", "Maya Are you back?"]
        )
        await expect(page.locator(".seats")).to_have_count(0)  # Jonas left meanwhile
        await expect(page.locator(".queue")).to_contain_text("Paused: those on stage finish")
        await expect(page.locator("#whisper")).to_have_value("half a sen")
        rest.signed_in = False
        await page.goto("about:blank")
        await page.goto(server.url + "console#join=by-link")
        await hosting(server, token="by-link")
        await expect(page.locator(".on-stage")).to_contain_text("Maya")
        assert not any("by-link" in path for path in server.asked_for)
