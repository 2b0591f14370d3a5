"""The page of a keepsake, as a browser and as a stranger see it."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from protocol.messages import Consents
from server.after.keepsake import PICTURE
from server.after.pages import KeepsakePages, stars_in
from server.listener import SecurityHeaders
from server.store.engine import Store
from server.store.tables import KeepsakeRow, MemoryRow, TranscriptRow, VisitRow
from tests.session.meeting import ALL, NOON, Meeting, meeting_in, say


@pytest.fixture
async def meeting(sqlite_store: Store, tmp_path: Path) -> AsyncIterator[Meeting]:
    async with meeting_in(sqlite_store, tmp_path / "keepsakes") as meeting:
        yield meeting


@asynccontextmanager
async def browser(meeting: Meeting) -> AsyncIterator[httpx.AsyncClient]:
    routes = [Mount("/keepsake", routes=KeepsakePages(meeting.archive).routes())]
    app = Starlette(routes=routes, middleware=[Middleware(SecurityHeaders)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://fan") as client:
        yield client


async def visited(meeting: Meeting, consents: Consents = ALL) -> str:
    """A visit that is over, and the address of its page."""
    async with meeting.visit("maya", "v1", consents) as (fan, attendance):
        await say(fan, "I play the cello. <script>alert(1)</script>")
    return f"/keepsake/{attendance.code}"


def photo() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 80, 20)).save(file, "JPEG")
    return file.getvalue()


async def test_the_fan_finds_everything_on_one_page(meeting: Meeting) -> None:
    page = await visited(meeting)
    async with browser(meeting) as client:
        shown = await client.get(page)
        assert shown.status_code == 200
        assert "AI avatar of Nova Reyes" in shown.text
        assert "“I play the cello.”" in shown.text, "what is remembered"
        assert "&lt;script&gt;alert(1)" in shown.text
        assert "<script>alert" not in shown.text
        assert "22 December 2026" in shown.text
        sound = await client.get(f"{page}/sound.m4a", headers={"range": "bytes=0-99"})
        assert (sound.status_code, sound.headers["content-type"], len(sound.content)) == (206, "audio/mp4", 100)
        assert (await client.get(f"{page}/captions.vtt")).text.startswith("WEBVTT")
        assert (await client.get(f"{page}/words.txt")).status_code == 200
        for name in ("keepsake.css", "keepsake.js"):
            assert (await client.get(f"/keepsake/{name}")).status_code == 200


async def test_nobody_else_finds_it(meeting: Meeting) -> None:
    page = await visited(meeting)
    async with browser(meeting) as client:
        for address in (page, f"{page}/sound.m4a"):
            headers = (await client.get(address)).headers
            assert headers["x-robots-tag"] == "noindex, nofollow"
            assert headers["cache-control"] == "private, no-store"
            assert headers["referrer-policy"] == "no-referrer"
            assert "script-src 'self'" in headers["content-security-policy"]
        (row,) = await meeting.rows(KeepsakeRow)
        wrong = ("/keepsake/", "/keepsake/x", f"/keepsake/{row.path}", f"{page}x", f"{page}/about.json")
        for address in (*wrong, f"{page}/..%2f..%2fstagedoor.db", f"{page}/%2e%2e"):
            assert (await client.get(address)).status_code == 404, address
        for deed in ("picture", "satisfaction", "forget", "delete"):
            assert (await client.post(f"/keepsake/x/{deed}")).status_code == 404
        assert page.rpartition("/")[2] not in row.path, "the disk does not know the code"


async def test_the_page_ends_when_the_retention_does(meeting: Meeting) -> None:
    page = await visited(meeting)
    meeting.archive.shelf.now = lambda: NOON + timedelta(days=30, seconds=1)
    async with browser(meeting) as client:
        assert (await client.get(page)).status_code == 404
        assert (await client.get(f"{page}/sound.m4a")).status_code == 404


async def test_deleting_leaves_no_file_and_no_word(meeting: Meeting) -> None:
    page = await visited(meeting)
    async with browser(meeting) as client:
        shown = await client.post(f"{page}/delete", follow_redirects=True)
        assert "Nothing was recorded of your visit, or it was deleted." in shown.text
        assert (await client.get(f"{page}/sound.m4a")).status_code == 404
    assert meeting.files() == []
    assert await meeting.rows(TranscriptRow) == await meeting.rows(KeepsakeRow) == []


async def test_the_fan_can_be_forgotten_from_there(meeting: Meeting) -> None:
    page = await visited(meeting, Consents(memory=True))
    async with browser(meeting) as client:
        assert "“I play the cello.”" in (await client.get(page)).text
        shown = await client.post(f"{page}/forget", follow_redirects=True)
        assert "cello" not in shown.text
    assert await meeting.rows(MemoryRow) == []


async def test_stars_can_be_given_afterwards(meeting: Meeting) -> None:
    page = await visited(meeting, Consents())
    async with browser(meeting) as client:
        assert "Nothing was recorded" in (await client.get(page)).text
        form = {"content-type": "application/x-www-form-urlencoded"}
        assert (
            "You gave 4 of 5"
            in (await client.post(f"{page}/satisfaction", content="stars=4", headers=form, follow_redirects=True)).text
        )
        assert (await client.post(f"{page}/satisfaction", json={"stars": 2})).status_code == 204
        assert (await client.post(f"{page}/satisfaction", json={"stars": 6})).status_code == 400
        assert (await client.post(f"{page}/satisfaction", content=bytes(2000))).status_code == 413
    (visit,) = await meeting.rows(VisitRow)
    assert visit.satisfaction == 2


async def test_a_picture_joins_the_keepsake_now_or_later(meeting: Meeting) -> None:
    async with browser(meeting) as client:
        async with meeting.visit("maya", "v1", ALL) as (fan, attendance):
            page = f"/keepsake/{attendance.code}"
            assert "Your visit is still on. It is being recorded" in (await client.get(page)).text
            assert (await client.post(f"{page}/picture", content=photo())).status_code == 204
            await say(fan, "Cheese!")
        assert f"{page}/picture.png" in (await client.get(page)).text
        first = (await client.get(f"{page}/picture.png")).content
        assert first.startswith(b"\x89PNG")
        assert (await client.post(f"{page}/picture", content=b"GIF89a")).status_code == 400
        assert (await client.post(f"{page}/picture", content=bytes(5 * 1024 * 1024))).status_code == 413
        assert (await client.post(f"{page}/picture", content=photo())).status_code == 204
        assert len([name for name in meeting.files() if name.endswith(PICTURE)]) == 1


async def test_without_consent_no_picture_is_kept(meeting: Meeting) -> None:
    async with browser(meeting) as client:
        async with meeting.visit("maya", "v1", Consents()) as (_, attendance):
            page = f"/keepsake/{attendance.code}"
            answer = await client.post(f"{page}/picture", content=photo())
            assert (answer.status_code, answer.json()["error"]["code"]) == (409, "consent_required")
        assert (await client.post(f"{page}/picture", content=photo())).status_code == 409
    assert meeting.files() == []


@pytest.mark.parametrize(
    ("body", "kind", "stars"),
    [
        (b"stars=5", "", 5), (b"stars=0", "", None), (b"", "", None), (b"\xff", "", None), (b"stars=five", "", None),
        (b'{"stars": 1}', "application/json", 1), (b'{"stars": "1"}', "application/json", None),
        (b"[]", "application/json", None),
    ],
)  # fmt: skip
def test_stars_are_one_to_five(body: bytes, kind: str, stars: int | None) -> None:
    assert stars_in(body, kind) == stars
