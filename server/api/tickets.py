"""Tickets, and the join tokens that they are exchanged for.

A ticket's link holds a secret of its own and may be opened again and again; the join token it gives is good for
minutes. Whether a ticket's fan comes in, and when, is up to the queue (server/events/).
"""

import hmac
from typing import Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.api.access import Caller, HouseHere, Signed, Visitor, digest, new_secret
from server.api.bodies import Claim, Done, JoinToken, TicketIn, TicketMade, TicketOut, Tickets
from server.api.errors import ConflictError, ForbiddenError, NotFoundError
from server.api.events import Limit, Offset, own_event, public_event
from server.api.house import House, address_of
from server.events.parties import party_of
from server.store.audit import note
from server.store.columns import new_id
from server.store.tables import EventRow, FanRow, TicketRow, VisitRow
from server.tokens import JoinClaims

TOKEN_VALID_S: Final = 600
OVER: Final = frozenset({"done", "left", "no_show", "banned", "missed"})

router = APIRouter(prefix="/events/{event_id}", tags=["tickets"])


@router.get("/tickets")
async def list_tickets(
    event_id: str, caller: Signed, house: HouseHere, limit: Limit = 1000, offset: Offset = 0
) -> Tickets:
    """The event's tickets, in the order they were issued."""
    async with house.store.begin() as db:
        await own_event(db, caller.creator_id, event_id)
        found = select(TicketRow, FanRow).join(FanRow).where(TicketRow.event_id == event_id)
        rows = await db.execute(found.order_by(TicketRow.issued_at, TicketRow.id).limit(limit).offset(offset))
        return Tickets(tickets=[_shown(ticket, fan) for ticket, fan in rows])


@router.post("/tickets", status_code=201)
async def make_ticket(event_id: str, body: TicketIn, request: Request, caller: Visitor, house: HouseHere) -> TicketMade:
    """A ticket. The event's creator issues it; anybody takes one for themselves when the queue rule lets them.

    For an `external_ref` that has a ticket already the same ticket comes back with a new link.
    """
    async with house.store.begin() as db:
        row = await db.get(EventRow, event_id, with_for_update=True)
        if row is None or caller is None or row.creator_id != caller.creator_id:
            row, actor = await _public(db, event_id, body, request, house), "visitor"
        else:
            actor = caller.actor
        ticket_id, secret = await issue(db, row, body, house, actor)
    house.changed(event_id)
    return ticket_made(house.base_url(request), event_id, ticket_id, secret)


async def issue(db: AsyncSession, event: EventRow, body: TicketIn, house: House, actor: str) -> tuple[str, str]:
    """A ticket of this event, which the caller holds locked: its id, and the secret that its link is made of."""
    if event.state == "closed":
        raise ConflictError("the event is closed")
    ticket = await _issued(db, event, body, house, invited=actor != "visitor")
    ticket.party = party_of(body.party) or ticket.party
    secret = new_secret()
    ticket.claim_hash = digest(secret)
    note(db, event.creator_id, actor, "ticket.issue", ticket.id, {"event": event.id})
    return ticket.id, secret


def ticket_made(base_url: str, event_id: str, ticket_id: str, secret: str) -> TicketMade:
    """What its fan is sent, this once."""
    link = f"{base_url}/#event={event_id}&ticket={ticket_id}.{secret}"
    return TicketMade(ticket_id=ticket_id, secret=secret, link=link)


@router.get("/tickets/{ticket_id}")
async def get_ticket(event_id: str, ticket_id: str, caller: Signed, house: HouseHere) -> TicketOut:
    """One ticket."""
    async with house.store.begin() as db:
        ticket = await own_ticket(db, caller, event_id, ticket_id)
        return _shown(ticket, await db.get_one(FanRow, ticket.fan_id))


@router.delete("/tickets/{ticket_id}")
async def delete_ticket(event_id: str, ticket_id: str, caller: Signed, house: HouseHere) -> Done:
    """Takes a ticket back that nobody came in with."""
    async with house.store.begin() as db:
        ticket = await own_ticket(db, caller, event_id, ticket_id, lock=True)
        if ticket.state in ("called", "seated"):
            raise ConflictError("its fan is with the avatar; end the visit first")
        if await db.scalar(select(VisitRow.id).where(VisitRow.ticket_id == ticket_id).limit(1)):
            raise ConflictError("its fan was here; DELETE /fans/{fan_id} deletes what is known of them")
        await db.delete(ticket)
        note(db, caller.creator_id, caller.actor, "ticket.delete", ticket_id, {"event": event_id})
    house.changed(event_id)
    return Done()


@router.post("/tickets/{ticket_id}/join")
async def join(event_id: str, ticket_id: str, request: Request, caller: Signed, house: HouseHere) -> JoinToken:
    """A join token for the ticket's fan, for platforms that open the page themselves."""
    async with house.store.begin() as db:
        ticket = await own_ticket(db, caller, event_id, ticket_id)
        claims = await _claims(db, ticket)
        note(db, caller.creator_id, caller.actor, "ticket.join", ticket_id, {"event": event_id})
    return _token(house, claims, request)


@router.post("/tickets/{ticket_id}/claim")
async def claim(event_id: str, ticket_id: str, body: Claim, request: Request, house: HouseHere) -> JoinToken:
    """A join token for whoever holds the ticket's secret: what the link of a ticket is exchanged for."""
    house.count_try(f"ticket {ticket_id}")
    async with house.store.begin() as db:
        ticket = await db.get(TicketRow, ticket_id)
        right = ticket and ticket.claim_hash and hmac.compare_digest(ticket.claim_hash, digest(body.secret))
        if ticket is None or ticket.event_id != event_id or not right:
            raise NotFoundError("there is no such ticket")
        claims = await _claims(db, ticket)
    return _token(house, claims, request)


@router.post("/host-token")
async def host_token(event_id: str, request: Request, caller: Signed, house: HouseHere) -> JoinToken:
    """A join token for the event's host."""
    async with house.store.begin() as db:
        row = await own_event(db, caller.creator_id, event_id)
        note(db, caller.creator_id, caller.actor, "host.join", event_id)
    claims = JoinClaims(event=event_id, role="host", sub=caller.creator_id, persona=row.persona_id)
    return _token(house, claims, request)


@router.post("/spectator-token")
async def spectator_token(event_id: str, request: Request, house: HouseHere) -> JoinToken:
    """A join token for somebody who watches, where the event has spectators."""
    house.count_try(address_of(request))
    async with house.store.begin() as db:
        row = await public_event(db, event_id)
    if not row.spectators:
        raise ForbiddenError("this event has no spectators")
    if row.state == "closed":
        raise ConflictError("the event is closed")
    return _token(house, JoinClaims(event=event_id, role="spectator", persona=row.persona_id), request)


# --- what the routes share ---


async def own_ticket(
    db: AsyncSession, caller: Caller, event_id: str, ticket_id: str, *, lock: bool = False
) -> TicketRow:
    """A ticket of this creator's event; `lock` keeps the queue from it. Raises NotFoundError, also for another's."""
    await own_event(db, caller.creator_id, event_id, lock=lock)
    ticket = await db.get(TicketRow, ticket_id)
    if ticket is None or ticket.event_id != event_id:
        raise NotFoundError("there is no such ticket")
    return ticket


async def _public(db: AsyncSession, event_id: str, body: TicketIn, request: Request, house: House) -> EventRow:
    house.count_try(address_of(request))
    row = await public_event(db, event_id, lock=True)
    if row.queue_rule == "invited":
        raise ForbiddenError("only whom the creator invites can come; ask for an invitation")
    if body.external_ref is not None:
        raise ForbiddenError("only the event's creator may say who somebody is elsewhere")
    return row


async def _issued(db: AsyncSession, row: EventRow, body: TicketIn, house: House, *, invited: bool) -> TicketRow:
    fan = await _known_fan(db, row.creator_id, body.external_ref)
    if fan:
        held = await db.scalar(select(TicketRow).where(TicketRow.event_id == row.id, TicketRow.fan_id == fan.id))
        if held and held.state in OVER:
            raise ConflictError(f"their ticket was used: {held.state}")
        if held:
            return held
    counted = await db.scalar(select(func.count()).select_from(TicketRow).where(TicketRow.event_id == row.id))
    if (counted or 0) >= row.max_tickets:
        raise ConflictError("all tickets are taken")
    if fan is None:
        fan = FanRow(
            id=new_id(),
            creator_id=row.creator_id,
            name=body.name,
            external_ref=body.external_ref,
            created_at=house.now(),
        )
        db.add(fan)
        await db.flush()
    ticket = TicketRow(
        id=new_id(),
        event_id=row.id,
        fan_id=fan.id,
        state="issued",
        rank=0.0,
        invited=invited,
        party="",
        issued_at=house.now(),
    )
    db.add(ticket)
    return ticket


async def _known_fan(db: AsyncSession, creator_id: str, external_ref: str | None) -> FanRow | None:
    if external_ref is None:
        return None
    return await db.scalar(select(FanRow).where(FanRow.creator_id == creator_id, FanRow.external_ref == external_ref))


async def _claims(db: AsyncSession, ticket: TicketRow) -> JoinClaims:
    if ticket.state in OVER:
        raise ConflictError(f"this ticket was used: {ticket.state}")
    event = await db.get_one(EventRow, ticket.event_id)
    fan = await db.get_one(FanRow, ticket.fan_id)
    return JoinClaims(fan.name, event.persona_id, event.id, ticket.id, "fan", fan.id)


def _token(house: House, claims: JoinClaims, request: Request) -> JoinToken:
    token = house.signer.sign(claims, valid_s=TOKEN_VALID_S)
    base = house.base_url(request)
    page = "/console.html" if claims.role == "host" else "/"
    ws_url = urlsplit(base)._replace(scheme="wss" if base.startswith("https") else "ws", path="/ws").geturl()
    return JoinToken(
        token=token, role=claims.role, url=f"{base}{page}#join={token}", ws_url=ws_url, valid_s=TOKEN_VALID_S
    )


def _shown(ticket: TicketRow, fan: FanRow) -> TicketOut:
    own = {name: getattr(ticket, name) for name in TicketOut.model_fields if hasattr(ticket, name)}
    return TicketOut(name=fan.name, external_ref=fan.external_ref, **own)
