"""Events: made as a draft, opened, paused, closed; and what others may know of them.

Every query names the creator: somebody else's event is not there. Whoever runs the event in this process is told of
each change (`House.changed`) after it is written.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.api.access import Caller, HouseHere, Signed
from server.api.bodies import Action, Actions, Done, EventCard, EventChange, EventIn, EventOut, Events
from server.api.errors import ConflictError, MalformedRequestError, NotFoundError
from server.api.house import House
from server.api.personas import find_persona
from server.store.audit import note
from server.store.columns import new_id
from server.store.tables import EventRow, EventState, HostActionRow, TicketRow, TicketState

Verb = Literal["open", "pause", "resume", "close"]
Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0)]

#: verb: from which states to which
MOVES: Final[Mapping[Verb, tuple[frozenset[EventState], EventState]]] = {
    "open": (frozenset({"draft"}), "open"),
    "pause": (frozenset({"open"}), "paused"),
    "resume": (frozenset({"paused"}), "open"),
    "close": (frozenset({"draft", "open", "paused"}), "closed"),
}
#: Fans came under these terms; they change no more once an event was opened.
TERMS: Final = frozenset({"persona_id", "queue_rule", "group_size", "spectators", "keepsakes"})

router = APIRouter(prefix="/events", tags=["events"])


async def own_event(db: AsyncSession, creator_id: str, event_id: str, *, lock: bool = False) -> EventRow:
    """An event of this creator. Raises NotFoundError, also for somebody else's."""
    row = await db.get(EventRow, event_id, with_for_update=lock or None)
    if row is None or row.creator_id != creator_id:
        raise NotFoundError("there is no such event")
    return row


@router.get("")
async def list_events(caller: Signed, house: HouseHere, limit: Limit = 100, offset: Offset = 0) -> Events:
    """One's events, the newest first."""
    async with house.store.begin() as db:
        mine = select(EventRow).where(EventRow.creator_id == caller.creator_id)
        rows = (await db.scalars(mine.order_by(EventRow.created_at.desc()).limit(limit).offset(offset))).all()
        counts = await _ticket_counts(db, [row.id for row in rows])
        return Events(events=[_shown(row, counts.get(row.id, {})) for row in rows])


@router.post("", status_code=201)
async def make_event(body: EventIn, caller: Signed, house: HouseHere) -> EventOut:
    """A new event, as a draft."""
    async with house.store.begin() as db:
        await _check_persona(db, caller.creator_id, body.persona_id, house)
        row = EventRow(
            id=new_id(), creator_id=caller.creator_id, state="draft", created_at=house.now(), **body.model_dump()
        )
        db.add(row)
        note(db, caller.creator_id, caller.actor, "event.create", row.id, {"title": body.title})
    return _shown(row, {})


@router.get("/{event_id}")
async def get_event(event_id: str, caller: Signed, house: HouseHere) -> EventOut:
    """One event."""
    async with house.store.begin() as db:
        row = await own_event(db, caller.creator_id, event_id)
        return _shown(row, (await _ticket_counts(db, [row.id])).get(row.id, {}))


@router.patch("/{event_id}")
async def change_event(event_id: str, body: EventChange, caller: Signed, house: HouseHere) -> EventOut:
    """Changes what is named. Once an event was opened its terms stay: persona, queue rule, group size, consents."""
    wanted = {key: value for key, value in body.model_dump(exclude_unset=True).items() if value is not None}
    async with house.store.begin() as db:
        row = await own_event(db, caller.creator_id, event_id, lock=True)
        changed = {key: value for key, value in wanted.items() if getattr(row, key) != value}
        _check_change(row, changed)
        if "persona_id" in changed:
            await _check_persona(db, caller.creator_id, changed["persona_id"], house)
        for key, value in changed.items():
            setattr(row, key, value)
        note(db, caller.creator_id, caller.actor, "event.change", event_id, _written(changed))
        shown = _shown(row, (await _ticket_counts(db, [row.id])).get(row.id, {}))
    house.changed(event_id)
    return shown


@router.post("/{event_id}/open")
async def open_event(event_id: str, caller: Signed, house: HouseHere) -> EventOut:
    """Opens a draft: from now on anybody may know of it, and fans come in from opens_at on."""
    return await _move("open", event_id, caller, house)


@router.post("/{event_id}/pause")
async def pause_event(event_id: str, caller: Signed, house: HouseHere) -> EventOut:
    """Nobody new is called."""
    return await _move("pause", event_id, caller, house)


@router.post("/{event_id}/resume")
async def resume_event(event_id: str, caller: Signed, house: HouseHere) -> EventOut:
    """Goes on after a pause."""
    return await _move("resume", event_id, caller, house)


@router.post("/{event_id}/close")
async def close_event(event_id: str, caller: Signed, house: HouseHere) -> EventOut:
    """Ends the event. What is closed stays closed."""
    return await _move("close", event_id, caller, house)


@router.delete("/{event_id}")
async def delete_event(event_id: str, caller: Signed, house: HouseHere) -> Done:
    """Deletes a draft or closed event with its tickets, visits and all that was kept of them."""
    async with house.store.begin() as db:
        row = await own_event(db, caller.creator_id, event_id)
        if row.state not in ("draft", "closed"):
            raise ConflictError("close it first")
    await house.forget("event", event_id)
    async with house.store.begin() as db:
        row = await own_event(db, caller.creator_id, event_id)
        await db.delete(row)
        note(db, caller.creator_id, caller.actor, "event.delete", event_id, {"title": row.title})
    house.changed(event_id)
    return Done()


@router.get("/{event_id}/actions")
async def list_actions(
    event_id: str, caller: Signed, house: HouseHere, limit: Limit = 1000, offset: Offset = 0
) -> Actions:
    """What the hosts did during the event, from the beginning."""
    async with house.store.begin() as db:
        await own_event(db, caller.creator_id, event_id)
        done = select(HostActionRow).where(HostActionRow.event_id == event_id)
        rows = await db.scalars(done.order_by(HostActionRow.at, HostActionRow.id).limit(limit).offset(offset))
        return Actions(
            actions=[
                Action(at=row.at, actor=row.actor, kind=row.kind, visit_id=row.visit_id, detail=row.detail)
                for row in rows
            ]
        )


@router.get("/{event_id}/card")
async def event_card(event_id: str, house: HouseHere) -> EventCard:
    """What anybody may know of an event that was opened."""
    async with house.store.begin() as db:
        row = await public_event(db, event_id)
        persona = await find_persona(db, row.creator_id, row.persona_id, house.personas)
        taken = sum((await _ticket_counts(db, [row.id])).get(row.id, {}).values())
    if persona is None:
        raise NotFoundError("there is no such event")
    return EventCard(
        persona_name=persona.name,
        about=persona.about,
        look=persona.look,
        tickets_left=max(0, row.max_tickets - taken),
        **_fields(row, EventCard),
    )


async def _move(verb: Verb, event_id: str, caller: Caller, house: House) -> EventOut:
    sources, target = MOVES[verb]
    async with house.store.begin() as db:
        row = await own_event(db, caller.creator_id, event_id, lock=True)
        if row.state not in sources:
            raise ConflictError(f"to {verb} it, the event must be {' or '.join(sorted(sources))}; it is {row.state}")
        if verb == "open" and row.closes_at <= house.now():
            raise ConflictError("its time is over already; change closes_at first")
        row.state = target
        row.closed_at = house.now() if target == "closed" else None
        note(db, caller.creator_id, caller.actor, f"event.{verb}", event_id)
        shown = _shown(row, (await _ticket_counts(db, [row.id])).get(row.id, {}))
    house.changed(event_id)
    return shown


async def public_event(db: AsyncSession, event_id: str, *, lock: bool = False) -> EventRow:
    """An event that anybody may know of. Raises NotFoundError, also for a draft."""
    row = await db.get(EventRow, event_id, with_for_update=lock or None)
    if row is None or row.state in ("draft", "deleted"):
        raise NotFoundError("there is no such event")
    return row


async def _check_persona(db: AsyncSession, creator_id: str, persona_id: str, house: House) -> None:
    if await find_persona(db, creator_id, persona_id, house.personas) is None:
        raise MalformedRequestError(f"persona_id: there is no persona {persona_id!r}; see GET /personas")


def _check_change(row: EventRow, changed: Mapping[str, Any]) -> None:
    if row.state == "closed" and changed.keys() - {"title"}:
        raise ConflictError("it is closed; only its title can change")
    if row.state != "draft" and (fixed := sorted(changed.keys() & TERMS)):
        raise ConflictError(f"it was opened with other terms: {', '.join(fixed)} cannot change any more")
    if changed.get("closes_at", row.closes_at) <= changed.get("opens_at", row.opens_at):
        raise MalformedRequestError("closes_at must be later than opens_at")


async def _ticket_counts(db: AsyncSession, event_ids: list[str]) -> dict[str, dict[TicketState, int]]:
    counted = select(TicketRow.event_id, TicketRow.state, func.count()).where(TicketRow.event_id.in_(event_ids))
    found: dict[str, dict[TicketState, int]] = {}
    for event_id, state, n in await db.execute(counted.group_by(TicketRow.event_id, TicketRow.state)):
        found.setdefault(event_id, {})[state] = n
    return found


def _shown(row: EventRow, counts: Mapping[TicketState, int]) -> EventOut:
    return EventOut(tickets=dict(counts), **_fields(row, EventOut))


def _fields(row: EventRow, shape: type[EventOut | EventCard]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in shape.model_fields if hasattr(row, name)}


def _written(changed: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in changed.items()}
