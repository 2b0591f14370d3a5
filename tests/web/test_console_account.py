"""The console's account at a real API and store: the password, the record of changes, and deleting for good."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import func, select

from server.store.engine import Store
from server.store.tables import CreatorRow
from tests.session.offices import PASSWORD
from tests.web.conftest import PHONE, OpenPage
from tests.web.test_console_real import invited, sign_up_and_plan, whole_house
from tests.web.test_page_meet import serious_faults

NEW_PASSWORD = "another long sentence"


async def confirm(page: Page, verb: str, typed: str) -> None:
    """Asks for something that cannot be undone: in vain with a slip of the finger, then with the words."""
    dialog = page.get_by_role("dialog")
    await page.get_by_role("button", name=verb).click()
    await expect(dialog).to_contain_text("What goes, at once and for good")
    await expect(dialog).to_contain_text("What stays")
    await dialog.get_by_role("textbox").fill(typed[:-1])
    await expect(dialog.get_by_role("button", name=verb)).to_be_disabled()
    assert await serious_faults(page) == []
    await dialog.get_by_role("textbox").fill(typed)
    await page.screenshot(path=f"out/web/console-{verb.lower().replace(' ', '-')}.png")
    await page.keyboard.press("Enter")


@pytest.mark.timeout(180)
async def test_from_a_new_password_to_leaving_for_good(
    sqlite_store: Store, tmp_path: Path, open_page: OpenPage
) -> None:
    async with whole_house(sqlite_store, tmp_path) as url, open_page(url + "console", refused="403") as page:
        await sign_up_and_plan(page)
        await invited(page, "Ife")

        await page.click("header >> text=Account")
        await page.fill("[name=current]", "not the one")
        await page.fill("[name=password]", NEW_PASSWORD)
        await page.click("text=Change the password")
        await expect(page.get_by_role("alert")).to_have_text("this is not the password until now")
        await page.fill("[name=current]", PASSWORD)
        await page.click("text=Change the password")
        await expect(page.locator(".said")).to_contain_text("The password was changed.")
        await expect(page.locator("[name=password]")).to_have_value("")
        assert await serious_faults(page) == []
        await page.screenshot(path="out/web/console-account.png", full_page=True)

        await page.click("header >> text=Sign out")
        await page.fill("[name=email]", "ana@example.org")
        await page.fill("[name=password]", NEW_PASSWORD)
        await page.keyboard.press("Enter")

        await page.click("header >> text=Events")
        await page.click("text=After the show")
        await expect(page.locator(".health")).to_contain_text("Connected")
        await page.click(".tabs >> text=Plan")
        await expect(page.locator("main")).to_contain_text("An event can be deleted when it is closed.")
        await page.get_by_role("button", name="Close the event").click()
        await page.get_by_role("button", name="Yes, close it").click()
        await confirm(page, "Delete this event", "After the show")
        await expect(page.locator("main")).to_contain_text("No event yet")

        await page.click("header >> text=Record")
        changes = page.locator(".record li")
        await expect(changes.first).to_contain_text("YouDeleted “After the show” and all that was kept of it")
        await expect(page.locator(".record").last).to_contain_text("Made this account")
        assert await serious_faults(page) == []
        await page.screenshot(path="out/web/console-record.png", full_page=True)
        await page.select_option("main select", label="After the show")
        await expect(changes).to_have_count(6)  # planned, opened, a ticket, looked at, closed, deleted
        await expect(changes.nth(3)).to_contain_text("Gave out a ticket for “After the show”")
        await page.go_back()
        await expect(page.locator(".record").last).to_contain_text("Changed the password")

        await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        await page.screenshot(path="out/web/console-record-phone.png")
        await page.click("header >> text=Account")
        await confirm(page, "Delete my account", "ana@example.org")
        await expect(page.locator(".said")).to_contain_text("Your account is deleted")
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    async with sqlite_store.begin() as db:
        assert await db.scalar(select(func.count()).select_from(CreatorRow)) == 0
