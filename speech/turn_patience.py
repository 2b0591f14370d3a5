"""What is done when the fan's words are late: they are asked for a second, once in a turn, and then get their answer.

While the line for it is said, the fan's turn stays open: a fan who speaks up is heard on, and words that come are
answered as soon as the line was heard out, or at once when nothing of it was heard yet. Synchronous and without a
clock, as all rules. What comes next: turns.py, the table.
"""

from typing import Final

from speech.turn_events import (
    Action,
    CloseTurn,
    CommitReply,
    Event,
    FanStarted,
    JudgeEnding,
    ReplyComplete,
    ReplyFailed,
    ReplyHeard,
    StopPressed,
    Tick,
    WordsHeard,
)
from speech.turn_rules import Rules
from speech.turn_state import State

LATE_S: Final = 2.0  # people begin to ask "hello?" after about so much silence


class PatientRules(Rules):
    """The rules for words that are late. `wait_line` is what the fan is told then; empty: nothing."""

    def __init__(self, wait_line: str = "") -> None:
        super().__init__()
        self._wait_line = wait_line

    def next_look_at(self) -> float:
        """When something is to be done about the pause."""
        if self._may_begin():
            return self._begin_at()
        return min(self._decide_at(), self._turn.paused_at + LATE_S) if self._may_ask() else self._decide_at()

    def _may_ask(self) -> bool:
        return bool(self._wait_line) and self._turn.text is None and not self._turn.waited

    def wait_for_words(self, event: Tick, now: float) -> list[Action]:
        """The pause goes on."""
        late = self._may_ask() and now >= self._turn.paused_at + LATE_S
        return self._ask_for_a_second(now) if late else self.decide(event, now)

    def _ask_for_a_second(self, now: float) -> list[Action]:
        dropped = self._silence("fan_went_on")  # a guess from partial words; it is begun again with the final ones
        self._turn.waited = True
        begun = self._begin("", now, self._wait_line)
        self.state = State.WAITING
        return [*dropped, *begun, *([CommitReply(self._reply.id)] if self._reply else [])]

    # --- while the line is said ---

    def hear_late(self, event: WordsHeard, now: float) -> list[Action]:
        turn = self._turn
        if not self._is_current(event) or not event.final:
            return []
        if self._reply and self._reply.audible_at is None:  # just in time: there is no need to ask
            dropped = self._silence("fan_went_on")
            self.state = State.DECIDING
            return [*dropped, *self.hear_final(event, now)]
        turn.text, turn.words_at = event.text.strip(), now
        return [JudgeEnding(turn.id, turn.text)] if turn.text and not turn.is_judged(turn.text) else []

    def go_on(self, event: FanStarted, now: float) -> list[Action]:
        """The fan speaks up: their turn goes on where it paused."""
        return [*self._silence("fan_went_on"), *self.resume(event, now)]

    def stop_waiting(self, event: StopPressed, now: float) -> list[Action]:
        return [*self._silence("interrupt"), CloseTurn(self._turn.id), *self._rest(now)]

    def fail_waiting(self, event: ReplyFailed, now: float) -> list[Action]:
        if not self._is_newest(event.reply_id):
            return []
        return [*self._silence("engine_failed"), *self._back_to_pause(event, now)]

    def complete_waiting(self, event: ReplyComplete, now: float) -> list[Action]:
        """Nothing to be heard of it: the avatar has been silenced."""
        self.mark_complete(event, now)
        withheld = self._is_newest(event.reply_id) and event.total_samples == 0
        return [*self._end_reply(), *self._back_to_pause(event, now)] if withheld else []

    def heard_out(self, event: ReplyHeard, now: float) -> list[Action]:
        return [*self._end_reply(), *self._back_to_pause(event, now)] if self._is_over(event) else []

    def overdue_waiting(self, event: Tick, now: float) -> list[Action]:
        if self._reply and now < self._reply.ends_at():
            return []
        failed = self._reply is not None and self._reply.total_samples is None
        ended = self._silence("engine_failed") if failed else self._end_reply()
        return [*ended, *self._back_to_pause(event, now)]

    def _back_to_pause(self, event: Event, now: float) -> list[Action]:
        """The line is over: what became known meanwhile is acted on."""
        self.state = State.DECIDING
        if self._turn.text == "":
            return self._give_up(event, now)
        return self.decide(event, now)
