"""A table: two to four fans and one avatar. Each fan has a session of their own, and sits in a chair of the table.

The floor (floor.py) says whose voice, words and lines reach their turn machine. What the avatar answers to one is sent
to all: a tap on each session hands the reply's chunks to the others' outboxes, where their own Presence dresses them,
eyes on whom the avatar talks with. Nothing that one fan allowed holds for another: consents, sensing, recording and
memory stay in their own sessions. What comes next: tables.py keeps the tables of all events.
"""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Final

from avatar.dialogue import Dialogue
from avatar.life import Attention
from avatar.persona import Persona
from protocol.event_messages import Group, GroupMember
from protocol.messages import ReplyCancelled, ReplyChunk, ReplyDuck, Transcript
from server.group.floor import Floor
from server.group.member import Member
from server.group.seating import Point, chair_deg, turned
from server.steering import Voice, Whispers
from server.taps import Tap
from speech.turn_events import Event, FanPaused, FanStarted, FanTyped, LineDue

if TYPE_CHECKING:
    from server.session import Session

GRACE_S: Final = 6.0  # who was asked what they wanted to say has so long to begin


class Relay(Tap):
    """Hands what one member is answered to the others."""

    def __init__(self, table: "Table", member: Member) -> None:
        self._table = table
        self._member = member

    def avatar_sent(self, chunk: ReplyChunk, at_ms: float) -> None:
        self._table.pass_chunk(self._member, chunk)

    def avatar_ducked(self, duck: ReplyDuck, at_ms: float) -> None:
        self._table.pass_duck(self._member, duck)

    def avatar_cut(self, cut: ReplyCancelled, at_ms: float) -> None:
        self._table.pass_cut(self._member, cut)

    def led(self, voice: Voice, at_ms: float) -> None:
        self._table.follow_lead(self._member, voice)


class Table:
    """Belongs to one event loop; owns one timer. `deserted` is called when the last member has left."""

    def __init__(self, persona: Persona, key: str, n_chairs: int, deserted: Callable[[], None]) -> None:
        self.company: list[str] = []
        self.dialogue = Dialogue(persona, cache_key=key)
        self.whispers = Whispers()
        self.reply_numbers = count(1)
        self._n_chairs = n_chairs
        self._deserted = deserted
        self._floor = Floor()
        self._chairs: dict[str, Member] = {}  # everybody who has a session
        self._present: dict[str, Member] = {}  # those in the room
        self._addressed: Member | None = None  # to whom the last answer went
        self._said: dict[str, Group] = {}
        self._loop = asyncio.get_running_loop()
        self._grace: asyncio.TimerHandle | None = None
        self._handed: Member | None = None  # gets the floor just now, and has not begun

    def chair(self, index: int, member_id: str, name: str) -> Member:
        """Chair `index` of the table, for a fan who is on their way."""
        member = self._chairs[member_id] = Member(self, member_id, name, chair_deg(index, self._n_chairs))
        return member

    # --- who is here ---

    def welcome(self, member: Member, session: "Session") -> None:
        """They are in the room: they see and hear, and may ask for the floor. What a host did to it holds for them."""
        for mate in self._others(member):
            session.steering.join(mate.steering)
            if mate.steering.voice != "avatar":
                session.lead(mate.steering.voice)
        self._present[member.id] = member
        self._floor.join(member.id)
        self._count()
        session.tap(Relay(self, member))
        session.presence.defer = lambda own: self._attention(member, own)
        session.presence.on_seen = lambda _: self._regard()
        self._look()

    def lose(self, member: Member) -> None:
        """Their connection is gone: what they were doing ends, and the floor is free."""
        if member.session is None:
            return
        member.is_away = True
        member.session.interrupt()
        member.session.speaker.fall_silent()
        self._free(member, self._floor.withdraw)

    def come_back(self, member: Member) -> None:
        """They are connected again; what they typed before may still come in."""
        member.is_away = False
        if member.held and self._floor.ask(member.id, self._loop.time()):
            self._hand_over()
        self.tell()

    def leave(self, member: Member) -> None:
        """They are gone for good."""
        if self._chairs.get(member.id) is member:
            del self._chairs[member.id]
        if self._present.get(member.id) is member:
            del self._present[member.id]
            self._said.pop(member.id, None)
            member.held.clear()
            self._free(member, self._floor.leave)
            self._count()
        if self._addressed is member:
            self._addressed = None
        if not self._chairs:
            self._stop_grace()
            self._deserted()

    def _free(self, member: Member, give_up: Callable[[str], None]) -> None:
        had_it = self._floor.holder == member.id
        give_up(member.id)
        if had_it:
            self._pass_on()
        self.tell()

    def _count(self) -> None:
        self.company[:] = [member.name for member in self._present.values()]

    # --- the floor ---

    @property
    def holder(self) -> Member | None:
        """Who has the floor."""
        return self._present.get(self._floor.holder or "")

    def silences(self, member: Member) -> bool:
        """Whether they must come to an end."""
        return self.holder is member and self._floor.is_too_long(self._loop.time())

    def is_answering(self, *, but: Member) -> bool:
        """Whether the avatar speaks with another than this one."""
        holder = self.holder
        answers = holder and holder is not but and holder.session and holder.session.presence.attention() is None
        return bool(answers) or self._host_speaks()

    def _host_speaks(self) -> bool:
        return any(member.session and member.session.live for member in self._present.values())

    def lets(self, member: Member, event: Event) -> bool:
        """Whether this event reaches the turn machine of its member now; see Chair."""
        if not isinstance(event, FanStarted | FanPaused | FanTyped | LineDue):
            return True
        if member.session is None:
            return False
        if isinstance(event, FanPaused):
            return self._paused(member)
        if not member.is_away and self._asks(member):
            if not isinstance(event, LineDue):
                self._stop_grace()
            return True
        if isinstance(event, FanStarted):
            member.over_avatar = self.is_answering(but=member)
        else:
            member.held.append(event)
        return False

    def _asks(self, member: Member) -> bool:
        had_it = self.holder is member
        has_it = self._floor.ask(member.id, self._loop.time())
        if has_it is not had_it:
            self._look()
        else:
            self.tell()
        return has_it

    def _paused(self, member: Member) -> bool:
        if self.holder is member:
            return True
        if member.over_avatar and not member.held:  # "uh-huh", or the avatar's own voice: no turn to wait for
            self._floor.withdraw(member.id)
            self.tell()
        return False

    def turn_ended(self, member: Member) -> None:
        """Nobody speaks any more: the next one has the floor, unless this one was asked and has not begun."""
        if self._handed is member:
            return
        if member.invited:
            member.invited = False
            self._grace = self._loop.call_later(GRACE_S, self._pass_on)
        elif self._grace is None:
            self._pass_on()

    def _pass_on(self) -> None:
        self._stop_grace()
        before = self.holder
        self._floor.pass_on(self._loop.time())
        if before and before.held:
            self._floor.ask(before.id, self._loop.time())
        self._hand_over()

    def _hand_over(self) -> None:
        """Whoever has the floor now may begin."""
        self._look()
        self._handed = self.holder
        if self.holder:
            self._loop.call_soon(self._let_speak, self.holder)

    def _let_speak(self, member: Member) -> None:
        """What they waited with comes in; who only spoke, and is silent now, is asked."""
        if self._handed is not member or member.session is None:
            return
        self._handed = None
        match member.held.popleft() if member.held else None:
            case FanTyped(text):
                member.session.type(text)
            case LineDue(line):
                member.session.say(line)
            case None if not member.session.take_up_voice():
                member.invited = True
                member.session.say(member.session.persona.your_turn.replace("{name}", member.name))
        if self.holder is member and member.session.is_idle:  # nothing came of it: they are just being taken leave of
            self._pass_on()

    def _stop_grace(self) -> None:
        if self._grace:
            self._grace.cancel()
            self._grace = None

    # --- what all get ---

    def address(self, member: Member) -> str:
        """The name that the answer to this one begins with: theirs, if another was answered before."""
        return member.name if len(self._present) > 1 and self._addressed is not member else ""

    def pass_chunk(self, member: Member, chunk: ReplyChunk) -> None:
        """A slice of a reply leaves for the one it answers."""
        self._addressed = member
        for session in self._others(member):
            session.outbox.post(chunk)

    def pass_duck(self, member: Member, duck: ReplyDuck) -> None:
        """It is said softer, or as loud as before."""
        for session in self._others(member):
            session.outbox.post(duck)

    def pass_cut(self, member: Member, cut: ReplyCancelled) -> None:
        """A reply was broken off."""
        for session in self._others(member):
            session.outbox.post(cut)
            session.presence.close_mouth(cut.heard_samples)

    def say_now(self, member: Member, line: str) -> None:
        """A host's line, said to all in place of what anybody is answered: by whose floor it is, so it costs nobody a
        turn. A goodbye is said to its end first.
        """
        holder = self.holder
        if holder is None or holder.session is None or holder.session.steering.farewell:
            if member.session:
                member.session.say(line)
        elif self._handed is holder:
            holder.held.appendleft(LineDue(line))
        else:
            self._handed = holder  # falls silent and begins anew: in between nobody else does
            holder.session.interrupt()
            self._handed = None
            holder.session.say(line)

    def follow_lead(self, member: Member, voice: Voice) -> None:
        """A host leads one of the sessions: they lead the room. A goodbye is only the avatar's to one of them."""
        if voice == "avatar" and member.session and member.session.steering.farewell:
            return
        for session in self._others(member):
            if session.steering.voice != voice:
                session.lead(voice)

    def show_words(self, member: Member, transcript: Transcript) -> Transcript:
        """Everybody reads what one of them says. Returns it with who that is."""
        said = Transcript(
            transcript.turn_id,
            transcript.text,
            transcript.final,
            transcript.language,
            transcript.stable_words,
            member.id,
        )
        for session in self._others(member):
            session.outbox.post(said)
            if not said.final:
                session.presence.fan_said(said.text)
        return said

    def company_of(self, member: Member) -> tuple["Session", ...]:
        """The sessions of the others, also of those who are away for a moment or just coming in."""
        return tuple(m.coming for m in self._chairs.values() if m is not member and m.coming)

    def _others(self, member: Member) -> list["Session"]:
        return [m.session for m in self._present.values() if m is not member and m.session and not m.is_away]

    def tell(self) -> None:
        """Everybody learns who is here and has the floor, if that changed."""
        waiting = self._floor.waiting()
        for reader in self._present.values():
            members = tuple(_seen(m, reader, self.holder, waiting) for m in self._present.values())
            said = Group(reader.id, members, self.holder.id if self.holder else "")
            if reader.session and self._said.get(reader.id) != said:
                self._said[reader.id] = said
                reader.session.outbox.post(said)

    # --- the face ---

    def _look(self) -> None:
        """Somebody else has the floor, or nobody has."""
        self.tell()
        self._regard()
        if holder := self.holder:
            for session in self._others(holder):
                session.presence.fan_began()

    def _regard(self) -> None:
        """In everybody's view the avatar looks at the one who has the floor."""
        holder = self.holder
        for viewer in self._present.values():
            if viewer.session:
                aside: Point | None = None
                if holder and holder is not viewer and holder.session:
                    aside = turned(holder.session.presence.head, holder.angle_deg - viewer.angle_deg)
                viewer.session.presence.look_aside(aside)

    def _attention(self, viewer: Member, own: Attention | None) -> Attention | None:
        holder = self.holder
        if self._host_speaks():
            return None
        if holder is None or holder is viewer or holder.session is None:
            return own
        theirs = holder.session.presence.attention()
        return "listening" if theirs == "idle" else theirs


def _seen(member: Member, reader: Member, holder: Member | None, waiting: list[str]) -> GroupMember:
    angle_deg = round(member.angle_deg - reader.angle_deg, 1)
    if member.is_away:
        return GroupMember(member.id, member.name, "away", angle_deg)
    if member is holder:
        return GroupMember(member.id, member.name, "speaking", angle_deg)
    return GroupMember(member.id, member.name, "waiting" if member.id in waiting else "here", angle_deg)
