"""Taking one's data along, and deleting it: a creator's, an event's, a fan's.

An export is a zip: a JSON file for each table, and under `keepsakes/VISIT/` the sound, captions, words and picture that
are kept of a visit. What comes next: bundle.py writes it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import select, update

from server.api.access import COOKIE, HouseHere, Person, Signed
from server.api.accounts import COOKIE_PATH
from server.api.bodies import Done, FanOut, Fans
from server.api.bundle import bundle
from server.api.errors import ConflictError, NotFoundError
from server.api.events import Limit, Offset, own_event
from server.api.house import House
from server.store.audit import note
from server.store.export import Rows, rows_of_creator, rows_of_event, rows_of_fan
from server.store.tables import AuditRow, CreatorRow, EventRow, FanRow, TicketRow

router = APIRouter(tags=["data"])

ZIP: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("/export", responses=ZIP, response_class=Response)
async def export_all(caller: Person, house: HouseHere) -> Response:
    """All that is kept of this creator."""
    async with house.store.begin() as db:
        rows = await rows_of_creator(db, caller.creator_id)
        note(db, caller.creator_id, caller.actor, "creator.export", caller.creator_id)
    return _zipped(house, rows, "stagedoor")


@router.delete("/me")
async def delete_me(caller: Person, response: Response, house: HouseHere) -> Done:
    """Deletes the account with all its events, fans, personas and keys, at once and for good.

    Of the audit stays who did what when, without titles and labels.
    """
    async with house.store.begin() as db:
        live = EventRow.state.in_(("open", "paused"))
        if title := await db.scalar(select(EventRow.title).where(EventRow.creator_id == caller.creator_id, live)):
            raise ConflictError(f"the event {title!r} is open; close it first")
    await house.forget("creator", caller.creator_id)
    async with house.store.begin() as db:
        await db.delete(await db.get_one(CreatorRow, caller.creator_id))
        await db.execute(update(AuditRow).where(AuditRow.creator_id == caller.creator_id).values(detail={}))  # no names
        note(db, caller.creator_id, caller.actor, "creator.delete", caller.creator_id)
    response.delete_cookie(COOKIE, path=COOKIE_PATH)
    return Done()


@router.get("/events/{event_id}/export", responses=ZIP, response_class=Response)
async def export_event(event_id: str, caller: Signed, house: HouseHere) -> Response:
    """All that is kept of this event."""
    async with house.store.begin() as db:
        await own_event(db, caller.creator_id, event_id)
        rows = await rows_of_event(db, event_id)
        note(db, caller.creator_id, caller.actor, "event.export", event_id)
    return _zipped(house, rows, f"event-{event_id}")


@router.get("/fans")
async def list_fans(caller: Signed, house: HouseHere, limit: Limit = 100, offset: Offset = 0) -> Fans:
    """Who came to one's events, the newest first."""
    async with house.store.begin() as db:
        mine = select(FanRow).where(FanRow.creator_id == caller.creator_id)
        rows = await db.scalars(mine.order_by(FanRow.created_at.desc(), FanRow.id).limit(limit).offset(offset))
        return Fans(
            fans=[
                FanOut(id=row.id, name=row.name, external_ref=row.external_ref, created_at=row.created_at)
                for row in rows
            ]
        )


@router.get("/fans/{fan_id}/export", responses=ZIP, response_class=Response)
async def export_fan(fan_id: str, caller: Signed, house: HouseHere) -> Response:
    """All that is kept of one fan, for when they ask for it."""
    async with house.store.begin() as db:
        _own(await db.get(FanRow, fan_id), caller.creator_id)
        rows = await rows_of_fan(db, fan_id)
        note(db, caller.creator_id, caller.actor, "fan.export", fan_id)
    return _zipped(house, rows, f"fan-{fan_id}")


@router.delete("/fans/{fan_id}")
async def delete_fan(fan_id: str, caller: Signed, house: HouseHere) -> Done:
    """Deletes a fan with their tickets, visits and all that was kept of them."""
    async with house.store.begin() as db:
        _own(await db.get(FanRow, fan_id), caller.creator_id)
        tickets = (
            await db.execute(select(TicketRow.event_id, TicketRow.state).where(TicketRow.fan_id == fan_id))
        ).all()
        if any(state in ("called", "seated") for _, state in tickets):
            raise ConflictError("they are with the avatar; end the visit first")
    await house.forget("fan", fan_id)
    async with house.store.begin() as db:
        await db.delete(_own(await db.get(FanRow, fan_id), caller.creator_id))
        note(db, caller.creator_id, caller.actor, "fan.delete", fan_id)
    for event_id, _ in tickets:
        house.changed(event_id)
    return Done()


def _own(row: FanRow | None, creator_id: str) -> FanRow:
    if row is None or row.creator_id != creator_id:
        raise NotFoundError("there is no such fan")
    return row


def _zipped(house: House, rows: Rows, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}.zip"', "cache-control": "private, no-store"}
    data = bundle(rows, _files(house, rows))
    return StreamingResponse(data, media_type="application/zip", headers=headers)


def _files(house: House, rows: Rows) -> Iterator[tuple[str, Path]]:
    for row in rows["keepsakes"]:
        for path in house.files(row["path"]):
            yield f"keepsakes/{row['visit_id']}/{path.name}", path
