"""What comes, or that it is late: so that a fan who waits for a slow model is told so instead of hearing nothing.

What comes next: reply.py says the persona's line for it, and goes on with what comes after all.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TypeVar

Item = TypeVar("Item")


async def or_late(
    items: AsyncGenerator[Item, None], late_at: Callable[[], float], clock: Callable[[], float]
) -> AsyncGenerator[Item | None, None]:
    """The items as they come, and None, once, when the next one is not there at `late_at()`.

    `late_at` is asked anew whenever the instant that it named has come: it may name a later one. The work on the next
    item goes on all the time, and ends when this generator is closed.
    """
    coming: asyncio.Task[Item] | None = None
    told = False
    async with aclosing(items):
        try:
            while True:
                coming = asyncio.ensure_future(anext(items))
                while not coming.done() and not told:
                    left_s = late_at() - clock()
                    if left_s <= 0:
                        told = True
                        yield None
                    else:
                        await asyncio.wait((coming,), timeout=left_s)
                try:
                    yield await coming
                except StopAsyncIteration:
                    return
        finally:
            if coming and not coming.done():
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
