"""What comes, or that it is late: so that a fan who waits for a slow model is told so instead of hearing nothing.

What comes next: reply.py says the persona's line for it, and goes on with what comes after all.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from math import inf
from typing import Final, TypeVar

Item = TypeVar("Item")

STEP_S: Final = 0.05  # a clock that stands (the fan is away) is looked at this often at most


async def or_late(
    items: AsyncGenerator[Item, None], late_at: Callable[[], float], clock: Callable[[], float]
) -> AsyncGenerator[Item | None, None]:
    """The items as they come, and None, once, when the next one is not there at `late_at()`.

    `late_at` is asked anew whenever the instant that it named has come: it may name a later one, or inf for never. The
    work on the next item goes on all the time, and ends when this generator is closed.
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
                        await asyncio.wait((coming,), timeout=max(left_s, STEP_S) if left_s < inf else None)
                try:
                    yield await coming
                except StopAsyncIteration:
                    return
        finally:
            if coming and not coming.done():
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
