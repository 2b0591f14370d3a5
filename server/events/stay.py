"""One fan's time in a seat: from the call to the goodbye, over as many connections as it takes.

The ticket in the ledger says that the seat is theirs; a stay is what the process knows besides: the connection's
visit, and the slot that runs. The avatar warns a minute before the end, and says goodbye when nobody speaks or the
overtime is used up. What comes next: desk.py writes down what happens here.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

import structlog
from msgspec.structs import asdict

from protocol.errors import IllegalStateError, StagedoorError, TakenOverError
from protocol.visit_messages import EventCard, SlotTime
from server.events.ledger import VisitBegun
from server.events.seats import LiveVisit, Seat
from server.events.slot import Slot, SlotPhase, SlotRules
from server.store.columns import new_id
from server.visits import Visit

log = structlog.get_logger()

LOOK_S: Final = 0.25  # between two looks whether somebody speaks, when it matters
GOODBYE_S: Final = 20.0  # longer than any goodbye; then it ends all the same
AFTER_S: Final = 30.0  # the connection stays so long after the goodbye, for a last word of the client's


class Book(Protocol):
    """Where a stay is written down; the desk."""

    @property
    def now(self) -> Callable[[], float]:
        """The clock: seconds since 1970."""

    async def sit_down(self, stay: "Stay", begun: VisitBegun) -> None:
        """They came in. Raises IllegalStateError when the seat is not theirs any more."""

    async def finish(self, stay: "Stay", reason: str) -> None:
        """The slot is over."""

    async def vacate(self, stay: "Stay", *, left: bool) -> None:
        """The visit is over before the slot: the fan left, or their connection did not come back."""

    async def attend(self, live: LiveVisit) -> None:
        """Tells those who come along that the fan sat down."""

    async def part(self, live: LiveVisit) -> None:
        """Tells them that the visit is over."""


class Stay:
    """One seat's fan. Belongs to one event loop; owns the task that counts down."""

    def __init__(self, seat: Seat, used_s: float, extra_s: float, away_s: float, book: Book) -> None:
        """`used_s`: of the slot, in an earlier stay; `away_s`: how much lost connections may prolong this one."""
        self.seat = seat
        self.visit: Visit | None = None
        self.visit_id = ""
        self.slot: Slot | None = None  # from the moment on that they entered
        self.used_s, self.extra_s = used_s, extra_s
        self.over = False  # the ledger has it: nothing of the seat is theirs any more
        self._rules = SlotRules(seat.slot_s, seat.event.overtime_s, away_s)
        self._book = book
        self._live: LiveVisit | None = None
        self._reason = "slot"
        self._changed = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    # --- the connection's side; see server/visits.py:SeatHeld ---

    @property
    def card(self) -> EventCard:
        """The event, as a client may show it."""
        event = self.seat.event
        return EventCard(event.id, event.title, event.slot_s, event.spectators)

    def take(self, visit: Visit) -> None:
        """A connection came with a session of its own."""
        if self.visit:
            self.visit.send_away(TakenOverError("this ticket is used in another window"))
        self.visit, visit.seat = visit, self

    async def enter(self, visit: Visit) -> None:
        """The fan knows whom they talk with and is here: the slot begins, or goes on. Raises IllegalStateError."""
        session = visit.session
        begun = VisitBegun(new_id(), self.seat.ticket_id, session.id, self.seat.wait_s, asdict(session.consents))
        await self._book.sit_down(self, begun)
        self.visit_id = begun.id
        if self.visit is not visit:
            raise IllegalStateError("this ticket is used in another window")
        if self.slot is None:
            self.slot = Slot(self._rules, self._book.now(), used_s=self.used_s, extra_s=self.extra_s)
            self._keeping = asyncio.create_task(self._keep(self.slot), name=f"slot-{self.seat.ticket_id}")
        self._live = LiveVisit(self.seat, session, self.visit_id)
        await self._book.attend(self._live)
        self._tell_time(self._phase(self.slot))
        session.start(aloud=True)

    def hold(self) -> None:
        """The connection was lost: the slot stands still for a while."""
        if self.slot:
            self.slot.stand(self._book.now())

    def go_on(self) -> None:
        """The fan is back."""
        if self.slot:
            self.slot.go_on(self._book.now())
            self._tell_time(self._phase(self.slot))
        self._changed.set()

    async def vacate(self, visit: Visit, *, left: bool) -> None:
        """The visit is over and its session closed. Nothing happens when a newer connection has the seat."""
        live, self._live = self._live, None
        if self.visit is visit:
            self.visit = None
            self.stop()
            await self._book.vacate(self, left=left)
        if live:
            await self._book.part(live)

    # --- the desk's side ---

    async def let_in_anew(self, error: StagedoorError) -> None:
        """The fan comes by a new connection: the older one is ended, and its session; the slot goes on."""
        visit, self.visit = self.visit, None
        if visit:
            visit.send_away(error)
            await visit.ended.wait()

    @property
    def live(self) -> LiveVisit | None:
        """The visit, from its beginning to its end."""
        return self._live

    def left_s(self) -> float:
        """Of the slot; negative in overtime."""
        if self.slot:
            return self.slot.left_s(self._book.now())
        return self.seat.slot_s + self.extra_s - self.used_s

    def used_now_s(self) -> float:
        """Of the slot, up to now."""
        return self.slot.used_s(self._book.now()) if self.slot else self.used_s

    def extend(self, seconds: float) -> None:
        """The host gives more time, or takes some."""
        self.extra_s += seconds
        if self.slot:
            self.slot.extra_s += seconds
            self._tell_time(self._phase(self.slot))
        self._changed.set()

    def end(self, reason: str) -> None:
        """The host ends it: the avatar says goodbye now."""
        if self.slot:
            self._reason = reason
            self.slot.end()
        self._changed.set()

    def send_away(self, error: StagedoorError | None) -> None:
        """The connection ends, with this error or as usual."""
        if self.visit:
            self.visit.send_away(error)

    def stop(self) -> None:
        """Counts down no more."""
        if self._keeping and self._keeping is not asyncio.current_task():
            self._keeping.cancel()

    # --- the countdown ---

    async def _keep(self, slot: Slot) -> None:
        try:
            await self._count_down(slot)
            await self._say_goodbye()
        except Exception:  # whatever broke, the seat is given back
            log.exception("slot_broke", ticket=self.seat.ticket_id)
        await self._book.finish(self, self._reason)
        self._tell_time(SlotPhase.OVER)
        await asyncio.sleep(AFTER_S)
        self.send_away(None)

    async def _count_down(self, slot: Slot) -> None:
        told, warned = self._phase(slot), not slot.whole_minute
        while (phase := self._phase(slot)) is not SlotPhase.OVER:
            if phase is not told:
                self._tell_time(phase)
                told = phase
            if phase is SlotPhase.LAST_MINUTE and not warned and not self._is_speaking():
                warned = True
                self._say(self.seat.persona.last_minute)
            watches = phase is SlotPhase.OVERTIME or (phase is SlotPhase.LAST_MINUTE and not warned)
            now = self._book.now()
            wait_s = max(0.0, slot.deadline(now) - now)
            await self._wait(min(wait_s, LOOK_S) if watches else wait_s)

    async def _wait(self, seconds: float) -> None:
        self._changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    async def _say_goodbye(self) -> None:
        if self.visit is None or self.visit.is_away:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await self.visit.session.goodbye(self.seat.persona.goodbye)

    def _phase(self, slot: Slot) -> SlotPhase:
        return slot.phase(self._book.now(), speaking=self._is_speaking())

    def _is_speaking(self) -> bool:
        return self.visit is not None and not self.visit.is_away and not self.visit.session.is_quiet

    def _say(self, line: str) -> None:
        if self.visit and not self.visit.is_away:
            self.visit.session.say(line)

    def _tell_time(self, phase: SlotPhase) -> None:
        if self.visit:
            self.visit.session.outbox.post(SlotTime(phase.value, round(self.left_s(), 1)))
