"""What is said and written at an event that has the fan's name or the time in it. Pure."""

import msgspec

from avatar.dialogue import clean_name
from avatar.persona import Persona
from protocol.visit_messages import QueuePlace
from server.admission import roughly
from server.events.line import EventRules

NAME = "{name}"


def for_fan(persona: Persona, name: str) -> Persona:
    """The persona that greets this fan and says goodbye to them by their name, where it has words for that."""
    name = clean_name(name)
    if not name:
        return persona
    greeting = persona.greeting_by_name or f"{NAME}! {persona.greeting}"
    goodbye = persona.goodbye_by_name or persona.goodbye
    return msgspec.structs.replace(persona, greeting=greeting.replace(NAME, name), goodbye=goodbye.replace(NAME, name))


def place_in_line(
    rules: EventRules, persona: Persona, place: int, of: int, wait_s: float, *, too_late: bool = False
) -> QueuePlace:
    """What a fan in line is told. `too_late`: the event may be over before it is their turn."""
    where = f"You are number {place} of {of}"
    if rules.state != "open":
        text = f"{where}. The host has paused the line for a moment."
    else:
        text = f"{where}; about {roughly(wait_s)}."
        text += " The event may be over before then." if too_late else ""
    return QueuePlace(
        "waiting" if rules.state == "open" else "paused",
        place=place,
        of=of,
        wait_s=round(wait_s, 1),
        text=text,
        title=rules.title,
        persona=persona.card,
        disclosure=persona.disclosure,
        spectators=rules.spectators,
    )
