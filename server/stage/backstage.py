"""The way in for those who do not talk with the avatar: an event's spectators and hosts. And its visits, as they come.

commands.py makes one, puts it into the room as `backstage` and among the desks' companions. What comes next:
spectator.py and host.py serve a connection; wings.py is an event behind its stage.
"""

from typing import Final

from protocol.errors import BusyError, TokenError
from protocol.messages import Hello
from protocol.visit_messages import EventCard
from server.connection import Connection
from server.events.desks import Desks
from server.events.seats import LiveVisit
from server.lanes import Lanes
from server.stage.host import attend
from server.stage.record import Record
from server.stage.spectator import spectate
from server.stage.wings import Vitals, Wings
from server.tokens import JoinClaims

MAX_SPECTATORS: Final = 500  # of one event
MAX_HOSTS: Final = 8


class Backstage:
    """All events' stages. Belongs to one event loop; a `Companion` of every visit."""

    def __init__(self, desks: Desks, record: Record, lanes: Lanes, vitals: Vitals) -> None:
        self._desks = desks
        self._record = record
        self._lanes = lanes
        self._vitals = vitals
        self._wings: dict[str, Wings] = {}

    async def __call__(self, connection: Connection, claims: JoinClaims, hello: Hello) -> None:
        """Serves a host or a spectator until they leave. Raises what ends a connection; TokenError when the token opens
        no stage, BusyError when too many are there.
        """
        if claims.role == "fan" or not claims.event:
            raise TokenError("this join link opens no stage")
        wings = await self._at(claims.event)
        try:
            await self._serve(connection, claims, hello, wings)
        finally:
            self._forget_empty(wings)

    async def _serve(self, connection: Connection, claims: JoinClaims, hello: Hello, wings: Wings) -> None:
        rules = wings.desk.rules
        card = EventCard(rules.id, rules.title, rules.slot_s, rules.spectators)
        if claims.role == "host":
            if wings.hosts >= MAX_HOSTS:
                raise BusyError(f"{MAX_HOSTS} hosts are there already")
            await attend(connection, hello, claims.sub or claims.name or "host", wings, wings.desk.persona, card)
            return
        if not rules.spectators:
            raise TokenError("this event has no audience")
        if wings.stage.watching >= MAX_SPECTATORS:
            raise BusyError("the stands are full")
        await spectate(connection, hello, wings.stage, wings.desk.persona, card)

    async def attend(self, live: LiveVisit) -> None:
        """See Companion."""
        (await self._at(live.seat.event.id)).enter(live)

    async def part(self, live: LiveVisit) -> None:
        """See Companion."""
        if wings := self._wings.get(live.seat.event.id):
            await wings.leave(live.visit_id)
            self._forget_empty(wings)

    def _forget_empty(self, wings: Wings) -> None:
        if wings.is_empty and self._wings.get(wings.event_id) is wings:
            del self._wings[wings.event_id]

    async def _at(self, event_id: str) -> Wings:
        desk = await self._desks.at(event_id)
        wings = self._wings.get(event_id)
        if wings is None or wings.desk is not desk:  # a desk of an event that was over may have been opened anew
            wings = self._wings[event_id] = Wings(desk, self._record, self._lanes, self._vitals)
        return wings
