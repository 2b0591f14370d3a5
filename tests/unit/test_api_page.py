"""The REST API's page for people: complete, plain, and nothing on it comes from elsewhere."""

import re
from html.parser import HTMLParser

import httpx
import pytest

from server.api.app import build_api
from server.store.engine import Store
from tests.session.offices import app_of, house_over


class Tags(HTMLParser):
    """Which tags there are, whether they close, and what they fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.styled = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link"):
            self.open.append(tag)
        given = dict(attrs)
        self.styled |= "style" in given or tag == "style" or any(name.startswith("on") for name in given)
        self.fetched += [str(given[name]) for name in ("src", "href") if name in given]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
async def text(sqlite_store: Store) -> str:
    transport = httpx.ASGITransport(app_of(house_over(sqlite_store)))
    async with httpx.AsyncClient(transport=transport, base_url="http://house.test") as browser:
        answer = await browser.get("/api/v1/docs")
    assert answer.headers["content-type"].startswith("text/html")
    return answer.text


def test_the_page_obeys_our_policy(text: str) -> None:
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert not tags.styled
    assert "script" not in text.lower().replace("description", "").replace("transcript", "")
    for target in tags.fetched:
        assert target in ("/docs/docs.css", "/docs/", "openapi.json") or target.startswith("#"), target
        assert not target.startswith("#") or f'id="{target[1:]}"' in text


def test_every_route_stands_on_the_page_with_who_may_call_it(text: str, sqlite_store: Store) -> None:
    shown = set(re.findall(r'<h3 id="[a-z0-9-]+"><code>(\w+ [^<]+)</code></h3>', text))
    paths = build_api(house_over(sqlite_store)).openapi()["paths"]
    assert shown == {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert text.count("<em>") == len(shown)


def test_every_shape_of_an_answer_stands_on_the_page_once(text: str) -> None:
    named = re.findall(r'id="shape-(\w+)"', text)
    assert len(named) == len(set(named))
    assert {"EventOut", "JoinToken", "Refusal"} <= set(named)
    assert set(re.findall(r'href="#shape-(\w+)"', text)) <= set(named)


def test_every_route_says_what_it_does(sqlite_store: Store) -> None:
    for path, methods in build_api(house_over(sqlite_store)).openapi()["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description", "").strip().endswith("."), f"{method} {path}"
            assert {"4XX", "5XX"} <= set(operation["responses"])
