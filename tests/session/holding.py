"""A process that wants to hold an event. `python -m tests.session.holding STORE_URL EVENT_ID`

Prints "held", or why not, and then does what a server does until its standard input ends: it gives the event back.
"""

import asyncio
import logging
import sys
from typing import Any

import structlog

from avatar.persona import Persona
from protocol.errors import StagedoorError
from server.events.desks import Desks
from server.store.engine import open_store
from tests.session.crashing import QuietHall
from tests.session.world import PERSONAS


async def hold(url: str, event_id: str) -> None:
    """See the module."""
    store = await open_store(url)

    async def find(_: Any) -> Persona:
        return PERSONAS["nova"]

    desks = Desks(store, find, QuietHall())
    try:
        await desks.at(event_id)
    except StagedoorError as error:
        print(f"{error.code}: {error}", flush=True)  # noqa: T201
    else:
        print("held", flush=True)  # noqa: T201
        await asyncio.to_thread(sys.stdin.read)
    await desks.close()
    await store.close()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    asyncio.run(hold(*sys.argv[1:]))
