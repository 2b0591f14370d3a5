"""A session's messages as Realtime events, and what a Realtime client may ask of them. Pure: no socket, no clock.

A turn of the fan becomes an item when its words are final, a reply a response with one item. A sound over the avatar
is no turn yet: stock clients fall silent at `speech_started`, so it is told only once the fan has taken the turn.
What comes next: talk.py sends the events.
"""

import base64
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from protocol.messages import (
    ErrorMessage,
    Listening,
    Notice,
    ReplyCancelled,
    ReplyChunk,
    ReplyDuck,
    ServerMessage,
    Transcript,
    TurnReport,
)
from protocol.timeline import FACE_FPS, OUTPUT_RATE_HZ
from server.realtime.client_events import RefusedError
from server.realtime.items import (
    Event,
    Items,
    error_event,
    message_item,
    response_object,
    spoken_item,
)

_CANCELLED: Final = {"barge_in": "turn_detected", "fan_went_on": "turn_detected", "interrupt": "client_cancelled"}
MAX_ID_CHARS: Final = 128
_OURS: Final = ("busy", "overloaded", "engine_failed", "internal")


@dataclass(slots=True)
class _Turn:
    """A turn of the fan. item_id: what it becomes, or, committed by hand, already is."""

    id: int
    item_id: str
    opened_ms: int  # into the fan's audio, as the next
    closed_ms: int = 0
    committed: bool = False  # by hand
    started: bool = False  # its beginning was told
    stopped: bool = False


@dataclass(slots=True)
class _Response:
    """The newest reply, as far as it was sent."""

    reply_id: int
    id: str
    item_id: str
    words: list[str] = field(default_factory=list)
    sent_samples: int = 0

    @property
    def place(self) -> Event:
        return {"response_id": self.id, "item_id": self.item_id, "output_index": 0, "content_index": 0}

    @property
    def transcript(self) -> str:
        return " ".join(self.words)


class Retelling:
    """One connection's view of one session."""

    def __init__(self, session_id: str) -> None:
        self.items = Items(session_id)
        self.turn_open = False  # the fan has, or may have, the floor
        self.completed = 0  # replies that were sent to their end
        self._turns: deque[_Turn] = deque(maxlen=4)  # the newest last; words may come after the next turn began
        self._response: _Response | None = None  # the newest; kept when it is done
        self._active = False
        self._overtaken = False  # the fan has said something since the newest response began
        self._by_hand: deque[str] = deque(maxlen=8)  # committed items whose words are awaited

    @property
    def active(self) -> bool:
        """Whether a response is on its way to the client."""
        return self._active

    # --- the fan ---

    def turn_opened(self, turn_id: int, heard_ms: int, *, over_avatar: bool) -> list[Event]:
        """A voice begins, `heard_ms` into the fan's audio; over the avatar it may be nothing."""
        self.turn_open = True
        if self._by_hand:
            self._turns.append(_Turn(turn_id, self._by_hand.popleft(), heard_ms, committed=True))
            return []
        turn = _Turn(turn_id, self.items.new_id("item"), heard_ms)
        self._turns.append(turn)
        return [] if over_avatar else self._start(turn)

    def turn_closed(self, turn_id: int, heard_ms: int) -> list[Event]:
        """The fan is done, or it was nothing."""
        self.turn_open = False
        turn = self._turn(turn_id)
        if turn is None:
            return []
        turn.closed_ms = heard_ms
        return self._stop(turn) if turn.started else []

    def _turn(self, turn_id: int) -> _Turn | None:
        return next((turn for turn in self._turns if turn.id == turn_id), None)

    def _start(self, turn: _Turn) -> list[Event]:
        if turn.started or turn.committed:
            return []
        turn.started = self._overtaken = True
        moment = {"audio_start_ms": turn.opened_ms, "item_id": turn.item_id}
        return [{"type": "input_audio_buffer.speech_started", **moment}]

    def _stop(self, turn: _Turn) -> list[Event]:
        if turn.stopped or turn.committed:
            return []
        turn.stopped = True
        moment = {"audio_end_ms": turn.closed_ms, "item_id": turn.item_id}
        return [{"type": "input_audio_buffer.speech_stopped", **moment}]

    def commit(self) -> list[Event]:
        """The client says that what it appended is a turn."""
        item_id = self.items.new_id("item")
        self._by_hand.append(item_id)
        return self._committed(item_id)

    def _committed(self, item_id: str) -> list[Event]:
        item = message_item(item_id, "user", "completed", {"type": "input_audio", "transcript": None})
        before = self.items.put(item)
        committed = {"type": "input_audio_buffer.committed", "item_id": item_id, "previous_item_id": before}
        return [committed, *self._added(item)]

    def _added(self, item: Event) -> list[Event]:
        before = self.items.put(item)
        return [
            {"type": f"conversation.item.{what}", "item": item, "previous_item_id": before}
            for what in ("added", "done")
        ]

    def typed(self, text: str, item_id: object) -> list[Event]:
        """The fan's text becomes an item. Raises RefusedError for an id that cannot be, or is taken."""
        if item_id is None:
            new_id = self.items.new_id("item")
        elif isinstance(item_id, str) and 0 < len(item_id) <= MAX_ID_CHARS:
            new_id = item_id
        else:
            raise RefusedError("invalid_value", f"an item's id is a string of up to {MAX_ID_CHARS}", "item.id")
        if new_id in self.items:
            raise RefusedError("invalid_value", f"there is an item {new_id!r} already", "item.id")
        return self._added(message_item(new_id, "user", "completed", {"type": "input_text", "text": text}))

    def truncated(self, item_id: str, audio_end_ms: int) -> tuple[list[Event], tuple[int, int] | None]:
        """The event that confirms it, and the mark it is to the session: reply, samples heard. None: it is over
        for the session, which has its own count of what was heard of it.

        Raises RefusedError for what is no spoken item, and for more than was sent of it.
        """
        if self.items.get(item_id)["role"] != "assistant":
            raise RefusedError("invalid_value", "only what the avatar says can be truncated", "item_id")
        confirmed = {
            "type": "conversation.item.truncated",
            "item_id": item_id,
            "content_index": 0,
            "audio_end_ms": audio_end_ms,
        }
        newest = self._response
        if newest is None or newest.item_id != item_id:
            return [confirmed], None
        samples = audio_end_ms * OUTPUT_RATE_HZ // 1000
        if samples > newest.sent_samples:
            sent_ms = newest.sent_samples * 1000 // OUTPUT_RATE_HZ
            raise RefusedError("invalid_value", f"only {sent_ms} ms of it were sent", "audio_end_ms")
        return [confirmed], None if self._overtaken else (newest.reply_id, samples)

    # --- the session ---

    def events(self, message: ServerMessage) -> list[Event]:
        """What the client is told of a message of the session. ReplyChunk.audio must be PCM16."""
        match message:
            case ReplyChunk():
                return self._chunk(message)
            case ReplyCancelled():
                return self._cancel(message)
            case Transcript():
                return self._transcript(message)
            case ErrorMessage(code, text):
                return [error_event(code, text, ours=code in _OURS)]
        return _extension(message)

    def _transcript(self, message: Transcript) -> list[Event]:
        self._overtaken = True
        turn = self._turn(message.turn_id)
        if turn is None:
            return []  # typed: it is an item already
        if not message.final:
            partial = {"item_id": turn.item_id, "text": message.text, "stable_words": message.stable_words}
            return [*self._start(turn), {"type": "avatar.partial", **partial}]
        place = {"item_id": turn.item_id, "content_index": 0}
        told = [] if turn.committed else [*self._start(turn), *self._stop(turn)]
        told += [] if turn.committed else self._committed(turn.item_id)
        said = {"type": "input_audio", "transcript": message.text}
        self.items.put(message_item(turn.item_id, "user", "completed", said))
        what = "conversation.item.input_audio_transcription"
        usage = {"type": "duration", "seconds": 0.0}  # nothing is billed
        return [
            *told,
            {"type": f"{what}.delta", **place, "delta": message.text},
            {"type": f"{what}.completed", **place, "transcript": message.text, "usage": usage},
        ]

    def _chunk(self, chunk: ReplyChunk) -> list[Event]:
        begun = [] if self._is_newest(chunk.reply_id) else self._begin(chunk.reply_id)
        response = self._response
        if response is None or not self._active:
            return begun
        end_samples = chunk.start_samples + len(chunk.audio) // 2
        response.sent_samples = max(response.sent_samples, end_samples)
        told = [*begun, _avatar_chunk(response, chunk)]
        if chunk.words:
            delta = " ".join(word.text for word in chunk.words)
            spaced = f" {delta}" if response.words else delta
            response.words.append(delta)
            told.append({"type": "response.output_audio_transcript.delta", **response.place, "delta": spaced})
        if chunk.audio:
            told.append({"type": "response.output_audio.delta", **response.place, "delta": _base64(chunk.audio)})
        return [*told, *(self._end("completed", None) if chunk.last else [])]

    def unanswered(self, code: str) -> list[Event]:
        """A response was asked for and none will come; `code` says why."""
        self._by_hand.clear()
        response_id = self.items.new_id("resp")
        failed = {"type": "failed", "error": {"type": "server_error", "code": code}}
        return [
            {"type": "response.created", "response": response_object(response_id, "in_progress", [])},
            {"type": "response.done", "response": response_object(response_id, "failed", [], failed)},
        ]

    def _is_newest(self, reply_id: int) -> bool:
        return self._response is not None and self._response.reply_id == reply_id

    def _begin(self, reply_id: int) -> list[Event]:
        response = _Response(reply_id, self.items.new_id("resp"), self.items.new_id("item"))
        self._response, self._active, self._overtaken = response, True, False
        item = spoken_item(response.item_id, "in_progress", None)
        before = self.items.put(item)
        part = {"type": "audio", "transcript": ""}
        return [
            {"type": "response.created", "response": response_object(response.id, "in_progress", [])},
            {"type": "response.output_item.added", "response_id": response.id, "output_index": 0, "item": item},
            {"type": "conversation.item.added", "item": item, "previous_item_id": before},
            {"type": "response.content_part.added", **response.place, "part": part},
        ]

    def _cancel(self, message: ReplyCancelled) -> list[Event]:
        taken = self.turn_open and message.reason == "barge_in" and self._turns
        started = self._start(self._turns[-1]) if taken else []
        ended: list[Event] = []
        if self._is_newest(message.reply_id) and self._active:
            if message.reason == "engine_failed":
                failure = {"type": "server_error", "code": "engine_failed"}
                ended = self._end("failed", {"type": "failed", "error": failure})
            else:
                ended = self._end("cancelled", {"type": "cancelled", "reason": _CANCELLED[message.reason]})
        item_id = self._response.item_id if self._response and self._is_newest(message.reply_id) else None
        cut = {"item_id": item_id, "reason": message.reason, "heard_ms": message.heard_samples * 1000 // OUTPUT_RATE_HZ}
        return [*started, {"type": "avatar.cancelled", **cut}, *ended]

    def _end(self, status: str, details: Any) -> list[Event]:
        response = self._response
        if response is None:
            return []
        self._active = False
        self.completed += status == "completed"
        item = spoken_item(
            response.item_id, "completed" if status == "completed" else "incomplete", response.transcript
        )
        before = self.items.put(item)
        part = {"type": "audio", "transcript": response.transcript}
        place, said = response.place, response.transcript
        return [
            {"type": "response.output_audio.done", **place},
            {"type": "response.output_audio_transcript.done", **place, "transcript": said},
            {"type": "response.content_part.done", **place, "part": part},
            {"type": "response.output_item.done", "response_id": response.id, "output_index": 0, "item": item},
            {"type": "conversation.item.done", "item": item, "previous_item_id": before},
            {"type": "response.done", "response": response_object(response.id, status, [item], details)},
        ]


def _extension(message: ServerMessage) -> list[Event]:
    """What OpenAI has no event for."""
    match message:
        case Listening(seq, face, head, gestures, posture):
            frames = {"seq": seq, "fps": FACE_FPS, "face": _base64(face), "head": _base64(head)}
            return [{"type": "avatar.listening", **frames, "gestures": _plain(gestures), "posture": _plain(posture)}]
        case Notice(kind, text):
            return [{"type": "avatar.notice", "kind": kind, "text": text}]
        case ReplyDuck(_, gain, ramp_ms):
            return [{"type": "avatar.duck", "gain": gain, "ramp_ms": ramp_ms}]
        case TurnReport():
            return [{**_plain(message), "type": "avatar.turn_report"}]
    return []  # hello and pong have no meaning here


def _avatar_chunk(response: _Response, chunk: ReplyChunk) -> Event:
    """The face and all else that belongs to the next audio delta. Stamps are samples since the response began."""
    return {
        "type": "avatar.chunk",
        "response_id": response.id,
        "item_id": response.item_id,
        "start_samples": chunk.start_samples,
        "fps": FACE_FPS,
        "face": _base64(chunk.face),
        "head": _base64(chunk.head),
        "words": _plain(chunk.words),
        "visemes": _plain(chunk.visemes),
        "emotion": _plain(chunk.emotion),
        "gestures": _plain(chunk.gestures),
        "posture": _plain(chunk.posture),
    }


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _plain(value: object) -> Any:
    return msgspec.to_builtins(value)
