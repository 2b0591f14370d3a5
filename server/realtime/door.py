"""One Realtime client's WebSocket: events in, events out, and a session between them.

Four tasks: the reader, the writer, one that carries the session's messages over, and one that says the disclosure and
then answers what it is asked. Nothing of the fan is heard before the disclosure was said (why so:
docs/decisions/0026-disclosure-at-the-realtime-door.md). What comes next: server/session.py, as for the native door.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec
import structlog

from protocol.errors import (
    BusyError,
    ClientError,
    IdleError,
    InternalError,
    RateError,
    SessionOverError,
    SlowReaderError,
    StagedoorError,
    TooLargeError,
    TooManyMistakesError,
)
from protocol.messages import ReplyChunk
from server.allowance import LeakyBucket
from server.connection import CLOSE_NORMAL, MAX_MISTAKES, SEND_WAIT_S, Socket, SocketClosedError
from server.outbox import LEAD_S
from server.realtime.buffer import AudioBuffer
from server.realtime.client_events import (
    MAX_EVENT_BYTES,
    AcknowledgeDisclosure,
    AppendAudio,
    CancelResponse,
    ClearAudio,
    ClientEvent,
    CommitAudio,
    CreateItem,
    CreateResponse,
    RefusedError,
    RetrieveItem,
    SessionUpdate,
    TruncateItem,
    read_event,
    read_heading,
)
from server.realtime.configuration import Settings, check_response, read_settings
from server.realtime.entry import hello_of, join_key
from server.realtime.items import Event, error_event, typed_text
from server.realtime.opening import avatar_card, session_object
from server.realtime.retelling import Retelling
from server.room import Room
from server.session import Session, public_text
from speech.turn_events import CloseTurn, OpenTurn
from speech.turn_state import State

log = structlog.get_logger()

MAX_UNSENT: Final = 256  # events; the outbox stops being drained then, and gives the client up when it is full too
MAX_TYPED: Final = 8  # items that wait for a response.create


class RealtimeDoor:
    """One client's connection, from its first frame to close."""

    def __init__(self, socket: Socket, room: Room) -> None:
        clock = asyncio.get_running_loop().time
        self._socket = socket
        self._room = room
        self._limits = room.rules.limits
        self._mistakes = 0
        self._events = LeakyBucket(2.0 * self._limits.max_messages_per_s, self._limits.max_messages_per_s, clock)

    async def run(self, authorization: str, subprotocols: Sequence[str], query: Mapping[str, str]) -> None:
        """Serves the client until it leaves, fails or is closed. The arguments are of its WebSocket handshake."""
        session: Session | None = None
        code, reason = CLOSE_NORMAL, ""
        try:
            key = join_key(authorization, subprotocols)
            hello = hello_of(key, query, tokens_required=self._room.rules.tokens_required)
            session = await self._room.admit(hello, _turn_away)
            async with asyncio.timeout(self._limits.max_session_s):
                await _Talk(self, session).run()
        except SocketClosedError:
            pass
        except StagedoorError as error:
            code, reason = await self._give_up(error)
        except TimeoutError:
            code, reason = await self._give_up(SessionOverError("the time of this visit is over"))
        except Exception:
            log.exception("realtime_door_broke")
            code, reason = await self._give_up(InternalError("something broke on our side; it was noted"))
        finally:
            await self._socket.close(code, reason)
            if session:
                await self._room.close_session(session)

    async def _give_up(self, error: StagedoorError) -> tuple[int, str]:
        self._room.metrics.errors.labels(error.code).inc()
        log.info("closing", code=error.code, error=str(error))
        if not isinstance(error, SlowReaderError):
            with suppress(SocketClosedError, SlowReaderError):
                await self.send({**_error_of(error, None), "event_id": "event_last"})
        return error.close_code, error.code

    async def receive(self) -> bytes | str:
        """The next frame. Raises what ends the connection, and RateError."""
        patience_s = self._limits.max_idle_s
        try:
            data = await asyncio.wait_for(self._socket.receive(), patience_s)
        except TimeoutError:
            raise IdleError(f"nothing was heard for {patience_s:.0f} s") from None
        if not self._events.pour(1):
            raise RateError(f"more than {self._limits.max_messages_per_s} events a second; this one was dropped")
        if len(data) > MAX_EVENT_BYTES:
            raise TooLargeError(f"event of {len(data)} characters; the limit is {MAX_EVENT_BYTES}")
        return data

    async def send(self, event: Event) -> None:
        """One event. Raises SlowReaderError."""
        try:
            async with asyncio.timeout(SEND_WAIT_S):
                await self._socket.send(msgspec.json.encode(event), binary=False)
        except TimeoutError:
            raise SlowReaderError(f"nothing was read for {SEND_WAIT_S:.0f} s") from None

    def forgive(self, error: StagedoorError | RefusedError, event_id: str | None) -> Event:
        """The error event for something that the session survives. Raises what it does not, and the last straw."""
        if isinstance(error, RefusedError):
            self._mistakes += error.code != "unsupported"
            event = error_event(error.code, str(error), ours=False, param=error.param, caused_by=event_id)
        else:
            self._mistakes += isinstance(error, ClientError)
            if error.fatal:
                raise error
            event = _error_of(error, event_id)
        if self._mistakes > MAX_MISTAKES:
            raise TooManyMistakesError(f"{self._mistakes} mistakes; the last: {error}") from error
        self._room.metrics.errors.labels(event["error"]["code"]).inc()
        return event

    @property
    def card(self) -> dict[str, Any]:
        """The limits, as a client may show them."""
        limits: dict[str, Any] = msgspec.to_builtins(self._limits)
        return {**limits, "max_message_bytes": MAX_EVENT_BYTES, "max_away_s": 0}


class _Talk:
    """The tasks of one connection and what they share. `_unsent` parts them: whatever happens puts events there."""

    def __init__(self, door: RealtimeDoor, session: Session) -> None:
        self._door = door
        self._session = session
        self._retelling = Retelling(session.id)
        self._settings = Settings()
        limits = door._limits
        self._audio = AudioBuffer(limits.max_audio_ahead_ms, asyncio.get_running_loop().time)
        self._typed: list[str] = []
        self._unsent: asyncio.Queue[Event] = asyncio.Queue(MAX_UNSENT)
        self._told = asyncio.Event()  # the fan knows that this is an AI
        self._asked = asyncio.Event()  # for a response
        session.watch_turn = self._watch_turn

    async def run(self) -> None:
        """Raises what ended it; the client leaving is SocketClosedError."""
        card = avatar_card(self._session, self._door.card)
        self._tell(
            {"type": "session.created", "session": session_object(self._session, self._settings), "avatar": card}
        )
        name = self._session.id
        tasks = (
            asyncio.create_task(self._read(), name=f"read-{name}"),
            asyncio.create_task(self._write(), name=f"write-{name}"),
            asyncio.create_task(self._carry(), name=f"carry-{name}"),
            asyncio.create_task(self._answer(), name=f"answer-{name}"),
        )
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _tell(self, *events: Event) -> None:
        """Events that something the client did leads to. Raises SlowReaderError when they are not read."""
        for event in events:
            try:
                self._unsent.put_nowait(event)
            except asyncio.QueueFull:
                raise SlowReaderError(f"{MAX_UNSENT} events wait to be read") from None

    # --- the tasks ---

    async def _write(self) -> None:
        number = 0
        while True:
            event = await self._unsent.get()
            number += 1
            await self._door.send({"event_id": f"event_{self._session.id}_{number}", **event})

    async def _carry(self) -> None:
        while True:
            message = await self._session.outbox.next()
            if isinstance(message, ReplyChunk):
                message = self._session.presence.dress(message)
            for event in self._retelling.events(message, self._audio.heard_ms):
                await self._unsent.put(event)

    async def _read(self) -> None:
        while True:
            event_id = None
            try:
                data = await self._door.receive()
                heading = read_heading(data)
                event_id = heading.event_id
                await self._dispatch(read_event(heading, data))
            except (StagedoorError, RefusedError) as error:
                self._tell(self._door.forgive(error, event_id))

    async def _answer(self) -> None:
        await self._disclose()
        while True:
            await self._asked.wait()
            # The client still plays the last second of the reply before; cut now, it would count as unheard.
            with suppress(TimeoutError):
                await asyncio.wait_for(self._session.quiet(), LEAD_S)
            if self._typed:
                text, self._typed = " ".join(self._typed), []
                self._session.type(text)
            elif self._audio.committed:
                await self._hear_committed()
            self._asked.clear()

    async def _disclose(self) -> None:
        self._session.start(aloud=True)
        spoken = asyncio.create_task(self._session.quiet(), name=f"disclosing-{self._session.id}")
        acknowledged = asyncio.create_task(self._told.wait(), name=f"acknowledged-{self._session.id}")
        try:
            await asyncio.wait((spoken, acknowledged), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (spoken, acknowledged):
                task.cancel()
            await asyncio.gather(spoken, acknowledged, return_exceptions=True)
        if not self._told.is_set() and not self._retelling.replies_done:
            raise InternalError("the avatar could not say that it is an AI")
        self._told.set()
        self._tell({"type": "avatar.disclosed"})

    async def _hear_committed(self) -> None:
        try:
            for piece in self._audio.take_committed():
                await self._session.hear(piece)
        except StagedoorError as error:
            self._tell(self._door.forgive(error, None))
        if not self._retelling.turn_open:
            self._retelling.nothing_said()
            self._tell(error_event("no_speech", "no voice was found in the committed audio", ours=False))

    def _watch_turn(self, action: OpenTurn | CloseTurn, state: State) -> None:
        if isinstance(action, OpenTurn):
            over = state is State.OVERLAP
            self._tell(*self._retelling.turn_opened(action.turn_id, self._audio.heard_ms, over_avatar=over))
        else:
            self._tell(*self._retelling.turn_closed(action.turn_id, self._audio.heard_ms))

    # --- what the client says ---

    async def _dispatch(self, event: ClientEvent) -> None:
        match event:
            case AppendAudio(audio):
                await self._append(audio)
            case CommitAudio():
                self._commit()
            case ClearAudio():
                self._audio.clear()
                self._tell({"type": "input_audio_buffer.cleared"})
            case CreateItem():
                self._create_item(event)
            case RetrieveItem(item_id):
                self._tell({"type": "conversation.item.retrieved", "item": self._retelling.items.get(item_id)})
            case TruncateItem(item_id, audio_end_ms):
                self._truncate(item_id, audio_end_ms)
            case CreateResponse(response):
                self._ask(response or {})
            case CancelResponse():
                self._cancel()
            case SessionUpdate(session):
                self._update(session)
            case AcknowledgeDisclosure():
                self._told.set()

    def _update(self, asked: dict[str, Any]) -> None:
        self._settings, ignored = read_settings(self._settings, asked)
        self._tell({"type": "session.updated", "session": session_object(self._session, self._settings)})
        self._tell_ignored(ignored)

    def _tell_ignored(self, ignored: dict[str, str]) -> None:
        if ignored:
            self._tell({"type": "avatar.ignored", "params": ignored})

    async def _append(self, audio: bytes) -> None:
        if not self._told.is_set():
            return  # dropped: before audio flows, the fan has been told
        heard = self._audio.take(audio)
        if self._settings.turn_detection is None:
            self._audio.keep(heard)
        else:
            await self._session.hear(heard)

    def _commit(self) -> None:
        if self._settings.turn_detection is not None:
            raise RefusedError("unsupported", "with turn detection the server commits the audio itself", "type")
        self._audio.commit()
        self._tell(*self._retelling.commit())

    def _create_item(self, event: CreateItem) -> None:
        text = typed_text(event.item)
        if event.previous_item_id not in (None, self._retelling.items.last_id):
            raise RefusedError("unsupported", "items are only added at the end", "previous_item_id")
        if len(self._typed) >= MAX_TYPED:
            raise RefusedError("rate_limited", f"{MAX_TYPED} items wait for a response.create", "type")
        item_id = event.item.get("id")
        if item_id is not None and not isinstance(item_id, str):
            raise RefusedError("invalid_type", "an item's id is a string", "item.id")
        self._tell(*self._retelling.typed(text, item_id))
        self._typed.append(text)

    def _truncate(self, item_id: str, audio_end_ms: int) -> None:
        confirmed, mark = self._retelling.truncated(item_id, audio_end_ms)
        if mark and self._told.is_set():
            self._session.mark(*mark)
            self._session.interrupt()
        self._tell(*confirmed)

    def _ask(self, response: dict[str, Any]) -> None:
        self._tell_ignored(check_response(response))
        if self._asked.is_set() or (self._retelling.active and self._told.is_set()):
            raise RefusedError("conversation_already_has_active_response", "one response at a time", "type")
        if not self._typed and not self._audio.committed:
            raise RefusedError("nothing_to_answer", "the fan has said nothing that waits for an answer", "type")
        self._asked.set()

    def _cancel(self) -> None:
        if not self._told.is_set():
            raise RefusedError("disclosure_required", "the avatar is saying that it is an AI", "type")
        if not self._retelling.active:
            raise RefusedError("response_cancel_not_active", "no response is on its way", "type")
        self._session.interrupt()


async def _turn_away(text: str) -> None:
    raise BusyError(f"every place is taken. {text}")


def _error_of(error: StagedoorError, event_id: str | None) -> Event:
    return error_event(error.code, public_text(error), ours=not isinstance(error, ClientError), caused_by=event_id)
