"""An event from its queue to its report: two fans on the virtual clock, one who allows everything and one nothing."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select

from protocol.messages import Consents, DisclosureAcknowledged
from protocol.visit_messages import KeepsakeState, Satisfaction
from server.after.archive import Archive
from server.after.report import read_report
from server.after.shelf import Shelf
from server.store.tables import EventRow, KeepsakeRow, MemoryRow, TranscriptRow
from tests.session.evening import evening
from tests.session.virtual import run_virtual
from tests.session.world import World

LINES = ("I play the cello in Leeds.", "And what is your cat called?")


class PatientArchive(Archive):
    """Writes at once: a thread would cost virtual time."""

    async def _aside(self, work: Callable[[], None]) -> None:
        work()


def test_an_evening_leaves_what_each_fan_allowed_and_a_report(tmp_path: Path) -> None:
    async def story() -> None:
        world = World(lines=LINES)
        async with evening(tmp_path, world, ["Maya", "Tom"], keepsakes=True, slot_s=60.0) as held:
            archive = PatientArchive(Shelf(held.store, tmp_path / "keepsakes"), held.room.lanes.tts)
            held.room.desks.companions.append(archive)
            maya = held.fan("Maya", consents=Consents(recording=True, memory=True))
            tom = held.fan("Tom")
            await maya.comes_in()
            tom.says_hello()
            await maya.speak(0, words=6)
            await maya.silence(3)
            (live,) = (await held.desk()).live.values()
            fan_id = live.seat.fan_id
            await maya.speak(1, words=6)
            await maya.silence(3)
            maya.send(Satisfaction(5))
            await maya.leaves()
            await tom.welcomed()
            tom.send(DisclosureAcknowledged())
            tom.send(Satisfaction(3))
            await tom.silence(1)
            await tom.leaves()
            await archive.close()
            assert maya.all(KeepsakeState)[0].state == "recording"
            assert tom.all(KeepsakeState)[0].state == "none"
            async with held.store.begin() as db:
                (keepsake,) = await db.scalars(select(KeepsakeRow))
                words = [row.text for row in await db.scalars(select(TranscriptRow).order_by(TranscriptRow.at_ms))]
                (memory,) = await db.scalars(select(MemoryRow))
                report = await read_report(db, await db.get_one(EventRow, held.event_id))
            assert {*LINES} <= {*words}
            assert any(line.startswith("Miso!") for line in words), "what was heard of the answer"
            assert memory.text == "I play the cello in Leeds."
            assert memory.fan_id == fan_id
            assert (tmp_path / "keepsakes" / keepsake.path / "sound.m4a").stat().st_size > 10_000
            assert (report.visits, report.keepsakes, report.satisfaction_mean) == (2, 1, 4.0)
            assert report.v2v_p50_ms is not None
            assert report.turns == 2

    run_virtual(story())
