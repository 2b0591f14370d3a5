"""What happens when a visit is over: its figures, its memory, its keepsake. A companion of every visit of an event.

A keepsake is made behind all other work, one at a time, by a task that this owns; until it is on disk it can be taken
back without a trace. What comes next: keepsake.py writes the files, pages.py shows them to their fan.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
import structlog
from numpy.typing import NDArray

from avatar.persona import Persona
from protocol.errors import ServerError
from server.after import retention
from server.after.attendance import Attendance
from server.after.keepsake import Occasion, add_picture, write_keepsake
from server.after.kept import delete_kept, remove
from server.after.recording import Recording
from server.after.shelf import Forgiving, Shelf, VisitFacts
from server.batching import Priority
from server.events.seats import LiveVisit
from server.inference.niceness import made_yielding
from server.lanes import Lane
from server.prepared import speech_jobs
from server.session import Session
from speech.tts import SpeechJob, SpokenChunk

log = structlog.get_logger()

MAKING_NICENESS = 19  # a keepsake may take a while; those who talk may not wait for it


class Archive:
    """Attends every visit. Belongs to one event loop."""

    def __init__(self, shelf: Shelf, tts: Lane[SpeechJob, SpokenChunk]) -> None:
        self.shelf = shelf
        self._tts = tts
        self._attended: dict[str, Attendance] = {}  # by visit: those in the seats
        self._making: dict[str, Attendance] = {}  # by visit: those whose keepsake is not on disk yet
        self._tasks: set[asyncio.Task[None]] = set()
        self._one_at_a_time = asyncio.Semaphore(1)

    # --- see Companion ---

    async def attend(self, live: LiveVisit) -> None:
        """The fan sits down."""
        event = live.seat.event
        facts = VisitFacts(
            visit_id=live.visit_id,
            event_title=event.title,
            fan_id=live.seat.fan_id,
            fan_name=live.seat.name or "a fan",
            persona_id=live.seat.persona.id,
            keepsakes=event.keepsakes,
            retention_days=event.retention_days,
        )
        self.follow(live.session, facts)

    async def part(self, live: LiveVisit) -> None:
        """The visit is over for good."""
        await self.finish(live.visit_id, live.session)

    # --- the same, without an event's desk ---

    def follow(self, session: Session, facts: VisitFacts) -> Attendance:
        """Attends this session from now on."""
        attendance = Attendance(session, facts, self.shelf)
        self._attended[facts.visit_id] = attendance
        attendance.begin()
        return attendance

    async def finish(self, visit_id: str, session: Session) -> None:
        """The visit is over: writes its figures and its memory, and begins to make its keepsake. Never raises."""
        attendance = self._attended.pop(visit_id, None)
        if attendance is None:
            return
        figures = await attendance.end()
        await self.shelf.count(attendance.facts, figures, session.consents)
        said, guesses = attendance.memorable()
        if session.consents.memory and said:
            await self.shelf.remember(attendance.facts, said, guesses)
        if attendance.recording:
            self._making[visit_id] = attendance
            task = asyncio.create_task(
                self._make(attendance, attendance.recording, session.persona), name=f"keepsake-{session.id}"
            )
            self._tasks.add(task)  # one a visit that just ended, worked off one by one
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Waits until every keepsake is made."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- for the fan's page ---

    def attended(self, code: str) -> Attendance | None:
        """The visit of this code, if it goes on, or its keepsake is being made."""
        everybody = (*self._attended.values(), *self._making.values())
        return next((each for each in everybody if secrets.compare_digest(each.code, code)), None)

    def is_making(self, attendance: Attendance) -> bool:
        """Whether its visit is over and its keepsake not on disk yet."""
        return attendance.facts.visit_id in self._making

    async def take_back(self, visit_id: str) -> None:
        """The fan wants nothing kept of this visit: files, transcript, and what is being made of it."""
        self._withdraw([visit_id])
        with Forgiving("taking_back_failed"):
            async with self.shelf.store.begin() as db:
                await delete_kept(db, self.shelf.folder, [visit_id])

    async def forget(self, kind: retention.Owned, owner_id: str) -> None:
        """A creator, an event or a fan is about to be deleted: nothing stays of their visits. Raises OSError."""
        async with self.shelf.store.begin() as db:
            visits = await retention.forget(db, self.shelf.folder, kind, owner_id)
        self._withdraw(visits)

    async def forget_ticket(self, event_id: str, ticket_id: str) -> bool:
        """Nothing stays of this ticket's visits, nor in the persona's memory. False: no such ticket. Raises OSError."""
        async with self.shelf.store.begin() as db:
            visits = await retention.forget_ticket(db, self.shelf.folder, event_id, ticket_id)
        self._withdraw(visits or ())
        return visits is not None

    def _withdraw(self, visit_ids: Iterable[str]) -> None:
        for visit_id in visit_ids:
            if attendance := self._making.get(visit_id) or self._attended.get(visit_id):
                attendance.withdraw()

    # --- making ---

    async def _make(self, attendance: Attendance, recording: Recording, persona: Persona) -> None:
        facts, folder = attendance.facts, secrets.token_hex(16)
        try:
            async with self._one_at_a_time:
                await self._write(attendance, recording, persona, folder)
            if attendance.withdrawn:
                await self.take_back(facts.visit_id)
        except ServerError as error:
            log.error("keepsake_failed", visit=facts.visit_id, code=error.code)  # not without its spoken disclosure
        except OSError as error:
            log.error("keepsake_failed", visit=facts.visit_id, error=error.strerror)
            await asyncio.to_thread(remove, self.shelf.folder, folder)
        except Exception:
            log.exception("keepsake_broke", visit=facts.visit_id)
        finally:
            recording.drop()
            await asyncio.to_thread(recording.spool.wait)
            del self._making[facts.visit_id]

    async def _write(self, attendance: Attendance, recording: Recording, persona: Persona, folder: str) -> None:
        facts = attendance.facts
        occasion = Occasion(persona.name, facts.fan_name, facts.event_title, self.shelf.now())
        disclosure = await self._spoken(persona, occasion.spoken())
        if attendance.withdrawn:
            return
        picture = attendance.picture
        write = partial(write_keepsake, self.shelf.folder, folder, occasion, recording, disclosure, picture)
        await self._aside(write)
        if attendance.withdrawn or not await self.shelf.keep(facts, attendance.code, folder, recording.lines()):
            await asyncio.to_thread(remove, self.shelf.folder, folder)
        elif attendance.picture and attendance.picture is not picture:
            await asyncio.to_thread(add_picture, self.shelf.folder, folder, attendance.picture)

    async def _aside(self, work: Callable[[], None]) -> None:
        """Runs it in a thread that gives way to those who talk. Raises what it raises."""
        await asyncio.to_thread(made_yielding, work, MAKING_NICENESS)

    async def _spoken(self, persona: Persona, line: str) -> NDArray[np.float32]:
        """The line in the persona's voice, float32 [n] at OUTPUT_RATE_HZ. Raises EngineError or OverloadedError."""
        spoken = [await self._tts.ask(job, Priority.PARTIAL) for job in speech_jobs(persona, line)]
        return np.concatenate([chunk.pcm for chunk in spoken])
