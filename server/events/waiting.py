"""Those who stand in line with an open connection, and what each of them is told. Belongs to one event loop.

What comes next: desk.py ends a fan's waiting by a seat or by an error.
"""

import asyncio
from collections.abc import Awaitable, Callable

from protocol.errors import EventClosedError, StagedoorError
from protocol.visit_messages import QueuePlace
from server.events.stay import Stay

Tell = Callable[[QueuePlace], Awaitable[None]]


class Waiter:
    """One connection in line. It tells its own client, so a slow one keeps nobody waiting."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._news: QueuePlace | None = None  # the newest; what was not told by then is not worth telling
        self._end: Stay | StagedoorError | None = None
        self._changed = asyncio.Event()

    def inform(self, news: QueuePlace) -> None:
        """The place in line, as it is now."""
        self._news = news
        self._changed.set()

    def end(self, how: Stay | StagedoorError) -> None:
        """The waiting is over; the first word counts."""
        self._end = self._end or how
        self._changed.set()

    async def wait(self) -> Stay:
        """Tells each change until it ends. Raises the error that ended it."""
        told: QueuePlace | None = None
        while self._end is None:
            self._changed.clear()
            news = self._news
            if news and (told is None or (news.state, news.text) != (told.state, told.text)):
                await self._tell(news)
                told = news
            else:
                await self._changed.wait()
        if isinstance(self._end, Stay):
            await self._tell(QueuePlace("called", text="It is your turn."))
            return self._end
        if isinstance(self._end, EventClosedError):
            await self._tell(QueuePlace("closed", text=str(self._end)))
        raise self._end
