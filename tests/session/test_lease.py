"""One process at a time holds an event: a second one is refused, and takes over when the first died or stood still."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from protocol.errors import ElsewhereError
from server.events import decisions
from server.events.desks import Desks
from server.events.lease import LEASE_S, RENEW_S, Holder
from server.events.ledger import Entry, Ledger
from server.events.personas import find_persona
from server.store.engine import Store
from tests.session.evening import Evening, evening, plan
from tests.session.virtual import run_virtual
from tests.session.world import PERSONAS, World

PROCESS = (sys.executable, "-m", "tests.session.holding")


def elsewhere(address: str = "") -> Holder:
    """A process on another machine, of which nobody here knows whether it lives."""
    return Holder(address, machine="another machine")


# --- what is written ---


async def test_the_second_is_refused_until_the_first_gives_the_event_back(store: Store) -> None:
    event_id, _ = await plan(store, ["Maya"])
    first, second = (Ledger(store, event_id, time.time, elsewhere(), lambda _: None) for _ in range(2))
    await first.open()
    await first.open()  # it is ours: no harm
    with pytest.raises(ElsewhereError, match="another process"):
        await second.open()
    await first.close()
    await second.open()
    await first.close()  # it is not ours: no harm
    with pytest.raises(ElsewhereError):
        await first.open()


async def test_who_has_an_address_of_its_own_is_named(sqlite_store: Store) -> None:
    event_id, _ = await plan(sqlite_store, [])
    await Ledger(sqlite_store, event_id, time.time, elsewhere("https://one.example.org")).open()
    with pytest.raises(ElsewhereError, match=r"held at https://one\.example\.org"):
        await Ledger(sqlite_store, event_id, time.time, elsewhere("https://two.example.org")).open()


async def test_who_stood_still_for_too_long_writes_nothing_any_more(store: Store) -> None:
    event_id, tickets = await plan(store, ["Maya"])
    now = time.time()
    first = Ledger(store, event_id, lambda: now, elsewhere())
    await first.open()
    with pytest.raises(ElsewhereError):
        await Ledger(store, event_id, lambda: now + LEASE_S - 0.1, elsewhere()).open()
    heir = Ledger(store, event_id, lambda: now + LEASE_S, elsewhere())
    await heir.open()
    with pytest.raises(ElsewhereError):
        await first.change("arrive", lambda page: decisions.let_stand(page, now), tickets["Maya"])
    page = await heir.read(tickets["Maya"])
    assert page is not None
    assert page.ticket is not None
    assert page.ticket.state == "issued"


async def test_whoever_does_something_keeps_the_event(sqlite_store: Store) -> None:
    event_id, _ = await plan(sqlite_store, [])
    now = time.time()
    first = Ledger(sqlite_store, event_id, lambda: now, elsewhere())
    await first.open()
    later = replace(first, clock=lambda: now + RENEW_S + 0.1)
    await later.change("look", lambda _: Entry())
    with pytest.raises(ElsewhereError):
        await Ledger(sqlite_store, event_id, lambda: now + LEASE_S, elsewhere()).open()


async def test_a_process_of_this_machine_that_is_gone_is_not_waited_for(sqlite_store: Store) -> None:
    event_id, _ = await plan(sqlite_store, [])
    ended = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await ended.wait()
    for pid in (ended.pid, os.getpid()):  # ours was another's before
        await Ledger(sqlite_store, event_id, time.time, replace(Holder(), pid=pid)).open()
    for lives in (replace(Holder(), pid=os.getppid()), replace(elsewhere(), pid=ended.pid)):
        event_id, _ = await plan(sqlite_store, [])
        await Ledger(sqlite_store, event_id, time.time, lives).open()
        with pytest.raises(ElsewhereError):
            await Ledger(sqlite_store, event_id, time.time).open()


# --- two processes ---


@asynccontextmanager
async def processes(url: str, event_id: str, n: int) -> AsyncIterator[list[tuple[asyncio.subprocess.Process, str]]]:
    """So many that want the event at the same time, and what each of them says."""
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    made = await asyncio.gather(*(asyncio.create_subprocess_exec(*PROCESS, url, event_id, **pipes) for _ in range(n)))
    try:
        yield [(one, (await read_line(one)).strip()) for one in made]
    finally:
        for one in made:
            if one.returncode is None:
                one.kill()
            await one.communicate()


async def read_line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode()


async def one_holds_until_it_is_killed(url: str, event_id: str) -> None:
    async with processes(url, event_id, 2) as two:
        said = sorted(words for _, words in two)
        assert said == ["busy: another process of this server holds this event; try again in a moment", "held"]
        victim = next(process for process, words in two if words == "held")
        victim.kill()
        async with processes(url, event_id, 1) as [(heir, words)]:
            assert words == "held"
            assert heir.stdin is not None
            heir.stdin.close()
            assert await heir.wait() == 0


@pytest.mark.slow
async def test_of_two_processes_one_holds_the_event_and_its_heir_comes_at_once(store: Store) -> None:
    event_id, _ = await plan(store, ["Maya"])
    url = store.engine.url.render_as_string(hide_password=False)
    await one_holds_until_it_is_killed(url, event_id)
    ledger = Ledger(store, event_id, time.time, elsewhere())
    await ledger.open()  # the heir gave it back
    await ledger.close()


# --- and its fans ---


def test_fans_of_a_process_that_lost_the_event_are_sent_away_and_go_on_at_the_other(tmp_path: Path) -> None:
    async def story() -> None:
        async with evening(tmp_path, World(), ["Maya", "Tom"], slot_s=180.0) as held:
            maya, tom = held.fan("Maya"), held.fan("Tom")
            await maya.comes_in()
            tom.says_hello()
            await maya.listens(40)
            room = World().room()
            room.desks = Desks(held.store, partial(find_persona, held.store, PERSONAS), room)
            other = Evening(room, held.store, held.event_id, held.tickets)
            await other.desk()
            for fan in (maya, tom):
                assert await fan.gone(within_s=15) == (1013, "busy")
            again = other.fan("Maya")
            await again.comes_in()
            assert 120 < (await again.time()).left_s < 145
            assert await held.states() == {"Maya": "seated", "Tom": "away"}
            await again.leaves()
            await room.close()

    run_virtual(story())
