"""The wire of one Realtime client: events counted and bounded on their way in, patience bounded on their way out.

Its limits are those of the native door (server/connection.py). What comes next: talk.py acts on what arrives.
"""

import asyncio
from typing import Final

import msgspec

from protocol.errors import (
    ClientError,
    IdleError,
    RateError,
    SlowReaderError,
    StagedoorError,
    TooLargeError,
    TooManyMistakesError,
)
from protocol.messages import Limits
from server.allowance import LeakyBucket
from server.connection import MAX_MISTAKES, SEND_WAIT_S, Socket
from server.metrics import Metrics
from server.realtime.client_events import MAX_EVENT_BYTES, RefusedError
from server.realtime.items import Event, error_event
from server.turn_log import public_text

#: What no sound client sends; all else that is refused may be a race between both sides, or a wish.
_MISTAKES: Final = frozenset({"invalid_json", "invalid_type", "invalid_value", "too_large", "unknown_type"})


class Line:
    """One client's WebSocket, and its account of mistakes."""

    def __init__(self, socket: Socket, limits: Limits, metrics: Metrics) -> None:
        clock = asyncio.get_running_loop().time
        self.limits = limits
        self._socket = socket
        self._metrics = metrics
        self._mistakes = 0
        self._events = LeakyBucket(2.0 * limits.max_messages_per_s, limits.max_messages_per_s, clock)

    async def receive(self) -> bytes | str:
        """The next frame. Raises SocketClosedError, IdleError, TooLargeError, or RateError for one that is dropped."""
        try:
            data = await asyncio.wait_for(self._socket.receive(), self.limits.max_idle_s)
        except TimeoutError:
            raise IdleError(f"nothing was heard for {self.limits.max_idle_s} s") from None
        if not self._events.pour(1):
            raise RateError(f"more than {self.limits.max_messages_per_s} events a second; this one was dropped")
        if len(data) > MAX_EVENT_BYTES:
            raise TooLargeError(f"event of {len(data)} characters; the limit is {MAX_EVENT_BYTES}")
        return data

    async def send(self, event: Event) -> None:
        """One event. Raises SlowReaderError or SocketClosedError."""
        try:
            async with asyncio.timeout(SEND_WAIT_S):
                await self._socket.send(msgspec.json.encode(event), binary=False)
        except TimeoutError:
            raise SlowReaderError(f"nothing was read for {SEND_WAIT_S:.0f} s") from None

    def forgive(self, error: StagedoorError | RefusedError, event_id: str | None) -> Event:
        """The error event for something that the session survives. Raises what it does not, and the last straw."""
        if isinstance(error, RefusedError):
            self._mistakes += error.code in _MISTAKES
        else:
            self._mistakes += isinstance(error, ClientError)
            if error.fatal:
                raise error
        if self._mistakes > MAX_MISTAKES:
            raise TooManyMistakesError(f"{self._mistakes} mistakes; the last: {error}") from error
        self._metrics.errors.labels(error.code).inc()
        return told(error, event_id)


def told(error: StagedoorError | RefusedError, event_id: str | None = None) -> Event:
    """The error event for an error; `event_id` is the client's name for what caused it."""
    if isinstance(error, RefusedError):
        return error_event(error.code, str(error), ours=False, param=error.param, caused_by=event_id)
    return error_event(error.code, public_text(error), ours=not isinstance(error, ClientError), caused_by=event_id)
