"""Whoever comes in is greeted first: what can wait for the greeting waits."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from avatar.persona import Persona
from protocol.messages import DisclosureAcknowledged, ReplyChunk
from server.events.desk import GREETED_S
from server.lanes import LlmLane
from server.room import Room
from tests.session.evening import evening
from tests.session.virtual import run_virtual
from tests.session.world import World, fan_in


def test_the_language_model_reads_when_the_greeting_is_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    read_at: list[float] = []

    async def prefill(lane: LlmLane, prompt: Any) -> None:
        read_at.append(asyncio.get_running_loop().time())

    monkeypatch.setattr(LlmLane, "prefill", prefill)

    async def story(*, greet: bool) -> None:
        read_at.clear()
        async with fan_in(World(greet=greet)) as fan:
            began_at = asyncio.get_running_loop().time()
            await asyncio.sleep(1)
            greeted_at = [at for at, message in fan.heard() if isinstance(message, ReplyChunk)]
            assert len(read_at) == 1
            assert read_at[0] >= greeted_at[0] if greet else read_at[0] <= began_at

    run_virtual(story(greet=True))
    run_virtual(story(greet=False))


def test_what_was_prepared_for_a_fan_is_forgotten_when_they_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: set[str] = set()

    async def prepare(room: Room, persona: Persona) -> None:
        prepared.add(persona.greeting)

    def forget(room: Room, persona: Persona, plain: Persona) -> None:
        prepared.remove(persona.greeting)
        assert persona.greeting != plain.greeting

    monkeypatch.setattr(Room, "prepare", prepare)
    monkeypatch.setattr(Room, "forget", forget)

    async def story() -> None:
        async with evening(tmp_path, World(), ["Maya", "Maya ", "Tom"]) as held:
            first, second, tom = (held.fan(name) for name in ("Maya", "Maya ", "Tom"))
            for fan in (first, second, tom):
                fan.says_hello()
                await asyncio.sleep(2 * GREETED_S)
            assert len(prepared) == 2
            await first.leaves()
            await asyncio.sleep(1)
            assert any("Maya" in greeting for greeting in prepared), "another one waits"
            await second.leaves()
            await asyncio.sleep(1)
            assert not any("Maya" in greeting for greeting in prepared)
            await tom.leaves()
            await asyncio.sleep(1)
            assert prepared == set()

    run_virtual(story())


def test_the_next_ones_greeting_is_made_after_that_of_who_comes_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_at: dict[str, float] = {}

    async def prepare(room: Room, persona: Any) -> None:
        made_at[persona.greeting] = asyncio.get_running_loop().time()

    monkeypatch.setattr(Room, "prepare", prepare)

    async def story() -> None:
        async with evening(tmp_path, World(), ["Maya", "Tom"]) as held:
            maya, tom = held.fan("Maya"), held.fan("Tom")
            maya.says_hello(DisclosureAcknowledged())
            tom.says_hello()
            await maya.until(ReplyChunk)
            greeted_at = asyncio.get_running_loop().time()
            await asyncio.sleep(2 * GREETED_S)
            (toms_at,) = (at for greeting, at in made_at.items() if "Tom" in greeting)
            assert greeted_at < toms_at < greeted_at + GREETED_S + 0.1
            for fan in (maya, tom):
                await fan.leaves()

    run_virtual(story())
