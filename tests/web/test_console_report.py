"""An event's report in the console, with the real figures and charts: of nobody, of one, of an evening of forty."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from server.store.engine import Store
from server.store.tables import EventRow, FanRow, HostActionRow, TicketRow, VisitRow
from tests.web.conftest import PHONE, OpenPage
from tests.web.test_console_real import sign_up_and_plan, whole_house
from tests.web.test_page_keepsake import until
from tests.web.test_page_meet import serious_faults

BEGAN = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


async def add_visits(store: Store, event_id: str, numbers: range) -> None:
    """Visits of three minutes, one after another; every third with stars, the 7th of somebody who did not come."""
    async with store.begin() as db:
        creator_id = (await db.get_one(EventRow, event_id)).creator_id
        for n in numbers:
            db.add(FanRow(id=f"f{n}", creator_id=creator_id, name=f"Fan {n}", created_at=BEGAN))
        await db.flush()
        for n in numbers:
            state = "no_show" if n == 7 else "done"
            db.add(
                TicketRow(
                    id=f"t{n}", event_id=event_id, fan_id=f"f{n}", state=state, rank=n, invited=False, issued_at=BEGAN
                )
            )
        await db.flush()
        for n in numbers:
            if n == 7:
                continue
            began = BEGAN + timedelta(minutes=3 * n)
            db.add(
                VisitRow(
                    id=f"v{n}", ticket_id=f"t{n}", event_id=event_id, session_id=f"s{n}", began_at=began,
                    ended_at=began + timedelta(seconds=150 + n), end_reason="time_over", consents={}, turns=8 + n % 5,
                    satisfaction=2 + n % 4 if n % 3 == 0 else None, v2v_p50_ms=600.0 + 9 * n, v2v_p95_ms=900.0 + 12 * n,
                    wait_s=20.0 * n,
                )
            )  # fmt: skip
        for kind in ("direct", "watch"):
            act_id, detail = f"{kind}-{numbers.start}", {"text": "the tour"}
            db.add(HostActionRow(id=act_id, event_id=event_id, actor="host", at=BEGAN, kind=kind, detail=detail))


async def look(page: Page, name: str, *, charts: bool = True) -> None:
    """Reads the report anew and hangs its picture in out/web/."""
    await page.click(".tabs >> text=Plan")
    if charts:
        async with page.expect_response(re.compile(r"report\.png")):  # never the picture of the last time
            await page.click(".tabs >> text=Report")
        await until(page.locator(".report img"), "it => it.complete && it.naturalWidth > 0")
    else:
        await page.click(".tabs >> text=Report")
    await expect(page.locator(".figures")).to_contain_text("Visits")
    assert await serious_faults(page) == []
    await page.screenshot(path=f"out/web/console-report-{name}.png", full_page=True)


@pytest.mark.timeout(180)
async def test_the_report_of_nobody_of_one_and_of_many(
    sqlite_store: Store, tmp_path: Path, open_page: OpenPage
) -> None:
    async with whole_house(sqlite_store, tmp_path) as url, open_page(url + "console") as page:
        await sign_up_and_plan(page)
        event_id = page.url.split("/")[-2]
        figures, lines = page.locator(".figures"), page.locator(".report tbody tr")

        await look(page, "none", charts=False)
        await expect(figures).to_contain_text("Visits0")
        await expect(figures).to_contain_text("You stepped innever")
        await expect(page.locator(".report")).to_contain_text("Nobody has come yet.")
        await expect(page.locator(".report img")).to_have_count(0)

        await add_visits(sqlite_store, event_id, range(1, 2))
        await look(page, "one")
        await expect(figures).to_contain_text("Visits1")
        await expect(figures).to_contain_text("You stepped inonce")  # looking on is no intervention
        await expect(lines).to_have_count(1)
        await expect(lines).to_contain_text("609 ms")
        await expect(page.locator(".report img")).to_be_visible()

        await add_visits(sqlite_store, event_id, range(2, 42))
        await look(page, "many")
        await expect(figures).to_contain_text("Visits401 did not come when called")
        await expect(lines).to_have_count(40)
        await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        await look(page, "phone")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
