"""The keepsake's page in a browser: heard, read along, rated, deleted; by eye, by keyboard and by screen reader."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.async_api import Locator, expect
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import FileResponse
from starlette.routing import Mount, Route

from protocol.messages import ReplyChunk
from protocol.timeline import INPUT_RATE_HZ, OUTPUT_RATE_HZ, AudioFormat, WordSpan
from server.after.archive import Archive
from server.after.keepsake import Occasion, write_keepsake
from server.after.kept import give_code, write_kept
from server.after.memories import remember
from server.after.pages import KeepsakePages
from server.after.picture import as_png
from server.after.recording import Recording
from server.after.shelf import Shelf
from server.after.spool import Spool, Spools
from server.listener import SecurityHeaders, bind, build_server
from server.store.engine import Store
from server.store.tables import CreatorRow, EventRow, FanRow, KeepsakeRow, TicketRow, VisitRow
from tests.web.conftest import PHONE, OpenPage
from tests.web.test_page_meet import serious_faults

NOW = datetime(2026, 11, 22, 20, 15, tzinfo=UTC)
HOUSE = Path(__file__).parents[2]
CODE = "code-of-maya"
TALK = (
    ("fan", "Hi Nova! I play the cello in a small orchestra in Leeds."),
    ("avatar", "A cello! Then you know what it is to carry something heavy up the stairs."),
    ("fan", "What is your cat called?"),
    ("avatar", "Miso. She runs the house."),
)


def tone(seconds: float, rate_hz: int, pitch_hz: float) -> bytes:
    times = np.arange(int(seconds * rate_hz)) / rate_hz
    return (6000 * np.sin(2 * np.pi * pitch_hz * times)).astype("<i2").tobytes()


def talk(spool: Spool) -> Recording:
    """Two questions and answers, each of two seconds of tone."""
    tape, at_ms = Recording(AudioFormat(), 0.0, spool), 0.0
    for number, (who, line) in enumerate(TALK):
        if who == "fan":
            at_ms += 2000
            tape.heard_fan(tone(2.0, INPUT_RATE_HZ, 300), at_ms)
            tape.fan_said(line, False, at_ms - 1400)
            tape.fan_said(line, True, at_ms)
            continue
        words = line.split()
        each = 2 * OUTPUT_RATE_HZ // len(words)
        spans = tuple(WordSpan(word, k * each, (k + 1) * each) for k, word in enumerate(words))
        tape.avatar_sent(ReplyChunk(number, 0, 0, tone(2.0, OUTPUT_RATE_HZ, 500), b"", words=spans), at_ms)
        at_ms += 2000
        tape.avatar_heard(number, 2 * OUTPUT_RATE_HZ, at_ms)
    tape.finish(at_ms)
    return tape


def photo() -> bytes:
    side = np.linspace(60, 220, 480)
    pixels = np.stack([np.tile(side, (600, 1)), np.tile(side[::-1], (600, 1)), np.full((600, 480), 120)], axis=-1)
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG")
    return as_png(file.getvalue(), "A picture with an AI avatar.")


async def fill(store: Store, folder: Path) -> None:
    """One visit that is over, and everything that can be kept of it."""
    occasion = Occasion("Nova Reyes", "Maya", "An evening with Nova", NOW)
    disclosure = np.frombuffer(tone(3.0, OUTPUT_RATE_HZ, 200), "<i2").astype(np.float32) / 32768
    spools = Spools(folder)
    tape = talk(spools.open())
    write_keepsake(folder, "k1", occasion, tape, disclosure, photo())
    spools.close()
    async with store.begin() as db:
        db.add(CreatorRow(id="c1", name="Nova", email="nova@example.org", created_at=NOW))
        await db.flush()
        event = EventRow(
            id="e1", creator_id="c1", title=occasion.event, persona_id="nova", opens_at=NOW,
            closes_at=NOW + timedelta(hours=2), places=1, max_tickets=9, slot_s=60.0, overtime_s=10.0, no_show_s=30.0,
            queue_rule="first_come", group_size=1, spectators=False, keepsakes=True, retention_days=30, state="closed",
            created_at=NOW,
        )  # fmt: skip
        db.add_all([event, FanRow(id="f1", creator_id="c1", name="Maya", created_at=NOW)])
        await db.flush()
        ticket = TicketRow(id="t1", event_id="e1", fan_id="f1", state="done", rank=0.0, invited=False, issued_at=NOW)
        db.add(ticket)
        await db.flush()
        visit = VisitRow(id="v1", ticket_id="t1", event_id="e1", session_id="s1", began_at=NOW, consents={})
        visit.ended_at = NOW
        db.add(visit)
        await db.flush()
        await give_code(db, "v1", CODE)
        await write_kept(db, "v1", CODE, "k1", tape.lines(), NOW, NOW + timedelta(days=30))
        await remember(db, ("f1", "nova"), ["I play the cello."], [], NOW + timedelta(days=30), NOW)


@asynccontextmanager
async def served(store: Store, folder: Path) -> AsyncIterator[str]:
    """The page's address on a real port."""
    archive = Archive(Shelf(store, folder, lambda: NOW), tts=None)  # type: ignore[arg-type]  # nothing is spoken here
    icon = Route("/icon.svg", lambda _: FileResponse(HOUSE / "web_client" / "public" / "icon.svg"))
    routes = [icon, Mount("/keepsake", routes=KeepsakePages(archive).routes())]
    listening = bind("127.0.0.1", 0)
    server = build_server(Starlette(routes=routes, middleware=[Middleware(SecurityHeaders)]))
    serving = asyncio.create_task(server.serve(sockets=[listening]), name="keepsake-page")
    try:
        while not server.started:
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/keepsake/{CODE}"
    finally:
        server.should_exit = True
        await serving
        listening.close()


@pytest.fixture
async def address(sqlite_store: Store, tmp_path: Path) -> AsyncIterator[str]:
    await fill(sqlite_store, tmp_path / "keepsakes")
    async with served(sqlite_store, tmp_path / "keepsakes") as url:
        yield url


async def until(element: Locator, condition: str) -> None:
    """Asks again and again: the page's policy forbids Playwright's own way."""
    async with asyncio.timeout(20):
        while not await element.evaluate(condition):
            await asyncio.sleep(0.05)


async def test_the_fan_hears_it_and_reads_along(open_page: OpenPage, address: str) -> None:
    async with open_page(address) as page:
        await expect(page.get_by_role("note")).to_contain_text("an AI avatar of Nova Reyes")
        sound = page.locator("#sound")
        await until(sound, "it => it.duration > 11")
        await page.locator(".said li", has_text="Miso.").get_by_role("button").click()
        await until(sound, "it => it.currentTime > 9.8")
        await expect(page.locator(".said li[data-now]")).to_contain_text("Miso. She runs the house.")


async def test_stars_and_forgetting_and_deleting(open_page: OpenPage, address: str, sqlite_store: Store) -> None:
    async with open_page(address, size=PHONE) as page:
        await page.get_by_role("button", name="4 of 5 stars").click()
        await expect(page.get_by_text("You gave 4 of 5 stars")).to_be_visible()
        await page.get_by_role("button", name="Forget me").click()
        await expect(page.get_by_text("What is remembered of you")).to_have_count(0)
        await page.get_by_role("button", name="Delete my recording").click()
        await expect(page.get_by_text("Nothing was recorded of your visit, or it was deleted.")).to_be_visible()
    async with sqlite_store.begin() as db:
        assert (await db.get_one(VisitRow, "v1")).satisfaction == 4
        assert not await db.get(KeepsakeRow, "k1")


async def test_it_is_made_for_everybody(open_page: OpenPage, address: str) -> None:
    for scheme in ("light", "dark"):
        async with open_page(address, size=PHONE, bypass_csp=True) as page:
            await page.emulate_media(color_scheme=scheme)
            assert await serious_faults(page) == []
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
