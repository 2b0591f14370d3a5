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
    DuckReply,
    EndingJudged,
    EndReply,
    FanPaused,
    FanStarted,
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
    StopPressed,
    Tick,
    TurnScored,
    WordsHeard,
)
from speech.turn_patience import LATE_S
from speech.turn_rules import WORDS_WAIT_ASKED_S
from speech.turn_state import Effort, State, same_words
from speech.turns import TABLE, TurnMachine

SECOND = OUTPUT_RATE_HZ
SECOND_PLEASE = "Give me a second."


class Stage:
    """A machine, a clock, and what it did so far."""

    def __init__(self, wait_line: str = "") -> None:
        self.machine = TurnMachine(wait_line)
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


def say(stage: Stage, text: str, prob: float = 0.95, ending: float = 0.9) -> None:
    """The fan says something and stops; the ears answer at once."""
    stage.after(0.1, FanStarted())
    pause = stage.after(1.0, FanPaused(0.064))
    request = next(a for a in pause if isinstance(a, Recognise))
    stage.after(0.05, TurnScored(request.turn_id, request.revision, prob))
    stage.after(0.05, WordsHeard(request.turn_id, request.revision, text, final=True))
    stage.after(0.02, EndingJudged(request.turn_id, text, ending))


def shown(text: str, turn_id: int = 1) -> ShowTranscript:
    return ShowTranscript(turn_id, text, final=True, stable_words=len(text.split()))


def hear_reply(stage: Stage, reply_id: int, seconds: float = 2.0) -> None:
    stage.after(0.1, ReplyAudible(reply_id))
    stage.after(0.1, ReplyComplete(reply_id, int(seconds * SECOND)))


def test_a_question_is_answered_and_the_floor_is_free_again(stage: Stage) -> None:
    question = "What is your cat called?"
    assert stage.after(0, FanStarted()) == [OpenTurn(1)]
    assert Recognise(1, 0, final=False) in stage.wait(0.4)
    assert stage.after(0.8, FanPaused(0.064)) == [Recognise(1, 1, final=True)]
    assert stage.after(0.02, WordsHeard(1, 1, question, final=True)) == [
        JudgeEnding(1, question),
        StartReply(1, 1, question),
    ]
    assert stage.after(0.03, EndingJudged(1, question, 0.8)) == [shown(question), CloseTurn(1), CommitReply(1)]
    hear_reply(stage, 1)
    assert stage.machine.state is State.REPLYING
    assert stage.after(2.0, ReplyHeard(1, 2 * SECOND)) == [EndReply(1)]
    assert stage.machine.state is State.IDLE
    assert stage.machine.deadline() is None


def test_words_that_were_judged_while_they_were_said_need_no_second_judgement(stage: Stage) -> None:
    stage.after(0, FanStarted())
    stage.wait(0.35)
    assert stage.after(0.1, WordsHeard(1, 0, "Where are you from", final=False)) == [
        ShowTranscript(1, "Where are you from", final=False),
        JudgeEnding(1, "Where are you from"),
    ]
    stage.after(0.02, EndingJudged(1, "Where are you from", 0.9))
    paused = stage.after(0.05, FanPaused(0.064))
    assert StartReply(1, 1, "Where are you from") in paused, "a likely end is answered before the final words"
    assert stage.after(0.1, WordsHeard(1, 1, "Where are you from?", final=True)) == [
        shown("Where are you from?"),
        CloseTurn(1),
        CommitReply(1),
    ]


def test_words_that_agree_twice_are_stable(stage: Stage) -> None:
    stage.after(0, FanStarted())
    said = ["I was", "I was wondering", "I was wandering of", "I was wandering off."]
    seen = []
    for text in said:
        stage.wait(0.35)
        seen += stage.after(0.1, WordsHeard(1, 0, text, final=False))
    shown_words = [(a.text, a.stable_words) for a in seen if isinstance(a, ShowTranscript)]
    assert shown_words == [
        ("I was", 0),
        ("I was wondering", 2),
        ("I was wandering of", 2),
        ("I was wandering off.", 3),
    ]


def test_under_load_it_leaves_out_guesses_then_partials_then_the_turn_model(stage: Stage) -> None:
    stage.after(0, FanStarted())
    stage.wait(0.35)
    stage.after(0.1, WordsHeard(1, 0, "Where are you from", final=False))
    stage.after(0.02, EndingJudged(1, "Where are you from", 0.9))
    stage.machine.effort = Effort.NO_EARLY_GUESSES
    paused = stage.after(0.05, FanPaused(0.064))
    assert paused == [Recognise(1, 1, final=True)]
    stage.machine.effort = Effort.NO_PARTIALS
    stage.after(0.05, FanStarted())
    assert stage.wait(3.0) == []
    stage.machine.effort = Effort.NO_TURN_MODEL
    stage.after(0.05, FanPaused(0.064))
    stage.after(0.1, WordsHeard(1, 3, "I saw you in Boston.", final=True))
    stage.after(0.03, EndingJudged(1, "I saw you in Boston.", 0.3))
    assert not any(isinstance(a, ScoreTurn) for a in stage.done), "words alone end the turn"
    assert CommitReply(1) in stage.wait(2.5)


def test_what_the_words_leave_open_is_listened_to(stage: Stage) -> None:
    stage.after(0, FanStarted())
    stage.after(1.0, FanPaused(0.064))
    stage.after(0.1, WordsHeard(1, 1, "I saw you in Boston.", final=True))
    assert stage.after(0.03, EndingJudged(1, "I saw you in Boston.", 0.3)) == [ScoreTurn(1, 1)]
    assert stage.after(0.05, TurnScored(1, 1, 0.99)) == []
    assert CommitReply(1) in stage.wait(2.0)
    assert sum(isinstance(a, ScoreTurn) for a in stage.done) == 1


def test_a_judge_who_never_answers_costs_a_quarter_of_a_second(stage: Stage) -> None:
    stage.after(0.1, FanStarted())
    stage.after(1.0, FanPaused(0.064))
    stage.after(0.05, TurnScored(1, 1, 0.95))
    stage.after(0.05, WordsHeard(1, 1, "Where did you learn to sing like that?", final=True))
    assert not any(isinstance(a, CommitReply) for a in stage.done)
    assert CommitReply(1) in stage.wait(0.26)


def test_a_pause_inside_a_sentence_waits_for_the_rest(stage: Stage) -> None:
    say(stage, "So my sister and", prob=0.9, ending=0.01)
    assert stage.wait(1.6) == [StartReply(1, 1, "So my sister and")], "begun, but not heard"
    assert stage.after(0.1, FanStarted()) == []
    stage.after(1.0, FanPaused(0.064))
    stage.after(0.1, TurnScored(1, 3, 0.95))
    stage.after(0.1, WordsHeard(1, 3, "So my sister and I love you.", final=True))
    stage.after(0.03, EndingJudged(1, "So my sister and I love you.", 0.9))
    stage.wait(0.5)
    assert [a for a in stage.done if isinstance(a, CommitReply)] == [CommitReply(2)]
    assert stage.done[-1] == CommitReply(2)
    assert StartReply(2, 1, "So my sister and I love you.") in stage.done
    assert sum(isinstance(a, OpenTurn) for a in stage.done) == 1


def test_a_guess_is_kept_when_the_fan_only_breathed(stage: Stage) -> None:
    say(stage, "I saw you live.", prob=0.6, ending=0.2)
    assert not any(isinstance(a, StartReply) for a in stage.done)
    assert stage.wait(1.2) == [StartReply(1, 1, "I saw you live.")]
    stage.after(0.05, FanStarted())
    stage.after(0.1, FanPaused(0.064))
    assert stage.after(0.1, WordsHeard(1, 3, "i saw you live", final=True)) == [ScoreTurn(1, 3)]
    stage.after(2.2, TurnScored(1, 3, 0.95))
    assert [a for a in stage.done if isinstance(a, CancelReply)] == []
    assert CommitReply(1) in stage.done


def test_a_wrong_guess_is_never_heard(stage: Stage) -> None:
    say(stage, "I saw you live.", prob=0.6, ending=0.2)
    stage.wait(1.2)
    stage.after(0.05, FanStarted())
    stage.after(0.5, FanPaused(0.064))
    longer = "I saw you live in Boston and it was the best night of my life."
    actions = stage.after(0.1, WordsHeard(1, 3, longer, final=True))
    assert actions[0] == CancelReply(1, "fan_went_on")
    stage.after(0.1, TurnScored(1, 3, 0.95))
    stage.after(0.1, EndingJudged(1, longer, 0.95))
    stage.wait(1.0)
    assert [a for a in stage.done if isinstance(a, CommitReply)] == [CommitReply(2)]


@pytest.fixture
def story(stage: Stage) -> Stage:
    """The avatar tells something long, and has for a second."""
    say(stage, "Tell me a story.")
    stage.wait(0.5)
    hear_reply(stage, 1, seconds=20)
    stage.wait(1.0)
    stage.done.clear()
    return stage


def test_a_sound_over_the_reply_ducks_it_and_words_stop_it(story: Stage) -> None:
    assert story.after(0, FanStarted()) == [OpenTurn(2), DuckReply(1, ducked=True)]
    assert story.wait(0.25) == [Recognise(2, 0, final=False)]
    assert story.after(0.1, WordsHeard(2, 0, "Wait, what", final=False)) == [CancelReply(1, "barge_in")]
    assert story.machine.state is State.LISTENING
    assert story.after(0.2, FanPaused(0.064))[0] == Recognise(2, 1, final=True), "the words count as a turn"


def test_a_word_that_may_be_a_laugh_is_waited_for(story: Stage) -> None:
    story.after(0, FanStarted())
    for _ in range(3):
        story.wait(0.25)
        assert story.after(0.1, WordsHeard(2, 0, "Moura", final=False, mean_logprob=-1.9)) == []
    story.after(0.1, FanPaused(0.064))
    gone_on = story.after(0.1, WordsHeard(2, 1, "Moura. Tosasa.", final=True, mean_logprob=-1.8))
    assert gone_on == [CloseTurn(2), DuckReply(1, ducked=False)]


def test_soft_words_take_the_turn_when_two_looks_agree(story: Stage) -> None:
    story.after(0, FanStarted())
    story.wait(0.25)
    assert story.after(0.1, WordsHeard(2, 0, "my brother", final=False, mean_logprob=-1.2)) == []
    story.wait(0.25)
    again = story.after(0.1, WordsHeard(2, 0, "my brother lives", final=False, mean_logprob=-1.1))
    assert again == [CancelReply(1, "barge_in")]


def test_a_name_alone_takes_the_turn_when_the_fan_is_silent_again(story: Stage) -> None:
    story.after(0, FanStarted())
    story.wait(0.25)
    assert story.after(0.1, WordsHeard(2, 0, "Nova", final=False, mean_logprob=-0.5)) == []
    story.after(0.1, FanPaused(0.064))
    taken = story.after(0.1, WordsHeard(2, 1, "Nova!", final=True, mean_logprob=-0.4))
    assert taken[0] == CancelReply(1, "barge_in")


@pytest.mark.parametrize("sound", ["", "Uh-huh.", "Wow!", "Haha", "Yeah, yeah.", "Oh my god.", "Mm-hmm", "No way!"])
def test_a_backchannel_lets_the_reply_go_on(story: Stage, sound: str) -> None:
    story.after(0, FanStarted())
    story.after(0.4, FanPaused(0.064))
    assert story.after(0.1, WordsHeard(2, 1, sound, final=True)) == [CloseTurn(2), DuckReply(1, ducked=False)]
    assert story.machine.state is State.REPLYING
    assert not any(isinstance(a, CancelReply) for a in story.done)


def test_a_short_stop_is_obeyed_and_answered(story: Stage) -> None:
    story.after(0, FanStarted())
    story.after(0.3, FanPaused(0.064))
    cancelled, *_ = story.after(0.1, WordsHeard(2, 1, "Stop!", final=True))
    assert cancelled == CancelReply(1, "barge_in")
    assert story.machine.state is State.DECIDING
    story.after(0.03, EndingJudged(2, "Stop!", 0.5))
    assert CommitReply(2) in story.wait(3.0)


def test_a_sound_without_end_takes_the_turn_without_words(story: Stage) -> None:
    story.after(0, FanStarted())
    assert CancelReply(1, "barge_in") in story.wait(1.6)


def test_words_that_never_come_bring_the_voice_back(story: Stage) -> None:
    story.after(0, FanStarted())
    story.after(0.3, FanPaused(0.064))
    assert story.wait(1.0)[-1] == DuckReply(1, ducked=False)
    assert story.machine.state is State.REPLYING


def test_a_reply_that_ends_under_a_sound_leaves_the_floor_to_the_fan(story: Stage) -> None:
    story.after(0, FanStarted())
    assert story.after(0.1, ReplyHeard(1, 20 * SECOND)) == [EndReply(1)]
    assert story.machine.state is State.LISTENING


def test_a_fan_who_was_cut_off_is_given_more_time(stage: Stage) -> None:
    def commit_delay(text: str) -> float:
        say(stage, text, ending=0.5)
        begun = stage.now
        while not any(isinstance(a, CommitReply) for a in stage.done):
            stage.wait(0.01)
        stage.done.clear()
        return stage.now - begun

    turn = "I think you sing so well."
    before = commit_delay(turn)
    stage.after(0.05, FanStarted())  # went on before a word of the reply
    stage.after(0.5, FanPaused(0.064))
    stage.wait(30.0)
    assert stage.machine.state is State.IDLE
    stage.done.clear()
    assert commit_delay(turn) > before + 0.3


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


# --- words that are late ---


@pytest.fixture
def asked() -> Stage:
    """The fan spoke and paused, and no words came for LATE_S."""
    stage = Stage(SECOND_PLEASE)
    stage.after(0.1, FanStarted())
    stage.after(1.0, FanPaused(0.1))
    assert stage.wait(LATE_S - 0.15) == []
    assert stage.wait(0.1) == [StartReply(1, 1, "", SECOND_PLEASE, waited=True), CommitReply(1)]
    assert stage.machine.state is State.WAITING
    return stage


def test_words_that_are_late_are_answered_when_the_line_for_it_was_heard(asked: Stage) -> None:
    asked.after(0.1, ReplyAudible(1))
    asked.after(0.1, ReplyComplete(1, SECOND))
    assert asked.after(0.3, WordsHeard(1, 1, "Where do you live?", final=True)) == [
        JudgeEnding(1, "Where do you live?")
    ]
    asked.after(0.1, EndingJudged(1, "Where do you live?", 0.9))
    assert asked.after(0.5, ReplyHeard(1, SECOND)) == [
        EndReply(1),
        StartReply(2, 1, "Where do you live?", waited=True),
        ShowTranscript(1, "Where do you live?", final=True, stable_words=4),
        CloseTurn(1),
        CommitReply(2),
    ]


def test_words_that_come_before_the_line_is_heard_silence_it(asked: Stage) -> None:
    actions = asked.after(0.1, WordsHeard(1, 1, "Where do you live?", final=True))
    assert actions[0] == CancelReply(1, "fan_went_on")
    assert StartReply(2, 1, "Where do you live?", waited=True) in actions


def test_nobody_is_asked_for_a_second_twice_in_a_turn(asked: Stage) -> None:
    asked.after(0.1, ReplyAudible(1))
    asked.after(0.1, ReplyComplete(1, SECOND))
    assert asked.after(1.0, ReplyHeard(1, SECOND)) == [EndReply(1)]
    assert asked.machine.state is State.DECIDING
    assert asked.wait(WORDS_WAIT_ASKED_S - LATE_S - 2.0) == []
    assert asked.wait(2.0) == [CloseTurn(1)]
    assert asked.machine.state is State.IDLE


def test_a_fan_who_speaks_up_meanwhile_is_heard_on_in_the_same_turn(asked: Stage) -> None:
    asked.after(0.1, ReplyAudible(1))
    assert asked.after(0.2, FanStarted()) == [CancelReply(1, "fan_went_on")]
    assert asked.after(0.5, FanPaused(0.1))[0] == Recognise(1, 3, final=True)
    assert asked.wait(LATE_S + 0.5) == [], "they were asked already"
    assert asked.after(0.1, WordsHeard(1, 1, "Where do you", final=True)) == [], "of the pause before"
    words = "Where do you live? Hello?"
    assert StartReply(2, 1, words, waited=True) in asked.after(0.1, WordsHeard(1, 3, words, final=True))


def test_a_guess_is_dropped_for_the_line_and_made_again() -> None:
    stage = Stage(SECOND_PLEASE)
    stage.after(0.1, FanStarted())
    stage.after(0.5, WordsHeard(1, 0, "Where do you live?", final=False))
    stage.after(0.1, EndingJudged(1, "Where do you live?", 0.9))
    assert StartReply(1, 1, "Where do you live?") in stage.after(0.5, FanPaused(0.1))
    assert stage.wait(LATE_S)[0] == CancelReply(1, "fan_went_on")
    assert StartReply(3, 1, "Where do you live?", waited=True) in stage.after(
        0.1, WordsHeard(1, 1, "Where do you live?", final=True)
    )


def test_without_words_in_the_end_the_floor_is_free(asked: Stage) -> None:
    asked.after(0.1, ReplyAudible(1))
    asked.after(0.1, ReplyComplete(1, SECOND))
    assert asked.after(0.1, WordsHeard(1, 1, "", final=True)) == []
    assert asked.after(0.8, ReplyHeard(1, SECOND)) == [EndReply(1), CloseTurn(1)]
    assert asked.machine.state is State.IDLE


def test_stop_means_stop_here_too(asked: Stage) -> None:
    asked.after(0.1, ReplyAudible(1))
    assert asked.after(0.1, StopPressed()) == [CancelReply(1, "interrupt"), CloseTurn(1)]
    assert asked.after(0.1, WordsHeard(1, 1, "Where do you live?", final=True)) == []
    assert asked.machine.state is State.IDLE


def test_a_line_for_it_that_fails_leaves_the_words_awaited(asked: Stage) -> None:
    assert asked.after(0.1, ReplyFailed(1)) == [CancelReply(1, "engine_failed")]
    actions = asked.after(0.1, WordsHeard(1, 1, "Where do you live?", final=True))
    assert StartReply(2, 1, "Where do you live?", waited=True) in actions


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


def test_a_greeting_that_is_talked_over_cuts_nobody_off(stage: Stage) -> None:
    stage.after(0.1, LineDue("Hello, I am an AI."))
    stage.after(0.1, ReplyAudible(1))
    assert stage.after(0.1, FanStarted()) == [CancelReply(1, "fan_went_on"), OpenTurn(1)]
    assert stage.machine.habits.caution == 0


def test_caution_fades_for_clients_without_marks_too(stage: Stage) -> None:
    stage.machine.habits.cut_off()
    before = stage.machine.habits.caution
    stage.after(0.1, FanTyped("hello"))
    hear_reply(stage, 1, seconds=2)
    stage.wait(5.0)
    assert stage.machine.state is State.IDLE
    assert stage.machine.habits.caution < before


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
    st.builds(EndingJudged, numbers, texts, st.one_of(st.none(), st.floats(0, 1))),
    st.builds(LineDue, st.just("a line")),
    st.builds(ReplyAudible, numbers),
    st.builds(ReplyComplete, numbers, st.integers(0, 5 * SECOND)),
    st.builds(ReplyHeard, numbers, st.integers(0, 6 * SECOND)),
    st.builds(ReplyFailed, numbers),
    st.builds(StopPressed),
    st.builds(Tick),
)
#: Answers to whatever was last asked, so that deep states are reached too.
answers = st.sampled_from(["words", "partial", "no words", "score", "ending", "audible", "complete", "heard", "failed"])
steps = st.lists(st.tuples(st.floats(-0.5, 3.0), st.one_of(events, answers)), max_size=40)


def answer(stage: Stage, kind: str) -> Any:
    asked = [a for a in stage.done if isinstance(a, Recognise)]
    begun = [a for a in stage.done if isinstance(a, StartReply)]
    turn_id, revision = (asked[-1].turn_id, asked[-1].revision) if asked else (0, 0)
    reply_id = begun[-1].reply_id if begun else 0
    return {
        "words": WordsHeard(turn_id, revision, f"Words of pause {revision}.", asked[-1].final if asked else True),
        "partial": WordsHeard(turn_id, revision, "Words so far", final=False),
        "no words": WordsHeard(turn_id, revision, "", final=True),
        "ending": EndingJudged(turn_id, f"Words of pause {revision}.", 0.9),
        "score": TurnScored(turn_id, revision, 0.9),
        "maybe": EndingJudged(turn_id, f"Words of pause {revision}.", 0.5),
        "audible": ReplyAudible(reply_id),
        "complete": ReplyComplete(reply_id, SECOND),
        "heard": ReplyHeard(reply_id, 6 * SECOND),
        "failed": ReplyFailed(reply_id),
        "silenced": ReplyComplete(reply_id, 0),
    }[kind]


def play(story: list[tuple[float, Any]]) -> tuple[Stage, list[tuple[State, Any, State]]]:
    stage, seen = Stage(SECOND_PLEASE), []
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
        for kind in ("words", "score", "ending", "audible", "complete"):
            stage.after(0.2, answer(stage, kind))
        stage.wait(30)
    assert stage.machine.state is State.IDLE
    assert stage.machine.deadline() is None


def over_a_reply(chance: random.Random) -> list[tuple[float, Any]]:
    """A reply is heard, and a sound over it stops or not before something else happens."""
    sounds = [FanStarted(), *([FanPaused(0.06)] if chance.random() < 0.5 else [])]
    ends = chance.choice([["complete", "heard"], ["failed"], ["words"], [StopPressed()]])
    begin = [(0.01, FanTyped("typed")), (0.01, "audible"), (0.6, Tick())]
    return [*begin, *((0.01, step) for step in (*sounds, *ends))]


def a_late_score(chance: random.Random) -> list[tuple[float, Any]]:
    """The words leave it open, and then it sounds complete."""
    said = [(0.01, FanTyped("typed")), (0.01, "failed"), (0.1, FanStarted()), (0.1, FanPaused(0.06)), (0.1, "words")]
    return [*said, (0.01, "maybe"), (chance.uniform(1.2, 2.1), "score")]


def late_words(chance: random.Random) -> list[tuple[float, Any]]:
    """The fan is asked for a second; the words come while that is said, or not, and then it ends somehow."""
    said = [(0.01, FanTyped("typed")), (0.01, "failed"), (0.1, FanStarted()), (0.1, FanPaused(0.06))]
    judged = [(0.1, "ending")] if chance.random() < 0.7 else []
    heard = [(0.1, "audible")] if chance.random() < 0.7 else []
    words = [(0.1, chance.choice(["words", "no words"]))] if chance.random() < 0.6 else []
    lines = [(0.1, LineDue("a line"))] if chance.random() < 0.3 else []
    ends = chance.choice([
        ["complete", "heard"], ["failed"], [StopPressed()], [FanStarted()], [FanTyped("typed")], ["silenced"], [],
    ])  # fmt: skip
    return [*said, *judged, (2.1, Tick()), *heard, *words, *lines, *((0.1, end) for end in ends), (25.0, Tick())]


def test_the_table_lists_only_states_that_rules_reach() -> None:
    """Every listed transition exists: the diagram drawn from the table does not lie."""
    chance = random.Random(7)
    stage = Stage(SECOND_PLEASE)
    reached: set[tuple[State, type, State]] = set()
    spontaneous = [FanStarted(), FanPaused(0.06), FanTyped("typed"), LineDue("a line"), StopPressed(), Tick()]
    replies = ["words", "words", "partial", "no words", "score", "ending", "audible", "complete", "heard", "failed"]
    receive = stage.machine.receive

    def noted(event: Any, now: float) -> list[Any]:
        before = stage.machine.state
        actions = receive(event, now)
        reached.add((before, type(event), stage.machine.state))
        return actions

    stage.machine.receive = noted  # type: ignore[method-assign]
    scene: list[tuple[float, Any]] = []
    for _ in range(40_000):
        if chance.random() < 0.02:  # seldom met by chance
            scene = chance.choice([over_a_reply, a_late_score, late_words])(chance)
        if scene:
            seconds, step = scene.pop(0)
            stage.after(seconds, answer(stage, step) if isinstance(step, str) else step)
            continue
        told = chance.choice(spontaneous) if chance.random() < 0.4 else answer(stage, chance.choice(replies))
        if isinstance(told, ReplyComplete) and chance.random() < 0.2:
            told = ReplyComplete(told.reply_id, 0)
        stage.after(chance.choice([0.01, 0.1, 0.3, 0.6, 10.0]), told)
        del stage.done[:-60]
    claimed = {(state, event, to) for (state, event), rule in TABLE.items() for to in rule.to}
    assert claimed - reached == set()
