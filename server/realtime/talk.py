"""The conversation of one Realtime client: its events in, the session's events out.

Four tasks: the reader, the writer, one that carries the session's messages over, and one that has the disclosure said
and then answers what it is asked. Nothing of the fan is heard before the disclosure was said (why so:
docs/decisions/0026-disclosure-at-the-realtime-door.md). What comes next: server/session.py, as for the native door.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final

from protocol.errors import InternalError, SlowReaderError, StagedoorError
from protocol.messages import ReplyChunk
from server.outbox import LEAD_S
from server.realtime.buffer import AudioBuffer
from server.realtime.client_events import (
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
from server.realtime.items import Event, typed_text
from server.realtime.line import Line
from server.realtime.opening import avatar_card, session_object
from server.realtime.retelling import Retelling
from server.session import Session
from speech.turn_events import CloseTurn, OpenTurn
from speech.turn_state import State

MAX_UNSENT: Final = 256  # events; with more, the client does not read, and is given up
MAX_TYPED: Final = 8  # items that wait for a response.create


class Talk:
    """The tasks of one connection and what they share. `_unsent` parts them: whatever happens puts events there."""

    def __init__(self, line: Line, session: Session) -> None:
        self._line = line
        self._session = session
        self._retelling = Retelling(session.id)
        self._settings = Settings()
        self._audio = AudioBuffer(line.limits.max_audio_ahead_ms, asyncio.get_running_loop().time)
        self._typed: list[str] = []
        self._unsent: asyncio.Queue[Event] = asyncio.Queue(MAX_UNSENT)
        self._overflowed = False
        self._informed = asyncio.Event()  # the fan knows that this is an AI
        self._asked = asyncio.Event()  # for a response
        self._begun = asyncio.Event()  # a response, since one was asked for
        session.watch_turn = self._watch_turn

    async def run(self) -> None:
        """Raises what ended it; the client leaving is SocketClosedError."""
        self._tell_session("session.created", avatar=avatar_card(self._session, self._line.limits))
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
            await _end(*tasks)

    def _tell(self, *events: Event) -> None:
        """Events to be sent. When they are not read and no more fit, the writer gives the client up."""
        for event in events:
            try:
                self._unsent.put_nowait(event)
            except asyncio.QueueFull:
                self._overflowed = True

    def _tell_session(self, kind: str, **more: Any) -> None:
        self._tell({"type": kind, "session": session_object(self._session, self._settings), **more})

    # --- the tasks ---

    async def _write(self) -> None:
        number = 0
        while True:
            event = await self._unsent.get()
            if self._overflowed:
                raise SlowReaderError(f"{MAX_UNSENT} events wait to be read")
            number += 1
            await self._line.send({"event_id": f"event_{self._session.id}_{number}", **event})

    async def _carry(self) -> None:
        while True:
            message = await self._session.outbox.next()
            if isinstance(message, ReplyChunk):
                message = self._session.presence.dress(message)
            for event in self._retelling.events(message):
                await self._unsent.put(event)
            if self._retelling.active:
                self._begun.set()

    async def _read(self) -> None:
        while True:
            event_id = None
            try:
                data = await self._line.receive()
                heading = read_heading(data)
                event_id = heading.event_id
                await self._dispatch(read_event(heading, data))
            except (StagedoorError, RefusedError) as error:
                self._tell(self._line.forgive(error, event_id))

    async def _answer(self) -> None:
        await self._disclose()
        while True:
            await self._asked.wait()
            # The client still plays the last second of the reply before; cut now, it would count as unheard.
            with suppress(TimeoutError):
                await asyncio.wait_for(self._session.quiet(), LEAD_S)
            self._begun.clear()
            typed = await self._take_turn()
            await self._first_of(self._begun.wait(), self._session.quiet())
            if not self._begun.is_set():
                self._tell(*self._retelling.unanswered("engine_failed" if typed else "no_speech"))
            self._asked.clear()

    async def _take_turn(self) -> bool:
        """Hands the session what was typed, or else the committed sound. Returns whether it was typed."""
        if self._typed:
            text, self._typed = " ".join(self._typed), []
            self._session.type(text)
            return True
        try:
            for piece in self._audio.take_committed():
                await self._session.hear(piece)
        except StagedoorError as error:
            self._tell(self._line.forgive(error, None))
        return False

    async def _disclose(self) -> None:
        self._session.start(aloud=True)
        await self._first_of(self._informed.wait(), self._session.quiet())
        if not self._informed.is_set() and not self._retelling.completed:
            raise InternalError("the avatar could not say that it is an AI")
        self._informed.set()
        self._tell({"type": "avatar.disclosed"})

    async def _first_of(self, *waits: Coroutine[Any, Any, Any]) -> None:
        tasks = [asyncio.create_task(wait, name=f"wait-{self._session.id}") for wait in waits]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end(*tasks)

    def _watch_turn(self, action: OpenTurn | CloseTurn, state: State) -> None:
        heard_ms = self._audio.heard_ms
        if isinstance(action, OpenTurn):
            over_avatar = state is State.OVERLAP
            self._tell(*self._retelling.turn_opened(action.turn_id, heard_ms, over_avatar=over_avatar))
        else:
            self._tell(*self._retelling.turn_closed(action.turn_id, heard_ms))

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
            case SessionUpdate(asked):
                self._update(asked)
            case AcknowledgeDisclosure():
                self._informed.set()

    def _update(self, asked: dict[str, Any]) -> None:
        self._settings, ignored = read_settings(self._settings, asked)
        if self._settings.turn_detection is not None:
            self._audio.clear()
        self._tell_session("session.updated")
        self._tell_ignored(ignored)

    def _tell_ignored(self, ignored: dict[str, str]) -> None:
        if ignored:
            self._tell({"type": "avatar.ignored", "params": ignored})

    async def _append(self, audio: bytes) -> None:
        if not self._informed.is_set():
            return  # before audio flows, the fan has been told
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
        text, item_id = typed_text(event.item), event.item.get("id")
        if event.previous_item_id not in (None, self._retelling.items.last_id):
            raise RefusedError("unsupported", "items are only added at the end", "previous_item_id")
        if len(self._typed) >= MAX_TYPED:
            raise RefusedError("rate_limited", f"{MAX_TYPED} items wait for a response.create", "type")
        self._tell(*self._retelling.typed(text, item_id))
        self._typed.append(text)

    def _truncate(self, item_id: str, audio_end_ms: int) -> None:
        confirmed, mark = self._retelling.truncated(item_id, audio_end_ms)
        if mark and self._informed.is_set():
            self._session.mark(*mark)
            self._session.interrupt()
        self._tell(*confirmed)

    def _ask(self, response: dict[str, Any]) -> None:
        ignored = check_response(response)
        if self._asked.is_set() or (self._retelling.active and self._informed.is_set()):
            raise RefusedError("conversation_already_has_active_response", "one response at a time", "type")
        if not self._typed and not self._audio.committed:
            raise RefusedError("nothing_to_answer", "the fan has said nothing that waits for an answer", "type")
        self._tell_ignored(ignored)
        self._asked.set()

    def _cancel(self) -> None:
        if not self._informed.is_set():
            raise RefusedError("disclosure_required", "the avatar is saying that it is an AI", "type")
        if not self._retelling.active:
            raise RefusedError("response_cancel_not_active", "no response is on its way", "type")
        self._session.interrupt()


async def _end(*tasks: "asyncio.Task[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
