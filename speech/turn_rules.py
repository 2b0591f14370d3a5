"""What is done about each event, a method a rule. Synchronous and without a clock.

A rule takes the event and `now`, changes the state, and answers with actions. Which rule is for which event in which
state, and where it may lead, is the table in turns.py, which comes next.
"""

from collections.abc import Iterator
from itertools import count

from speech.endpointing import required_silence_ms
from speech.interjections import takes_turn
from speech.turn_events import (
    Action,
    CancelReason,
    CancelReply,
    CloseTurn,
    CommitReply,
    DuckReply,
    EndingJudged,
    EndReply,
    Event,
    FanPaused,
    FanTyped,
    JudgeEnding,
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
    TurnScored,
    WordsHeard,
)
from speech.turn_state import Effort, Habits, NewestReply, State, Turn, same_words

# Seconds, each with its reason.
PARTIAL_EVERY_S = 0.3  # words appear about as they are said; a partial costs a third of that on one core
SPECULATE_AHEAD_S = 1.0  # an unheard reply is begun this long before its pause would end the turn
EARLY_GUESS_PROB = 0.4  # partial words that end a sentence so likely are answered at the pause, before the final ones
JUDGE_WAIT_S = 0.25  # for the ending model: four times what it needs; later the other cues decide without it
SCORE_WORTH_S = 0.15  # a pause that ends sooner is not worth the turn model's 0.05 s
WORDS_WAIT_S = 8.0  # a recogniser slower than this has failed
WORDS_WAIT_ASKED_S = 20.0  # the same for a fan who was asked for a second, and so expects an answer
WENT_ON_S = 0.5  # a fan who speaks this soon after the avatar began was cut off: yield at once
FIRST_LOOK_S = 0.20  # of sound over the avatar's voice, before its words are asked for: less is no word
LOOK_EVERY_S = 0.05  # from an answer to the next look at those words; 0.15 stops a fan's words 0.1 s later
OVERLAP_S = 1.5  # sound this long takes the turn whatever it says: laughs and coughs are shorter
HUSH_S = 1.0  # the avatar speaks up again this long after the sound, if its words never come


class Rules:
    """The state of one conversation, and what is done about each event. `effort` may be changed at any time."""

    def __init__(self) -> None:
        self.state = State.IDLE
        self.effort = Effort.FULL
        self.habits = Habits()
        self._turn = Turn(0)
        self._reply: NewestReply | None = None
        self._overlap_at = 0.0
        self._hushed = False  # in OVERLAP: the sound has stopped, its words are awaited
        self._line_waiting: str | None = None
        self.reply_numbers: Iterator[int] = count(1)  # several conversations of one client may share them

    # --- the fan ---

    def open_turn(self, _event: Event, now: float) -> list[Action]:
        self._turn = Turn(self._turn.id + 1, partial_at=now + PARTIAL_EVERY_S)
        self.state = State.LISTENING
        return [OpenTurn(self._turn.id)]

    def pause(self, event: FanPaused, now: float) -> list[Action]:
        turn = self._turn
        asked = self._ask_final(event, now)
        self.state = State.DECIDING
        ending = turn.ending_of(turn.guess) if turn.guess else None
        likely = ending is not None and ending >= EARLY_GUESS_PROB and self.effort < Effort.NO_EARLY_GUESSES
        return [*asked, *(self._begin(turn.guess, now) if likely and self._reply is None else [])]

    def _ask_final(self, event: FanPaused, now: float) -> list[Action]:
        turn = self._turn
        turn.revision += 1
        turn.text, turn.complete_prob, turn.partial_pending = None, None, False
        turn.paused_at = now - event.silent_s
        turn.score_asked = False
        return [Recognise(turn.id, turn.revision, final=True)]

    def resume(self, _event: Event, now: float) -> list[Action]:
        # An unheard reply is kept for now: it may only have been a breath. New words will cancel it.
        self._turn.revision += 1
        self._turn.partial_at = now + PARTIAL_EVERY_S
        self.state = State.LISTENING
        return []

    def take_typed(self, event: FanTyped, now: float) -> list[Action]:
        """Typed words are a whole turn. They win over sound, so that a noisy room cannot silence those who type."""
        open_turn = self.state in (State.LISTENING, State.DECIDING, State.WAITING, State.OVERLAP)
        closed = [CloseTurn(self._turn.id)] if open_turn else []
        cancelled = self._silence("interrupt")
        self._turn = Turn(self._turn.id + 1)
        shown = ShowTranscript(self._turn.id, event.text, final=True, stable_words=len(event.text.split()))
        return [*cancelled, *closed, shown, *self._begin(event.text, now), *self._commit(now)]

    # --- the ears' answers ---

    def ask_partial(self, _event: Event, now: float) -> list[Action]:
        shed = self.state is State.LISTENING and self.effort >= Effort.NO_PARTIALS
        if shed or self._turn.partial_pending or now < self._turn.partial_at:
            return []
        self._turn.partial_pending = True
        return [Recognise(self._turn.id, self._turn.revision, final=False)]

    def hear_partial(self, event: WordsHeard, now: float) -> list[Action]:
        turn = self._turn
        if not self._is_current(event):
            return []
        turn.partial_pending = False
        turn.partial_at = now + PARTIAL_EVERY_S
        if not event.text:
            return []
        turn.guess = event.text
        shown, stable = turn.agreement.feed(event.text)
        cancelled = self._drop_wrong_guess(event.text)
        judged = [] if turn.is_judged(event.text) else [JudgeEnding(turn.id, event.text)]
        return [ShowTranscript(turn.id, shown, final=False, stable_words=stable), *cancelled, *judged]

    def hear_final(self, event: WordsHeard, now: float) -> list[Action]:
        turn = self._turn
        if not self._is_current(event) or not event.final:
            return []
        turn.text, turn.words_at = event.text.strip(), now
        if not turn.text:
            return self._give_up(event, now)
        judged = [] if turn.is_judged(turn.text) else [JudgeEnding(turn.id, turn.text)]
        return [*self._drop_wrong_guess(turn.text), *judged, *self.decide(event, now)]

    def hear_score(self, event: TurnScored, now: float) -> list[Action]:
        if (event.turn_id, event.revision) != (self._turn.id, self._turn.revision):
            return []
        self._turn.complete_prob = event.complete_prob
        return self.decide(event, now)

    def note_ending(self, event: EndingJudged, _now: float) -> list[Action]:
        if event.turn_id == self._turn.id:
            self._turn.judged, self._turn.ending_prob = event.text, event.ending_prob
        return []

    def hear_ending(self, event: EndingJudged, now: float) -> list[Action]:
        if self._turn.text is not None and not same_words(event.text, self._turn.text):
            return []  # of a partial that has been overtaken
        self.note_ending(event, now)
        return self.decide(event, now) if self._turn.text is not None else []

    def _is_current(self, event: WordsHeard) -> bool:
        return (event.turn_id, event.revision) == (self._turn.id, self._turn.revision)

    def _drop_wrong_guess(self, text: str) -> list[Action]:
        wrong = self._reply is not None and not same_words(self._reply.text, text)
        return self._silence("fan_went_on") if wrong else []

    # --- the decision ---

    def _decide_at(self) -> float:
        turn = self._turn
        if turn.text is None:
            return turn.paused_at + (WORDS_WAIT_ASKED_S if turn.waited else WORDS_WAIT_S)
        needed_ms = required_silence_ms(
            turn.text,
            ending_prob=turn.ending_of(turn.text),
            complete_prob=turn.complete_prob,
            caution=self.habits.caution,
        )
        over_at = turn.paused_at + needed_ms / 1000
        return over_at if turn.is_judged(turn.text) else max(over_at, turn.words_at + JUDGE_WAIT_S)

    def _begin_at(self) -> float:
        return self._decide_at() - SPECULATE_AHEAD_S

    def _may_begin(self) -> bool:
        return self._reply is None and self._turn.text is not None

    def decide(self, event: Event, now: float) -> list[Action]:
        """Begins a reply when the end is near; commits once the silence is as long as this pause deserves."""
        text = self._turn.text
        due = now >= self._decide_at()
        if not text:
            return self._give_up(event, now) if due else []
        begun = self._begin(text, now) if self._may_begin() and now >= self._begin_at() else []
        if not due:
            return [*begun, *self._ask_score(now)]
        shown = ShowTranscript(self._turn.id, text, final=True, stable_words=len(text.split()))
        return [*begun, shown, *self._commit(now)]

    def _ask_score(self, now: float) -> list[Action]:
        """What the words leave open may sound clear. Clear words are not kept waiting for it: it is one core's work."""
        turn = self._turn
        open_for_s = self._decide_at() - now
        if turn.score_asked or not turn.is_judged(turn.text or "") or open_for_s < SCORE_WORTH_S:
            return []
        turn.score_asked = True
        return [ScoreTurn(turn.id, turn.revision)] if self.effort < Effort.NO_TURN_MODEL else []

    def _give_up(self, _event: Event, now: float) -> list[Action]:
        """There were no words: a cough, music, a slammed door."""
        return [*self._silence("fan_went_on"), CloseTurn(self._turn.id), *self._rest(now)]

    # --- the reply ---

    def number_reply(self) -> int:
        """The number of a new reply; also for one that is none of the machine's, such as a host's own voice."""
        return next(self.reply_numbers)

    def _begin(self, text: str, now: float, line: str | None = None) -> list[Action]:
        self._reply = NewestReply(self.number_reply(), text, begun_at=now)
        return [StartReply(self._reply.id, self._turn.id, text, line, self._turn.waited)]

    def _commit(self, now: float) -> list[Action]:
        if self._reply is None:  # never: every caller has begun one
            return []
        self._reply.begun_at = now
        self.state = State.REPLYING
        return [CloseTurn(self._turn.id), CommitReply(self._reply.id)]

    def say_line(self, event: LineDue, now: float) -> list[Action]:
        return [*self._begin("", now, event.line), *self._commit(now)]

    def keep_line(self, event: LineDue, _now: float) -> list[Action]:
        self._line_waiting = event.line  # one waits at most: the newest is the one that still makes sense
        return []

    def mark_audible(self, event: ReplyAudible, now: float) -> list[Action]:
        if self._is_newest(event.reply_id) and self._reply and self._reply.audible_at is None:
            self._reply.audible_at = now
        return []

    def mark_complete(self, event: ReplyComplete, now: float) -> list[Action]:
        """May come while the reply is still a guess: it is remembered, and ends nothing before the commit."""
        if self._is_newest(event.reply_id) and self._reply:
            self._reply.total_samples = event.total_samples
            if event.total_samples == 0 and self.state is State.REPLYING:
                return self._rest(now)
        return []

    def mark_heard(self, event: ReplyHeard, now: float) -> list[Action]:
        return self._rest(now) if self._is_over(event) else []

    def _is_over(self, event: ReplyHeard) -> bool:
        total = self._reply.total_samples if self._reply else None
        return self._is_newest(event.reply_id) and total is not None and event.heard_samples >= total

    def overdue(self, _event: Event, now: float) -> list[Action]:
        if self._reply and now < self._reply.ends_at():
            return []
        failed = self._reply is not None and self._reply.total_samples is None
        return [*(self._silence("engine_failed") if failed else []), *self._rest(now)]

    def fail_guess(self, event: ReplyFailed, _now: float) -> list[Action]:
        return self._silence("engine_failed") if self._is_newest(event.reply_id) else []

    def fail(self, event: ReplyFailed, now: float) -> list[Action]:
        return [*self._silence("engine_failed"), *self._rest(now)] if self._is_newest(event.reply_id) else []

    def _is_newest(self, reply_id: int) -> bool:
        return self._reply is not None and self._reply.id == reply_id

    def _rest(self, now: float) -> list[Action]:
        """Nobody has the floor; a line that waited is said now."""
        if self._reply:  # it was not cancelled: the fan heard it in peace
            self.habits.answered()
        ended = self._end_reply()
        self.state = State.IDLE
        line, self._line_waiting = self._line_waiting, None
        return [*ended, *(self.say_line(LineDue(line), now) if line else [])]

    def _end_reply(self) -> list[Action]:
        ended: list[Action] = [EndReply(self._reply.id)] if self._reply else []
        self._reply = None
        return ended

    # --- both at once ---

    def overlap(self, event: Event, now: float) -> list[Action]:
        reply = self._reply
        if reply is None or reply.audible_at is None or now - reply.audible_at < WENT_ON_S:
            if reply and reply.text:  # a line of the persona's own cuts nobody off
                self.habits.cut_off()
            return [*self._silence("fan_went_on"), *self.open_turn(event, now)]
        opened = self.open_turn(event, now)
        self._turn.partial_at = now + FIRST_LOOK_S
        self._overlap_at, self._hushed = now, False
        self.state = State.OVERLAP
        return [*opened, DuckReply(reply.id, ducked=True)]

    def _overlap_ends_at(self) -> float:
        return self._turn.paused_at + HUSH_S if self._hushed else self._overlap_at + OVERLAP_S

    def look(self, event: Event, now: float) -> list[Action]:
        """Time passed: ask what the sound says, or decide without its words."""
        if now < self._overlap_ends_at():
            return self.ask_partial(event, now)
        return self._let_go_on(now) if self._hushed else self._barge_in(now)

    def hear_over(self, event: WordsHeard, now: float) -> list[Action]:
        turn = self._turn
        if not self._is_current(event):
            return []
        claims = self._claims_turn(event)
        if event.final:
            return self._take_turn(event, now) if claims else self._let_go_on(now)
        turn.partial_pending, turn.partial_at = False, now + LOOK_EVERY_S
        return self._barge_in(now) if claims else []

    def _claims_turn(self, event: WordsHeard) -> bool:
        shown, stable = self._turn.agreement.feed(event.text)
        agreed = " ".join(shown.split()[:stable])
        return takes_turn(event.text, agreed=agreed, mean_logprob=event.mean_logprob, final=event.final)

    def _barge_in(self, now: float) -> list[Action]:
        """The fan takes the turn, and is still speaking."""
        self.state = State.LISTENING
        self._turn.partial_pending, self._turn.partial_at = False, now + LOOK_EVERY_S
        return self._silence("barge_in")

    def _take_turn(self, event: WordsHeard, now: float) -> list[Action]:
        """The fan took the turn in a word or two, and is silent again."""
        cancelled = self._silence("barge_in")
        self.state = State.DECIDING
        return [*cancelled, *self.hear_final(event, now)]

    def _let_go_on(self, _now: float) -> list[Action]:
        """It was nothing: the avatar speaks up again."""
        self.state = State.REPLYING
        spoken_up: list[Action] = [DuckReply(self._reply.id, ducked=False)] if self._reply else []
        return [CloseTurn(self._turn.id), *spoken_up]

    def hush(self, event: FanPaused, now: float) -> list[Action]:
        self._hushed = True
        asked = self._ask_final(event, now)
        self._turn.partial_pending = True
        return asked

    def sound_again(self, _event: Event, now: float) -> list[Action]:
        self._hushed = False
        self._turn.revision += 1
        self._turn.partial_pending, self._turn.partial_at = False, now + FIRST_LOOK_S
        return []

    def over_first(self, event: ReplyHeard, _now: float) -> list[Action]:
        """The reply ended under the sound: the fan has the floor."""
        return [*self._end_reply(), *self._yield()] if self._is_over(event) else []

    def fail_under_overlap(self, event: ReplyFailed, _now: float) -> list[Action]:
        return [*self._silence("engine_failed"), *self._yield()] if self._is_newest(event.reply_id) else []

    def stop_under_overlap(self, _event: Event, _now: float) -> list[Action]:
        return [*self._silence("interrupt"), *self._yield()]

    def _yield(self) -> list[Action]:
        self.state = State.DECIDING if self._hushed else State.LISTENING
        return []

    def stop(self, _event: Event, now: float) -> list[Action]:
        return [*self._silence("interrupt"), *self._rest(now)]

    def _silence(self, reason: CancelReason) -> list[Action]:
        if self._reply is None:
            return []
        reply_id, self._reply = self._reply.id, None
        return [CancelReply(reply_id, reason)]
