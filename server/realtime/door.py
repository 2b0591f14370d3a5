"""The Realtime door: lets one stock client in, and out again.

A client that OpenAI's events were made for says no `hello`; who it is stands in its handshake (entry.py), and there is
no line to stand in and no visit to resume: it would not know how. What comes next: talk.py, the conversation.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

import structlog

from protocol.errors import BusyError, InternalError, SessionOverError, SlowReaderError, StagedoorError
from server.connection import CLOSE_NORMAL, Socket, SocketClosedError
from server.realtime.entry import hello_of, join_key
from server.realtime.line import Line, told
from server.realtime.talk import Talk
from server.room import Room
from server.session import Session

log = structlog.get_logger()


class RealtimeDoor:
    """One client's connection, from its handshake to close."""

    def __init__(self, socket: Socket, room: Room) -> None:
        self._socket = socket
        self._room = room
        self._line = Line(socket, room.rules.limits, room.metrics)

    async def run(self, authorization: str, subprotocols: Sequence[str], query: Mapping[str, str]) -> None:
        """Serves the client until it leaves, fails or is closed. The arguments are of its WebSocket handshake."""
        session: Session | None = None
        code, reason = CLOSE_NORMAL, ""
        try:
            session = await self._admit(authorization, subprotocols, query)
            async with asyncio.timeout(self._room.rules.limits.max_session_s):
                await Talk(self._line, session).run()
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

    async def _admit(self, authorization: str, subprotocols: Sequence[str], query: Mapping[str, str]) -> Session:
        key = join_key(authorization, subprotocols)
        hello = hello_of(key, query, tokens_required=self._room.rules.tokens_required)
        return await self._room.admit(hello, _turn_away)

    async def _give_up(self, error: StagedoorError) -> tuple[int, str]:
        self._room.metrics.errors.labels(error.code).inc()
        log.info("closing", code=error.code, error=str(error))
        if not isinstance(error, SlowReaderError):
            with suppress(SocketClosedError, SlowReaderError):
                await self._line.send({"event_id": "event_last", **told(error)})
        return error.close_code, error.code


async def _turn_away(_place: str) -> None:
    raise BusyError("every place is taken; try again later")
