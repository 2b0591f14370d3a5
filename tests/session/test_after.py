"""A fan's visit of an event and what is kept of it: with consents, without, and when they change their mind."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import av
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from avatar.affect import Affect
from protocol.errors import EngineError
from protocol.messages import ConsentChange, Consents
from protocol.timeline import OUTPUT_RATE_HZ
from protocol.visit_messages import ForgetMemory, KeepsakeState, Remembered, Satisfaction
from server.after.attendance import Attendance
from server.after.facts import facts_said, merged
from server.after.keepsake import ABOUT, CAPTIONS, SOUND, WORDS
from server.after.kept import find_visit
from server.after.memories import recall, remember
from server.after.spool import BLOCK_BYTES, HOME
from server.store.engine import Store, open_store
from server.store.tables import (
    CreatorRow,
    FanRow,
    KeepsakeRow,
    MemoryRow,
    TranscriptRow,
    VisitRow,
)
from tests.session.meeting import ALL, NOON, Meeting, meeting_in, say, told
from tests.session.watch import watched


@pytest.fixture
async def meeting(sqlite_store: Store, tmp_path: Path) -> AsyncIterator[Meeting]:
    async with meeting_in(sqlite_store, tmp_path / "keepsakes") as meeting:
        yield meeting


async def test_with_the_consent_of_both_sides_there_is_a_keepsake_that_says_what_it_is(meeting: Meeting) -> None:
    async with meeting.visit("maya", "v1", ALL) as (fan, attendance):
        assert (await told(fan, KeepsakeState)).state == "recording"
        await say(fan, "I play the cello.")
        fan.send(Satisfaction(4))
    (row,) = await meeting.rows(KeepsakeRow)
    assert meeting.files() == [f"{row.path}/{name}" for name in sorted((SOUND, CAPTIONS, WORDS, ABOUT))]
    kept = meeting.folder / row.path
    first, _, rest = (kept / CAPTIONS).read_text().partition("<v Maya>")
    assert "This is a conversation with an AI avatar of Nova Reyes." in first
    assert "I play the cello." in rest
    assert "recorded at “Album night” on 22 November 2026 with the consent of both sides" in (kept / WORDS).read_text()
    with av.open(kept / SOUND) as container:
        assert "AI avatar of Nova Reyes" in container.metadata["comment"]
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert np.abs(heard[: OUTPUT_RATE_HZ // 2]).max() > 0.05, "the disclosure is spoken first"
    assert [line.who for line in await meeting.rows(TranscriptRow)] == ["fan", "avatar"]
    (visit,) = await meeting.rows(VisitRow)
    assert (visit.turns, visit.satisfaction) == (1, 4)
    assert visit.consents == msgspec.structs.asdict(ALL)
    async with meeting.store.begin() as db:
        found = await find_visit(db, attendance.code, NOON)
        assert found
        assert found.folder == row.path
        assert await find_visit(db, attendance.code, NOON + timedelta(days=31)) is None


@pytest.mark.parametrize("consents", [Consents(), Consents(memory=True), Consents(emotion_sensing=True)])
async def test_without_the_fans_consent_nothing_is_ever_written(meeting: Meeting, consents: Consents) -> None:
    with watched(meeting.folder) as watch:
        async with meeting.visit("maya", "v1", consents) as (fan, _):
            assert (await told(fan, KeepsakeState)).state == "none"
            await say(fan, "zebra zebra zebra")
        assert watch.written() == []
    assert await meeting.rows(TranscriptRow) == []
    assert not await holds(meeting, "zebra")


async def test_without_the_creators_consent_nothing_is_written_either(meeting: Meeting) -> None:
    meeting.keepsakes = False
    with watched(meeting.folder) as watch:
        async with meeting.visit("maya", "v1", Consents(recording=True)) as (fan, _):
            await say(fan, "zebra zebra zebra")
        assert watch.written() == []
    assert not await holds(meeting, "zebra")


async def test_what_was_recorded_is_gone_when_the_fan_takes_it_back(meeting: Meeting) -> None:
    with watched(meeting.folder) as watch:
        async with meeting.visit("maya", "v1", Consents(recording=True)) as (fan, attendance):
            await say(fan, "zebra zebra zebra")
            assert attendance.recording
            assert attendance.recording.lines()
            fan.send(ConsentChange(Consents()))
            assert (await fan.until(KeepsakeState)).state == "deleted"
            assert attendance.recording is None
            await say(fan, "giraffe")
            assert [name for name in watch.written() if not name.startswith(HOME)] == []
    await gone(meeting)
    assert not await holds(meeting, "zebra")


async def test_what_is_recorded_begins_with_the_consent(meeting: Meeting) -> None:
    async with meeting.visit("maya", "v1", Consents()) as (fan, _):
        await say(fan, "zebra zebra zebra")
        fan.send(ConsentChange(Consents(recording=True)))
        await fan.until(KeepsakeState)
        await say(fan, "giraffe giraffe")
    assert await holds(meeting, "giraffe")
    assert not await holds(meeting, "zebra")
    assert "zebra" not in next(meeting.folder.rglob(WORDS)).read_text()


async def test_taking_back_while_it_is_being_made_leaves_nothing(meeting: Meeting) -> None:
    async with meeting.visit("maya", "v1", Consents(recording=True)) as (fan, _):
        await say(fan, "giraffe giraffe")
        meeting.then = "take back"
    assert meeting.files() == []
    assert not await holds(meeting, "giraffe")


async def test_two_fans_at_once_take_home_only_their_own_words(meeting: Meeting) -> None:
    async with (
        meeting.visit("maya", "v1", ALL) as (maya, _),
        meeting.visit("tom", "v2", ALL) as (tom, _),
    ):
        await asyncio.gather(say(maya, "I love zebras"), say(tom, "I love giraffes"))
    assert len(await meeting.rows(KeepsakeRow)) == 2
    for row in await meeting.rows(KeepsakeRow):
        words = (meeting.folder / row.path / WORDS).read_text()
        own, other = ("zebras", "giraffes") if row.visit_id == "v1" else ("giraffes", "zebras")
        assert own in words
        assert other not in words
    assert {row.fan_id: row.text for row in await meeting.rows(MemoryRow)} == {
        "maya": "I love zebras.", "tom": "I love giraffes.",
    }  # fmt: skip


async def test_without_its_spoken_disclosure_there_is_no_keepsake(meeting: Meeting) -> None:
    class Hoarse:
        async def ask(self, job: object, *more: object) -> None:
            raise EngineError("no voice")

    meeting.archive._tts = Hoarse()
    with watched(meeting.folder) as watch:
        async with meeting.visit("maya", "v1", ALL) as (fan, _):
            await say(fan, "zebra zebra zebra")
        assert [name for name in watch.written() if not name.startswith(HOME)] == []
    await gone(meeting)
    assert await meeting.rows(TranscriptRow) == []


async def gone(meeting: Meeting) -> None:
    """Nothing is left of any recording, once the thread that deletes has done so."""
    await asyncio.to_thread(meeting.archive.shelf.spools.close)
    assert list(meeting.folder.iterdir()) == []


async def test_what_was_recorded_goes_from_the_disk_in_the_middle_of_the_visit(meeting: Meeting) -> None:
    async with meeting.visit("maya", "v1", Consents(recording=True)) as (fan, attendance):
        spool = attendance.recording.spool
        attendance.heard_fan(bytes(BLOCK_BYTES), 100.0)
        await asyncio.to_thread(spool.wait)
        assert [path.name for path in meeting.folder.rglob("*.pcm")] == ["fan.pcm"], "it is on the disk, not in memory"
        fan.send(ConsentChange(Consents()))
        assert (await fan.until(KeepsakeState)).state == "deleted"
        attendance.heard_fan(bytes(BLOCK_BYTES), 200.0)
        await asyncio.to_thread(spool.wait)
        assert meeting.files() == []


async def test_a_store_that_fails_disturbs_nobody(meeting: Meeting) -> None:
    class Broken(Store):
        def begin(self) -> NoReturn:
            raise OperationalError("select", {}, Exception("the disk is full"))

    working = meeting.archive.shelf.store
    async with meeting.visit("maya", "v1", ALL) as (fan, _):
        meeting.archive.shelf.store = Broken(working.engine, working.folder)
        fan.send(ForgetMemory())
        await say(fan, "zebra zebra zebra")
        assert fan.errors() == []
    assert meeting.files() == [], "what no row names is not left lying about"


async def holds(meeting: Meeting, word: str) -> bool:
    """Whether a word is anywhere in the database."""
    async with meeting.store.begin() as db:
        connection = await db.connection()
        raw = await connection.get_raw_connection()
        lines = [line async for line in raw.driver_connection.iterdump()]
    return any(word in line for line in lines)


# --- memory ---


async def test_the_persona_remembers_who_allowed_it_and_says_so(meeting: Meeting) -> None:
    async with meeting.visit("maya", "v1", Consents(memory=True)) as (fan, _):
        assert fan.all(Remembered) == []
        await say(fan, "I play the cello. What is your cat called?")
    async with meeting.visit("maya", "v2", Consents(memory=True)) as (fan, attendance):
        assert await told(fan, Remembered) == Remembered(("I play the cello.",))
        assert "I remember: You play the cello." in prompt_of(attendance)
        await say(fan, "Do you remember me?")
        assert fan.words() == "I remember you, Maya. You play the cello."
    (memory,) = await meeting.rows(MemoryRow)
    assert memory.expires_at == NOON + timedelta(days=30)


async def test_who_does_not_allow_it_is_met_for_the_first_time_every_time(meeting: Meeting) -> None:
    async with meeting.visit("maya", "v1", Consents(memory=True)) as (fan, _):
        await say(fan, "I play the cello.")
    async with meeting.visit("maya", "v2", Consents()) as (fan, attendance):
        await say(fan, "I play the tuba.")
        assert fan.all(Remembered) == []
        assert "cello" not in prompt_of(attendance)
    (memory,) = await meeting.rows(MemoryRow)
    assert memory.text == "I play the cello."


@pytest.mark.parametrize("how", [ForgetMemory(), ConsentChange(Consents())])
async def test_a_fan_who_wants_to_be_forgotten_is(meeting: Meeting, how: ForgetMemory | ConsentChange) -> None:
    async with meeting.visit("maya", "v1", Consents(memory=True)) as (fan, _):
        await say(fan, "I play the cello.")
    async with meeting.visit("maya", "v2", Consents(memory=True)) as (fan, attendance):
        await say(fan, "I live in Leeds.")
        fan.send(how)
        assert await fan.until(Remembered) == Remembered()
        assert "cello" not in prompt_of(attendance)
    assert await meeting.rows(MemoryRow) == []


def test_what_one_fan_said_never_reaches_another(tmp_path: Path) -> None:
    """Any order of visits by any fans to any personas: each is remembered as if there were nobody else."""
    visits = st.tuples(
        st.sampled_from(["ana", "ben", "cy"]),
        st.sampled_from(["nova", "ada"]),
        st.lists(st.sampled_from(["I play the cello", "I live in Leeds", "My dog is called Rex", "No."]), max_size=3),
    )
    house = itertools.count()
    with asyncio.Runner() as runner:
        store = runner.run(open_store(f"sqlite:///{tmp_path}/stagedoor.db"))

        @settings(max_examples=30, deadline=None)
        @given(st.lists(visits, max_size=8))
        def story(visits: list[tuple[str, str, list[str]]]) -> None:
            runner.run(remembered_apart(store, f"-{next(house)}", visits))

        story()
        runner.run(store.close())


async def remembered_apart(store: Store, house: str, visits: list[tuple[str, str, list[str]]]) -> None:
    alone: dict[tuple[str, str], tuple[str, ...]] = {}
    async with store.begin() as db:
        if await db.get(CreatorRow, "c1") is None:
            db.add(CreatorRow(id="c1", name="Nova", email="nova@example.org", created_at=NOON))
            await db.flush()
        for name in ("ana", "ben", "cy"):
            db.add(FanRow(id=name + house, creator_id="c1", name=name, created_at=NOON))
    for fan, persona, said in visits:
        async with store.begin() as db:
            await remember(db, (fan + house, persona), facts_said(said), [], NOON + timedelta(days=1), NOON)
        alone[fan, persona] = merged(alone.get((fan, persona), ()), facts_said(said))
    async with store.begin() as db:
        for fan in ("ana", "ben", "cy"):
            for persona in ("nova", "ada"):
                memory = await recall(db, fan + house, persona, NOON)
                assert memory.facts == alone.get((fan, persona), ())


async def test_moods_are_kept_only_of_those_who_allowed_both(meeting: Meeting) -> None:
    facts = await meeting.ticket("maya", "v1")
    glad = Affect(valence=0.8, arousal=0.8, confidence=0.8, reason="said: I am so happy")
    await meeting.archive.shelf.remember(facts, [], [glad, replace(glad, confidence=0.6)])
    (memory,) = await meeting.rows(MemoryRow)
    assert memory.affect == {"mood": "thrilled", "turns": 2, "valence": 0.8, "arousal": 0.8, "confidence": 0.8}
    assert (await meeting.archive.shelf.recall(facts)).shown_mood() == "happy and excited"
    async with meeting.visit("ben", "v2", Consents(emotion_sensing=True)) as (fan, _):
        await say(fan, "I am so happy to see you!")
    assert len(await meeting.rows(MemoryRow)) == 1


def prompt_of(attendance: Attendance) -> str:
    return "\n".join(message.content for message in attendance._session._dialogue.base_prompt().messages)
