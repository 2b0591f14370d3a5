"""The REST API over a store, without a socket; creators with a browser, platforms with a key, and passers-by."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount

from avatar.persona import load_personas
from server.api.app import build_api
from server.api.house import House
from server.config import AccountsConfig
from server.store.engine import Store
from server.tokens import TokenSigner

HOUSE = "https://house.test"
PERSONAS = load_personas(Path(__file__).parents[2] / "personas")
PASSWORD = "correct horse battery"
OWN_TOML = (Path(__file__).parents[2] / "personas" / "nova.toml").read_text("utf-8")


def house_over(store: Store, **accounts: Any) -> House:
    """A house where anybody may sign up, and nobody is too fast."""
    given = {"sign_up": "open", "requests_per_minute": 100_000, "tries_per_minute": 100_000, **accounts}
    return House(
        store, TokenSigner("s" * 32), AccountsConfig(**given), origins=("https://console.test",), personas=PERSONAS
    )


def app_of(house: House, **more: Any) -> Starlette:
    """As listener.py mounts it."""
    return Starlette(routes=[Mount("/api/v1", build_api(house, **more))])


class Guest:
    """Somebody with a browser or a program. `csrf` is sent with every change."""

    def __init__(self, app: Starlette | FastAPI, address: str = "192.0.2.1") -> None:
        transport = httpx.ASGITransport(app, client=(address, 4000))
        self.http = httpx.AsyncClient(transport=transport, base_url=f"{HOUSE}/api/v1")
        self.id = ""

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.request(method, path, json=body, headers=named)

    async def get(self, path: str) -> Any:
        return self._good(await self.call("GET", path))

    async def post(self, path: str, body: Any = None) -> Any:
        return self._good(await self.call("POST", path, body))

    async def sign_up(self, name: str) -> "Guest":
        me = await self.post("/creators", {"name": name, "email": f"{name}@example.org", "password": PASSWORD})
        self.http.headers["x-csrf-token"] = me["csrf"]
        self.id = me["creator"]["id"]
        return self

    async def key(self) -> str:
        made = await self.post("/keys", {"label": "platform"})
        return str(made["key"])

    async def event(self, *, opened: bool = True, **values: Any) -> str:
        now = datetime.now(UTC)
        body = {
            "title": "Hello",
            "persona_id": "nova",
            "opens_at": now.isoformat(),
            "closes_at": (now + timedelta(hours=2)).isoformat(),
            **values,
        }
        made = await self.post("/events", body)
        if opened:
            await self.post(f"/events/{made['id']}/open")
        return str(made["id"])

    async def ticket(self, event_id: str, name: str = "Maya", **values: Any) -> dict[str, Any]:
        made: dict[str, Any] = await self.post(f"/events/{event_id}/tickets", {"name": name, **values})
        return made

    def _good(self, response: httpx.Response) -> Any:
        assert response.is_success, response.text
        return response.json()


def refusal(response: httpx.Response) -> tuple[int, str]:
    """The status and the code."""
    return response.status_code, response.json()["error"]["code"]


@asynccontextmanager
async def platform(app: Starlette, key: str) -> AsyncIterator[Guest]:
    """A program with an API key and no cookie."""
    guest = Guest(app)
    guest.http.headers["authorization"] = f"Bearer {key}"
    yield guest
    await guest.http.aclose()
