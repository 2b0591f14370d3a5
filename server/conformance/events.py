"""Checks of an event: its host, its audience, and the fan between them. They need join tokens of the event.

What comes next: fan.py runs them with the others; what has no token is left out.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar, get_args

from protocol.errors import ErrorCode
from protocol.event_messages import HostAct, HostDone, HostHealth, HostQueue, HostVisit, Reaction, Reactions, StageState
from protocol.messages import (
    AudioChunk,
    ClientMessage,
    Consents,
    ErrorMessage,
    Hello,
    Notice,
    ReplyChunk,
    ServerMessage,
    TextInput,
    Transcript,
    Welcome,
)
from server.conformance.hands import Check
from server.conformance.line import REPLY_WAIT_S, Line, Target
from server.conformance.report import NotApplicableError, ViolationError
from server.conformance.witness import demand

NEWS_WAIT_S = 20.0
MOMENT_S = 1.0
LINE = "Somebody is waving."
HOSTS_VOICE = b"\x00\x20\x00\xe0" * 160  # 20 ms at 16 kHz, loud

M = TypeVar("M", bound=ServerMessage)


async def _fan_does_not_host(target: Target) -> None:
    async with target.fan() as line:
        for message in (HostAct("a1", "pause"), Reaction("heart")):
            await line.send(message)
            demand(not (await line.error("not_allowed")).fatal, "said to be fatal")
        await line.alive()


async def _host_is_told(target: Target) -> None:
    async with _guest(target, target.host_token, "host") as host:
        queue = await host.told(HostQueue)
        places = [entry.place for entry in queue.entries if entry.place]
        demand(places == sorted(places), f"the line is told in the order {places}")
        await host.told(HostHealth)


async def _acts_are_answered(target: Target) -> None:
    async with _guest(target, target.host_token, "host") as host:
        for act in (
            HostAct("a1", "direct", visit_id="nobody", text="hello"),
            HostAct("a2", "skip", ticket_id="nobody"),
        ):
            done = await host.does(act)
            demand(not done.ok and done.code in get_args(ErrorCode), f"{act.kind} of nobody was answered with {done}")
        await host.line.send(AudioChunk(HOSTS_VOICE))  # nobody hears a host who took nothing over
        await host.is_refused(TextInput("Hello?"))


async def _spectator_only_watches(target: Target) -> None:
    async with _guest(target, target.spectator_token, "spectator") as spectator:
        await spectator.told(StageState)
        await spectator.line.send(Reaction("applause"))
        counts = (await spectator.told(Reactions)).counts
        demand(counts.applause >= 1, f"the audience was told {counts}")
        for message in (TextInput("Hello?"), AudioChunk(bytes(640)), HostAct("a1", "pause")):
            await spectator.is_refused(message)


async def _creator_speaks(target: Target) -> None:
    """A visit with a host and an audience: a line is said, the avatar is taken over and handed back."""
    ticket = _given(target.ticket_token)
    async with (
        _guest(target, target.host_token, "host") as host,
        _guest(target, target.spectator_token, "spectator") as spectator,
        target.line() as fan,
    ):
        await fan.enter(Hello(client="stagedoor conformance", token=ticket, consents=Consents(audience=True)))
        visit = await host.told(HostVisit)
        while (shown := await spectator.told(StageState)).state != "live":
            pass
        demand(shown.visit_id == visit.visit_id, f"the stage shows {shown.visit_id}, the host sees {visit.visit_id}")
        await host.succeeds(HostAct("a1", "say", visit.visit_id, text=LINE))
        await _hears(fan, LINE.rsplit(maxsplit=1)[-1])
        await spectator.told(ReplyChunk)
        await host.succeeds(HostAct("a2", "take_over", visit.visit_id))
        demand(await _told_who_speaks(fan), "the fan was not told that the host speaks now")
        await _hears_the_host(fan, host)
        await host.succeeds(HostAct("a3", "hand_back", visit.visit_id))
        demand(await _told_who_speaks(fan), "the fan was not told that it is the AI again")
        await fan.send(TextInput("This is for you alone."))
        await fan.until(Transcript)
        await asyncio.sleep(MOMENT_S)
        demand(not spectator.all(Transcript), "the audience reads what the fan says")


async def _hears(fan: Line, word: str) -> None:
    while not any(word in span.text for span in (await fan.until(ReplyChunk, REPLY_WAIT_S)).words):
        pass


async def _told_who_speaks(fan: Line) -> bool:
    return (await fan.until(Notice, REPLY_WAIT_S)).kind == "disclosure"


async def _hears_the_host(fan: Line, host: "_Guest") -> None:
    async def speak() -> None:
        while True:
            await host.line.send(AudioChunk(HOSTS_VOICE))
            await asyncio.sleep(0.02)

    before = fan.witness.newest_reply_id
    speaking = asyncio.create_task(speak(), name="conformance-host-voice")
    try:
        while (await fan.until(ReplyChunk, REPLY_WAIT_S)).reply_id <= before:
            pass
    finally:
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)


class _Guest:
    """A host or a spectator. Reads all the time, as any client must, or the server would drop it."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self._heard: list[ServerMessage] = []
        self._passed = 0  # so many have been looked at
        self._came = asyncio.Event()
        self.reading = asyncio.create_task(self._read(), name="conformance-guest")

    async def told(self, kind: type[M]) -> M:
        """The next message of this kind; others pass."""
        try:
            async with asyncio.timeout(self.line.pace.patient(NEWS_WAIT_S)):
                while True:
                    while self._passed < len(self._heard):
                        self._passed += 1
                        if isinstance(message := self._heard[self._passed - 1], kind):
                            return message
                    self._came.clear()
                    if self.reading.done():
                        self.reading.result()
                    await self._came.wait()
        except TimeoutError:
            raise ViolationError(f"no {kind.__struct_config__.tag} within {NEWS_WAIT_S:.0f} s") from None

    def all(self, kind: type[M]) -> list[M]:
        """Every message of this kind so far."""
        return [message for message in self._heard if isinstance(message, kind)]

    async def does(self, act: HostAct) -> HostDone:
        """The answer to an act."""
        await self.line.send(act)
        done = await self.told(HostDone)
        demand(done.action_id == act.action_id, f"{act.action_id} was answered under {done.action_id}")
        return done

    async def succeeds(self, act: HostAct) -> None:
        """An act that must be done."""
        done = await self.does(act)
        demand(done.ok, f"{act.kind} was answered with {done}")

    async def is_refused(self, message: ClientMessage) -> None:
        """Something that is not for this role."""
        await self.line.send(message)
        error = await self.told(ErrorMessage)
        demand(error.code in ("not_allowed", "illegal_state") and not error.fatal, f"it was answered with {error}")

    async def _read(self) -> None:
        try:
            while True:
                self._heard.append(await self.line.receive(float("inf")))
                self._came.set()
        finally:
            self._came.set()


@asynccontextmanager
async def _guest(target: Target, token: str, role: str) -> AsyncIterator[_Guest]:
    """A host or a spectator who was let in."""
    async with target.line() as line:
        await line.send(Hello(client="stagedoor conformance", token=_given(token)))
        welcome = await line.until(Welcome)
        demand(welcome.role == role, f"the server's hello calls the {role} a {welcome.role}")
        guest = _Guest(line)
        try:
            yield guest
        finally:
            guest.reading.cancel()
            await asyncio.gather(guest.reading, return_exceptions=True)


def _given(token: str) -> str:
    if not token:
        raise NotApplicableError("it needs --host-token, --spectator-token and --ticket-token of one event")
    return token


CHECKS: Mapping[str, Mapping[str, Check]] = {
    "events": {
        "acts of a host and reactions are not_allowed to a fan": _fan_does_not_host,
        "a host is told the line and how the server does": _host_is_told,
        "an act is answered under its id, with a code when it cannot be": _acts_are_answered,
        "a spectator reacts and is refused everything else": _spectator_only_watches,
        "a host speaks through the avatar, the fan is told, the audience hears no fan": _creator_speaks,
    }
}
