"""What all messages have in common: their root, and the kinds of value that fields have.

What comes next: messages.py, visit_messages.py and event_messages.py declare the messages with these.
"""

from typing import Annotated

from msgspec import Meta, Struct

MAX_TEXT_CHARS = 2000

Name = Annotated[str, Meta(max_length=80)]
Token = Annotated[str, Meta(max_length=4096)]
Id = Annotated[str, Meta(max_length=64)]
Metres = Annotated[float, Meta(ge=-100.0, le=100.0)]
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]  # exact in every language, also where numbers are doubles


class Message(Struct, tag_field="type", frozen=True):
    """The root of both directions."""


class Consents(Struct, frozen=True):
    """What the fan allows. Everything is off until they say yes.

    audience: the spectators of an event may see and hear the avatar while it talks with this fan. The fan's own voice
    and words never reach them.
    """

    recording: bool = False
    memory: bool = False
    emotion_sensing: bool = False
    audience: bool = False


class PersonaCard(Struct, frozen=True):
    """What a client may show of the persona. look: which avatar it has; the server has it at `/avatars/LOOK.glb`."""

    id: str
    name: str
    pronouns: str
    about: str
    look: str = ""
