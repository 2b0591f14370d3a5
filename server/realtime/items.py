"""The shapes of what a Realtime server says: items, responses, errors. And the items that were said so far. Pure.

Shapes: OpenAI's API reference of the Realtime server events, as typed in `openai.types.realtime` 3.54.
What comes next: retelling.py makes events of them.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from protocol.messages import MAX_TEXT_CHARS
from server.realtime.client_events import RefusedError
from server.realtime.configuration import AUDIO_FORMAT

Event = dict[str, Any]  # one JSON object, as it goes on the wire
Status = Literal["in_progress", "completed", "incomplete"]

MAX_ITEMS: Final = 200  # that can be asked for again; a stock client asks for one right after it was said


def message_item(item_id: str, role: str, status: Status, content: Mapping[str, Any]) -> Event:
    """One thing that was said."""
    return {
        "id": item_id,
        "object": "realtime.item",
        "type": "message",
        "status": status,
        "role": role,
        "content": [dict(content)],
    }


def spoken_item(item_id: str, status: Status, transcript: str | None) -> Event:
    """What the avatar says. transcript None: nothing yet."""
    if transcript is None:
        return {**message_item(item_id, "assistant", status, {}), "content": []}
    return message_item(item_id, "assistant", status, {"type": "output_audio", "transcript": transcript})


def response_object(
    response_id: str, status: str, output: list[Event], details: Mapping[str, Any] | None = None
) -> Event:
    """A response, as its events carry it. Nothing is counted in tokens here, so `usage` has none."""
    return {
        "id": response_id,
        "object": "realtime.response",
        "status": status,
        "status_details": details,
        "output": output,
        "output_modalities": ["audio"],
        "audio": {"output": {"format": dict(AUDIO_FORMAT)}},
        "max_output_tokens": "inf",
        "metadata": None,
        "usage": None,
    }


def error_event(
    code: str, message: str, *, ours: bool, param: str | None = None, caused_by: str | None = None
) -> Event:
    """An error: `ours` says whose it is, `caused_by` is the client's id of the event that it is about."""
    kind = "server_error" if ours else "invalid_request_error"
    return {
        "type": "error",
        "error": {"type": kind, "code": code, "message": message, "param": param, "event_id": caused_by},
    }


def typed_text(item: Mapping[str, Any]) -> str:
    """The words of a `conversation.item.create`. Raises RefusedError for anything but a fan's text."""
    kind, role = item.get("type"), item.get("role")
    if kind != "message":
        raise RefusedError("unsupported", f"items of type {str(kind)[:40]!r} are not supported", "item.type")
    if role != "user":
        raise RefusedError("unsupported", "only the fan's words can be added, not the avatar's", "item.role")
    parts = item.get("content")
    if not isinstance(parts, list) or not parts:
        raise RefusedError("invalid_value", "content must be a list of input_text parts", "item.content")
    text = " ".join(_text_of(part) for part in parts).strip()
    if not text:
        raise RefusedError("invalid_value", "there is no text", "item.content")
    if len(text) > MAX_TEXT_CHARS:
        raise RefusedError("too_large", f"{len(text)} characters; the limit is {MAX_TEXT_CHARS}", "item.content")
    return text


def _text_of(part: object) -> str:
    if not isinstance(part, dict) or part.get("type") != "input_text":
        raise RefusedError("unsupported", "only input_text is supported; send sound as audio buffer", "item.content")
    if not isinstance(part.get("text"), str):
        raise RefusedError("invalid_value", "input_text needs `text`", "item.content")
    return str(part["text"])


@dataclass(slots=True)
class _Entry:
    item: Event
    before: str | None


class Items:
    """What was said so far, the newest MAX_ITEMS of it, and the ids of this session."""

    def __init__(self, session_id: str) -> None:
        self._session_id = session_id
        self._numbers: dict[str, int] = {}
        self._items: OrderedDict[str, _Entry] = OrderedDict()
        self.last_id: str | None = None

    def new_id(self, kind: str) -> str:
        """An id that nobody else has, such as `item_1f..._3`."""
        self._numbers[kind] = self._numbers.get(kind, 0) + 1
        return f"{kind}_{self._session_id}_{self._numbers[kind]}"

    def put(self, item: Event) -> str | None:
        """A new item, or what became of one. Returns the id of the one before it, None for the first."""
        item_id = item["id"]
        if item_id not in self._items:
            self._items[item_id] = _Entry(item, self.last_id)
            self.last_id = item_id
            if len(self._items) > MAX_ITEMS:
                self._items.popitem(last=False)
        entry = self._items[item_id]
        entry.item = item
        return entry.before

    def __contains__(self, item_id: object) -> bool:
        return item_id in self._items

    def get(self, item_id: str) -> Event:
        """Raises RefusedError for an item that is not known, or not any more."""
        if item_id not in self._items:
            raise RefusedError("item_not_found", f"there is no item {item_id[:80]!r}", "item_id")
        return self._items[item_id].item
