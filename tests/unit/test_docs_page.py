"""The browsable documents: current, whole, self-contained, and served under the strict policy."""

import re
from html.parser import HTMLParser

import pytest
from starlette.testclient import TestClient

from protocol.messages import ClientMessage, ServerMessage
from server.listener import SECURITY_HEADERS, build_asgi
from tests.docs_page import docs_files
from tests.golden import DOCS
from tests.session.world import World


class Page(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


PAGES = {name: Page(data.decode()) for name, data in docs_files().items() if name.endswith(".html")}


def test_the_pages_are_current() -> None:
    assert {path.name: path.read_bytes() for path in DOCS.iterdir()} == docs_files(), "run `make golden`"


@pytest.mark.parametrize("name", PAGES)
def test_nothing_comes_from_elsewhere_and_nothing_runs(name: str) -> None:
    for tag, attributes in PAGES[name].tags:
        assert tag not in {"script", "style", "iframe", "img"}
        assert "style" not in attributes
        assert not any(key.startswith("on") for key in attributes)
        if tag == "link":
            assert attributes["href"] == "docs.css"


@pytest.mark.parametrize("name", PAGES)
def test_every_link_inside_leads_somewhere(name: str) -> None:
    for tag, attributes in PAGES[name].tags:
        target = attributes.get("href") or ""
        if tag != "a" or not target or re.match(r"https?:|/api/v1/docs$", target):
            continue
        page, _, anchor = target.partition("#")
        ids = {attrs.get("id") for _, attrs in PAGES[page or name].tags}
        assert not anchor or anchor in ids, target


def test_every_message_has_its_heading() -> None:
    text = docs_files()["index.html"].decode()
    for kind in (*ClientMessage.__args__, *ServerMessage.__args__):
        assert f"<code>{kind.__struct_config__.tag}</code></h3>" in text
    assert "mermaid" not in text
    assert 'class="flow"' in text
    assert "<td><code>undisclosed</code></td>" in text


async def test_they_are_served_under_the_policy_of_the_page() -> None:
    with TestClient(build_asgi(World().room(), ()), follow_redirects=True) as web:
        page = web.get("/docs")
        assert page.status_code == 200
        assert "The protocol, version" in page.text
        assert page.headers["content-security-policy"] == SECURITY_HEADERS["content-security-policy"]
        assert web.get("/docs/docs.css").headers["content-type"].startswith("text/css")
        assert web.get("/docs/schema/asyncapi.json").json()["asyncapi"] == "3.0.0"
        assert web.get("/docs/../messages.py").status_code == 404
