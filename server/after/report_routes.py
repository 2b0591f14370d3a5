"""What a creator may ask of an event afterwards: its report, as JSON, CSV and a picture; and that a fan is forgotten.

Part of the REST API (api/app.py includes it). What comes next: report.py and charts.py.
"""

import asyncio
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Response

from server.after.archive import Archive
from server.after.charts import draw
from server.after.report import EventReport, as_csv, read_report
from server.api.access import HouseHere, Signed
from server.api.errors import NotFoundError
from server.api.events import own_event
from server.api.house import House
from server.inference.niceness import made_yielding
from server.store.audit import note

CHARTS_NICENESS: Final = 19  # a second of a core; those who talk may not wait for it


def report_router(archive: Archive) -> APIRouter:
    """The routes; each looks first whether the event is the caller's own."""
    router = APIRouter(prefix="/events/{event_id}", tags=["report"])
    one_picture = asyncio.Semaphore(1)

    @router.get("/report")
    async def show(event_id: str, caller: Signed, house: HouseHere) -> dict[str, Any]:
        """The event in numbers: visits, waits, stars, answers, what the host did. Without names and words."""
        return (await _report(house, caller.creator_id, event_id)).as_json()

    @router.get("/report.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
    async def table(event_id: str, caller: Signed, house: HouseHere) -> Response:
        """One line for each visit."""
        report = await _report(house, caller.creator_id, event_id)
        return _file(as_csv(report), "text/csv; charset=utf-8", f"report-{event_id}.csv")

    @router.get("/report.png", response_class=Response, responses={200: {"content": {"image/png": {}}}})
    async def picture(event_id: str, caller: Signed, house: HouseHere) -> Response:
        """The same as charts."""
        report = await _report(house, caller.creator_id, event_id)
        async with one_picture:
            drawn = await asyncio.to_thread(made_yielding, partial(draw, report), CHARTS_NICENESS)
        return Response(drawn, media_type="image/png", headers={"cache-control": "private, no-store"})

    @router.delete("/tickets/{ticket_id}/kept", status_code=204)
    async def forget(event_id: str, ticket_id: str, caller: Signed, house: HouseHere) -> None:
        """Deletes what is kept of this ticket's visits (sound, words, picture) and what the persona remembers of its
        fan; at a fan's request.
        """
        async with house.store.begin() as db:
            await own_event(db, caller.creator_id, event_id)
        if not await archive.forget_ticket(event_id, ticket_id):
            raise NotFoundError("there is no such ticket")
        async with house.store.begin() as db:
            note(db, caller.creator_id, caller.actor, "kept.delete", ticket_id, {"event": event_id})

    return router


async def _report(house: House, creator_id: str, event_id: str) -> EventReport:
    async with house.store.begin() as db:
        return await read_report(db, await own_event(db, creator_id, event_id))


def _file(text: str, media_type: str, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "private, no-store"}
    return Response(text, media_type=media_type, headers=headers)
