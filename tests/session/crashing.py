"""Kills a real process at every step of every change of a ticket, starts another, and looks whether anybody suffered.

`python -m tests.session.crashing FOLDER [STEP ...]` prints one line of JSON for each step. It runs no threads itself,
and forks: a victim that serves an evening on a SQLite file until it kills itself with SIGKILL at the step, then a heir
that takes the file up and serves to the end. Sessions are stand-ins: what matters here is what is written and when.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import structlog
from sqlalchemy import select

from avatar.persona import Persona
from protocol.errors import StagedoorError
from protocol.messages import Consents, Hello
from protocol.visit_messages import QueuePlace
from server.events.desk import Desk
from server.events.desks import Desks
from server.events.stay import Stay
from server.events.tickets import ENDS, IN_SEAT
from server.store.tables import FanRow, TicketRow, VisitRow
from server.visits import Visit
from tests.session.evening import plan, store_on_virtual_time
from tests.session.virtual import run_virtual
from tests.session.world import PERSONAS

PLACES: Final = 2
FANS: Final = ("ana", "ben", "cleo", "dan", "eve", "fay", "gus")
SLOT_S: Final = 30.0


class QuietHall:
    """A server that has room for everybody, and nothing to prepare."""

    def free_places(self) -> int:
        return 100

    async def rehearse_with(self, persona: Persona) -> None:
        pass

    async def prepare(self, persona: Persona) -> None:
        pass

    def forget(self, persona: Persona, plain: Persona) -> None:
        pass

    def release(self, session: Any) -> None:
        pass


def silent_session() -> Any:
    """As much of a session as a stay needs."""

    async def goodbye(line: str) -> None:
        pass

    def nothing(*_: Any, **__: Any) -> None:
        pass

    outbox = SimpleNamespace(post=nothing)
    return SimpleNamespace(
        id="session", consents=Consents(), outbox=outbox, is_quiet=True,
        start=nothing, say=nothing, hold=nothing, goodbye=goodbye,
    )  # fmt: skip


class Night:
    """One process' evening: who sits where, and what was told to whom, in a file that outlives the process."""

    def __init__(self, desk: Desk, tickets: dict[str, str], told: Path) -> None:
        self.desk = desk
        self.tickets = tickets
        self.inside: dict[str, Stay] = {}
        self._told = told

    def tell(self, name: str, what: str) -> None:
        with self._told.open("a") as file:
            file.write(f"{name} {what}\n")

    async def call(self, name: str) -> Stay:
        """Stands in line until called."""

        async def tell(place: QueuePlace) -> None:
            self.tell(name, place.state)

        return await self.desk.arrive(self.tickets[name], tell)

    async def enter(self, name: str) -> tuple[Stay, Visit]:
        stay = await self.call(name)
        visit = Visit(silent_session(), Hello(), 0.0, self)
        stay.take(visit)
        await stay.enter(visit)
        self.tell(name, "seated")
        self.inside = {other: seated for other, seated in self.inside.items() if not seated.over}
        assert name not in self.inside, f"{name} sits twice"
        self.inside[name] = stay
        assert len(self.inside) <= PLACES, f"{list(self.inside)} on {PLACES} places"
        return stay, visit

    async def comes(self, name: str) -> None:
        """The whole way: in line, in, and to the end of the slot."""
        stay, visit = await self.enter(name)
        await self._until_over(stay)
        await self._part(stay, visit)

    async def gets_lost(self, name: str, after_s: float) -> None:
        stay, visit = await self.enter(name)
        await asyncio.sleep(after_s)
        await self._part(stay, visit)

    async def _part(self, stay: Stay, visit: Visit) -> None:
        await stay.vacate(visit, left=False)
        visit.ended.set()

    async def is_not_there(self, name: str) -> None:
        """Is called, and does not come."""
        stay = await self.call(name)
        await self._until_over(stay)

    async def _until_over(self, stay: Stay) -> None:
        while not stay.over:
            await asyncio.sleep(0.5)

    async def gives_up(self, name: str, after_s: float) -> None:
        """The connection is lost in line."""
        with suppress(TimeoutError):
            async with asyncio.timeout(after_s):
                await self.call(name)


async def story(night: Night) -> None:
    """Everything that can happen to a ticket, once."""
    desk, tickets = night.desk, night.tickets

    async def in_turn(*steps: Awaitable[None]) -> None:
        for step in steps:
            with suppress(StagedoorError):
                await step

    async def host() -> None:
        await asyncio.sleep(2)
        await desk.pause()
        await asyncio.sleep(1)
        await desk.resume()
        await desk.reorder(tickets["gus"], 1)
        await desk.extend(tickets["dan"], 5.0)
        await desk.skip(tickets["fay"])
        await desk.ban(tickets["fay"])
        await desk.leave(tickets["eve"])

    fans = [
        in_turn(night.comes("ana")),
        in_turn(night.gets_lost("ben", 5.0), night.comes("ben")),
        in_turn(night.is_not_there("cleo"), night.comes("cleo")),
        in_turn(night.gives_up("dan", 1.0), night.comes("dan")),
        *(in_turn(night.comes(name)) for name in ("eve", "fay", "gus")),
    ]
    await asyncio.gather(host(), *fans)


async def the_rest(night: Night) -> None:
    """After a crash: whoever's ticket is worth something comes back, and stays to the end. The host lets them in."""

    async def comes(name: str) -> None:
        with suppress(StagedoorError):
            await night.comes(name)

    with suppress(StagedoorError):  # it was not paused when the server died
        await night.desk.resume()
    await asyncio.gather(*(comes(name) for name in FANS))


async def serve(folder: Path, tell: Callable[[Night], Awaitable[None]], fault: Callable[[str], None]) -> dict[str, Any]:
    """Serves the evening of this folder; the tickets and visits as they are in the end."""
    async with store_on_virtual_time(folder) as store:
        memo = folder / "plan.json"
        if not memo.exists():
            rules = {"slot_s": SLOT_S, "overtime_s": 5.0, "no_show_s": 10.0, "places": PLACES}
            memo.write_text(json.dumps(await plan(store, FANS, **rules)))
        event_id, tickets = json.loads(memo.read_text())

        async def find(_: object) -> Persona:
            return PERSONAS["nova"]

        desks = Desks(store, find, QuietHall(), fault=fault)
        await tell(Night(await desks.at(event_id), tickets, folder / "told.txt"))
        await desks.close()
        async with store.begin() as db:
            rows = await db.execute(select(FanRow.name, TicketRow).join(FanRow, FanRow.id == TicketRow.fan_id))
            states = {name: (row.state, row.seat, row.called_at is not None) for name, row in rows}
            visits = [(row.ticket_id, row.end_reason) for row in await db.scalars(select(VisitRow))]
    return {"states": states, "visits": visits, "names": {ticket: name for name, ticket in tickets.items()}}


def forked(work: Callable[[], None]) -> int:
    """Runs it in a process of its own; what became of it, as os.waitpid says."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException as error:
            sys.stderr.write(f"{error!r}\n")
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1]


def dies_at(folder: Path, step: str) -> None:
    """The victim: serves until this step comes."""

    def fault(reached: str) -> None:
        if reached == step:
            os.kill(os.getpid(), signal.SIGKILL)

    run_virtual(serve(folder, story, fault))


def inherits(folder: Path) -> None:
    """The heir: what lies there when it comes, and in the end."""
    seen: dict[str, Any] = {}

    async def look_and_serve(night: Night) -> None:
        seen["first"] = [(entry.name, entry.state) for entry in night.desk.snapshot().entries]
        await the_rest(night)

    seen["end"] = run_virtual(serve(folder, look_and_serve, lambda _: None))
    (folder / "heir.json").write_text(json.dumps(seen))


def judge(folder: Path) -> list[str]:
    """What went wrong, in words."""
    seen = json.loads((folder / "heir.json").read_text())
    states, wrong = seen["end"]["states"], []
    if sorted(states) != sorted(FANS):
        wrong.append(f"tickets: {sorted(states)}")
    wrong += [f"{name} ended as {state[0]} on seat {state[1]}" for name, state in states.items()
              if state[0] not in ENDS or state[1] is not None]  # fmt: skip
    wrong += [f"{name} has a seat and nobody is there" for name, state in seen["first"] if state in IN_SEAT]
    finished = [seen["end"]["names"][ticket] for ticket, reason in seen["end"]["visits"] if reason == "slot"]
    wrong += [f"{name} had two slots" for name in set(finished) if finished.count(name) > 1]
    wrong += ["a visit never ended" for _, reason in seen["end"]["visits"] if reason is None]
    told = (folder / "told.txt").read_text().split("\n")
    for name in {line.split()[0] for line in told if line.endswith((" called", " seated"))}:
        if not states[name][2]:
            wrong.append(f"{name} was told of a call that was never written")
    return wrong


def main(folder: Path, chosen: Sequence[str]) -> None:
    """See the module; without a choice every step is tried."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    steps: dict[str, None] = {}
    whole = folder / "whole"
    whole.mkdir()

    def whole_evening() -> None:
        run_virtual(serve(whole, story, steps.setdefault))
        (whole / "steps.json").write_text(json.dumps(list(steps)))

    assert forked(whole_evening) == 0
    reached = json.loads((whole / "steps.json").read_text())
    for number, step in enumerate(chosen or reached):
        place = folder / str(number)
        place.mkdir()
        died = forked(partial(dies_at, place, step))
        inherited = forked(partial(inherits, place))
        wrong = judge(place) if inherited == 0 else ["the heir failed"]
        print(json.dumps({"step": step, "killed": os.WTERMSIG(died) == signal.SIGKILL, "wrong": wrong}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
