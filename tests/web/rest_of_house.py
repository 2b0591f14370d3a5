"""The REST API as the console's tests want it: answers from a table in memory, and a record of what was asked.

Playwright hands the page's requests to it, so the page asks what it would ask of `server/api/`.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Page, Route

ANA = {"id": "c-1", "name": "Ana Ruiz", "email": "ana@example.org"}
CSRF = "csrf-1"
EVENT: dict[str, Any] = {
    "id": "e-1",
    "title": "Mara, after the show",
    "persona_id": "mara",
    "opens_at": "2026-11-20T18:00:00Z",
    "closes_at": "2026-11-20T20:00:00Z",
    "places": 1,
    "max_tickets": 40,
    "slot_s": 180.0,
    "overtime_s": 30.0,
    "no_show_s": 60.0,
    "queue_rule": "first_come",
    "group_size": 1,
    "spectators": True,
    "keepsakes": True,
    "retention_days": 30,
    "state": "open",
}

Answer = tuple[int, Any]


@dataclass
class Asked:
    """One request of the page."""

    method: str
    path: str
    body: dict[str, Any]
    csrf: str


@dataclass
class RestOfHouse:
    """Give it to a page by `await rest.serve(page)`. answers: what else to say, by an expression for "METHOD /path"."""

    signed_in: bool = True
    events: list[dict[str, Any]] = field(default_factory=lambda: [dict(EVENT)])
    tickets: list[dict[str, Any]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, Answer | Callable[[Asked], Answer]] = field(default_factory=dict)

    async def serve(self, page: Page) -> None:
        await page.route("**/api/v1/**", self._take)

    def of(self, method: str, path: str) -> list[Asked]:
        """What was asked like this so far."""
        return [asked for asked in self.asked if (asked.method, asked.path) == (method, path)]

    async def _take(self, route: Route) -> None:
        request = route.request
        path = request.url.partition("/api/v1")[2]
        body = json.loads(request.post_data) if request.post_data else {}
        asked = Asked(request.method, path, body, request.headers.get("x-csrf-token", ""))
        self.asked.append(asked)
        status, answer = self._answer(asked)
        await route.fulfill(status=status, content_type="application/json", body=json.dumps(answer))

    def _answer(self, asked: Asked) -> Answer:
        for pattern, answer in {**self._standing(), **self.answers}.items():
            if re.fullmatch(pattern, f"{asked.method} {asked.path}"):
                return answer(asked) if callable(answer) else answer
        return refusal(404, "not_found", f"no {asked.path} here")

    def _standing(self) -> dict[str, Answer]:
        session = {"creator": ANA, "csrf": CSRF}
        mara = {"id": "mara", "name": "Mara", "about": "Sings, bakes, answers letters at night."}
        return {
            "GET /login": (200, {"sign_up": True, "oidc": False}),
            "GET /me": (200, session) if self.signed_in else refusal(401, "not_signed_in", "nobody is signed in"),
            "POST /(login|creators)": (200, session),
            "POST /logout": (200, {}),
            "GET /events": (200, {"events": self.events}),
            "GET /events/e-1": (200, self.events[0] if self.events else {}),
            "GET /events/e-1/tickets": (200, {"tickets": self.tickets}),
            "GET /personas": (200, {"personas": [mara]}),
            "GET /keys": (200, {"keys": []}),
            "GET /events/e-1/actions": (200, {"actions": []}),
            "POST /events/e-1/host-token": (200, {"token": "host-token"}),
        }


def refusal(status: int, code: str, message: str) -> Answer:
    """An error as the API says it."""
    return status, {"error": {"code": code, "message": message}}
