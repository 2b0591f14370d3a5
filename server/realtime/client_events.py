"""What a Realtime client may say: OpenAI's GA client events, as far as they mean something here.

Shapes: OpenAI's API reference of the Realtime client events, as typed in `openai.types.realtime` 3.54. Pure.
What comes next: configuration.py reads `session.update`, items.py what was typed, talk.py acts.
"""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from protocol.messages import MAX_MESSAGE_BYTES

MAX_EVENT_BYTES: Final = 2 * MAX_MESSAGE_BYTES  # sound as base64 in JSON is a third longer than on the native wire

Id = Annotated[str, Meta(max_length=512)]


class RefusedError(Exception):
    """Something that is not done here, by name. `code` and `param` go into the error event; the session lives on."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.param = param


class _Event(Struct, tag_field="type", frozen=True):
    """The root of what is understood."""


class SessionUpdate(_Event, tag="session.update", frozen=True):
    session: dict[str, Any]


class AppendAudio(_Event, tag="input_audio_buffer.append", frozen=True):
    """audio: PCM16 mono 24 kHz; base64 on the wire."""

    audio: bytes


class CommitAudio(_Event, tag="input_audio_buffer.commit", frozen=True):
    """What was appended is a turn. Without turn detection only."""


class ClearAudio(_Event, tag="input_audio_buffer.clear", frozen=True):
    """What was appended and not committed is forgotten."""


class CreateItem(_Event, tag="conversation.item.create", frozen=True):
    item: dict[str, Any]
    previous_item_id: Id | None = None


class RetrieveItem(_Event, tag="conversation.item.retrieve", frozen=True):
    item_id: Id


class TruncateItem(_Event, tag="conversation.item.truncate", frozen=True):
    """Only `audio_end_ms` of this spoken item were heard."""

    item_id: Id
    audio_end_ms: Annotated[int, Meta(ge=0, le=86_400_000)]
    content_index: int = 0


class CreateResponse(_Event, tag="response.create", frozen=True):
    response: dict[str, Any] | None = None


class CancelResponse(_Event, tag="response.cancel", frozen=True):
    response_id: Id | None = None


class AcknowledgeDisclosure(_Event, tag="avatar.disclosure.acknowledge", frozen=True):
    """Ours: the person was told that they talk with an AI; the door need not wait until the avatar has said so."""


ClientEvent = (
    SessionUpdate
    | AppendAudio
    | CommitAudio
    | ClearAudio
    | CreateItem
    | RetrieveItem
    | TruncateItem
    | CreateResponse
    | CancelResponse
    | AcknowledgeDisclosure
)

#: Client events of OpenAI's that mean nothing here, and why.
REFUSED: Final = {
    "conversation.item.delete": "what was said stays said; only conversation.item.truncate changes the history",
    "output_audio_buffer.clear": "it belongs to WebRTC; over a WebSocket the client drops its own buffer",
    "transcription_session.update": "there is no session that only transcribes",
}


class Heading(Struct, frozen=True):
    """What every event has, read first: an error about the rest can then name the event."""

    type: str
    event_id: str | None = None


_headings: Final = msgspec.json.Decoder(Heading)
_events: Final = msgspec.json.Decoder(ClientEvent)
_KNOWN: Final = frozenset(str(kind.__struct_config__.tag) for kind in ClientEvent.__args__)


def read_heading(data: bytes | str) -> Heading:
    """The event's type and its client's name for it. Raises RefusedError for what is no event."""
    if isinstance(data, bytes):
        raise RefusedError("invalid_json", "events are JSON in text frames; this was a binary frame")
    try:
        return _headings.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise RefusedError("invalid_json", f"this is not a JSON object with a `type`: {error}") from None


def read_event(heading: Heading, data: bytes | str) -> ClientEvent:
    """The whole event. Raises RefusedError for events that are refused, unknown, or not of their shape."""
    if why := REFUSED.get(heading.type):
        raise RefusedError("unsupported", f"{heading.type} is not supported: {why}", "type")
    if heading.type not in _KNOWN:
        raise RefusedError("unknown_type", f"there is no client event {heading.type[:80]!r}", "type")
    try:
        event: ClientEvent = _events.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise RefusedError("invalid_value", f"{heading.type}: {error}") from None
    return event
