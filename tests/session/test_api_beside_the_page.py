"""The REST API where listener.py mounts it: under the page's policy, beside the protocol's documents."""

import pytest
from starlette.testclient import TestClient

from server.api.app import build_api
from server.listener import SECURITY_HEADERS, build_asgi
from server.store.engine import Store
from tests.session.offices import house_over
from tests.session.world import World


@pytest.mark.parametrize(
    ("path", "kind"), [("/api/v1/docs", "text/html"), ("/api/v1/openapi.json", "application/json")]
)
async def test_the_api_is_served_under_the_policy_of_the_page(sqlite_store: Store, path: str, kind: str) -> None:
    app = build_asgi(World().room(), (), api=build_api(house_over(sqlite_store)))
    web = TestClient(app)
    answer = web.get(path)
    assert answer.headers["content-type"].startswith(kind)
    for name in ("content-security-policy", "x-content-type-options", "referrer-policy"):
        assert answer.headers[name] == SECURITY_HEADERS[name]
    assert answer.headers["cache-control"] == "no-store"
    assert 'href="/api/v1/docs"' in web.get("/docs/").text
    assert web.get("/api/v1/nowhere").json() == {"error": {"code": "not_found", "message": "Not Found"}}


async def test_without_a_store_all_works_as_before() -> None:
    web = TestClient(build_asgi(World().room(), ()))
    assert web.get("/health").json()["status"] == "ok"
    assert web.get("/api/v1/login").status_code == 404
