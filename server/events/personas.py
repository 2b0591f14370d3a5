"""The persona of an event: the creator's own from the store, or one that comes with the house."""

from collections.abc import Mapping

import msgspec

from avatar.persona import Persona, PersonaError, parse_persona
from protocol.errors import TicketOverError
from server.events.line import EventRules
from server.store.engine import Store
from server.store.tables import PersonaRow


async def find_persona(store: Store, house: Mapping[str, Persona], rules: EventRules) -> Persona:
    """Raises TicketOverError when it is not there any more, or cannot be read by this version.

    A creator's own gets an id that is nobody else's, because what it learned is kept by its id.
    """
    async with store.begin() as db:
        row = await db.get(PersonaRow, (rules.creator_id, rules.persona_id))
        text = row.toml if row else None
    if text is None:
        if rules.persona_id in house:
            return house[rules.persona_id]
        raise TicketOverError("the persona of this event is not there any more")
    try:
        persona = parse_persona(text, rules.persona_id)
    except PersonaError as error:
        raise TicketOverError(f"the persona of this event cannot be used: {error}") from error
    return msgspec.structs.replace(persona, id=f"{rules.creator_id}-{persona.id}")
