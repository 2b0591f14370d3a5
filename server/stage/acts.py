"""What a host may do: each act is checked, written down, done, and answered.

The order matters: what is not in the record does not happen. What comes next: the session and its steering for a visit,
the event's desk for a ticket.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog

from avatar.disclosure import claims_to_be_human
from protocol.errors import InternalError, NotAllowedError, NotFoundError, StagedoorError, UnsupportedError
from protocol.event_messages import HostAct, HostDone, HostTopic
from protocol.messages import Hello
from server.stage.record import Deed
from server.stage.show import Watcher
from server.stage.takeover import Takeover
from server.stage.wings import Guest, Wings
from server.turn_log import public_text
from server.wire_audio import heard_format

log = structlog.get_logger()

LINE_CHARS: Final = 400  # about half a minute of speech
_NEED_TEXT: Final = frozenset({"direct", "say", "topic"})
_IN_DETAIL: Final = ("ticket_id", "text", "seconds", "place", "allow")

Do = Callable[[], Awaitable[None]]


class Acts:
    """One host's. Belongs to one event loop."""

    def __init__(self, wings: Wings, actor: str, hello: Hello, watcher: Watcher) -> None:
        self._wings = wings
        self._actor = actor
        self._hello = hello
        self._watcher = watcher
        self._watched = ""
        self._chosen = False  # by the host; else they see what is on the stage
        self._speaks_in = ""  # the visit that this host has taken over

    async def do(self, act: HostAct) -> HostDone:
        """Never raises: what went wrong is in the answer."""
        try:
            do = self._prepared(act)
            await self._note(act)
            await do()
        except StagedoorError as error:
            return HostDone(act.action_id, ok=False, code=error.code, message=public_text(error))
        except Exception:
            log.exception("act_failed", event_id=self._wings.event_id, kind=act.kind)
            failed = InternalError("it could not be written down, so it was not done")
            return HostDone(act.action_id, ok=False, code=failed.code, message=str(failed))
        return HostDone(act.action_id, ok=True)

    async def hear(self, pcm16: bytes) -> None:
        """The host's microphone; without a visit that they took over nobody hears it."""
        if takeover := self._wings.takeovers.get(self._speaks_in):
            await takeover.hear(pcm16)

    def follow(self) -> None:
        """The stage may have changed. A host sees what is on it, until they choose, and again when that is over."""
        stage = self._wings.stage
        if not (self._chosen and stage.show(self._watched)):
            self._chosen = False
            self._look_at(stage.on_stage)

    async def leave(self) -> None:
        """The host goes: the avatar has its voice back."""
        self._look_at("")
        await self._hand_back()

    async def _note(self, act: HostAct) -> None:
        detail: dict[str, Any] = {name: value for name in _IN_DETAIL if (value := getattr(act, name))}
        visit_id = act.visit_id if act.visit_id in self._wings.guests else ""
        await self._wings.record.note(Deed(self._wings.event_id, visit_id, self._actor, act.kind, detail))

    # --- what it means ---

    def _prepared(self, act: HostAct) -> Do:
        """What is to be done. Raises what makes it impossible."""
        line = self._wings.desk
        match act.kind:
            case "pause":
                return line.pause
            case "resume":
                return line.resume
            case "reorder":
                return lambda: line.reorder(act.ticket_id, act.place)
            case "skip" | "end" | "ban" | "extend":
                return self._on_ticket(act)
        if act.kind in _NEED_TEXT and not act.text.strip():
            raise UnsupportedError(f"{act.kind} needs a text")
        return self._on_visit(act, self._wings.guest(act.visit_id))

    def _on_ticket(self, act: HostAct) -> Do:
        line, ticket_id = self._wings.desk, act.ticket_id
        if not ticket_id:
            ticket_id = self._wings.guest(act.visit_id).live.seat.ticket_id
        if act.kind == "extend":
            return lambda: line.extend(ticket_id, act.seconds)
        end = {"skip": line.skip, "end": line.end, "ban": line.ban}[act.kind]
        return lambda: end(ticket_id)

    def _on_visit(self, act: HostAct, guest: Guest) -> Do:
        match act.kind:
            case "say":
                self._check_line(guest, act.text)
            case "take_over":
                self._check_free(guest)
            case "hand_back" if self._speaks_in != act.visit_id:
                raise NotAllowedError("you have not taken this visit over")

        async def do() -> None:
            await self._change(act, guest)

        return do

    def _check_line(self, guest: Guest, text: str) -> None:
        if guest.session.steering.voice != "avatar":
            raise NotAllowedError("the avatar is silent just now; hand back or unmute first")
        if len(text) > LINE_CHARS:
            raise UnsupportedError(f"a line has at most {LINE_CHARS} characters")
        if claims_to_be_human(text, guest.session.persona.name):
            raise NotAllowedError("the avatar never says that it is human; take over to speak for yourself")

    def _check_free(self, guest: Guest) -> None:
        if any(one.visit_id in self._wings.takeovers for one in self._wings.table(guest)):
            raise NotAllowedError("somebody speaks in this visit already")
        if guest.session.steering.farewell:
            raise NotFoundError("this visit is ending")

    async def _change(self, act: HostAct, guest: Guest) -> None:
        session, steering = guest.session, guest.session.steering
        match act.kind:
            case "watch":
                self._look_at(act.visit_id)
                self._chosen = True
            case "direct":
                steering.direct(act.text)
            case "say":
                session.chair.say_now(session, act.text.strip())
            case "topic":
                for one in (session, *session.chair.company):
                    (one.steering.allow if act.allow else one.steering.forbid)(act.text)
                self._wings.tell(HostTopic(act.visit_id, act.text, "allowed" if act.allow else "vetoed"))
            case "take_over":
                await self._take_over(guest)
            case "hand_back":
                await self._hand_back()
            case "mute" | "unmute":
                await self._mute(guest, on=act.kind == "mute")

    def _look_at(self, visit_id: str) -> None:
        if visit_id == self._watched:
            return
        if before := self._wings.stage.show(self._watched):
            before.dismiss(self._watcher)
        self._watched = visit_id
        if show := self._wings.stage.show(visit_id):
            show.admit(self._watcher)

    async def _take_over(self, guest: Guest) -> None:
        await self._hand_back()  # one voice speaks in one visit
        audio_in, language = heard_format(self._hello), self._hello.language
        self._wings.takeovers[guest.visit_id] = Takeover(guest.session, self._wings.lanes, audio_in, language)
        self._speaks_in = guest.visit_id

    async def _hand_back(self) -> None:
        visit_id, self._speaks_in = self._speaks_in, ""
        await self._wings.hand_back(visit_id)

    async def _mute(self, guest: Guest, *, on: bool) -> None:
        if on:
            for one in self._wings.table(guest):
                await self._wings.hand_back(one.visit_id)
        if on != (guest.session.steering.voice == "nobody"):
            guest.session.lead("nobody" if on else "avatar")
