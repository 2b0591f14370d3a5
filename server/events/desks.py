"""The desks of all events that this process serves, opened when somebody first comes to one.

One process at a time serves an event (lease.py); a fan who comes to another one is told so.
What comes next: connection.py sends a fan with an event's token to its desk.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from avatar.persona import Persona
from protocol.errors import TicketOverError
from server.events.desk import Desk
from server.events.lease import Holder
from server.events.ledger import Ledger
from server.events.line import EventRules
from server.events.seats import Companion, Hall
from server.store.engine import Store

log = structlog.get_logger()

FindPersona = Callable[[EventRules], Awaitable[Persona]]


class Desks:
    """Belongs to one event loop. `companions` come along with every visit; add to it before the first fan comes."""

    def __init__(
        self,
        store: Store,
        find_persona: FindPersona,
        hall: Hall,
        *,
        away_s: float = 30.0,
        address: str = "",
        fault: Callable[[str], None] = lambda step: None,
    ) -> None:
        """`away_s`: how much of a slot lost connections may give back; `address`: see Holder; `fault`: see Ledger."""
        self.companions: list[Companion] = []
        self._store = store
        self._find_persona = find_persona
        self._hall = hall
        self._away_s = away_s
        self._holder = Holder(address)
        self._fault = fault
        self._desks: dict[str, Desk] = {}
        self._opening = asyncio.Lock()
        loop_time = asyncio.get_running_loop().time
        wall_s = time.time() - loop_time()
        self.now: Callable[[], float] = lambda: wall_s + loop_time()  # never jumps, whoever sets the machine's clock

    async def at(self, event_id: str) -> Desk:
        """The event's desk. Raises TicketOverError when there is no such event, ElsewhereError when another process
        has it.
        """
        if (desk := self._desks.get(event_id)) and not desk.is_lost:
            return desk
        async with self._opening:
            if (lost := self._desks.get(event_id)) and lost.is_lost:
                del self._desks[event_id]
                await lost.close()
            if event_id not in self._desks:
                await self._close_empty()
                self._desks[event_id] = await self._open(event_id)
            return self._desks[event_id]

    async def _open(self, event_id: str) -> Desk:
        ledger = Ledger(self._store, event_id, self.now, self._holder, self._fault)
        page = await ledger.read()
        if page is None:
            raise TicketOverError("this event is not there any more")
        desk = Desk(ledger, await self._find_persona(page.rules), self._hall, self.companions, self._away_s)
        await desk.open()
        log.info("desk_opened", event_id=event_id)
        return desk

    async def _close_empty(self) -> None:
        for event_id, desk in list(self._desks.items()):
            if desk.is_empty():
                del self._desks[event_id]
                await desk.close()

    def changed(self, event_id: str) -> None:
        """Somebody wrote in the store what this event's desk should know: it looks at once."""
        if desk := self._desks.get(event_id):
            desk.changed()

    def stir(self) -> None:
        """A place of the server is free."""
        for desk in self._desks.values():
            desk.changed()

    async def close(self) -> None:
        """Closes every desk. Never raises."""
        for desk in self._desks.values():
            await desk.close()
        self._desks.clear()
