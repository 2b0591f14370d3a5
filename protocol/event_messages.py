"""The messages of an event's stage: what spectators see, and what its host sees and does.

What comes next: messages.py counts them among all messages; server/stage/ sends them.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from .roots import MAX_TEXT_CHARS, Consents, Count, Id, Message
from .timeline import EmotionCategory

Speaker = Literal["fan", "avatar", "host"]
ReactionKind = Literal["heart", "applause", "laugh", "wow"]
ActKind = Literal[
    "watch",
    "direct",
    "say",
    "topic",
    "take_over",
    "hand_back",
    "mute",
    "unmute",
    "skip",
    "end",
    "extend",
    "pause",
    "resume",
    "reorder",
    "ban",
]

# --- client to server ---------------------------------------------------------------------------------------


class Reaction(Message, tag="reaction", frozen=True):
    """A spectator's heart, applause, laugh or "wow". More than a few a second are dropped without a word."""

    kind: ReactionKind


class HostAct(Message, tag="host.act", frozen=True):
    """A host does something; answered with `host.done` under the same `action_id`, and kept in the record.

    On a visit (`visit_id`): `watch` it; `direct` the next answer ("mention the tour" in `text`, never read aloud);
    `say` `text` now, in the persona's voice; a `topic` (`text`) is vetoed, or allowed with `allow`; `take_over` with
    the host's own `audio`, and `hand_back`; `mute` (nobody is heard, nothing is said) and `unmute`. On a ticket
    (`ticket_id`, or the visit's): `skip` it, `end` its time, `extend` it by `seconds`, `ban` its fan, `reorder` it to
    `place` in the line. On the event: `pause` and `resume` the line.
    """

    action_id: Id
    kind: ActKind
    visit_id: Id = ""
    ticket_id: Id = ""
    text: Annotated[str, Meta(max_length=MAX_TEXT_CHARS)] = ""
    seconds: Annotated[float, Meta(ge=-3600.0, le=3600.0)] = 0.0
    place: Count = 0
    allow: bool = False


# --- server to members of a group ---------------------------------------------------------------------------


class GroupMember(Struct, frozen=True):
    """Somebody in the room. state: `speaking` has the floor, `waiting` will have it, `away` lost the connection.

    angle_deg: where they are, around the avatar, seen from who reads this, who is at 0; over 0: to the avatar's left.
    """

    id: Id
    name: str
    state: Literal["here", "speaking", "waiting", "away"] = "here"
    angle_deg: float = 0.0


class Group(Message, tag="group", frozen=True):
    """Who is in the room with the avatar, and whose turn it is to speak; `you` are among them.

    After `hello` and at every change, also of who comes and goes. Only `floor` is heard; empty: whoever speaks next.
    """

    you: Id
    members: tuple[GroupMember, ...]
    floor: Id = ""


# --- server to spectators -----------------------------------------------------------------------------------


class StageState(Message, tag="stage", frozen=True):
    """What is on the stage from now on; the first message after `hello`.

    live: the avatar talks with the fan `name` (empty: they gave none), and its `reply.chunk`, `reply.cancelled` and
    `listening` follow. host: the creator speaks through it. private: this fan wants no audience; close the curtain.
    empty: nobody is there. Stop what plays at every change of `visit_id` or to another state than these two.
    """

    state: Literal["live", "host", "private", "empty"]
    visit_id: Id = ""
    name: str = ""


class ReactionCounts(Struct, frozen=True):
    """How many of each."""

    heart: Count = 0
    applause: Count = 0
    laugh: Count = 0
    wow: Count = 0


class Reactions(Message, tag="reactions", frozen=True):
    """The audience's reactions since the last such message, at most two a second; and how many watch. For spectators,
    hosts and the fan on the stage.
    """

    counts: ReactionCounts
    watching: Count = 0


# --- server to hosts ----------------------------------------------------------------------------------------


class HostVisit(Message, tag="host.visit", frozen=True):
    """A visit begins, changes or ends; also every few seconds, for the time that is left.

    state: the avatar speaks (`live`), the host does (`host`), nobody does (`muted`), or it is over (`ended`).
    table: the visits that share the avatar, this one among them; empty: this fan has it alone. Each line is
    told in one of them: the fan's in their own, the avatar's in that of whom it answers.
    """

    visit_id: Id
    state: Literal["live", "host", "muted", "ended"]
    ticket_id: Id = ""
    name: str = ""
    consents: Consents = Consents()
    left_s: float | None = None
    table: tuple[Id, ...] = ()


class HostTranscript(Message, tag="host.transcript", frozen=True):
    """What is said in a visit, in lines that count from 1. Until it is final the same `line` comes again, in place of
    what it was; with no text it was nothing. at_ms: when it began, by the clock of `pong`.
    """

    visit_id: Id
    who: Speaker
    text: str
    final: bool
    line: Count
    at_ms: float


class SaidLine(Struct, frozen=True):
    """One line of a visit."""

    line: Count
    who: Speaker
    text: str
    final: bool
    at_ms: float


class HostLines(Message, tag="host.lines", frozen=True):
    """What was said in a visit before this host came in: its newest lines, at most 100, in order; after the first
    `host.visit`. A host who comes back knows some of them already, by `line`.
    """

    visit_id: Id
    lines: tuple[SaidLine, ...]


class HostMood(Message, tag="host.mood", frozen=True):
    """How the fan may feel; only while they allow it (`emotion_sensing`). reason: why it is thought so, in words."""

    visit_id: Id
    category: EmotionCategory
    valence: float
    arousal: float
    confidence: float
    reason: str


class QueueEntry(Struct, frozen=True):
    """A ticket in the line or in a seat. place: 1 is the next; 0 in a seat. left_s: of its time; null in the line."""

    ticket_id: Id
    name: str
    place: Count
    state: str
    wait_s: float
    left_s: float | None = None


class HostQueue(Message, tag="host.queue", frozen=True):
    """The line of the event and its seats, at every change: the first 200 of `of`."""

    entries: tuple[QueueEntry, ...]
    of: Count
    paused: bool = False


class HostHealth(Message, tag="host.health", frozen=True):
    """How the server does, every few seconds. voice to voice: of this event's last answers; null before the first.

    effort: 0 is everything; above, what a loaded server leaves out.
    """

    v2v_p50_ms: float | None
    v2v_p95_ms: float | None
    effort: Count
    sessions: Count
    spectators: Count
    waiting: Count


class HostTopic(Message, tag="host.topic", frozen=True):
    """A topic in a visit. proposed: the fan touched one that the persona declines; the host may allow it."""

    visit_id: Id
    topic: str
    state: Literal["proposed", "allowed", "vetoed"]


class HostDone(Message, tag="host.done", frozen=True):
    """The answer to a `host.act`. code: as in `error`, when it was not done; message: why."""

    action_id: str
    ok: bool
    code: str = ""
    message: str = ""
