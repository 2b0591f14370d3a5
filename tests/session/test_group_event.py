"""An event whose fans come in groups: the desk gives the chairs of a table, and everybody their own slot."""

from pathlib import Path

from protocol.event_messages import Group
from protocol.messages import DisclosureAcknowledged, TextInput
from tests.session.evening import evening
from tests.session.virtual import run_virtual
from tests.session.world import World


def names(fan):
    return {member.name for member in fan.all(Group)[-1].members}


def replies(fan):
    """What was said, reply by reply."""
    ids = dict.fromkeys(chunk.reply_id for chunk in fan.chunks())
    return [fan.words(reply_id) for reply_id in ids]


def test_friends_share_the_avatar_and_a_chair_that_gets_free_is_the_next_ones(tmp_path: Path) -> None:
    async def story() -> None:
        world = World(answers={}, greet=True)
        async with evening(tmp_path, world, ["Maya", "Ben", "Ana"], places=1, group_size=2, slot_s=300.0) as held:
            maya, ben, ana = (held.fan(name) for name in ("Maya", "Ben", "Ana"))
            for fan in (maya, ben):
                await fan.comes_in()
            ana.says_hello()
            await maya.listens(25)
            assert await held.states() == {"Maya": "seated", "Ben": "seated", "Ana": "waiting"}
            assert names(maya) == names(ben) == {"Maya", "Ben"}
            greeted = replies(ben)  # the end of Maya's greeting, perhaps, and all of his own
            assert "Hi Ben, you made it!" in greeted[-1]
            assert "Hi Maya, you made it!" in replies(maya)[0]
            await maya.leaves()
            await ana.welcomed()
            ana.send(DisclosureAcknowledged())
            await ana.listens(20)
            assert names(ben) == names(ana) == {"Ben", "Ana"}
            ana.send(TextInput("Tell me more"))
            await ana.listens(10)
            assert replies(ana)[-1] == replies(ben)[-1]
            assert len({visit.session_id for visit in await held.visits()}) == 3
            for fan in (ben, ana):
                await fan.leaves()

    run_virtual(story())


def test_two_slots_that_end_together_have_two_goodbyes_one_after_the_other(tmp_path: Path) -> None:
    async def story() -> None:
        async with evening(tmp_path, World(), ["Maya", "Ben"], group_size=2, slot_s=60.0, overtime_s=30.0) as held:
            maya, ben = held.fan("Maya"), held.fan("Ben")
            for fan in (maya, ben):
                await fan.comes_in()
            await maya.listens(110)
            said = replies(maya)
            goodbyes = [line for line in said if line.startswith("That went so fast")]
            assert {line.split(".")[0] for line in goodbyes} == {"That went so fast, Maya", "That went so fast, Ben"}
            assert maya.phases()[-1] == ben.phases()[-1] == "over"
            assert [chunk.reply_id for chunk in ben.chunks()] == sorted(chunk.reply_id for chunk in ben.chunks())
            for fan in (maya, ben):
                await fan.leaves()

    run_virtual(story())
