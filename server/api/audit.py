"""The audit, as its creator may read it."""

from typing import Annotated

from fastapi import APIRouter, Query

from server.api.access import HouseHere, Signed
from server.api.bodies import Audit, ChangeOut
from server.api.errors import NotFoundError
from server.store.audit import changes_of

router = APIRouter(tags=["audit"])


@router.get("/audit")
async def read_audit(
    caller: Signed,
    house: HouseHere,
    before: Annotated[str | None, Query(max_length=32)] = None,
    event: Annotated[str | None, Query(max_length=32)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Audit:
    """Who changed what, the newest first; `before` is the `id` of the last one that was read.

    With `event` only what was changed of that event and its tickets.
    """
    async with house.store.begin() as db:
        changes = await changes_of(db, caller.creator_id, before=before, limit=limit, event_id=event)
    if changes is None:
        raise NotFoundError("there is no such change to read on from")
    return Audit(
        changes=[
            ChangeOut(
                id=change.id,
                at=change.at,
                actor=change.actor,
                action=change.action,
                subject=change.subject,
                detail=dict(change.detail),
            )
            for change in changes
        ]
    )
