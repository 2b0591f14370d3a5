"""Whose turn is it? The conversation's rules as one table, synchronous and without a clock.

The machine is told what happened and when (`receive`), answers what to do (a list of actions), and says when it
wants to be woken (`deadline`, in the seconds of the same clock). It never sleeps and starts nothing itself; the
hallway (server/session.py) carries its actions out.

    IDLE       nobody speaks
    LISTENING  the fan speaks; partial transcripts are asked for
    DECIDING   the fan paused; words and turn score are on their way, a reply may already be begun, unheard
    REPLYING   a reply was committed: it is made, sent, played
    OVERLAP    the fan makes a sound while the avatar speaks: a cough, or an interruption?

A turn, a reply and each pause inside a turn (`revision`) have numbers that only grow. What arrives with an old
number is stale and changes nothing; so does every pair of state and event that TABLE, at the end, does not list.
"""

import string
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from protocol.timeline import OUTPUT_RATE_HZ
from speech.endpointing import required_silence_ms
from speech.turn_events import (
    Action,
    CancelReason,
    CancelReply,
    CloseTurn,
    CommitReply,
    EndReply,
    Event,
    FanPaused,
    FanStarted,
    FanTyped,
    LineDue,
    OpenTurn,
    Recognise,
    ReplyAudible,
    ReplyComplete,
    ReplyFailed,
    ReplyHeard,
    ScoreTurn,
    ShowTranscript,
    StartReply,
    StopPressed,
    Tick,
    TurnScored,
    WordsHeard,
)

# Seconds, each with its reason.
PARTIAL_EVERY_S = 0.5  # captions feel live at two a second; more would starve the final on two cores
SPECULATE_AHEAD_S = 1.0  # an unheard reply is begun this long before its pause would end the turn
BARGE_IN_S = 0.20  # sound over the avatar's voice this long is an interruption; coughs are shorter
WENT_ON_S = 0.5  # a fan who speaks this soon after the avatar began was cut off: yield at once
WORDS_WAIT_S = 8.0  # a recogniser slower than this has failed
REPLY_WAIT_S = 20.0  # a reply with no sound after this has failed
PLAYBACK_GRACE_S = 1.0  # a client without marks is believed to have played everything this much later


class State(Enum):
    IDLE = "idle"
    LISTENING = "listening"
    DECIDING = "deciding"
    REPLYING = "replying"
    OVERLAP = "overlap"


@dataclass(slots=True)
class _Turn:
    """The fan's turn that is open. `text` and `complete_prob` are of this revision; None: not known yet."""

    id: int
    revision: int = 0
    text: str | None = None
    complete_prob: float | None = None
    paused_at: float = 0.0
    partial_at: float = 0.0
    partial_pending: bool = False


@dataclass(slots=True)
class _Reply:
    """The newest reply, committed or not, made for `text`."""

    id: int
    text: str
    begun_at: float
    audible_at: float | None = None
    total_samples: int | None = None

    def ends_at(self) -> float:
        """When it is over (or has failed) even if nothing more is heard of it."""
        if self.total_samples is None:
            return (self.audible_at or self.begun_at) + REPLY_WAIT_S
        return (self.audible_at or self.begun_at) + self.total_samples / OUTPUT_RATE_HZ + PLAYBACK_GRACE_S


_NO_PUNCTUATION = str.maketrans("", "", string.punctuation + "…–—¿¡’")


def same_words(a: str, b: str) -> bool:
    """Whether two transcripts differ in punctuation, case and spacing only."""
    return a.translate(_NO_PUNCTUATION).casefold().split() == b.translate(_NO_PUNCTUATION).casefold().split()


class TurnMachine:
    """The turns of one conversation. Starts IDLE."""

    def __init__(self) -> None:
        self.state = State.IDLE
        self._turn = _Turn(0)
        self._reply: _Reply | None = None
        self._overlap_at = 0.0
        self._line_waiting: str | None = None
        self._last_reply_id = 0

    def receive(self, event: Event, now: float) -> list[Action]:
        """What to do about `event`, which happened at `now` (seconds; only differences matter)."""
        rule = TABLE.get((self.state, type(event)))
        return rule.apply(self, event, now) if rule else []

    def deadline(self) -> float | None:
        """When to send a Tick, or None: only another event can change anything."""
        match self.state:
            case State.LISTENING:
                return None if self._turn.partial_pending else self._turn.partial_at
            case State.DECIDING:
                return self._begin_at() if self._may_begin() else self._decide_at()
            case State.REPLYING if self._reply:
                return self._reply.ends_at()
            case State.OVERLAP:
                return self._overlap_at + BARGE_IN_S
        return None

    # --- the fan ---

    def _open(self, _event: Event, now: float) -> list[Action]:
        self._turn = _Turn(self._turn.id + 1, partial_at=now + PARTIAL_EVERY_S)
        self.state = State.LISTENING
        return [OpenTurn(self._turn.id)]

    def _pause(self, event: FanPaused, now: float) -> list[Action]:
        turn = self._turn
        turn.revision += 1
        turn.text, turn.complete_prob, turn.partial_pending = None, None, False
        turn.paused_at = now - event.silent_s
        self.state = State.DECIDING
        return [Recognise(turn.id, turn.revision, final=True), ScoreTurn(turn.id, turn.revision)]

    def _resume(self, _event: Event, now: float) -> list[Action]:
        # An unheard reply is kept for now: it may only have been a breath. New words will cancel it.
        self._turn.revision += 1
        self._turn.partial_at = now + PARTIAL_EVERY_S
        self.state = State.LISTENING
        return []

    def _type(self, event: FanTyped, now: float) -> list[Action]:
        """Typed words are a whole turn. They win over sound, so that a noisy room cannot silence those who type."""
        closed = [CloseTurn(self._turn.id)] if self.state in (State.LISTENING, State.DECIDING) else []
        cancelled = self._silence("interrupt")
        self._turn = _Turn(self._turn.id + 1)
        shown = ShowTranscript(self._turn.id, event.text, final=True)
        return [*cancelled, *closed, shown, *self._begin(event.text, now), *self._commit(now)]

    # --- the ears' answers ---

    def _ask_partial(self, _event: Event, now: float) -> list[Action]:
        if self._turn.partial_pending or now < self._turn.partial_at:
            return []
        self._turn.partial_pending = True
        return [Recognise(self._turn.id, self._turn.revision, final=False)]

    def _hear_partial(self, event: WordsHeard, now: float) -> list[Action]:
        turn = self._turn
        if (event.turn_id, event.revision) != (turn.id, turn.revision):
            return []
        turn.partial_pending = False
        turn.partial_at = now + PARTIAL_EVERY_S
        if not event.text:
            return []
        wrong_guess = self._reply is not None and not same_words(self._reply.text, event.text)
        cancelled = self._silence("fan_went_on") if wrong_guess else []
        return [ShowTranscript(turn.id, event.text, final=False), *cancelled]

    def _hear_final(self, event: WordsHeard, now: float) -> list[Action]:
        turn = self._turn
        if (event.turn_id, event.revision) != (turn.id, turn.revision) or not event.final:
            return []
        turn.text = event.text.strip()
        if not turn.text:
            return self._give_up(event, now)
        wrong_guess = self._reply is not None and not same_words(self._reply.text, turn.text)
        actions = self._silence("fan_went_on") if wrong_guess else []
        return [*actions, *self._decide(event, now)]

    def _hear_score(self, event: TurnScored, now: float) -> list[Action]:
        if (event.turn_id, event.revision) != (self._turn.id, self._turn.revision):
            return []
        self._turn.complete_prob = event.complete_prob
        return self._decide(event, now)

    # --- the decision ---

    def _silence_needed_s(self) -> float:
        return required_silence_ms(self._turn.complete_prob, self._turn.text or "") / 1000

    def _decide_at(self) -> float:
        wait_s = WORDS_WAIT_S if self._turn.text is None else self._silence_needed_s()
        return self._turn.paused_at + wait_s

    def _begin_at(self) -> float:
        return self._decide_at() - SPECULATE_AHEAD_S

    def _may_begin(self) -> bool:
        return self._reply is None and self._turn.text is not None

    def _decide(self, event: Event, now: float) -> list[Action]:
        """Begins a reply when the end is near; commits once the silence is as long as this pause deserves."""
        text = self._turn.text
        due = now >= self._decide_at()
        if not text:
            return self._give_up(event, now) if due else []
        begun = self._begin(text, now) if self._may_begin() and now >= self._begin_at() else []
        if not due:
            return begun
        return [*begun, ShowTranscript(self._turn.id, text, final=True), *self._commit(now)]

    def _give_up(self, _event: Event, now: float) -> list[Action]:
        """There were no words: a cough, music, a slammed door."""
        return [*self._silence("fan_went_on"), CloseTurn(self._turn.id), *self._rest(now)]

    # --- the reply ---

    def _begin(self, text: str, now: float, line: str | None = None) -> list[Action]:
        self._last_reply_id += 1
        self._reply = _Reply(self._last_reply_id, text, begun_at=now)
        return [StartReply(self._reply.id, self._turn.id, text, line)]

    def _commit(self, now: float) -> list[Action]:
        if self._reply is None:  # never: every caller has begun one
            return []
        self._reply.begun_at = now
        self.state = State.REPLYING
        return [CloseTurn(self._turn.id), CommitReply(self._reply.id)]

    def _say_line(self, event: LineDue, now: float) -> list[Action]:
        return [*self._begin("", now, event.line), *self._commit(now)]

    def _keep_line(self, event: LineDue, _now: float) -> list[Action]:
        self._line_waiting = event.line  # one waits at most: the newest is the one that still makes sense
        return []

    def _mark_audible(self, event: ReplyAudible, now: float) -> list[Action]:
        if self._is_newest(event.reply_id) and self._reply and self._reply.audible_at is None:
            self._reply.audible_at = now
        return []

    def _mark_complete(self, event: ReplyComplete, now: float) -> list[Action]:
        """May come while the reply is still a guess: it is remembered, and ends nothing before the commit."""
        if self._is_newest(event.reply_id) and self._reply:
            self._reply.total_samples = event.total_samples
            if event.total_samples == 0 and self.state is State.REPLYING:
                return self._rest(now)
        return []

    def _mark_heard(self, event: ReplyHeard, now: float) -> list[Action]:
        total = self._reply.total_samples if self._reply else None
        if not self._is_newest(event.reply_id) or total is None or event.heard_samples < total:
            return []
        return self._rest(now)

    def _overdue(self, _event: Event, now: float) -> list[Action]:
        if self._reply and now < self._reply.ends_at():
            return []
        failed = self._reply is not None and self._reply.total_samples is None
        return [*(self._silence("engine_failed") if failed else []), *self._rest(now)]

    def _fail_guess(self, event: ReplyFailed, _now: float) -> list[Action]:
        return self._silence("engine_failed") if self._is_newest(event.reply_id) else []

    def _fail(self, event: ReplyFailed, now: float) -> list[Action]:
        return [*self._silence("engine_failed"), *self._rest(now)] if self._is_newest(event.reply_id) else []

    def _fail_under_overlap(self, event: ReplyFailed, now: float) -> list[Action]:
        return [*self._silence("engine_failed"), *self._open(event, now)] if self._is_newest(event.reply_id) else []

    def _is_newest(self, reply_id: int) -> bool:
        return self._reply is not None and self._reply.id == reply_id

    def _rest(self, now: float) -> list[Action]:
        """Nobody has the floor; a line that waited is said now."""
        ended = [EndReply(self._reply.id)] if self._reply else []
        self._reply = None
        self.state = State.IDLE
        line, self._line_waiting = self._line_waiting, None
        return [*ended, *(self._say_line(LineDue(line), now) if line else [])]

    # --- both at once ---

    def _overlap(self, event: Event, now: float) -> list[Action]:
        reply = self._reply
        if reply is None or reply.audible_at is None or now - reply.audible_at < WENT_ON_S:
            return [*self._silence("fan_went_on"), *self._open(event, now)]
        self._overlap_at = now
        self.state = State.OVERLAP
        return []

    def _barge_in(self, event: Event, now: float) -> list[Action]:
        if now < self._overlap_at + BARGE_IN_S:
            return []
        return [*self._silence("barge_in"), *self._open(event, now)]

    def _cough(self, _event: Event, _now: float) -> list[Action]:
        self.state = State.REPLYING
        return []

    def _stop(self, _event: Event, now: float) -> list[Action]:
        return [*self._silence("interrupt"), *self._rest(now)]

    def _stop_under_overlap(self, event: Event, now: float) -> list[Action]:
        return [*self._silence("interrupt"), *self._open(event, now)]

    def _silence(self, reason: CancelReason) -> list[Action]:
        if self._reply is None:
            return []
        reply_id, self._reply = self._reply.id, None
        return [CancelReply(reply_id, reason)]


@dataclass(frozen=True, slots=True)
class Rule:
    """What is done, and the states that it may lead to (checked by a property test; drawn in ARCHITECTURE.md)."""

    apply: Callable[[TurnMachine, Any, float], list[Action]]
    to: tuple[State, ...]


_M = TurnMachine
_IDLE, _LISTENING, _DECIDING, _REPLYING, _OVERLAP = State

TABLE: dict[tuple[State, type[Event]], Rule] = {
    (_IDLE, FanStarted): Rule(_M._open, (_LISTENING,)),
    (_IDLE, FanTyped): Rule(_M._type, (_REPLYING,)),
    (_IDLE, LineDue): Rule(_M._say_line, (_REPLYING,)),
    #
    (_LISTENING, FanPaused): Rule(_M._pause, (_DECIDING,)),
    (_LISTENING, FanTyped): Rule(_M._type, (_REPLYING,)),
    (_LISTENING, Tick): Rule(_M._ask_partial, (_LISTENING,)),
    (_LISTENING, WordsHeard): Rule(_M._hear_partial, (_LISTENING,)),
    (_LISTENING, ReplyComplete): Rule(_M._mark_complete, (_LISTENING,)),
    (_LISTENING, ReplyFailed): Rule(_M._fail_guess, (_LISTENING,)),
    (_LISTENING, LineDue): Rule(_M._keep_line, (_LISTENING,)),
    #
    (_DECIDING, FanStarted): Rule(_M._resume, (_LISTENING,)),
    (_DECIDING, FanTyped): Rule(_M._type, (_REPLYING,)),
    (_DECIDING, WordsHeard): Rule(_M._hear_final, (_DECIDING, _REPLYING, _IDLE)),
    (_DECIDING, TurnScored): Rule(_M._hear_score, (_DECIDING, _REPLYING)),
    (_DECIDING, Tick): Rule(_M._decide, (_DECIDING, _REPLYING, _IDLE)),
    (_DECIDING, ReplyComplete): Rule(_M._mark_complete, (_DECIDING,)),
    (_DECIDING, ReplyFailed): Rule(_M._fail_guess, (_DECIDING,)),
    (_DECIDING, LineDue): Rule(_M._keep_line, (_DECIDING,)),
    #
    (_REPLYING, FanStarted): Rule(_M._overlap, (_OVERLAP, _LISTENING)),
    (_REPLYING, FanTyped): Rule(_M._type, (_REPLYING,)),
    (_REPLYING, ReplyAudible): Rule(_M._mark_audible, (_REPLYING,)),
    (_REPLYING, ReplyComplete): Rule(_M._mark_complete, (_REPLYING, _IDLE)),
    (_REPLYING, ReplyHeard): Rule(_M._mark_heard, (_IDLE, _REPLYING)),
    (_REPLYING, ReplyFailed): Rule(_M._fail, (_IDLE, _REPLYING)),
    (_REPLYING, StopPressed): Rule(_M._stop, (_IDLE, _REPLYING)),
    (_REPLYING, LineDue): Rule(_M._keep_line, (_REPLYING,)),
    (_REPLYING, Tick): Rule(_M._overdue, (_IDLE, _REPLYING)),
    #
    (_OVERLAP, FanPaused): Rule(_M._cough, (_REPLYING,)),
    (_OVERLAP, FanTyped): Rule(_M._type, (_REPLYING,)),
    (_OVERLAP, Tick): Rule(_M._barge_in, (_OVERLAP, _LISTENING)),
    (_OVERLAP, ReplyAudible): Rule(_M._mark_audible, (_OVERLAP,)),
    (_OVERLAP, ReplyComplete): Rule(_M._mark_complete, (_OVERLAP,)),
    (_OVERLAP, ReplyFailed): Rule(_M._fail_under_overlap, (_LISTENING,)),
    (_OVERLAP, StopPressed): Rule(_M._stop_under_overlap, (_LISTENING,)),
    (_OVERLAP, LineDue): Rule(_M._keep_line, (_OVERLAP,)),
}
