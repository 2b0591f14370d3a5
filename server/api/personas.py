"""Personas: those that come with the server, and a creator's own, written as TOML and checked like a file."""

from collections.abc import Mapping

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from avatar.persona import Persona, PersonaError, parse_persona
from server.api.access import HouseHere, Signed
from server.api.bodies import Done, PersonaId, PersonaIn, PersonaOut, Personas, PersonaShort
from server.api.errors import ConflictError, MalformedRequestError, NotFoundError
from server.store.audit import note
from server.store.tables import EventRow, PersonaRow

router = APIRouter(prefix="/personas", tags=["personas"])


async def find_persona(
    db: AsyncSession, creator_id: str, persona_id: str, bundled: Mapping[str, Persona]
) -> Persona | None:
    """A creator's persona by its id: their own, or one that comes with the server.

    Raises PersonaError for one that an earlier version took and this one does not.
    """
    row = await db.get(PersonaRow, (creator_id, persona_id))
    if row is None:
        return bundled.get(persona_id)
    return parse_persona(row.toml, persona_id)


@router.get("")
async def list_personas(caller: Signed, house: HouseHere) -> Personas:
    """One's own, and those that come with the server."""
    async with house.store.begin() as db:
        rows = await db.scalars(select(PersonaRow).where(PersonaRow.creator_id == caller.creator_id))
        own = {row.id: _own(row) for row in rows}
    everyone = {**{key: _short(persona) for key, persona in house.personas.items()}, **own}
    return Personas(personas=[persona for _, persona in sorted(everyone.items())])


@router.get("/{persona_id}")
async def get_persona(persona_id: PersonaId, caller: Signed, house: HouseHere) -> PersonaOut:
    """One persona with its text; of one that comes with the server the text is not shown."""
    async with house.store.begin() as db:
        row = await db.get(PersonaRow, (caller.creator_id, persona_id))
    if row:
        return PersonaOut(**_own(row).model_dump(), toml=row.toml)
    if persona := house.personas.get(persona_id):
        return PersonaOut(**_short(persona).model_dump(), toml="")
    raise NotFoundError(f"there is no persona {persona_id!r}")


@router.put("/{persona_id}")
async def put_persona(persona_id: PersonaId, body: PersonaIn, caller: Signed, house: HouseHere) -> PersonaOut:
    """Writes a persona; events that are open use it from their next visit on."""
    try:
        persona = parse_persona(body.toml, persona_id)
        house.check_persona(persona)
    except PersonaError as error:
        raise MalformedRequestError(str(error)) from error
    if persona_id in house.personas:
        raise ConflictError(f"{persona_id!r} comes with the server; choose another id")
    async with house.store.begin() as db:
        await db.merge(PersonaRow(creator_id=caller.creator_id, id=persona_id, toml=body.toml, updated_at=house.now()))
        note(db, caller.creator_id, caller.actor, "persona.write", persona_id)
    return PersonaOut(id=persona_id, name=persona.name, about=persona.about, own=True, toml=body.toml)


@router.delete("/{persona_id}")
async def delete_persona(persona_id: PersonaId, caller: Signed, house: HouseHere) -> Done:
    """Deletes a persona that no event needs."""
    async with house.store.begin() as db:
        row = await db.get(PersonaRow, (caller.creator_id, persona_id))
        if row is None:
            raise NotFoundError(f"there is no persona {persona_id!r} of yours")
        needs = select(EventRow.title).where(
            EventRow.creator_id == caller.creator_id, EventRow.persona_id == persona_id, EventRow.state != "closed"
        )
        if title := await db.scalar(needs.limit(1)):
            raise ConflictError(f"the event {title!r} needs it")
        await db.delete(row)
        note(db, caller.creator_id, caller.actor, "persona.delete", persona_id)
    return Done()


def _short(persona: Persona) -> PersonaShort:
    return PersonaShort(id=persona.id, name=persona.name, about=persona.about, own=False)


def _own(row: PersonaRow) -> PersonaShort:
    """What an earlier version took and this one does not is still there for its creator to mend."""
    try:
        persona = parse_persona(row.toml, row.id)
    except PersonaError as error:
        return PersonaShort(id=row.id, name=row.id, about=f"Cannot be used: {error}", own=True)
    return PersonaShort(id=row.id, name=persona.name, about=persona.about, own=True)
