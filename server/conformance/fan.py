"""The scripted fan: runs every check against one server, each on connections of its own.

What comes next: report.py writes down what came of it.
"""

import asyncio
import time
from collections.abc import Callable, Mapping

from websockets.exceptions import WebSocketException

from protocol.errors import StagedoorError
from server.conformance import bounds, events, hands, returns, talks
from server.conformance.hands import Check
from server.conformance.line import Target
from server.conformance.report import NotApplicableError, Result, ViolationError

CHECKS: Mapping[str, Mapping[str, Check]] = {
    **hands.CHECKS,
    **talks.CHECKS,
    **returns.CHECKS,
    **bounds.CHECKS,
    **events.CHECKS,
}
CHECK_WAIT_S = 150.0  # of a server that is not busy


async def check_server(
    target: Target, told: Callable[[Result], None], only: str = "", at_once: int = 1
) -> list[Result]:
    """Every demand on a server, `at_once` at the same time; `told` hears of each result at once. `only`: demands and
    chapters that contain this text. What fills the server comes first, and alone.
    """
    places = asyncio.Semaphore(at_once)

    async def run(chapter: str, demand: str, check: Check) -> Result:
        async with places:
            result = await _run(chapter, demand, check, target)
            told(result)
            return result

    asked = [
        (chapter, demand, check)
        for chapter, checks in CHECKS.items()
        for demand, check in checks.items()
        if only.lower() in f"{chapter}: {demand}".lower()
    ]
    alone = [await run(*ask) for ask in asked if ask[2] in hands.ALONE]
    return alone + await asyncio.gather(*(run(*ask) for ask in asked if ask[2] not in hands.ALONE))


async def _run(chapter: str, demand: str, check: Check, target: Target) -> Result:
    began = time.monotonic()
    outcome, detail = "passed", ""
    try:
        async with asyncio.timeout(target.pace.patient(CHECK_WAIT_S)):
            await check(target)
    except NotApplicableError as reason:
        outcome, detail = "skipped", str(reason)
    except (ViolationError, StagedoorError) as error:
        outcome, detail = "failed", str(error)
    except (WebSocketException, OSError, TimeoutError, EOFError) as error:
        outcome, detail = "failed", f"{type(error).__name__}: {error}"
    return Result(chapter, demand, outcome, detail, time.monotonic() - began)  # type: ignore[arg-type]
