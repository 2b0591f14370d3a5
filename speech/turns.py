"""Whose turn is it? The conversation's rules as one table, synchronous and without a clock.

The machine is told what happened and when (`receive`), answers what to do (a list of actions), and says when it
wants to be woken (`deadline`, in the seconds of the same clock). It never sleeps and starts nothing itself; the
hallway (server/session.py) carries its actions out.

    IDLE       nobody speaks
    LISTENING  the fan speaks; partial transcripts are asked for
    DECIDING   the fan paused; words and turn score are on their way, a reply may already be begun, unheard
    WAITING    the words are late, and the fan is asked for a second
    REPLYING   a reply was committed: it is made, sent, played
    OVERLAP    the fan makes a sound while the avatar speaks, softer now: a cough, a "wow", or an interruption?

A turn, a reply and each pause inside a turn (`revision`) have numbers that only grow. What arrives with an old
number is stale and changes nothing; so does every pair of state and event that TABLE, at the end, does not list.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from speech.turn_events import (
    Action,
    EndingJudged,
    Event,
    FanPaused,
    FanStarted,
    FanTyped,
    LineDue,
    ReplyAudible,
    ReplyComplete,
    ReplyFailed,
    ReplyHeard,
    StopPressed,
    Tick,
    TurnScored,
    WordsHeard,
)
from speech.turn_patience import PatientRules
from speech.turn_state import Effort, State


@dataclass(frozen=True, slots=True)
class Rule:
    """What is done, and the states that it may lead to (checked by a property test; drawn in ARCHITECTURE.md)."""

    apply: Callable[["TurnMachine", Any, float], list[Action]]
    to: tuple[State, ...]


_M = PatientRules
_IDLE, _LISTENING, _DECIDING, _WAITING, _REPLYING, _OVERLAP = State

TABLE: dict[tuple[State, type[Event]], Rule] = {
    (_IDLE, FanStarted): Rule(_M.open_turn, (_LISTENING,)),
    (_IDLE, FanTyped): Rule(_M.take_typed, (_REPLYING,)),
    (_IDLE, LineDue): Rule(_M.say_line, (_REPLYING,)),
    #
    (_LISTENING, FanPaused): Rule(_M.pause, (_DECIDING,)),
    (_LISTENING, FanTyped): Rule(_M.take_typed, (_REPLYING,)),
    (_LISTENING, Tick): Rule(_M.ask_partial, (_LISTENING,)),
    (_LISTENING, WordsHeard): Rule(_M.hear_partial, (_LISTENING,)),
    (_LISTENING, EndingJudged): Rule(_M.note_ending, (_LISTENING,)),
    (_LISTENING, ReplyComplete): Rule(_M.mark_complete, (_LISTENING,)),
    (_LISTENING, ReplyFailed): Rule(_M.fail_guess, (_LISTENING,)),
    (_LISTENING, LineDue): Rule(_M.keep_line, (_LISTENING,)),
    #
    (_DECIDING, FanStarted): Rule(_M.resume, (_LISTENING,)),
    (_DECIDING, FanTyped): Rule(_M.take_typed, (_REPLYING,)),
    (_DECIDING, WordsHeard): Rule(_M.hear_final, (_DECIDING, _REPLYING, _IDLE)),
    (_DECIDING, TurnScored): Rule(_M.hear_score, (_DECIDING, _REPLYING)),
    (_DECIDING, EndingJudged): Rule(_M.hear_ending, (_DECIDING, _REPLYING)),
    (_DECIDING, Tick): Rule(_M.wait_for_words, (_DECIDING, _REPLYING, _IDLE, _WAITING)),
    (_DECIDING, ReplyComplete): Rule(_M.mark_complete, (_DECIDING,)),
    (_DECIDING, ReplyFailed): Rule(_M.fail_guess, (_DECIDING,)),
    (_DECIDING, LineDue): Rule(_M.keep_line, (_DECIDING,)),
    #
    (_WAITING, FanStarted): Rule(_M.go_on, (_LISTENING,)),
    (_WAITING, FanTyped): Rule(_M.take_typed, (_REPLYING,)),
    (_WAITING, WordsHeard): Rule(_M.hear_late, (_WAITING, _DECIDING, _REPLYING, _IDLE)),
    (_WAITING, EndingJudged): Rule(_M.note_ending, (_WAITING,)),
    (_WAITING, ReplyAudible): Rule(_M.mark_audible, (_WAITING,)),
    (_WAITING, ReplyComplete): Rule(_M.complete_waiting, (_WAITING, _DECIDING)),
    (_WAITING, ReplyHeard): Rule(_M.heard_out, (_WAITING, _DECIDING, _REPLYING, _IDLE)),
    (_WAITING, ReplyFailed): Rule(_M.fail_waiting, (_DECIDING, _REPLYING, _IDLE)),
    (_WAITING, StopPressed): Rule(_M.stop_waiting, (_IDLE, _REPLYING)),
    (_WAITING, Tick): Rule(_M.overdue_waiting, (_WAITING, _DECIDING, _REPLYING, _IDLE)),
    (_WAITING, LineDue): Rule(_M.keep_line, (_WAITING,)),
    #
    (_REPLYING, FanStarted): Rule(_M.overlap, (_OVERLAP, _LISTENING)),
    (_REPLYING, FanTyped): Rule(_M.take_typed, (_REPLYING,)),
    (_REPLYING, ReplyAudible): Rule(_M.mark_audible, (_REPLYING,)),
    (_REPLYING, ReplyComplete): Rule(_M.mark_complete, (_REPLYING, _IDLE)),
    (_REPLYING, ReplyHeard): Rule(_M.mark_heard, (_IDLE, _REPLYING)),
    (_REPLYING, ReplyFailed): Rule(_M.fail, (_IDLE, _REPLYING)),
    (_REPLYING, StopPressed): Rule(_M.stop, (_IDLE, _REPLYING)),
    (_REPLYING, LineDue): Rule(_M.keep_line, (_REPLYING,)),
    (_REPLYING, Tick): Rule(_M.overdue, (_IDLE, _REPLYING)),
    #
    (_OVERLAP, FanPaused): Rule(_M.hush, (_OVERLAP,)),
    (_OVERLAP, FanStarted): Rule(_M.sound_again, (_OVERLAP,)),
    (_OVERLAP, FanTyped): Rule(_M.take_typed, (_REPLYING,)),
    (_OVERLAP, WordsHeard): Rule(_M.hear_over, (_OVERLAP, _LISTENING, _DECIDING, _REPLYING)),
    (_OVERLAP, Tick): Rule(_M.look, (_OVERLAP, _LISTENING, _REPLYING)),
    (_OVERLAP, ReplyAudible): Rule(_M.mark_audible, (_OVERLAP,)),
    (_OVERLAP, ReplyComplete): Rule(_M.mark_complete, (_OVERLAP,)),
    (_OVERLAP, ReplyHeard): Rule(_M.over_first, (_OVERLAP, _LISTENING, _DECIDING)),
    (_OVERLAP, ReplyFailed): Rule(_M.fail_under_overlap, (_LISTENING, _DECIDING)),
    (_OVERLAP, StopPressed): Rule(_M.stop_under_overlap, (_LISTENING, _DECIDING)),
    (_OVERLAP, LineDue): Rule(_M.keep_line, (_OVERLAP,)),
}


class TurnMachine(PatientRules):
    """The turns of one conversation: the rules, by the table."""

    def receive(self, event: Event, now: float) -> list[Action]:
        """What to do about `event`, which happened at `now` (seconds; only differences matter)."""
        rule = TABLE.get((self.state, type(event)))
        return rule.apply(self, event, now) if rule else []

    def deadline(self) -> float | None:
        """When to send a Tick, or None: only another event can change anything."""
        match self.state:
            case State.LISTENING:
                asks = not self._turn.partial_pending and self.effort < Effort.NO_PARTIALS
                return self._turn.partial_at if asks else None
            case State.DECIDING:
                return self.next_look_at()
            case State.WAITING | State.REPLYING if self._reply:
                return self._reply.ends_at()
            case State.OVERLAP:
                return self._overlap_ends_at() if self._turn.partial_pending else self._turn.partial_at
        return None
