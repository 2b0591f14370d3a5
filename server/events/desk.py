"""The desk of one event: lets fans stand in line, calls them, gives seats, and does what the host asks.

Every change goes one way: decide by the rules (decisions.py, line.py), write it down (ledger.py), and only then show it
to those whom it concerns. Each change also does what is due at that moment, so nobody waits for a timer when a seat
gets free. What comes next: stay.py is a fan's time in a seat; desks.py opens desks.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final, Literal

import structlog

from avatar.persona import Persona
from protocol.errors import (
    ElsewhereError,
    EventClosedError,
    IllegalStateError,
    NoShowError,
    StagedoorError,
    TakenOverError,
    TicketOverError,
)
from server.events import decisions
from server.events.board import Board
from server.events.ledger import Decide, Entry, Ledger, Page, VisitBegun
from server.events.line import EventRules, Line
from server.events.seats import Companion, Hall, LiveVisit, QueueView, Seat
from server.events.stay import Stay
from server.events.tickets import IN_SEAT, MIN_LEFT_S, Ticket, TicketState
from server.events.waiting import Tell, Waiter
from server.events.words import for_fan
from server.tasks import Tasks

log = structlog.get_logger()

LOOK_S: Final = 10.0  # between two looks at the ledger when nothing happens; used time is written down so often
RETURN_S: Final = 15.0  # after a restart those who were here first get so long to come back before anybody is called
READY_AHEAD: Final = 2  # so many of the line may be called any moment: what is said to them first is made ready
GREETED_S: Final = 1.5  # whoever is coming in at that moment is greeted first: voices are not made for two at a time


class Desk:
    """One open event in this process. Belongs to one event loop; `open` it before use, `close` it in the end."""

    def __init__(
        self, ledger: Ledger, persona: Persona, hall: Hall, companions: Sequence[Companion], away_s: float
    ) -> None:
        """`away_s`: how much of a slot lost connections may give back."""
        self.event_id = ledger.event_id
        self.now = ledger.clock
        self._ledger = ledger
        self._persona = persona
        self._hall = hall
        self._companions = companions
        self._away_s = away_s
        self._board = Board(ledger.event_id, persona, ledger.clock)
        self._waiters: dict[str, Waiter] = {}
        self._stays: dict[str, Stay] = {}
        self._prepared: dict[str, Persona] = {}  # by ticket: with words for its fan
        self._watchers: list[Callable[[QueueView], None]] = []
        self._writing = asyncio.Lock()
        self._changes: set[asyncio.Task[None]] = set()
        self._stirred = asyncio.Event()
        self._calls_from = 0.0
        self.is_lost = False  # another process has the event
        self._tasks = Tasks(f"desk-{ledger.event_id}")

    async def open(self) -> None:
        """Takes up the event as the ledger has it. Raises TicketOverError when there is no such event, ElsewhereError
        when another process has it.
        """
        await self._ledger.open()
        self._calls_from = self.now() + RETURN_S
        await self._change("recover", decisions.recover)
        self._tasks.start(self._look_again(), "look")
        self._tasks.start(self._hall.rehearse_with(self._persona), "rehearse")

    async def close(self) -> None:
        """Nobody is called any more; those in line and in seats keep what they have. Never raises."""
        await self._tasks.close()
        for stay in self._stays.values():
            stay.stop()
        await asyncio.gather(*self._changes, return_exceptions=True)
        try:
            await self._ledger.close()
        except Exception:  # whoever comes next waits until the lease is stale
            log.exception("lease_kept", event_id=self.event_id)

    @property
    def rules(self) -> EventRules:
        """What the creator chose, as of the last look."""
        return self._board.rules

    @property
    def persona(self) -> Persona:
        """Who speaks at this event."""
        return self._persona

    @property
    def live(self) -> dict[str, LiveVisit]:
        """The visits just now, by ticket."""
        return {ticket_id: stay.live for ticket_id, stay in self._stays.items() if stay.live}

    def is_empty(self) -> bool:
        """Whether the event is over, and nobody is here any more."""
        return self.rules.is_over(self.now()) and not self._board.line.tickets and not self._waiters

    def changed(self) -> None:
        """Somebody else wrote in the ledger, or a place of the server is free: look at once."""
        self._stirred.set()

    # --- the fan's side ---

    async def arrive(self, ticket_id: str, tell: Tell) -> Stay:
        """Stands in line with this ticket until it is called; `tell` gets each change of the place.

        Whoever has a seat already gets it back. When cancelled the place in line is kept. Raises TicketOverError,
        EventClosedError, NoShowError, or TakenOverError when the fan came in anew.
        """
        await self._supersede(ticket_id)
        waiter = self._waiters[ticket_id] = Waiter(tell)
        try:
            await self._change("arrive", lambda page: decisions.let_stand(page, self.now()), ticket_id)
            if stay := self._stays.get(ticket_id):
                waiter.end(stay)
            return await waiter.wait()
        except BaseException:
            if self._waiters.get(ticket_id) is waiter:
                await self._lose(ticket_id)
            raise
        finally:
            if self._waiters.get(ticket_id) is waiter:
                del self._waiters[ticket_id]

    async def leave(self, ticket_id: str) -> None:
        """Somebody in line goes for good."""
        await self._change("leave", lambda page: decisions.leave(page, self.now()), ticket_id)

    async def _supersede(self, ticket_id: str) -> None:
        """A fan who comes in anew takes over from their older connection, in line or in a seat."""
        error = TakenOverError("this ticket is used in another window")
        if older := self._waiters.pop(ticket_id, None):
            older.end(error)
        if stay := self._stays.get(ticket_id):
            await stay.let_in_anew(error)

    async def _lose(self, ticket_id: str) -> None:
        """The connection of somebody in line is gone; they may have been called just before."""
        if stay := self._stays.get(ticket_id):
            await self.vacate(stay, left=False)
            return
        with suppress(TicketOverError, ElsewhereError):  # it was never worth anything, or not here
            await self._change("lose", decisions.lose, ticket_id)

    # --- the seat's side: see Book in stay.py ---

    async def sit_down(self, stay: Stay, begun: VisitBegun) -> None:
        """See Book."""
        before, ticket_id = stay.visit_id, stay.seat.ticket_id
        await self._change("enter", lambda page: decisions.sit_down(page, begun, before, self.now()), ticket_id)

    async def finish(self, stay: Stay, reason: str) -> None:
        """See Book."""
        used_s = stay.used_now_s()
        self._board.learn(used_s)
        await self._get_up(
            "finish", stay, lambda page: decisions.finish(page, stay.visit_id, reason, used_s, self.now())
        )

    async def vacate(self, stay: Stay, *, left: bool) -> None:
        """See Book."""
        used_s = stay.used_now_s()
        too_little = stay.slot is not None and stay.left_s() < min(MIN_LEFT_S, stay.seat.slot_s / 5)
        gone = "left" if left else "lost" if too_little else ""
        await self._get_up(
            "vacate", stay, lambda page: decisions.vacate(page, stay.visit_id, used_s, self.now(), gone=gone)
        )

    async def _get_up(self, name: str, stay: Stay, decide: Decide) -> None:
        """A fan gives the seat back, unless it is not theirs any more."""
        if stay.over:
            return
        self._forget(stay)
        with suppress(TicketOverError, ElsewhereError):  # the event was deleted meanwhile, or is another process's
            await self._change(name, decide, stay.seat.ticket_id)

    def _forget(self, stay: Stay) -> None:
        stay.over = True
        stay.stop()
        self._stays.pop(stay.seat.ticket_id, None)
        if stay.visit:
            self._hall.release(stay.visit.session)

    async def attend(self, live: LiveVisit) -> None:
        """See Book."""
        await self._with_companions(live, "attend")

    async def part(self, live: LiveVisit) -> None:
        """See Book."""
        await self._with_companions(live, "part")

    async def _with_companions(self, live: LiveVisit, what: Literal["attend", "part"]) -> None:
        for companion in self._companions:
            try:
                await (companion.attend(live) if what == "attend" else companion.part(live))
            except Exception:  # the fan's visit goes on without them
                log.exception("companion_failed", visit=live.visit_id, what=what)

    # --- the host's side: each raises IllegalStateError for what cannot be done ---

    async def pause(self) -> None:
        """Nobody is called until `resume`; those in a seat go on."""
        await self._change("pause", lambda page: decisions.become(page, "open", "paused"))

    async def resume(self) -> None:
        """Fans are called again."""
        await self._change("resume", lambda page: decisions.become(page, "paused", "open"))

    async def reorder(self, ticket_id: str, place: int) -> None:
        """Somebody in line gets another place in it; 1 is the next."""
        await self._change("reorder", lambda page: Entry(page.line.reorder(ticket_id, place)))

    async def extend(self, ticket_id: str, seconds: float) -> None:
        """Gives a fan more time, now or when it is their turn."""
        await self._change("extend", lambda page: decisions.extend(page, ticket_id, seconds))
        if stay := self._stays.get(ticket_id):
            stay.extend(seconds)

    async def end(self, ticket_id: str) -> None:
        """The slot of somebody in a seat is over: the avatar says goodbye."""
        stay = self._stays.get(ticket_id)
        if stay is None or stay.slot is None:
            raise IllegalStateError("this fan is not talking with the avatar")
        stay.end("ended by the host")

    async def skip(self, ticket_id: str) -> None:
        """Somebody in line, or called and not there, goes behind everybody else; a slot that runs is ended."""
        stay = self._stays.get(ticket_id)
        if stay and stay.slot:
            await self.end(ticket_id)
        else:
            await self._change("skip", lambda page: Entry([page.line.to_the_end(page.line.find(ticket_id))]))

    async def ban(self, ticket_id: str) -> None:
        """A ticket is worth nothing any more; its visit ends at once."""
        stay = self._stays.get(ticket_id)
        visit_id, used_s = (stay.visit_id, stay.used_now_s()) if stay else ("", None)
        await self._change("ban", lambda page: decisions.ban(page, visit_id, used_s, self.now()), ticket_id)

    def snapshot(self) -> QueueView:
        """The event as a host sees it now."""
        return self._board.view(self._stays)

    def watch(self, callback: Callable[[QueueView], None]) -> Callable[[], None]:
        """Calls back with each new snapshot; call the answer to stop it."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback) if callback in self._watchers else None

    # --- one way ---

    async def _change(self, name: str, decide: Decide, ticket_id: str = "") -> None:
        """Decides and writes what was asked and what is due, then shows it; also when its asker is cancelled."""
        change = asyncio.create_task(self._carry_out(name, decide, ticket_id), name=f"{name}-{self.event_id}")
        self._changes.add(change)
        change.add_done_callback(self._changes.discard)
        await asyncio.shield(change)

    async def _carry_out(self, name: str, decide: Decide, ticket_id: str) -> None:
        async with self._writing:
            try:
                page, entry = await self._ledger.change(
                    name, lambda page: self._with_due(page, decide(page)), ticket_id
                )
            except ElsewhereError as error:
                self._step_down(error)
                raise
            self._board.line = _line_after(page, entry)
            self._show(entry.tickets)

    def _with_due(self, page: Page, asked: Entry) -> Entry:
        line = _line_after(page, asked)
        if not any(ticket.state is TicketState.AWAY for ticket in line.in_line()):
            self._calls_from = 0.0  # everybody who was here before a restart is back
        coming = sum(stay.visit is None for stay in self._stays.values())
        room = self._hall.free_places() - coming
        return replace(asked, tickets=[*asked.tickets, *line.due(self.now(), calls_from=self._calls_from, room=room)])

    async def _look_again(self) -> None:
        while True:
            now = self.now()
            at = [now + LOOK_S, self._board.line.deadline(now) or now + LOOK_S]
            if self._calls_from > now:
                at.append(self._calls_from)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, min(at) - now)):
                    await self._stirred.wait()
            self._stirred.clear()  # before the look: what changes during it is worth another
            used_s = {ticket_id: stay.used_now_s() for ticket_id, stay in self._stays.items() if stay.slot}
            try:
                await self._change("look", partial(decisions.note_time, used_s=used_s))
            except TicketOverError:
                self._end_all()
                return
            except ElsewhereError:
                return
            except Exception:  # the store is away for a moment; the next look finds it again
                log.exception("look_failed", event_id=self.event_id)

    # --- what follows ---

    def _show(self, changed: Iterable[Ticket]) -> None:
        for ticket in changed:
            if ticket.state is TicketState.CALLED and ticket.id not in self._stays:
                self._give_seat(ticket)
            elif ticket.state not in (TicketState.WAITING, *IN_SEAT):
                self._turn_away(ticket)
        self._board.tell(self._waiters, self._stays)
        self._make_ready()
        if self._watchers:
            view = self.snapshot()
            for watcher in tuple(self._watchers):
                watcher(view)

    def _give_seat(self, ticket: Ticket) -> None:
        rules, persona = self.rules, for_fan(self._persona, ticket.name)
        wait_s = (ticket.called_at or 0.0) - (ticket.arrived_at or ticket.called_at or 0.0)
        seat = Seat(rules, ticket.id, ticket.fan_id, ticket.name, ticket.seat or 0, rules.slot_s, persona, wait_s)
        stay = self._stays[ticket.id] = Stay(seat, ticket.used_s, ticket.extra_s, self._away_s, self)
        if waiter := self._waiters.get(ticket.id):
            waiter.end(stay)
        else:  # their connection is just going
            self._tasks.start(self._lose(ticket.id), "lose")

    def _turn_away(self, ticket: Ticket) -> None:
        error = _why(ticket)
        if waiter := self._waiters.get(ticket.id):
            waiter.end(error)
        if stay := self._stays.get(ticket.id):
            self._forget(stay)
            stay.send_away(error)

    def _end_all(self) -> None:
        """The event was deleted."""
        for waiter in self._waiters.values():
            waiter.end(EventClosedError("this event is over"))
        for stay in self._stays.values():
            stay.end("the event is over")

    def _step_down(self, error: ElsewhereError) -> None:
        """Another process has taken the event over, and everybody who was here: they are sent there."""
        log.warning("desk_lost", event_id=self.event_id)
        self.is_lost = True
        for waiter in self._waiters.values():
            waiter.end(error)
        for stay in list(self._stays.values()):
            self._forget(stay)
            stay.send_away(error)

    def _make_ready(self) -> None:
        """Those who may be called any moment: what the avatar says to them first, and last, is spoken beforehand."""
        for ticket in self._board.line.waiting()[:READY_AHEAD]:
            if ticket.id not in self._prepared:
                self._prepared[ticket.id] = persona = for_fan(self._persona, ticket.name)
                self._tasks.start(self._prepare(persona), f"prepare-{ticket.id}")
        here = {ticket.id for ticket in self._board.line.tickets}
        for ticket_id in self._prepared.keys() - here:
            persona = self._prepared.pop(ticket_id)
            if persona not in self._prepared.values():  # two may have the same name
                self._hall.forget(persona, self._persona)

    async def _prepare(self, persona: Persona) -> None:
        await asyncio.sleep(GREETED_S)
        await self._hall.prepare(persona)


def _line_after(page: Page, entry: Entry) -> Line:
    rules = replace(page.rules, state=entry.state) if entry.state else page.rules
    return Line(rules, page.line.after(entry.tickets).tickets)


def _why(ticket: Ticket) -> StagedoorError:
    """What a fan is told whose waiting or visit ends with this state of their ticket."""
    match ticket.state:
        case TicketState.MISSED:
            return EventClosedError("this event is over; there was not enough time for everybody in line")
        case TicketState.NO_SHOW:
            return NoShowError("you were called twice and did not come in")
        case TicketState.AWAY:
            return NoShowError("you were called and did not come in; say hello again to stand in line once more")
        case TicketState.BANNED:
            return TicketOverError("the host has taken this ticket back")
    return TicketOverError("this ticket has been used")
