"""Two fans at one table, and the real models: who spoke is known, each is answered by name, and both get turns."""

import asyncio

from bench.clips import Clip
from bench.fan import Fan
from bench.server_process import ServerProcess
from bench.soak import Box
from protocol.event_messages import Group
from protocol.messages import Interrupt, ReplyChunk, Transcript
from tests.system.test_fans_apart import likeness

SETTINGS = {"accounts.sign_up": "open", "access.tokens": "required", "server.max_sessions": "4"}
PATIENCE_S = 30.0


class Member(Fan):
    """A fan at a table."""

    def name_of(self, member_id: str) -> str:
        """Empty: nobody's."""
        groups = [a.message for a in self.arrivals if isinstance(a.message, Group)]
        return next((m.name for group in groups for m in group.members if m.id == member_id), "")

    def floors(self) -> list[str]:
        """Who had the floor, one after the other."""
        told = [self.name_of(a.message.floor) for a in self.arrivals if isinstance(a.message, Group)]
        held = [name for name in told if name]
        return [name for k, name in enumerate(held) if k == 0 or held[k - 1] != name]

    def said(self) -> list[tuple[str, str]]:
        """What was understood of whom."""
        finals = [a.message for a in self.arrivals if isinstance(a.message, Transcript) and a.message.final]
        return [(self.name_of(t.speaker), t.text) for t in finals]

    def replies(self) -> dict[int, str]:
        """What the avatar said so far."""
        found: dict[int, list[str]] = {}
        for arrival in self.arrivals:
            if isinstance(arrival.message, ReplyChunk):
                found.setdefault(arrival.message.reply_id, []).extend(w.text for w in arrival.message.words)
        return {reply_id: " ".join(words) for reply_id, words in found.items()}

    def called_since(self, reply_id: int) -> str | None:
        """Whom the first answer after this reply is for, by the name that it begins with."""
        later = (text for number, text in sorted(self.replies().items()) if number > reply_id and text)
        return next((text.split()[0].strip(",.") for text in later), None)

    async def hears_enough_of_greeting(self, number: int) -> None:
        """Lets the avatar begin, and presses stop."""
        assert await self.until(lambda: self.player.reply_id == number and self.player.playing, PATIENCE_S)
        await self.presses_stop()

    async def presses_stop(self) -> None:
        await self._send(Interrupt())


async def test_who_spoke_is_known_each_is_addressed_by_name_and_turns_are_fair(clips: dict[str, Clip]) -> None:
    with ServerProcess(SETTINGS) as server:
        box = Box(server.url)
        await box.open(places=1, group_size=2, slot_s=180.0)
        tokens = [await box.ticket(name) for name in ("Maya", "Ben")]
        await box.close()
        async with (
            Member(server.ws_url, tokens[0], seed=1, patience_s=PATIENCE_S) as maya,
            Member(server.ws_url, tokens[1], seed=2, patience_s=PATIENCE_S) as ben,
        ):
            await maya.hears_enough_of_greeting(1)
            await ben.hears_enough_of_greeting(2)
            for one, clip in ((maya, clips["fan_album"]), (ben, clips["libri_3005-163389-0007"])):
                await one.say(clip, listen_s=3.0)
            before = ben.player.reply_id
            await asyncio.gather(maya.utter(clips["fan_home"]), ben.utter(clips["fan_song"]))
            assert await ben.until(lambda: ben.called_since(before) is not None, PATIENCE_S)
            first, other = (maya, "Ben") if ben.called_since(before) == "Maya" else (ben, "Maya")
            await first.presses_stop()  # their answer has begun, or is over already
            asked = f"{other}, what did you want to say?"
            assert await ben.until(lambda: asked in ben.replies().values(), PATIENCE_S)

            for one in (maya, ben):
                spoke, words = zip(*one.said()[:2], strict=True)
                assert spoke == ("Maya", "Ben")
                assert likeness(words[0], clips["fan_album"].text) > 0.6, words
                assert likeness(words[1], clips["libri_3005-163389-0007"].text) > 0.6, words
                assert not one.errors
            answers = [text for number, text in sorted(ben.replies().items()) if number > 2]
            assert answers[0].startswith("Maya"), answers
            assert answers[1].startswith("Ben"), answers
            assert all(maya.replies().get(number) == text for number, text in ben.replies().items() if number <= 2)
            assert maya.floors()[:4] == ["Maya", "Ben", "Maya", "Ben"]  # Ben came when Maya had been greeted
