"""How the page's files are served, and how much of them a visitor loads."""

import re
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from server.page_files import ASK_AGAIN, FOREVER, NOT_BUILT, PAGE, PageFiles

MAX_CONSOLE_BYTES = 40_000  # what the console loads before its stage is opened
MAX_PAGE_BYTES = 400_000  # all code and styles of the page, as gzip, without the avatar


def visitor(folder: Path) -> httpx.AsyncClient:
    app = Starlette(routes=[Mount("/", PageFiles(directory=folder, check_dir=False))])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://page")


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>plain</title>")
    (tmp_path / "assets" / "index-Ab12.js").write_text("plain()")
    (tmp_path / "assets" / "index-Ab12.js.br").write_bytes(b"as brotli")
    (tmp_path / "assets" / "index-Ab12.js.gz").write_bytes(b"as gzip")
    return tmp_path


async def test_hashed_names_are_kept_for_ever_and_the_page_is_asked_for_again(page: Path) -> None:
    async with visitor(page) as web:
        index = await web.get("/")
        assert index.text == "<title>plain</title>"
        assert index.headers["cache-control"] == ASK_AGAIN
        assert index.headers["content-type"] == "text/html; charset=utf-8"
        again = await web.get("/", headers={"if-none-match": index.headers["etag"]})
        assert again.status_code == 304
        script = await web.get("/assets/index-Ab12.js", headers={"accept-encoding": "identity"})
        assert script.text == "plain()"
        assert script.headers["cache-control"] == FOREVER
        assert "content-encoding" not in script.headers


@pytest.mark.parametrize(("accepted", "sent"), [("gzip, deflate, br", "br"), ("gzip", "gzip")])
async def test_what_was_compressed_at_the_build_is_sent_so(page: Path, accepted: str, sent: str) -> None:
    async with (
        visitor(page) as web,
        web.stream("GET", "/assets/index-Ab12.js", headers={"accept-encoding": accepted}) as got,
    ):
        assert got.headers["content-encoding"] == sent
        assert got.headers["content-type"] == "text/javascript; charset=utf-8"
        assert got.headers["vary"] == "accept-encoding"
        assert b"".join([part async for part in got.aiter_raw()]) == {"br": b"as brotli", "gzip": b"as gzip"}[sent]


async def test_a_page_that_is_not_built_says_so_and_other_files_are_not_found(tmp_path: Path) -> None:
    async with visitor(tmp_path / "nothing") as web:
        for screen in ("/", "/console"):
            index = await web.get(screen)
            assert (index.status_code, index.text) == (503, NOT_BUILT)
        assert (await web.get("/assets/index.js")).status_code == 404
        assert (await web.get("/../pyproject.toml")).status_code == 404


def test_the_built_page_is_light() -> None:
    sent = {path: path.stat().st_size for path in PAGE.rglob("*.gz") if "xr" not in path.parts}
    assert PAGE / "index.html.gz" in sent, "build the page first: make page"
    assert sum(sent.values()) < MAX_PAGE_BYTES


async def test_the_console_is_light_until_its_stage_is_opened() -> None:
    async with visitor(PAGE) as web:
        console = await web.get("/console")
        assert console.headers["cache-control"] == ASK_AGAIN
        loaded = re.findall(r'(?:src|href)="\.?(/assets/[^"]+)"', console.text)
        assert any(path.endswith(".js") for path in loaded)
        sizes = [(PAGE / f"{path[1:]}.gz").stat().st_size for path in loaded]
        assert sum(sizes) < MAX_CONSOLE_BYTES
        names = " ".join(loaded)
        assert "room-" not in names
        assert "stage-" not in names
