"""The turn machine: conversations as transcripts, then thousands of generated ones."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.timeline import OUTPUT_RATE_HZ
from speech.turn_events import (
    CancelReply,
    CloseTurn,
    CommitReply,
    EndReply,
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
from speech.turns import TABLE, State, TurnMachine, same_words

SECOND = OUTPUT_RATE_HZ


class Stage:
    """A machine, a clock, and what it did so far."""

    def __init__(self) -> None:
        self.machine = TurnMachine()
        self.now = 100.0
        self.done: list[Any] = []

    def after(self, seconds: float, event: Any) -> list[Any]:
        """Lets time pass, with every deadline on the way, then tells the machine."""
        end = self.now + seconds
        for _ in range(200):
            deadline = self.machine.deadline()
            if deadline is None or deadline > end:
                break
            self.now = max(self.now, deadline)
            before = (self.machine.state, self.machine.deadline())
            self.done += self.machine.receive(Tick(), self.now)
            assert (self.machine.state, self.machine.deadline()) != before, "a tick at its deadline must change it"
        self.now = end
        actions = self.machine.receive(event, self.now)
        self.done += actions
        return actions

    def wait(self, seconds: float) -> list[Any]:
        """What the machine does by itself in that time."""
        seen = len(self.done)
        self.after(seconds, Tick())
        return self.done[seen:]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def say(stage: Stage, text: str, prob: float = 0.95) -> None:
    """The fan says something and stops; the ears answer at once."""
    stage.after(0.1, FanStarted())
    pause = stage.after(1.0, FanPaused(0.064))
    request = next(a for a in pause if isinstance(a, Recognise))
    stage.after(0.05, TurnScored(request.turn_id, request.revision, prob))
    stage.after(0.05, WordsHeard(request.turn_id, request.revision, text, final=True))


def hear_reply(stage: Stage, reply_id: int, seconds: float = 2.0) -> None:
    stage.after(0.1, ReplyAudible(reply_id))
    stage.after(0.1, ReplyComplete(reply_id, int(seconds * SECOND)))


def test_a_question_is_answered_and_the_floor_is_free_again(stage: Stage) -> None:
    assert stage.after(0, FanStarted()) == [OpenTurn(1)]
    assert stage.after(1.2, FanPaused(0.064)) == [Recognise(1, 1, final=True), ScoreTurn(1, 1)]
    assert stage.after(0.03, TurnScored(1, 1, 0.97)) == []
    assert stage.after(0.02, WordsHeard(1, 1, "What is your cat called?", final=True)) == [
        StartReply(1, 1, "What is your cat called?")
    ]
    assert stage.wait(0.3) == [
        ShowTranscript(1, "What is your cat called?", final=True),
        CloseTurn(1),
        CommitReply(1),
    ]
    hear_reply(stage, 1)
    assert stage.machine.state is State.REPLYING
    assert stage.after(2.0, ReplyHeard(1, 2 * SECOND)) == [EndReply(1)]
    assert stage.machine.state is State.IDLE
    assert stage.machine.deadline() is None


def test_a_pause_inside_a_sentence_waits_for_the_rest(stage: Stage) -> None:
    say(stage, "So my sister and", prob=0.9)
    assert stage.wait(1.0) == [StartReply(1, 1, "So my sister and")], "begun, but not heard"
    assert stage.after(0.1, FanStarted()) == []
    stage.after(1.0, FanPaused(0.064))
    stage.after(0.1, TurnScored(1, 3, 0.95))
    stage.after(0.1, WordsHeard(1, 3, "So my sister and I love you.", final=True))
    stage.wait(0.5)
    assert [a for a in stage.done if isinstance(a, CommitReply)] == [CommitReply(2)]
    assert stage.done[-1] == CommitReply(2)
    assert StartReply(2, 1, "So my sister and I love you.") in stage.done
    assert sum(isinstance(a, OpenTurn) for a in stage.done) == 1


def test_a_guess_is_kept_when_the_fan_only_breathed(stage: Stage) -> None:
    say(stage, "I love your songs.", prob=0.6)
    assert isinstance(stage.done[-1], StartReply)
    stage.after(0.05, FanStarted())
    stage.after(0.1, FanPaused(0.064))
    assert stage.after(0.1, WordsHeard(1, 3, "i love your songs", final=True)) == []
    committed = stage.after(1.7, TurnScored(1, 3, 0.95))
    assert [a for a in stage.done if isinstance(a, CancelReply)] == []
    assert CommitReply(1) in stage.done
    assert committed == []


def test_a_wrong_guess_is_never_heard(stage: Stage) -> None:
    say(stage, "I love your songs.", prob=0.6)
    stage.after(0.05, FanStarted())
    stage.after(0.5, FanPaused(0.064))
    actions = stage.after(0.1, WordsHeard(1, 3, "I love your songs but not that one.", final=True))
    assert actions[0] == CancelReply(1, "fan_went_on")
    stage.after(0.1, TurnScored(1, 3, 0.95))
    stage.wait(1.0)
    assert [a for a in stage.done if isinstance(a, CommitReply)] == [CommitReply(2)]


def test_words_over_the_reply_stop_it_and_are_heard(stage: Stage) -> None:
    say(stage, "Tell me a story.")
    stage.wait(0.5)
    hear_reply(stage, 1, seconds=20)
    stage.after(1.0, FanStarted())
    assert stage.machine.state is State.OVERLAP
    assert stage.wait(0.3) == [CancelReply(1, "barge_in"), OpenTurn(2)]
    assert stage.machine.state is State.LISTENING


def test_a_cough_over_the_reply_is_let_pass(stage: Stage) -> None:
    say(stage, "Tell me a story.")
    stage.wait(0.5)
    hear_reply(stage, 1, seconds=20)
    stage.after(1.0, FanStarted())
    assert stage.after(0.15, FanPaused(0.064)) == []
    assert stage.machine.state is State.REPLYING
    assert not any(isinstance(a, CancelReply) for a in stage.done)


def test_a_fan_who_was_cut_off_gets_the_floor_at_once(stage: Stage) -> None:
    say(stage, "Tell me a story.")
    stage.wait(0.5)
    assert stage.after(0.01, FanStarted()) == [CancelReply(1, "fan_went_on"), OpenTurn(2)]


def test_noise_without_words_is_not_answered(stage: Stage) -> None:
    say(stage, "")
    assert stage.machine.state is State.IDLE
    assert not any(isinstance(a, StartReply) for a in stage.done)


def test_typed_words_win_over_a_noisy_room(stage: Stage) -> None:
    stage.after(0.1, FanStarted())
    actions = stage.after(3.0, FanTyped("hello"))
    assert CommitReply(1) in actions
    assert CloseTurn(1) in actions
    assert stage.machine.state is State.REPLYING


def test_a_dead_recogniser_does_not_hold_the_floor(stage: Stage) -> None:
    stage.after(0.1, FanStarted())
    stage.after(1.0, FanPaused(0.064))
    stage.wait(20)
    assert stage.machine.state is State.IDLE


def test_a_dead_turn_model_costs_patience_only(stage: Stage) -> None:
    stage.after(0.1, FanStarted())
    stage.after(1.0, FanPaused(0.064))
    stage.after(0.1, WordsHeard(1, 1, "Where do you live?", final=True))
    stage.after(0.1, TurnScored(1, 1, None))
    assert CommitReply(1) in stage.wait(1.0)


def test_a_reply_that_never_sounds_is_given_up(stage: Stage) -> None:
    stage.after(0.1, FanTyped("hello"))
    assert CancelReply(1, "engine_failed") in stage.wait(30)
    assert stage.machine.state is State.IDLE


def test_a_client_without_marks_is_believed_after_the_playing_time(stage: Stage) -> None:
    stage.after(0.1, FanTyped("hello"))
    hear_reply(stage, 1, seconds=2)
    assert stage.wait(2.5) == []
    assert stage.wait(1.0) == [EndReply(1)]


def test_a_line_that_is_due_waits_for_the_end_of_the_reply(stage: Stage) -> None:
    stage.after(0.1, FanTyped("hello"))
    hear_reply(stage, 1, seconds=2)
    assert stage.after(0.1, LineDue("One more minute.")) == []
    actions = stage.after(2.0, ReplyHeard(1, 2 * SECOND))
    assert StartReply(2, 1, "", "One more minute.") in actions
    assert CommitReply(2) in actions


def test_stop_stops(stage: Stage) -> None:
    stage.after(0.1, FanTyped("hello"))
    hear_reply(stage, 1)
    assert stage.after(0.1, StopPressed()) == [CancelReply(1, "interrupt")]
    assert stage.machine.state is State.IDLE


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("Hello, Nova!", "hello nova", True),
        ("I'm fine.", "I’m fine", True),
        ("I love it", "I loved it", False),
        ("", "...", True),
    ],
)
def test_punctuation_does_not_make_other_words(a: str, b: str, same: bool) -> None:
    assert same_words(a, b) is same


numbers = st.integers(0, 6)
texts = st.sampled_from(["", "Hello.", "Where are you from?", "and then", "hello"])
events = st.one_of(
    st.builds(FanStarted),
    st.builds(FanPaused, st.floats(0, 0.3)),
    st.builds(FanTyped, st.just("typed words")),
    st.builds(WordsHeard, numbers, numbers, texts, st.booleans()),
    st.builds(TurnScored, numbers, numbers, st.one_of(st.none(), st.floats(0, 1))),
    st.builds(LineDue, st.just("a line")),
    st.builds(ReplyAudible, numbers),
    st.builds(ReplyComplete, numbers, st.integers(0, 5 * SECOND)),
    st.builds(ReplyHeard, numbers, st.integers(0, 6 * SECOND)),
    st.builds(ReplyFailed, numbers),
    st.builds(StopPressed),
    st.builds(Tick),
)
#: Answers to whatever was last asked, so that deep states are reached too.
answers = st.sampled_from(["words", "no words", "score", "audible", "complete", "heard", "failed"])
steps = st.lists(st.tuples(st.floats(-0.5, 3.0), st.one_of(events, answers)), max_size=40)


def answer(stage: Stage, kind: str) -> Any:
    asked = [a for a in stage.done if isinstance(a, Recognise)]
    begun = [a for a in stage.done if isinstance(a, StartReply)]
    turn_id, revision = (asked[-1].turn_id, asked[-1].revision) if asked else (0, 0)
    reply_id = begun[-1].reply_id if begun else 0
    return {
        "words": WordsHeard(turn_id, revision, f"Words of pause {revision}.", asked[-1].final if asked else True),
        "no words": WordsHeard(turn_id, revision, "", final=True),
        "score": TurnScored(turn_id, revision, 0.9),
        "audible": ReplyAudible(reply_id),
        "complete": ReplyComplete(reply_id, SECOND),
        "heard": ReplyHeard(reply_id, 6 * SECOND),
        "failed": ReplyFailed(reply_id),
    }[kind]


def play(story: list[tuple[float, Any]]) -> tuple[Stage, list[tuple[State, Any, State]]]:
    stage, seen = Stage(), []
    for seconds, event in story:
        told = answer(stage, event) if isinstance(event, str) else event
        if seconds < 0:  # the clock jumped back
            stage.now += seconds
        stage.wait(max(seconds, 0.0))
        before = stage.machine.state
        stage.after(0, told)
        seen.append((before, told, stage.machine.state))
    return stage, seen


@settings(max_examples=800, deadline=None)
@given(steps)
def test_every_story_keeps_the_promises(story: list[tuple[float, Any]]) -> None:
    stage, seen = play(story)
    for before, event, after in seen:
        rule = TABLE.get((before, type(event)))
        if rule is None:
            assert after is before or isinstance(event, Tick)
        else:
            assert after in (*rule.to, before), (before, event, after)

    started: dict[int, StartReply] = {}
    committed: list[int] = []
    ended: set[int] = set()
    for action in stage.done:
        match action:
            case StartReply():
                assert action.reply_id > max(started, default=0), "reply numbers only grow"
                assert action.text.strip() or action.line, "never a reply to silence"
                started[action.reply_id] = action
            case CommitReply(reply_id):
                assert reply_id == max(started), "only the newest reply may be heard"
                assert reply_id not in ended
                committed.append(reply_id)
            case CancelReply(reply_id, _) | EndReply(reply_id):
                assert reply_id in started
                assert reply_id not in ended, "a reply ends once"
                ended.add(reply_id)
    assert len(committed) == len(set(committed))
    turns = [started[i].turn_id for i in committed if started[i].line is None]
    assert len(turns) == len(set(turns)), "never two replies to one turn"
    assert set(started) - ended <= {max(started, default=0)}, "a reply is ended before the next begins"


@settings(max_examples=300, deadline=None)
@given(steps)
def test_every_story_ends_in_silence(story: list[tuple[float, Any]]) -> None:
    """However it went: when the fan is quiet, the ears answer and the reply is played, the machine rests."""
    stage, _ = play(story)
    stage.after(0.1, FanPaused(0.1))
    for _ in range(12):
        for kind in ("words", "score", "audible", "complete"):
            stage.after(0.2, answer(stage, kind))
        stage.wait(30)
    assert stage.machine.state is State.IDLE
    assert stage.machine.deadline() is None


def test_the_table_lists_only_states_that_rules_reach() -> None:
    """Every listed transition exists: the diagram drawn from the table does not lie."""
    chance = random.Random(7)
    stage = Stage()
    reached: set[tuple[State, type, State]] = set()
    spontaneous = [FanStarted(), FanPaused(0.06), FanTyped("typed"), LineDue("a line"), StopPressed(), Tick()]
    replies = ["words", "words", "no words", "score", "audible", "complete", "heard", "failed"]
    receive = stage.machine.receive

    def noted(event: Any, now: float) -> list[Any]:
        before = stage.machine.state
        actions = receive(event, now)
        reached.add((before, type(event), stage.machine.state))
        return actions

    stage.machine.receive = noted  # type: ignore[method-assign]
    for _ in range(60_000):
        told = chance.choice(spontaneous) if chance.random() < 0.4 else answer(stage, chance.choice(replies))
        if isinstance(told, ReplyComplete) and chance.random() < 0.2:
            told = ReplyComplete(told.reply_id, 0)
        stage.after(chance.choice([0.01, 0.1, 0.3, 0.6, 10.0]), told)
        del stage.done[:-60]
    claimed = {(state, event, to) for (state, event), rule in TABLE.items() for to in rule.to}
    assert claimed - reached == set()
