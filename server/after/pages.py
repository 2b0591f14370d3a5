"""The page where a fan finds what is kept of their visit: /keepsake/CODE, and what belongs to it.

The address is the key: it is told to the fan alone, never indexed, never cached by others, and over when the event's
retention is. Everything on it works without a script. What comes next: archive.py, for a visit that goes on or whose
keepsake is being made; shelf.py for those that are over.
"""

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

import jinja2
import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from protocol.errors import MalformedError
from server.after.archive import Archive
from server.after.attendance import Attendance
from server.after.captions import clock
from server.after.keepsake import CAPTIONS, PICTURE, SOUND, WORDS, Occasion, add_picture, read_about
from server.after.kept import KeptVisit, find_visit, rate
from server.after.memories import Memory, forget, recall
from server.after.picture import MAX_PICTURE_BYTES, as_png

PAGES: Final = Path(__file__).with_name("pages")
TYPES: Final = {
    SOUND: "audio/mp4",
    CAPTIONS: "text/vtt; charset=utf-8",
    WORDS: "text/plain; charset=utf-8",
    PICTURE: "image/png",
}
OWN_FILES: Final = {"keepsake.css": "text/css; charset=utf-8", "keepsake.js": "text/javascript; charset=utf-8"}
HEADERS: Final = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "media-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "x-robots-tag": "noindex, nofollow",
    "cache-control": "private, no-store",
}
MAX_FORM_BYTES: Final = 1000
_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9]+")


class KeepsakePages:
    """The pages of one archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._shelf = archive.shelf
        self._one_picture = asyncio.Semaphore(1)  # decoding takes memory: who sends another waits
        self._templates = jinja2.Environment(loader=jinja2.FileSystemLoader(PAGES), autoescape=True)

    def routes(self) -> list[BaseRoute]:
        """To be mounted at /keepsake."""
        return [
            *(Route(f"/{name}", self._own_file) for name in OWN_FILES),
            Route("/{code}", self._page),
            Route("/{code}/picture", self._take_picture, methods=["POST"]),
            Route("/{code}/satisfaction", self._take_stars, methods=["POST"]),
            Route("/{code}/forget", self._forget, methods=["POST"]),
            Route("/{code}/delete", self._delete, methods=["POST"]),
            Route("/{code}/{file}", self._file),
        ]

    # --- what is shown ---

    async def _page(self, request: Request) -> Response:
        code = request.path_params["code"]
        async with self._shelf.store.begin() as db:
            visit = await find_visit(db, code, self._shelf.now())
            memory = await recall(db, visit.fan_id, visit.persona_id, self._shelf.now()) if visit else Memory()
        if visit is None:
            return self._html("gone.html", {}, 404)
        attendance = self._archive.attended(code)
        about = await asyncio.to_thread(self._about, visit)
        return self._html(
            "keepsake.html",
            {
                "base": f"/keepsake/{code}",
                "state": self._state(attendance),
                "recording": attendance is not None and attendance.recording is not None,
                "event": visit.event_title,
                "heading": f"Your visit with {about['persona']}" if about else "Your visit",
                "about": about,
                "has_picture": bool(visit.folder and (self._shelf.folder / visit.folder / PICTURE).exists()),
                "satisfaction": visit.satisfaction,
                "facts": memory.facts,
                "mood": memory.shown_mood(),
                "expires": in_words(visit.expires_at),
            },
        )

    def _state(self, attendance: Attendance | None) -> str:
        if attendance is None:
            return "over"
        return "making" if self._archive.is_making(attendance) else "live"

    def _about(self, visit: KeptVisit) -> dict[str, Any] | None:
        about = read_about(self._shelf.folder, visit.folder) if visit.folder else None
        if about is None:
            return None
        on = datetime.fromisoformat(about["on"])
        names = Occasion(about["persona"], about["fan"], about["event"], on).names()
        said = [{**line, "clock": clock(line["at_ms"])[3:8], "name": names[line["who"]]} for line in about["said"]]
        file_name = f"{_NOT_IN_NAMES.sub('-', about['persona'].casefold())}-{on:%Y-%m-%d}"
        return {**about, "said": said, "on_words": in_words(on), "file_name": file_name}

    async def _file(self, request: Request) -> Response:
        visit = await self._visit(request)
        name = request.path_params["file"]
        if visit.folder is None or name not in TYPES:
            raise HTTPException(404)
        path = self._shelf.folder / visit.folder / name
        if not path.is_file():
            raise HTTPException(404)
        return FileResponse(path, media_type=TYPES[name], headers=dict(HEADERS))

    async def _own_file(self, request: Request) -> Response:
        name = request.url.path.rpartition("/")[2]
        return FileResponse(PAGES / name, media_type=OWN_FILES[name])

    # --- what the fan may do ---

    async def _take_picture(self, request: Request) -> Response:
        visit = await self._visit(request)
        data = await _body(request, MAX_PICTURE_BYTES)
        attendance = self._archive.attended(request.path_params["code"])
        about = None if attendance else await asyncio.to_thread(self._about, visit)
        if about is None and (attendance is None or attendance.recording is None):
            return refused(409, "consent_required", "no keepsake is made of this visit, so no picture is kept either")
        words = about["written"] if about else f"Taken during a visit of an AI avatar at {visit.event_title}."
        try:
            async with self._one_picture:
                picture = await asyncio.to_thread(as_png, data, words)
        except MalformedError as error:
            return refused(400, error.code, str(error))
        if attendance and attendance.recording:
            attendance.picture = picture
        elif about and visit.folder:
            await asyncio.to_thread(add_picture, self._shelf.folder, visit.folder, picture)
        return Response(status_code=204)

    async def _take_stars(self, request: Request) -> Response:
        visit = await self._visit(request)
        stars = stars_in(await _body(request, MAX_FORM_BYTES), request.headers.get("content-type", ""))
        if stars is None:
            return refused(400, "malformed", "send stars, 1 to 5")
        async with self._shelf.store.begin() as db:
            await rate(db, visit.id, stars)
        return self._done(request)

    async def _forget(self, request: Request) -> Response:
        visit = await self._visit(request)
        async with self._shelf.store.begin() as db:
            await forget(db, visit.fan_id, visit.persona_id)
        if attendance := self._archive.attended(request.path_params["code"]):
            attendance.forget()
        return self._done(request)

    async def _delete(self, request: Request) -> Response:
        visit = await self._visit(request)
        await self._archive.take_back(visit.id)
        return self._done(request)

    async def _visit(self, request: Request) -> KeptVisit:
        async with self._shelf.store.begin() as db:
            visit = await find_visit(db, request.path_params["code"], self._shelf.now())
        if visit is None:
            raise HTTPException(404)
        return visit

    def _done(self, request: Request) -> Response:
        """Forms lead back to the page; programs need nothing more."""
        if request.headers.get("content-type", "").startswith("application/json"):
            return Response(status_code=204)
        return RedirectResponse(f"/keepsake/{request.path_params['code']}", status_code=303)

    def _html(self, template: str, values: Mapping[str, object], status: int = 200) -> Response:
        return HTMLResponse(self._templates.get_template(template).render(values), status, headers=dict(HEADERS))


def refused(status: int, code: str, message: str) -> Response:
    """An error as the REST API has them."""
    return JSONResponse({"error": {"code": code, "message": message}}, status)


def stars_in(body: bytes, content_type: str) -> int | None:
    """1 to 5 out of a form or JSON; None when neither says so."""
    try:
        if content_type.startswith("application/json"):
            stars = msgspec.json.decode(body, type=dict[str, int]).get("stars", 0)
        else:
            stars = int(parse_qs(body.decode()).get("stars", [""])[0])
    except (ValueError, msgspec.MsgspecError):
        return None
    return stars if 1 <= stars <= 5 else None


def in_words(at: datetime) -> str:
    """A day: 22 November 2026."""
    return f"{at.day} {at:%B %Y}"


async def _body(request: Request, most: int) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise HTTPException(413)
    return body
