"""Visits: a session, and the connection that holds it just now, or held it until it was lost.

A lost connection does not end a session at once: its clock stands still, and whoever brings the visit's resume token
within `away_s` goes on with it. A token is good once: each `hello` of the server carries a new one. It may come
while the server still believes in the old connection (a phone that went from Wi-Fi to its mobile network); the old
one is then closed with `taken_over`. What comes next: connection.py serves visits.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from protocol.errors import ResumeError, StagedoorError, TakenOverError
from protocol.messages import Hello, Resume
from protocol.visit_messages import EventCard
from server.metrics import Metrics
from server.session import Session

log = structlog.get_logger()


class SeatHeld(Protocol):
    """A seat of an event that a visit takes place in; see server/events/stay.py."""

    @property
    def card(self) -> EventCard:
        """The event, as a client may show it."""

    async def enter(self, visit: "Visit") -> None:
        """The fan acknowledged the disclosure: starts the session. Raises IllegalStateError."""

    def hold(self) -> None:
        """The connection was lost."""

    def go_on(self) -> None:
        """The fan is back."""

    async def vacate(self, visit: "Visit", *, left: bool) -> None:
        """The visit is over. `left`: the fan said so."""


class Visit:
    """One fan's stay. `ends_at` is on the event loop's clock and holds for all its connections together; `holder` is
    the newest of them.
    """

    def __init__(self, session: Session, hello: Hello, ends_at: float, holder: object) -> None:
        self.session = session
        self.hello = hello
        self.ends_at = ends_at
        self.holder = holder
        self.seat: SeatHeld | None = None
        self.token = ""
        self.resumed = False
        self.left = False  # the fan said that they go
        self.sent_away = False
        self.error: StagedoorError | None = None  # why it was sent away
        self.called = asyncio.Event()  # somebody wants it: its fan with the token, or the room with its place
        self.free = asyncio.Event()  # no connection reads or writes any more
        self.ended = asyncio.Event()  # and none will

    @property
    def is_away(self) -> bool:
        """Whether no connection reads and writes just now."""
        return self.free.is_set()

    async def begin(self) -> None:
        """The fan knows whom they talk with. Raises IllegalStateError when their seat is not theirs any more."""
        if self.seat:
            await self.seat.enter(self)
        else:
            self.session.start()

    def send_away(self, error: StagedoorError | None) -> None:
        """It is over from our side: the connection ends, with this error or as usual, and the session with it."""
        self.sent_away, self.error = True, error
        self.called.set()

    async def until_called(self) -> None:
        """Returns when this connection is to end as usual. Raises the error that it ends with."""
        await self.called.wait()
        if not self.sent_away:
            raise TakenOverError("this visit goes on in another connection")
        if self.error:
            raise self.error

    def let_go(self) -> None:
        """The connection stops reading and writing: time stands still until somebody takes the visit up."""
        self.session.hold()
        if self.seat:
            self.seat.hold()
        self.free.set()

    def take_up(self, resume: Resume) -> None:
        """Another connection goes on, from what the fan heard."""
        self.called.clear()
        self.free.clear()
        self.resumed = True
        self.session.go_on(resume.reply_id, resume.heard_samples)
        if self.seat:
            self.seat.go_on()


class Visits:
    """The visits of one room that may be resumed. Belongs to one event loop, and owns a task for each fan away."""

    def __init__(self, away_s: float, metrics: Metrics, close: Callable[[Session], Awaitable[None]]) -> None:
        """`close` ends a session for good. With `away_s` 0 no visit can be resumed."""
        self._away_s = away_s
        self._metrics = metrics
        self._close = close
        self._by_token: dict[str, Visit] = {}  # one entry a session, so bounded by the room's places
        self._away: list[Visit] = []  # longest away first
        self._waiting: set[asyncio.Task[None]] = set()

    def issue_token(self, visit: Visit) -> str:
        """A new token for this visit; the one before is worth nothing from now on. Empty: it cannot be resumed."""
        self._by_token.pop(visit.token, None)
        if not self._away_s:
            return ""
        visit.token = secrets.token_urlsafe(24)
        self._by_token[visit.token] = visit
        return visit.token

    async def come_back(self, resume: Resume, holder: object) -> Visit:
        """The visit of this token, once its last connection has let go of it; from now on `holder` has it.

        Raises ResumeError when the token was used, its time is over, or it was never given.
        """
        visit = self._by_token.pop(resume.token, None)
        if visit is None or visit.sent_away:
            self._metrics.resumes.labels("refused").inc()
            raise ResumeError("this visit cannot be resumed any more; say hello without `resume`")
        visit.holder = holder
        visit.called.set()
        await visit.free.wait()
        visit.take_up(resume)
        self._metrics.resumes.labels("resumed").inc()
        log.info("visit_resumed", session=visit.session.id)
        return visit

    async def part(self, visit: Visit, holder: object, *, lost: bool) -> None:
        """The connection `holder` is over. Ends the session unless another connection has it; one that was lost is
        kept for a while, and ended then.
        """
        if visit.holder is not holder:
            return
        if not (lost and visit.token):
            await self._end(visit)
            return
        task = asyncio.create_task(self._keep(visit, holder), name=f"away-{visit.session.id}")
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def close(self) -> None:
        """Waits for nobody any more."""
        for task in self._waiting:
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)

    async def _keep(self, visit: Visit, holder: object) -> None:
        try:
            await self._wait(visit)
        finally:
            if visit.holder is holder:
                await self._end(visit)

    async def _end(self, visit: Visit) -> None:
        self._by_token.pop(visit.token, None)
        await self._close(visit.session)
        if visit.seat:
            await visit.seat.vacate(visit, left=visit.left)
        visit.ended.set()

    async def _wait(self, visit: Visit) -> None:
        self._away.append(visit)
        self._metrics.away.set(len(self._away))
        log.info("visit_lost", session=visit.session.id)
        try:
            async with asyncio.timeout(self._away_s):
                await visit.called.wait()
        except TimeoutError:
            self._metrics.resumes.labels("expired").inc()
        finally:
            self._away.remove(visit)
            self._metrics.away.set(len(self._away))

    def dismiss_longest_away(self) -> Session | None:
        """Gives up waiting for a fan, so that one who is at the door can have the place. A seat of an event is kept.
        None: nobody is away.
        """
        visit = next((visit for visit in self._away if not visit.called.is_set() and visit.seat is None), None)
        if visit is None:
            return None
        self._by_token.pop(visit.token, None)
        visit.called.set()
        self._metrics.resumes.labels("dismissed").inc()
        return visit.session
