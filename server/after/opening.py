"""Everything that comes after visits, opened with the server and closed with it: the archive and its sweep.

What comes next: archive.py goes along with every visit, pages.py serves their fans, report_routes.py their creators.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from server.after.archive import Archive
from server.after.retention import Swept, overdue, sweep
from server.after.shelf import Forgiving, Shelf, utc_now
from server.lanes import Lane
from server.store.engine import Store
from speech.tts import SpeechJob, SpokenChunk

log = structlog.get_logger()

SWEEP_EVERY_S: Final = 3600.0
FOLDER: Final = "keepsakes"  # in the data folder


@asynccontextmanager
async def open_archive(
    store: Store,
    data_folder: Path,
    tts: Lane[SpeechJob, SpokenChunk],
    sweep_every_s: float = SWEEP_EVERY_S,
    now: Callable[[], datetime] = utc_now,
) -> AsyncIterator[Archive]:
    """The archive of this server. At the end every keepsake that is being made is finished."""
    archive = Archive(Shelf(store, data_folder / FOLDER, now), tts)
    sweeping = asyncio.create_task(_sweep_on(archive.shelf, sweep_every_s), name="retention")
    try:
        yield archive
    finally:
        sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await sweeping
        await archive.close()
        await asyncio.to_thread(archive.shelf.spools.close)


async def _sweep_on(shelf: Shelf, every_s: float) -> None:
    while True:
        with Forgiving("sweep_failed"):
            await sweep_once(shelf)
        await asyncio.sleep(every_s)


async def sweep_once(shelf: Shelf) -> Swept:
    """Deletes what is over, looks whether it is gone, and says so in the log. Raises OSError."""
    now = shelf.now()
    async with shelf.store.begin() as db:
        swept = await sweep(db, shelf.folder, now)
        left = await overdue(db, shelf.folder, now)
    if left:
        log.error("overdue_after_sweep", left=left)
    elif swept != Swept():
        log.info("swept", **asdict(swept))
    return swept
